/* SPDX-License-Identifier: BSD-3-Clause */
/* Nobody who takes verdicts or what was learned, for tests of other questions; test_command_verdict.c
 * and test_command_learned.c have stand-ins. */
#include <errno.h>

#include "dataplane/learned.h"
#include "dataplane/report.h"
#include "dataplane/verdict.h"

json_t *report_drops(void)
{
	return NULL;
}

json_t *report_verdicts(uint32_t offset, uint32_t limit, uint32_t *total)
{
	return NULL;
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

struct learned *learned_build(const struct claims *claims)
{
	return NULL;
}

void learned_publish(struct learned *learned)
{
}
