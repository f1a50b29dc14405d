/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control plane remembers of its rules from one run to the next. */
#include "control/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/state_file.h"
#include "rules/base/text.h"
#include "rules/filter.h"
#include "rules/partner_ids.h"

enum { PATH_BYTES = 4096 };

static int fail(int error, const char *file, const char *words, char *why, size_t why_bytes)
{
	snprintf(why, why_bytes, "%s: %s", file, words ? words : strerror(-error));
	return error;
}

static int ids_settle(const char *path, struct ruleset *rules, char *why, size_t why_bytes)
{
	struct partner_ids ids;
	struct text text;
	struct fault fault;
	int rc = partner_ids_init(&ids);

	if (rc < 0)
		return fail(rc, path, NULL, why, why_bytes);
	rc = state_file_read(path, &text);
	if (rc == 0 && text.len > 0 &&
		partner_ids_parse(text_view(&text), &ids, &fault) != PARSE_DONE) {
		rc = fail(-EINVAL, path, fault.cause, why, why_bytes);
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
		fail(rc, path, NULL, why, why_bytes);
out:
	text_free(&text);
	partner_ids_free(&ids);
	return rc;
}

/* The digest of the table with generation 0: what the rules say, whenever they said it. */
static int content_digest(struct ruleset *rules, uint64_t *digest)
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
	char hex[20];
	char *end;

	if (space < 1 || text.len != (uint32_t)space + 18 ||
		!view_to_u64(view_sub(text, 0, (uint32_t)space), INT64_MAX, generation) ||
		!view_copy(view_sub(text, (uint32_t)space + 1, 17), hex, sizeof(hex)))
		return false;
	*digest = strtoull(hex, &end, 16);
	return end == hex + 16 && *end == '\n';
}

static int number_settle(
	const char *path, struct ruleset *rules, struct wall now, char *why, size_t why_bytes)
{
	uint64_t generation = 0;
	uint64_t digest = 0;
	uint64_t content;
	struct text text;
	int rc = content_digest(rules, &content);

	if (rc < 0)
		return fail(rc, "filter table", NULL, why, why_bytes);
	rc = state_file_read(path, &text);
	if (rc == 0 && text.len > 0 && !generation_read(text_view(&text), &generation, &digest))
		rc = fail(-EINVAL, path, "damaged; remove it", why, why_bytes);
	else if (rc < 0)
		fail(rc, path, NULL, why, why_bytes);
	if (rc == 0 && (generation == 0 || digest != content)) {
		generation++;
		if (now.s > 0 && generation < (uint64_t)now.s)
			generation = (uint64_t)now.s;
		text_reset(&text);
		text_printf(&text, "%" PRIu64 " %016" PRIx64 "\n", generation, content);
		rc = state_file_replace(path, text_view(&text));
		if (rc < 0)
			fail(rc, path, NULL, why, why_bytes);
	}
	text_free(&text);
	if (rc == 0)
		rules->generation = generation;
	return rc;
}

int history_settle(
	const char *directory, struct ruleset *rules, struct wall now, char *why, size_t why_bytes)
{
	char path[PATH_BYTES];
	int rc;

	if (!directory) {
		rules->generation = now.s > 0 ? (uint64_t)now.s : 1;
		return 0;
	}
	if (strlen(directory) > sizeof(path) - 32)
		return fail(-ENAMETOOLONG, directory, NULL, why, why_bytes);
	snprintf(path, sizeof(path), "%s/partner-ids", directory);
	rc = ids_settle(path, rules, why, why_bytes);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/generation", directory);
	return number_settle(path, rules, now, why, why_bytes);
}
