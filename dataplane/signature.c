/* SPDX-License-Identifier: BSD-3-Clause */
/* What somebody speaks who was refused for not speaking the port's protocol. */
#include "dataplane/signature.h"

#include <errno.h>

#include <hs.h>

#include "dataplane/steer.h"
#include "rules/base/log.h"

static hs_database_t *database;
static hs_scratch_t *scratches[STEER_WORKERS_MAX]; /* one worker, one scratch */

int signature_setup(uint32_t workers)
{
	static const char *const patterns[] = {
#define SPOKEN_PATTERN(name, pattern, text) pattern,
		SPOKEN(SPOKEN_PATTERN)
#undef SPOKEN_PATTERN
	};
	unsigned flags[SPOKEN_unknown];
	unsigned ids[SPOKEN_unknown];
	hs_compile_error_t *error = NULL;

	if (database)
		return 0;
	if (hs_valid_platform() != HS_SUCCESS)
		return -ENOTSUP;
	for (unsigned i = 0; i < SPOKEN_unknown; i++) {
		flags[i] = HS_FLAG_SINGLEMATCH | HS_FLAG_DOTALL;
		ids[i] = i;
	}
	if (hs_compile_multi(patterns, flags, ids, SPOKEN_unknown, HS_MODE_BLOCK, NULL, &database,
		    &error) != HS_SUCCESS) {
		log_error("protocol signatures: %s", error->message);
		hs_free_compile_error(error);
		return -EINVAL;
	}
	for (uint32_t w = 0; w < workers; w++)
		if (hs_alloc_scratch(database, &scratches[w]) != HS_SUCCESS) {
			signature_finish();
			return -ENOMEM;
		}
	return 0;
}

void signature_finish(void)
{
	for (uint32_t w = 0; w < STEER_WORKERS_MAX; w++) {
		hs_free_scratch(scratches[w]);
		scratches[w] = NULL;
	}
	hs_free_database(database);
	database = NULL;
}

static int on_match(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	enum spoken *found = arg;

	*found = (enum spoken)id;
	return 1; /* the signatures exclude each other: one is enough */
}

enum spoken signature_match(uint32_t worker, struct view first_bytes)
{
	struct view head = view_sub(first_bytes, 0, SIGNATURE_BYTES);
	enum spoken found = SPOKEN_unknown;

	if (database && head.len)
		hs_scan(database, (const char *)head.p, head.len, 0, scratches[worker], on_match,
			&found);
	return found;
}

const char *spoken_name(enum spoken spoken)
{
	static const char *const names[] = {
#define SPOKEN_NAME(name, pattern, text) #name,
		SPOKEN(SPOKEN_NAME)
#undef SPOKEN_NAME
			"unknown",
	};

	return names[spoken];
}
