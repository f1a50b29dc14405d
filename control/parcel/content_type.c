/* SPDX-License-Identifier: BSD-3-Clause */
/* The value of Content-Type. */
#include "control/parcel/content_type.h"

#include "control/sip/lex.h"
#include "control/sip/param.h"

static enum parse refuse(struct fault *fault, const char *cause, const struct sip_cursor *c)
{
	*fault = (struct fault){.cause = cause, .offset_bytes = sip_cursor_offset(c)};
	return PARSE_BAD;
}

static struct view unquote(struct view v)
{
	return v.len >= 2 && v.p[0] == '"' ? view_sub(v, 1, v.len - 2) : v;
}

enum parse content_type_parse(struct view value, struct content_type *out, struct fault *fault)
{
	struct sip_cursor c = sip_cursor_make(value);
	struct sip_param param;
	enum parse got;

	*out = (struct content_type){0};
	out->type = sip_cursor_take(&c, SIP_CLASS_TOKEN);
	if (out->type.len == 0 || !sip_cursor_punct(&c, '/'))
		return refuse(fault, "content_type", &c);
	out->subtype = sip_cursor_take(&c, SIP_CLASS_TOKEN);
	if (out->subtype.len == 0)
		return refuse(fault, "content_type", &c);
	while ((got = sip_param_next(&c, &param)) == PARSE_DONE) {
		if (!param.has_value)
			return refuse(fault, "content_type", &c);
		if (!view_equal_nocase(param.name, VIEW("charset")))
			continue;
		if (out->charset.len)
			return refuse(fault, "content_type_charset_twice", &c);
		out->charset = unquote(param.value);
		if (out->charset.len == 0)
			return refuse(fault, "content_type", &c);
	}
	if (got == PARSE_BAD || !sip_cursor_end(&c))
		return refuse(fault, "content_type", &c);
	return PARSE_DONE;
}

bool content_type_is(const struct content_type *t, struct view type, struct view subtype)
{
	return view_equal_nocase(t->type, type) && view_equal_nocase(t->subtype, subtype);
}

enum charset content_type_charset(const struct content_type *t)
{
	return t->charset.len ? charset_from_name(t->charset) : CHARSET_UTF_8;
}
