/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rules a start serves. */
#include "control/startup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "control/history.h"
#include "control/state_file.h"
#include "rules/base/log.h"
#include "rules/errors.h"

enum { WHY_BYTES = 768 };

/* The --rules file as it is now. */
struct found {
	struct text document;
	char digest[RECORD_DIGEST_BYTES];
	bool readable;
};

/* --- reading --- */

static void path_settle(struct startup *s)
{
	char *path = file_absolute(s->rules_file);

	snprintf(s->path, sizeof(s->path), "%s", path ? path : s->rules_file);
	free(path);
}

static void file_read(struct startup *s, struct found *found)
{
	int rc;

	path_settle(s);
	rc = access(s->path, R_OK) < 0 ? -errno : state_file_read(s->path, &found->document);
	found->readable = rc == 0;
	if (rc < 0)
		log_error("%s: cannot be read: %s", s->rules_file, strerror(-rc));
	else
		record_digest(text_view(&found->document), found->digest);
}

/* The document of the generation in force, if there is one that is whole. */
static const struct record *stored_read(struct startup *s, struct text *document)
{
	const struct record *record = s->archive ? archive_current(s->archive) : NULL;
	char why[WHY_BYTES];

	if (!record)
		return NULL;
	if (archive_document(s->archive, record, document, why, sizeof(why)) == 0)
		return record;
	log_error("rules: %s; not used", why);
	return NULL;
}

/* --- loading --- */

static struct ruleset *compile(struct view document, const char *file)
{
	struct rules_errors *errors = calloc(1, sizeof(*errors));
	char *directory = rules_directory_of(file);
	struct rules_reader reader = {rules_read_disk, directory};
	struct ruleset *rules = NULL;
	struct text line;

	if (errors && directory)
		rules = ruleset_compile_with(document, file, &reader, errors);
	for (uint32_t i = 0; errors && i < errors->count; i++) {
		text_init(&line, RECORD_PATH_BYTES + 1024);
		rules_error_print(file, &errors->list[i], &line);
		log_error("%s", line.p ? line.p : "out of memory");
		text_free(&line);
	}
	if (errors && errors->more > 0)
		log_error("%s: and %u more", file, errors->more);
	free(directory);
	free(errors);
	return rules;
}

static bool load(struct startup *s, struct view document, const char *file)
{
	struct ruleset *rules = compile(document, file);
	struct tls_store *tls;
	char why[WHY_BYTES];

	if (!rules)
		return false;
	tls = tls_store_new(rules, s->ca_file, why, sizeof(why));
	if (!tls)
		log_error("%s: %s", file, why);
	else
		s->generation = generation_new(rules, tls);
	if (s->generation)
		return true;
	tls_store_free(tls);
	ruleset_free(rules);
	return false;
}

static bool load_file(struct startup *s, struct found *found, uint64_t back)
{
	if (!found->readable)
		return false;
	if (!record_path_is_fine(view_of(s->path))) {
		log_error("%s: a path in UTF-8 without control characters is needed", s->path);
		return false;
	}
	if (!load(s, text_view(&found->document), s->path))
		return false;
	s->record = (struct record){.back = back, .what = RECORD_START, .uid = geteuid()};
	memcpy(s->record.digest, found->digest, sizeof(found->digest));
	snprintf(s->record.origin, sizeof(s->record.origin), "%s", s->path);
	s->document = found->document;
	found->document = (struct text){0};
	s->is_new = true;
	return true;
}

static void say_what_is_served(const struct startup *s, const struct found *found)
{
	const struct record *record = &s->record;
	time_t at = (time_t)record->at_s;
	struct tm utc;
	char date[32] = "?";

	if (gmtime_r(&at, &utc))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	if (strcmp(record->digest, found->digest) == 0)
		log_info("rules: %s is generation %" PRIu64 " of %s", record->origin,
			record->generation, date);
	else
		log_warning("rules: generation %" PRIu64 " is served, %s of %s by uid %u at %s; "
			    "%s says something else, but said so before",
			record->generation, record_what_name(record->what), record->origin,
			(unsigned)record->uid, date, s->rules_file);
}

static bool load_stored(struct startup *s, const struct record *record, struct text *document)
{
	if (!load(s, text_view(document), record->origin)) {
		log_error("rules: generation %" PRIu64
			  " was put into force (%s of %s) and cannot be "
			  "served; make right what is missing, or remove %s/current to serve %s",
			record->generation, record_what_name(record->what), record->origin,
			archive_directory(s->archive), s->rules_file);
		return false;
	}
	s->record = *record;
	s->document = *document;
	*document = (struct text){0};
	return true;
}

/* --- choosing --- */

/* Has the file changed since somebody looked at it? What was applied from it is nothing new either. */
static bool file_is_news(
	const struct startup *s, const struct found *found, const struct record *stored)
{
	const struct record_current *seen = archive_seen(s->archive);

	if (!found->readable)
		return false;
	if (strcmp(seen->seen_path, s->path) == 0 && strcmp(seen->seen, found->digest) == 0)
		return false;
	return strcmp(stored->digest, found->digest) != 0 || strcmp(stored->origin, s->path) != 0;
}

static bool choose(struct startup *s, struct found *found, struct text *document)
{
	const struct record *stored = stored_read(s, document);

	if (!stored)
		return load_file(s, found, 0);
	if (file_is_news(s, found, stored)) {
		if (load_file(s, found, stored->generation))
			return true;
		log_error("rules: %s is new but cannot be served; what was in force before is",
			s->rules_file);
	} else if (found->readable) {
		memcpy(s->seen, found->digest, sizeof(s->seen));
	}
	if (!load_stored(s, stored, document))
		return false;
	/* What is wrong with a file that is not served has been said. */
	if (s->seen[0])
		say_what_is_served(s, found);
	return true;
}

int startup_load(struct startup *s)
{
	struct found found = {0};
	struct text document = {0};
	char why[WHY_BYTES];
	bool fine;

	file_read(s, &found);
	if (s->state_directory) {
		s->archive = archive_open(s->state_directory, why, sizeof(why));
		if (!s->archive)
			log_error("state: %s", why);
	}
	fine = (s->archive || !s->state_directory) && choose(s, &found, &document);
	text_free(&found.document);
	text_free(&document);
	return fine ? 0 : -EINVAL;
}

/* --- writing down --- */

/* The largest number that anything here has. */
static uint64_t last_known(const struct archive *archive)
{
	uint64_t last = archive_seen(archive)->generation;
	const struct record *record;

	for (uint32_t i = 0; (record = archive_at(archive, i)); i++)
		if (record->generation > last)
			last = record->generation;
	return last;
}

static int write_down(struct startup *s, struct wall now, char *why, size_t why_bytes)
{
	struct record_current current = *archive_seen(s->archive);
	int rc;

	s->record.generation = s->generation->rules->generation;
	s->record.at_s = now.s;
	current.generation = s->record.generation;
	if (s->is_new) {
		memcpy(current.seen, s->record.digest, sizeof(current.seen));
		memcpy(current.seen_path, s->path, sizeof(current.seen_path));
	}
	rc = archive_write(archive_directory(s->archive), &s->record, text_view(&s->document),
		&current, why, why_bytes);
	if (rc == 0)
		rc = archive_took(s->archive, &s->record, &current);
	return rc;
}

int startup_settle(struct startup *s, struct wall now, char *why, size_t why_bytes)
{
	struct ruleset *rules = s->generation->rules;
	const struct record_current *seen;
	uint64_t last = s->archive ? last_known(s->archive) : 0;
	uint64_t table;
	int rc;

	/* The first one keeps the number that the dataplane may have it under. */
	rc = last == 0 ? history_settle(s->state_directory, rules, now, why, why_bytes)
		       : history_ids(s->state_directory, rules, why, why_bytes);
	if (rc == 0 && history_content(rules, &table) < 0) {
		snprintf(why, why_bytes, "out of memory");
		rc = -ENOMEM;
	}
	if (rc < 0)
		return rc;
	if (last == 0) {
		s->record.generation = rules->generation;
		s->record.at_s = now.s;
		s->record.table = table;
		return s->archive ? write_down(s, now, why, why_bytes) : 0;
	}
	/* The same document may make another table, in a new version of this program for instance. */
	if (s->is_new || table != s->record.table) {
		s->record.table = table;
		rc = history_advance(s->state_directory, rules, last, now, why, why_bytes);
		return rc < 0 ? rc : write_down(s, now, why, why_bytes);
	}
	rules->generation = s->record.generation;
	seen = archive_seen(s->archive);
	if (s->seen[0] == '\0' ||
		(strcmp(seen->seen, s->seen) == 0 && strcmp(seen->seen_path, s->path) == 0))
		return 0;
	return archive_see(s->archive, s->path, s->seen, why, why_bytes);
}

void startup_end(struct startup *s)
{
	text_free(&s->document);
}
