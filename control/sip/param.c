/* SPDX-License-Identifier: BSD-3-Clause */
/* Header parameters: ";name", ";name=token", ";name=host", ";name=\"quoted\"". */
#include "control/sip/param.h"

/* token or host; IPv6 comes in brackets, in received= also without (RFC 5118 section 4.5). */
static struct view take_value(struct sip_cursor *c)
{
	struct view start = c->rest;
	uint32_t n = 0;

	while (n < start.len && (sip_is(start.p[n], SIP_CLASS_TOKEN) || start.p[n] == '[' ||
					start.p[n] == ']' || start.p[n] == ':'))
		n++;
	sip_cursor_skip(c, n);
	return view_sub(start, 0, n);
}

enum parse sip_param_next(struct sip_cursor *c, struct sip_param *out)
{
	struct sip_cursor before;

	*out = (struct sip_param){0};
	if (!sip_cursor_punct(c, ';'))
		return PARSE_NEED_MORE;
	out->name = sip_cursor_take(c, SIP_CLASS_TOKEN);
	if (out->name.len == 0)
		return PARSE_BAD;
	before = *c;
	if (!sip_cursor_punct(c, '=')) {
		*c = before;
		return PARSE_DONE;
	}
	out->has_value = true;
	if (sip_cursor_peek(c) == '"')
		return sip_cursor_quoted(c, &out->value) ? PARSE_DONE : PARSE_BAD;
	out->value = take_value(c);
	return out->value.len ? PARSE_DONE : PARSE_BAD;
}

bool sip_param_find(struct view params, struct view name, struct view *value)
{
	struct sip_cursor c = sip_cursor_make(params);
	struct sip_param one;

	while (sip_param_next(&c, &one) == PARSE_DONE) {
		if (view_equal_nocase(one.name, name)) {
			*value = one.value;
			return true;
		}
	}
	*value = (struct view){0};
	return false;
}
