/* SPDX-License-Identifier: BSD-3-Clause */
/* Percent-encoding in SIP URIs (RFC 3261 section 25.1). */
#include "control/parcel/percent.h"

#include <unistr.h>

#define UNRESERVED_MARKS "-_.!~*'()"
#define USER_UNRESERVED  "&=+$,;?/"
#define PARAM_UNRESERVED "[]/:&+$"

static void put(struct text *out, struct view v, struct view marks)
{
	for (uint32_t i = 0; i < v.len; i++) {
		if (ascii_is_alphanumeric(v.p[i]) || view_find(marks, v.p[i]) >= 0)
			text_putc(out, (char)v.p[i]);
		else
			text_printf(out, "%%%02X", v.p[i]);
	}
}

void percent_put_user(struct text *out, struct view v)
{
	put(out, v, VIEW(UNRESERVED_MARKS USER_UNRESERVED));
}

void percent_put_param(struct text *out, struct view v)
{
	put(out, v, VIEW(UNRESERVED_MARKS PARAM_UNRESERVED));
}

static enum parse refuse(struct fault *fault, const char *cause, uint32_t offset)
{
	*fault = (struct fault){.cause = cause, .offset_bytes = offset};
	return PARSE_BAD;
}

enum parse percent_decode(struct view v, struct text *out, struct fault *fault)
{
	uint32_t start = out->len;
	struct view decoded;

	for (uint32_t i = 0; i < v.len; i++) {
		uint8_t c = v.p[i];
		uint32_t at = i;

		if (c == '%') {
			int high = i + 2 < v.len ? hex_value(v.p[i + 1]) : -1;
			int low = i + 2 < v.len ? hex_value(v.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return refuse(fault, "percent_malformed", at);
			c = (uint8_t)(high << 4 | low);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return refuse(fault, "control_character", at);
		text_putc(out, (char)c);
		if (out->failed)
			return refuse(fault, "too_long", at);
	}
	decoded = view_sub(text_view(out), start, UINT32_MAX);
	if (decoded.len && u8_check(decoded.p, decoded.len))
		return refuse(fault, "not_utf8", 0);
	return PARSE_DONE;
}
