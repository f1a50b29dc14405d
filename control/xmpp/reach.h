/* SPDX-License-Identifier: BSD-3-Clause */
/* From a remote domain to a connection with its server: DNS, or what the rules say, then the addresses one
 * after the other, each announced to the dataplane. For whoever opens streams. */
#pragma once

#include "control/origin.h"
#include "control/xmpp/pool.h"

enum {
	XMPP_PORT = 5269,
	REACH_TARGET_MS = 10 * 1000, /* to connect to one address */
};

/* What came of it. */
struct reached {
	int fd;               /* connected, now the caller's; -1: the fate says why not */
	struct origin origin; /* of a link with it */
	enum xmpp_fate fate;
	const char *cause; /* of the fate, static */
};

struct reach;
typedef void reach_h(void *arg, const struct reached *reached);

/* local: for the log. The handler runs once, never inside the call. The strings are kept. NULL without
 * memory. */
struct reach *reach_start(
	struct xmpp_pool *pool, const char *local, const char *remote, reach_h *handler, void *arg);
void reach_cancel(struct reach *reach); /* accepts NULL */
/* "resolving" or "connecting". */
const char *reach_state_name(const struct reach *reach);
