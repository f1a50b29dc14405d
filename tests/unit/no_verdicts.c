/* SPDX-License-Identifier: BSD-3-Clause */
/* Nobody who takes verdicts or what was learned, or has statistics, for tests of other questions;
 * test_command_verdict.c, test_command_learned.c and test_dataplane_statistics.c have stand-ins. */
#include <errno.h>

#include "dataplane/learned.h"
#include "dataplane/report.h"
#include "dataplane/suspects.h"
#include "dataplane/verdict.h"

json_t *report_drops(void)
{
	return NULL;
}

json_t *report_verdicts(uint32_t offset, uint32_t limit, uint32_t *total)
{
	return NULL;
}

json_t *report_partners(uint32_t offset, uint32_t limit, uint32_t *total)
{
	return NULL;
}

json_t *report_partner(uint32_t id)
{
	return NULL;
}

json_t *report_flow(const struct tuple *key)
{
	return NULL;
}

json_t *report_hitters(enum cause only, uint32_t offset, uint32_t limit, uint32_t *total)
{
	return NULL;
}

bool cause_find(const char *name, enum cause *out)
{
	return false;
}

int verdict_say_flow(const struct tuple *key, uint32_t mark, struct view domain, struct mono now)
{
	return -ENODEV;
}

int verdict_block(const struct block *block, struct mono now)
{
	return -ENODEV;
}

int verdict_unblock(const struct block_target *target, struct mono now)
{
	return -ENODEV;
}

void suspects_say(uint32_t partner_id, bool suspicious)
{
}

void suspects_forget(void)
{
}

struct learned *learned_build(const struct claims *claims)
{
	return NULL;
}

void learned_publish(struct learned *learned)
{
}
