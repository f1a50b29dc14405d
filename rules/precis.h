/* SPDX-License-Identifier: BSD-3-Clause */
/* The two PRECIS profiles that addresses need (RFC 8264, RFC 8265), on libunistring's tables. Knows
 * code points; nothing of JIDs, domains or escaping. Pure; libunistring may take memory for itself
 * when a run of combining marks is long, and gives it back before the call returns. */
#pragma once

#include "rules/base/text.h"

enum {
	PRECIS_OUT_MAX_BYTES = 1023,                    /* what a part of a JID may have */
	PRECIS_IN_MAX_BYTES = 3 * PRECIS_OUT_MAX_BYTES, /* full-width letters shrink to a third */
};

/* Derived property of a code point (RFC 8264 section 8). */
enum precis_property {
	PRECIS_PVALID,     /* allowed in both classes */
	PRECIS_FREE_PVAL,  /* allowed in FreeformClass only */
	PRECIS_CONTEXTJ,   /* allowed where the rule of RFC 5892 appendix A.1 or A.2 holds */
	PRECIS_CONTEXTO,   /* the same for A.3 to A.9 */
	PRECIS_DISALLOWED, /* allowed in neither */
	PRECIS_UNASSIGNED, /* not in this Unicode version: allowed in neither */
};

enum precis_property precis_property(uint32_t code_point);

/* UsernameCaseMapped (RFC 8265 section 3.3): width, lower case, NFC, repeated until stable, then
 * IdentifierClass with its contextual rules and the Bidi rule. Appends to out. Causes: not_utf8,
 * too_long, empty, disallowed, unassigned, context, bidi, unstable, no_memory. The offset is that
 * of the input byte for not_utf8 and for a code point that no mapping saves, otherwise 0. */
enum parse precis_username(struct view in, struct text *out, struct fault *fault);
/* OpaqueString (RFC 8265 section 4.2): other spaces to U+0020, NFC, FreeformClass. */
enum parse precis_opaque(struct view in, struct text *out, struct fault *fault);
/* Only the mappings of UsernameCaseMapped, without its checks: for what is going to be escaped
 * first. Controls and spaces pass. */
enum parse precis_username_map(struct view in, struct text *out, struct fault *fault);
