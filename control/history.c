/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane remembers of its rules from one run to the next. */
#include "control/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/state_file.h"
#include "rules/base/hex.h"
#include "rules/base/text.h"
#include "rules/filter.h"
#include "rules/partner_ids.h"

enum { PATH_BYTES = 4096 };

static int ids_settle(const char *path, struct ruleset *rules, char *why, size_t why_bytes)
{
	struct partner_ids ids;
	struct text text;
	struct fault fault;
	int rc = partner_ids_init(&ids);

	if (rc < 0)
		return state_file_fail(rc, path, NULL, why, why_bytes);
	rc = state_file_read(path, &text);
	if (rc == 0 && text.len > 0 &&
		partner_ids_parse(text_view(&text), &ids, &fault) != PARSE_DONE) {
		rc = state_file_fail(-EINVAL, path, fault.cause, why, why_bytes);
		goto out;
	}
	if (rc == 0)
		rc = ruleset_assign_ids(rules, &ids);
	if (rc == 0) {
		text_reset(&text);
		partner_ids_print(&ids, &text);
		rc = text.failed ? -ENOMEM : state_file_replace(path, text_view(&text));
	}
	if (rc < 0)
		state_file_fail(rc, path, NULL, why, why_bytes);
out:
	text_free(&text);
	partner_ids_free(&ids);
	return rc;
}

int history_content(struct ruleset *rules, uint64_t *digest)
{
	struct filter filter;
	char why[128];
	uint8_t *block;
	size_t bytes;
	uint64_t kept = rules->generation;
	int rc;

	rules->generation = 0;
	rc = filter_write(rules, &block, &bytes);
	rules->generation = kept;
	if (rc < 0)
		return rc;
	rc = filter_open(view_make(block, bytes), &filter, why, sizeof(why));
	*digest = filter.digest;
	free(block);
	return rc;
}

/* "GENERATION DIGEST\n" */
static bool generation_read(struct view text, uint64_t *generation, uint64_t *digest)
{
	int64_t space = view_find(text, ' ');

	return space >= 1 && text.len == (uint32_t)space + 18 &&
	       view_to_u64(view_sub(text, 0, (uint32_t)space), INT64_MAX, generation) &&
	       hex_read_u64(view_sub(text, (uint32_t)space + 1, 16), digest) &&
	       text.p[text.len - 1] == '\n';
}

/* The last number that was given and the content that it stood for; 0 if none was. */
static int last_read(
	const char *path, uint64_t *generation, uint64_t *digest, char *why, size_t why_bytes)
{
	struct text text;
	int rc = state_file_read(path, &text);

	*generation = 0;
	*digest = 0;
	if (rc < 0)
		state_file_fail(rc, path, NULL, why, why_bytes);
	else if (text.len > 0 && !generation_read(text_view(&text), generation, digest))
		rc = state_file_fail(-EINVAL, path, "damaged; remove it", why, why_bytes);
	text_free(&text);
	return rc;
}

static int last_write(
	const char *path, uint64_t generation, uint64_t digest, char *why, size_t why_bytes)
{
	struct text text;
	int rc;

	text_init(&text, 64);
	text_printf(&text, "%" PRIu64 " %016" PRIx64 "\n", generation, digest);
	rc = text.failed ? -ENOMEM : state_file_replace(path, text_view(&text));
	text_free(&text);
	return rc < 0 ? state_file_fail(rc, path, NULL, why, why_bytes) : 0;
}

static uint64_t number_above(uint64_t last, struct wall now)
{
	return now.s > 0 && last < (uint64_t)now.s ? (uint64_t)now.s : last + 1;
}

/* above: 0 if the last number is good for the same content, else one that was given in any case. */
static int number_settle(const char *path, struct ruleset *rules, uint64_t above, struct wall now,
	char *why, size_t why_bytes)
{
	uint64_t generation;
	uint64_t digest;
	uint64_t content;
	int rc = history_content(rules, &content);

	if (rc < 0)
		return state_file_fail(rc, "filter table", NULL, why, why_bytes);
	rc = last_read(path, &generation, &digest, why, why_bytes);
	if (rc == 0 && (above > 0 || generation == 0 || digest != content)) {
		generation = number_above(generation > above ? generation : above, now);
		rc = last_write(path, generation, content, why, why_bytes);
	}
	if (rc == 0)
		rules->generation = generation;
	return rc;
}

static int path_make(const char *directory, const char *file, char out[static PATH_BYTES],
	char *why, size_t why_bytes)
{
	if (strlen(directory) > PATH_BYTES - 32)
		return state_file_fail(-ENAMETOOLONG, directory, NULL, why, why_bytes);
	snprintf(out, PATH_BYTES, "%s/%s", directory, file);
	return 0;
}

int history_ids(const char *directory, struct ruleset *rules, char *why, size_t why_bytes)
{
	char path[PATH_BYTES];
	int rc = directory ? path_make(directory, "partner-ids", path, why, why_bytes) : 0;

	return rc == 0 && directory ? ids_settle(path, rules, why, why_bytes) : rc;
}

int history_advance(const char *directory, struct ruleset *rules, uint64_t above, struct wall now,
	char *why, size_t why_bytes)
{
	char path[PATH_BYTES];
	int rc;

	if (directory) {
		rc = path_make(directory, "generation", path, why, why_bytes);
		return rc < 0 ? rc : number_settle(path, rules, above, now, why, why_bytes);
	}
	rules->generation = number_above(above, now);
	return 0;
}

int history_settle(
	const char *directory, struct ruleset *rules, struct wall now, char *why, size_t why_bytes)
{
	char path[PATH_BYTES];
	int rc;

	if (!directory)
		return history_advance(NULL, rules, 0, now, why, why_bytes);
	rc = history_ids(directory, rules, why, why_bytes);
	if (rc == 0)
		rc = path_make(directory, "generation", path, why, why_bytes);
	return rc < 0 ? rc : number_settle(path, rules, 0, now, why, why_bytes);
}
