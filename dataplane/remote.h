/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is at the other end of a frame, as far as its bytes tell, even when it is malformed: for
 * counting and for nothing else, since anybody can write any source. */
#pragma once

#include <stdbool.h>

#include "dataplane/tables.h"
#include "dataplane/tuple.h"
#include "rules/base/view.h"

enum remote_kind {
	REMOTE_NONE,
	REMOTE_MAC, /* no IP header to be read: the neighbour that sent it */
	REMOTE_IPV4 = TUPLE_IPV4,
	REMOTE_IPV6 = TUPLE_IPV6,
};

struct remote {
	enum remote_kind kind;
	uint8_t address[16]; /* as in a tuple; of a MAC the first six bytes; the rest zero */
};

/* inward: from the port, so that the remote is the sender; else the receiver. Reads any bytes. */
struct remote remote_of_frame(struct view frame, bool inward);
struct remote remote_of_tuple(const struct tuple *tuple, bool inward);
/* The slot of the partner whose address it is; 0: nobody's, or no rules yet (NULL). */
uint32_t remote_partner(const struct tables *tables, const struct remote *remote);
