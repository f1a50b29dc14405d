/* SPDX-License-Identifier: BSD-3-Clause */
/* DNS SRV records as values: read from the wire, put into the order to try them (RFC 2782). */
#pragma once

#include "rules/base/view.h"

#define DOMAIN_TEXT_BYTES 254 /* longest domain name in text with its NUL */

struct srv {
	uint16_t priority;
	uint16_t weight;
	uint16_t port;
	char target
		[DOMAIN_TEXT_BYTES]; /* lower case, no trailing dot; "" is the root: no service */
};

/* One RDATA with an uncompressed target. PARSE_DONE or PARSE_BAD. A label with anything but
 * letters, digits, '-' and '_' is refused: such a name is nobody's host. */
enum parse srv_parse(struct view rdata, struct srv *out, struct fault *fault);

/* A number in 0..below-1, below > 0. */
typedef uint32_t random_h(void *arg, uint32_t below);

/* By priority; within one, drawn by weight. In place, no allocation. */
void srv_order(struct srv *list, uint32_t count, random_h *random, void *arg);
