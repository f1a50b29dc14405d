/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose connection this is, and whether its first bytes are what its port is for. Asks the tables
 * and the readers of first bytes; knows nothing of frames, flows or sequence numbers. */
#pragma once

#include "dataplane/cause.h"
#include "dataplane/tables.h"
#include "rules/base/mark.h"

/* What a source address says. It may be nobody's: then the class is unknown. */
struct classified {
	uint32_t mark;
	uint32_t partner_slot;
};

/* CAUSE_none with *out filled; CAUSE_source_is_ours, CAUSE_blocked_source, *out being zero. The
 * source is the tuple's src. */
enum cause classify_source(
	const struct tables *tables, const struct tuple *tuple, struct classified *out);

/* What the first bytes of a connection say. */
struct first_bytes {
	enum cause cause;         /* with PARSE_BAD: why they are refused */
	uint32_t claimed_partner; /* with PARSE_DONE: whom `from` names, or PARTNER_NONE */
	bool has_claim;           /* a `from` was there */
	struct view claim;        /* the domain that it names, within the bytes read */
};

/* Read all that has come so far, in order and from the first byte on, as the protocol of the port.
 * PARSE_DONE: they are complete and accepted. scratch as for tls_hello_read. */
enum parse classify_bytes(const struct tables *tables, enum filter_protocol protocol,
	struct view bytes, uint8_t *scratch, struct first_bytes *out);
