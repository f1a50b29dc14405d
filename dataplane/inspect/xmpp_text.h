/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest pieces of XML that a stream header has: a cursor, white space, names, quoted values
 * with their references. For xmpp_header.c alone. */
#pragma once

#include "rules/base/view.h"

/* Reading stops for good at the first fault, and for now where the bytes end. */
struct xmpp_text {
	struct view have;  /* bytes that have come, at most the header's limit */
	uint32_t at;       /* next byte; the offset of the fault once `cause` is set */
	uint32_t specials; /* references and characters beyond ASCII that were read in values */
	const char *cause; /* set: refused */
	bool missing;      /* the next byte has not come yet */
};

static inline bool xmpp_text_stopped(const struct xmpp_text *t)
{
	return t->cause || t->missing;
}

/* The first fault counts; none while the bytes have not come. */
static inline void xmpp_text_refuse(struct xmpp_text *t, uint32_t at, const char *cause)
{
	if (!xmpp_text_stopped(t)) {
		t->cause = cause;
		t->at = at;
	}
}

/* The next byte, not consumed; 0 when stopped or stopping (a NUL in the input is a fault). */
static inline uint8_t xmpp_text_peek(struct xmpp_text *t)
{
	if (xmpp_text_stopped(t))
		return 0;
	if (t->at >= t->have.len) {
		t->missing = true;
		return 0;
	}
	if (t->have.p[t->at] == 0)
		xmpp_text_refuse(t, t->at, "xmpp_nul");
	return t->have.p[t->at];
}

/* Consume exactly these bytes; at the first that differs: refused with `cause`, there. */
void xmpp_text_expect(struct xmpp_text *t, struct view literal, const char *cause);
/* Consume white space; was there any? */
bool xmpp_text_space(struct xmpp_text *t);
/* An ASCII name, with at most one colon: prefix (empty without) and local part. What is no name is
 * refused with `cause`. */
struct xmpp_name {
	struct view whole, prefix, local;
};
struct xmpp_name xmpp_text_name(struct xmpp_text *t, uint32_t max_bytes, const char *cause);
/* A value in quotes of either kind, checked UTF-8 of legal characters, without the quotes. With
 * references false any '&' is refused, and so is what brings `specials` above the header's limit. */
struct view xmpp_text_value(struct xmpp_text *t, uint32_t max_bytes, bool references);
