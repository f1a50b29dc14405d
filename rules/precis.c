/* SPDX-License-Identifier: BSD-3-Clause */
/* The PRECIS profiles: map until stable, then check. */
#include "rules/precis_int.h"

#include <stdlib.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum { TURNS_MAX = 4, UTF8_MAX_BYTES = 4 };

/* A string of code points with room for the longest input. */
struct points {
	uint32_t cp[PRECIS_IN_MAX_BYTES];
	size_t count;
};

static enum parse refuse(struct fault *fault, const char *cause, size_t offset)
{
	*fault = (struct fault){.cause = cause, .offset_bytes = (uint32_t)offset};
	return PARSE_BAD;
}

/* Full-width and half-width forms to their ordinary ones (RFC 8265 section 3.3.1). All of them, and
 * the ideographic space, lie behind U+3000. */
static uint32_t narrow(uint32_t cp)
{
	ucs4_t decomposed[UC_DECOMPOSITION_MAX_LENGTH];
	int tag;

	if (cp < 0x3000 || uc_decomposition(cp, &tag, decomposed) != 1)
		return cp;
	return tag == UC_DECOMP_WIDE || tag == UC_DECOMP_NARROW ? decomposed[0] : cp;
}

static enum parse decode(struct view in, struct points *out, struct fault *fault)
{
	const uint8_t *wrong;

	out->count = 0;
	if (in.len == 0)
		return refuse(fault, "empty", 0);
	if (in.len > PRECIS_IN_MAX_BYTES)
		return refuse(fault, "too_long", PRECIS_IN_MAX_BYTES);
	wrong = u8_check(in.p, in.len);
	if (wrong)
		return refuse(fault, "not_utf8", (size_t)(wrong - in.p));
	for (uint32_t at = 0; at < in.len;) {
		ucs4_t cp;

		at += (uint32_t)u8_mbtouc_unsafe(&cp, in.p + at, in.len - at);
		out->cp[out->count++] = cp;
	}
	return PARSE_DONE;
}

static enum parse encode(const struct points *in, struct text *out, struct fault *fault)
{
	uint32_t before = out->len;

	for (size_t i = 0; i < in->count; i++) {
		uint8_t bytes[UTF8_MAX_BYTES];
		int len = u8_uctomb(bytes, in->cp[i], UTF8_MAX_BYTES);

		if (len <= 0)
			return refuse(fault, "disallowed", 0);
		text_put(out, view_make(bytes, (size_t)len));
	}
	if (out->failed || out->len - before > PRECIS_OUT_MAX_BYTES)
		return refuse(fault, "too_long", 0);
	return PARSE_DONE;
}

/* Take over what libunistring made: in our buffer, or in one of its own when that was too small. */
static enum parse adopt(uint32_t *made, size_t count, const uint32_t *buffer, struct points *out,
	struct fault *fault)
{
	if (!made)
		return refuse(fault, "no_memory", 0);
	if (made != buffer) {
		free(made);
		return refuse(fault, "too_long", 0);
	}
	memcpy(out->cp, made, count * sizeof(*made));
	out->count = count;
	return PARSE_DONE;
}

/* All of Unicode's toLowerCase(), the final sigma included, in no language. */
static enum parse lower(struct points *p, struct fault *fault)
{
	uint32_t buffer[PRECIS_IN_MAX_BYTES];
	size_t count = PRECIS_IN_MAX_BYTES;
	uint32_t *made = u32_tolower(p->cp, p->count, NULL, NULL, buffer, &count);

	return adopt(made, count, buffer, p, fault);
}

static enum parse compose(struct points *p, struct fault *fault)
{
	uint32_t buffer[PRECIS_IN_MAX_BYTES];
	size_t count = PRECIS_IN_MAX_BYTES;
	uint32_t *made = u32_normalize(UNINORM_NFC, p->cp, p->count, buffer, &count);

	return adopt(made, count, buffer, p, fault);
}

typedef enum parse mapping(struct points *p, struct fault *fault);

static enum parse map_username(struct points *p, struct fault *fault)
{
	for (size_t i = 0; i < p->count; i++)
		p->cp[i] = narrow(p->cp[i]);
	return lower(p, fault) == PARSE_DONE ? compose(p, fault) : PARSE_BAD;
}

static enum parse map_opaque(struct points *p, struct fault *fault)
{
	for (size_t i = 0; i < p->count; i++)
		if (uc_is_general_category_withtable(p->cp[i], UC_CATEGORY_MASK_Zs))
			p->cp[i] = ' ';
	return compose(p, fault);
}

/* RFC 8264 section 7: a few strings need another turn; one that does not settle is refused. */
static enum parse settle(struct points *p, mapping *map, struct fault *fault)
{
	struct points before;

	for (int turn = 0; turn < TURNS_MAX; turn++) {
		before.count = p->count;
		memcpy(before.cp, p->cp, p->count * sizeof(p->cp[0]));
		if (map(p, fault) != PARSE_DONE)
			return PARSE_BAD;
		if (p->count == before.count &&
			memcmp(p->cp, before.cp, p->count * sizeof(p->cp[0])) == 0)
			return PARSE_DONE;
	}
	return refuse(fault, "unstable", 0);
}

/* Where in the input the first code point stands that is refused as itself, or 0. */
static size_t culprit(struct view in, bool freeform)
{
	for (uint32_t at = 0; at < in.len;) {
		ucs4_t cp;
		uint32_t len = (uint32_t)u8_mbtouc_unsafe(&cp, in.p + at, in.len - at);
		enum precis_property property = precis_property(freeform ? cp : narrow(cp));

		if (property >= PRECIS_DISALLOWED || (!freeform && property == PRECIS_FREE_PVAL))
			return at;
		at += len;
	}
	return 0;
}

static enum parse check(const struct points *p, bool freeform, struct view in, struct fault *fault)
{
	for (size_t i = 0; i < p->count; i++) {
		switch (precis_property(p->cp[i])) {
		case PRECIS_PVALID:
			break;
		case PRECIS_FREE_PVAL:
			if (freeform)
				break;
			return refuse(fault, "disallowed", culprit(in, freeform));
		case PRECIS_CONTEXTJ:
		case PRECIS_CONTEXTO:
			if (precis_context_holds(p->cp, p->count, i))
				break;
			return refuse(fault, "context", 0);
		case PRECIS_UNASSIGNED:
			return refuse(fault, "unassigned", culprit(in, freeform));
		default:
			return refuse(fault, "disallowed", culprit(in, freeform));
		}
	}
	return PARSE_DONE;
}

/* What nearly every address is, without a table: 0x21..0x7e, letters to lower case. */
static enum parse ascii_username(
	struct view in, bool with_checks, struct text *out, struct fault *fault)
{
	for (uint32_t i = 0; i < in.len; i++) {
		uint8_t c = in.p[i];

		if (with_checks && (c <= 0x20 || c == 0x7f))
			return refuse(fault, "disallowed", i);
		text_putc(out, (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
	}
	if (out->failed || in.len > PRECIS_OUT_MAX_BYTES)
		return refuse(fault, "too_long", PRECIS_OUT_MAX_BYTES);
	return PARSE_DONE;
}

static enum parse username(struct view in, bool with_checks, struct text *out, struct fault *fault)
{
	struct points p;

	if (in.len && view_is_ascii(in))
		return ascii_username(in, with_checks, out, fault);
	if (decode(in, &p, fault) != PARSE_DONE || settle(&p, map_username, fault) != PARSE_DONE)
		return PARSE_BAD;
	if (with_checks) {
		if (check(&p, false, in, fault) != PARSE_DONE)
			return PARSE_BAD;
		if (!precis_bidi_holds(p.cp, p.count))
			return refuse(fault, "bidi", 0);
	}
	return encode(&p, out, fault);
}

enum parse precis_username(struct view in, struct text *out, struct fault *fault)
{
	return username(in, true, out, fault);
}

enum parse precis_username_map(struct view in, struct text *out, struct fault *fault)
{
	return username(in, false, out, fault);
}

enum parse precis_opaque(struct view in, struct text *out, struct fault *fault)
{
	struct points p;

	if (decode(in, &p, fault) != PARSE_DONE || settle(&p, map_opaque, fault) != PARSE_DONE ||
		check(&p, true, in, fault) != PARSE_DONE)
		return PARSE_BAD;
	return encode(&p, out, fault);
}
