/* SPDX-License-Identifier: BSD-3-Clause */
/* The generations of the rules on disk. */
#include "control/archive.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/state_file.h"
#include "rules/base/log.h"

enum { PATH_BYTES = 4096, DOCUMENT_BYTES_MAX = 16 * 1024 * 1024 };

struct archive {
	char directory[PATH_BYTES];
	struct record_current current;
	struct record *list; /* ascending by generation */
	uint32_t count;
};

static void path_make(const char *directory, uint64_t generation, const char *suffix,
	char out[static PATH_BYTES + 32])
{
	snprintf(out, PATH_BYTES + 32, "%s/%" PRIu64 "%s", directory, generation, suffix);
}

/* --- what is there --- */

static int compare_records(const void *a, const void *b)
{
	uint64_t x = ((const struct record *)a)->generation;
	uint64_t y = ((const struct record *)b)->generation;

	return (x > y) - (x < y);
}

static int record_add(struct archive *archive, const struct record *record)
{
	struct record *grown =
		realloc(archive->list, (archive->count + 1) * sizeof(*archive->list));

	if (!grown)
		return -ENOMEM;
	archive->list = grown;
	grown[archive->count++] = *record;
	qsort(grown, archive->count, sizeof(*grown), compare_records);
	return 0;
}

/* "GENERATION.SUFFIX"; the suffix, or NULL. */
static const char *file_name_read(const char *name, uint64_t *generation)
{
	const char *dot = strchr(name, '.');

	if (!dot || !view_to_u64(view_make(name, (size_t)(dot - name)), INT64_MAX, generation))
		return NULL;
	return dot;
}

static int record_read(struct archive *archive, uint64_t generation)
{
	char path[PATH_BYTES + 32];
	struct record record;
	struct fault fault = {.cause = "another generation"};
	struct text text;
	int rc;

	path_make(archive->directory, generation, ".record", path);
	rc = state_file_read(path, &text);
	if (rc < 0)
		log_warning("rules: %s: %s; not used", path, strerror(-rc));
	else if (record_parse(text_view(&text), &record, &fault) != PARSE_DONE ||
		 record.generation != generation)
		log_warning("rules: %s: damaged (%s); not used", path, fault.cause);
	else
		rc = record_add(archive, &record);
	text_free(&text);
	return rc == -ENOMEM ? rc : 0;
}

static void files_remove(const char *directory, uint64_t generation)
{
	static const char *const suffixes[] = {".yaml", ".record", ".yaml.new", ".record.new"};
	char path[PATH_BYTES + 32];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		path_make(directory, generation, suffixes[i], path);
		if (unlink(path) < 0 && errno != ENOENT)
			log_warning("rules: %s: %s", path, strerror(errno));
	}
}

static int records_read(struct archive *archive, char *why, size_t why_bytes)
{
	DIR *directory = opendir(archive->directory);
	struct dirent *entry;
	uint64_t generation;
	const char *suffix;
	int rc = directory || errno == ENOENT ? 0 : -errno;

	while (rc == 0 && directory && (entry = readdir(directory))) {
		suffix = file_name_read(entry->d_name, &generation);
		if (!suffix)
			continue;
		/* Begun and not decided. */
		if (archive->current.generation > 0 && generation > archive->current.generation)
			files_remove(archive->directory, generation);
		else if (strcmp(suffix, ".record") == 0)
			rc = record_read(archive, generation);
	}
	if (directory)
		closedir(directory);
	return rc < 0 ? state_file_fail(rc, archive->directory, NULL, why, why_bytes) : 0;
}

static int current_read(struct archive *archive, char *why, size_t why_bytes)
{
	char path[PATH_BYTES + 32];
	struct fault fault;
	struct text text;
	int rc;

	snprintf(path, sizeof(path), "%s/current", archive->directory);
	rc = state_file_read(path, &text);
	if (rc < 0) {
		state_file_fail(rc, path, NULL, why, why_bytes);
	} else if (text.len > 0 && record_current_parse(text_view(&text), &archive->current,
					   &fault) != PARSE_DONE) {
		log_warning("rules: %s: damaged (%s); not used", path, fault.cause);
		archive->current = (struct record_current){0};
	}
	text_free(&text);
	return rc;
}

struct archive *archive_open(const char *state_directory, char *why, size_t why_bytes)
{
	struct archive *archive = calloc(1, sizeof(*archive));

	snprintf(why, why_bytes, "out of memory");
	if (archive && strlen(state_directory) > PATH_BYTES - 64) {
		state_file_fail(-ENAMETOOLONG, state_directory, NULL, why, why_bytes);
		archive_free(archive);
		return NULL;
	}
	if (archive)
		snprintf(archive->directory, sizeof(archive->directory), "%s/rules",
			state_directory);
	if (archive && current_read(archive, why, why_bytes) == 0 &&
		records_read(archive, why, why_bytes) == 0)
		return archive;
	archive_free(archive);
	return NULL;
}

void archive_free(struct archive *archive)
{
	if (!archive)
		return;
	free(archive->list);
	free(archive);
}

const char *archive_directory(const struct archive *archive)
{
	return archive->directory;
}

const struct record *archive_find(const struct archive *archive, uint64_t generation)
{
	for (uint32_t i = 0; generation != 0 && i < archive->count; i++)
		if (archive->list[i].generation == generation)
			return &archive->list[i];
	return NULL;
}

const struct record *archive_current(const struct archive *archive)
{
	return archive_find(archive, archive->current.generation);
}

const struct record *archive_at(const struct archive *archive, uint32_t i)
{
	return i < archive->count ? &archive->list[i] : NULL;
}

const struct record_current *archive_seen(const struct archive *archive)
{
	return &archive->current;
}

int archive_document(const struct archive *archive, const struct record *record, struct text *out,
	char *why, size_t why_bytes)
{
	char path[PATH_BYTES + 32];
	char digest[RECORD_DIGEST_BYTES];
	struct stat status;
	int rc;

	path_make(archive->directory, record->generation, ".yaml", path);
	text_init(out, DOCUMENT_BYTES_MAX);
	if (stat(path, &status) < 0)
		return state_file_fail(-errno, path, NULL, why, why_bytes);
	rc = state_file_read(path, out);
	if (rc < 0)
		return state_file_fail(rc, path, NULL, why, why_bytes);
	record_digest(text_view(out), digest);
	if (strcmp(digest, record->digest) != 0)
		return state_file_fail(
			-EINVAL, path, "damaged: it is not what was written", why, why_bytes);
	return 0;
}

/* --- a new one --- */

static int record_write(
	const char *directory, const struct record *record, char *why, size_t why_bytes)
{
	char path[PATH_BYTES + 32];
	struct text text;
	int rc;

	path_make(directory, record->generation, ".record", path);
	text_init(&text, RECORD_TEXT_BYTES_MAX);
	record_print(record, &text);
	rc = text.failed ? -ENOMEM : state_file_replace(path, text_view(&text));
	text_free(&text);
	return rc < 0 ? state_file_fail(rc, path, NULL, why, why_bytes) : 0;
}

static int current_write(
	const char *directory, const struct record_current *current, char *why, size_t why_bytes)
{
	char path[PATH_BYTES + 32];
	struct text text;
	int rc;

	snprintf(path, sizeof(path), "%s/current", directory);
	text_init(&text, RECORD_TEXT_BYTES_MAX);
	record_current_print(current, &text);
	rc = text.failed ? -ENOMEM : state_file_replace(path, text_view(&text));
	text_free(&text);
	return rc < 0 ? state_file_fail(rc, path, NULL, why, why_bytes) : 0;
}

int archive_write(const char *directory, const struct record *record, struct view document,
	const struct record_current *current, char *why, size_t why_bytes)
{
	char path[PATH_BYTES + 32];
	int rc;

	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return state_file_fail(-errno, directory, NULL, why, why_bytes);
	path_make(directory, record->generation, ".yaml", path);
	rc = state_file_replace(path, document);
	if (rc < 0)
		state_file_fail(rc, path, NULL, why, why_bytes);
	if (rc == 0)
		rc = record_write(directory, record, why, why_bytes);
	if (rc == 0)
		rc = current_write(directory, current, why, why_bytes);
	if (rc < 0)
		files_remove(directory, record->generation);
	return rc;
}

/* Is it in force, or reached by rollbacks, as many as are kept? */
static bool is_reached(const struct archive *archive, uint64_t generation)
{
	const struct record *record = archive_current(archive);

	for (int i = 0; record && i < ARCHIVE_KEPT; i++) {
		if (record->generation == generation)
			return true;
		record = archive_find(archive, record->back);
	}
	return false;
}

/* The oldest that nobody needs; else the oldest. */
static uint32_t choose_old(const struct archive *archive)
{
	for (uint32_t i = 0; i < archive->count; i++)
		if (!is_reached(archive, archive->list[i].generation))
			return i;
	return 0;
}

int archive_took(
	struct archive *archive, const struct record *record, const struct record_current *current)
{
	archive->current = *current;
	if (!archive_find(archive, record->generation) && record_add(archive, record) < 0)
		return -ENOMEM;
	while (archive->count > ARCHIVE_KEPT) {
		uint32_t i = choose_old(archive);

		files_remove(archive->directory, archive->list[i].generation);
		archive->count--;
		memmove(&archive->list[i], &archive->list[i + 1],
			(archive->count - i) * sizeof(*archive->list));
	}
	return 0;
}

int archive_see(
	struct archive *archive, const char *path, const char *digest, char *why, size_t why_bytes)
{
	struct record_current current = {.generation = archive->current.generation};
	int rc;

	snprintf(current.seen, sizeof(current.seen), "%s", digest);
	snprintf(current.seen_path, sizeof(current.seen_path), "%s", path);
	rc = current_write(archive->directory, &current, why, why_bytes);
	if (rc == 0)
		archive->current = current;
	return rc;
}
