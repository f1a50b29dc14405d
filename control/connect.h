/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening outbound connections: target after target, each one announced to the dataplane first when
 * it leaves by the federation side (bind, expect, connect). */
#pragma once

#include "control/filter_client.h"
#include "control/generation.h"
#include "control/resolve.h"

struct connect; /* one attempt under way */
/* fd >= 0: connected, non-blocking, TCP_NODELAY set, now the caller's. fd < 0: -errno of the last
 * target. Runs once, never inside connect_start. */
typedef void connect_h(void *arg, int fd);

enum connect_side {
	CONNECT_PARTNER, /* bound to a service address of the target's family, announced */
	CONNECT_INSIDE,  /* any source address, not announced */
};

/* targets are copied, the generation is held: its service addresses are what is bound to. timeout_ms
 * is for each target. */
struct connect *connect_start(struct loop *loop, struct filter_client *filter,
	struct generation *generation, enum connect_side side, uint32_t partner_id,
	const struct target *targets, uint32_t count, uint32_t timeout_ms, connect_h *handler,
	void *arg);
void connect_cancel(struct connect *attempt); /* accepts NULL */
