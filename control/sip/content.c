/* SPDX-License-Identifier: BSD-3-Clause */
/* Content-Type: m-type SLASH m-subtype *(SEMI m-parameter). */
#include "control/sip/content.h"

#include "control/sip/header.h"
#include "control/sip/param.h"

bool sip_content_type_parse(struct view value, struct sip_content_type *out)
{
	struct sip_cursor c = sip_cursor_make(value);
	struct sip_cursor start;
	struct sip_param param;
	enum parse got;

	*out = (struct sip_content_type){0};
	out->type = sip_cursor_take(&c, SIP_CLASS_TOKEN);
	if (out->type.len == 0 || !sip_cursor_punct(&c, '/'))
		return false;
	out->subtype = sip_cursor_take(&c, SIP_CLASS_TOKEN);
	sip_cursor_lws(&c);
	start = c;
	do
		got = sip_param_next(&c, &param);
	while (got == PARSE_DONE && param.has_value);
	out->params = start.rest;
	return out->subtype.len && got == PARSE_NEED_MORE && sip_cursor_end(&c);
}

struct view sip_unquote(struct view value)
{
	if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"')
		return view_sub(value, 1, value.len - 2);
	return value;
}

bool sip_content_is_plain(const struct sip_message *m)
{
	const struct sip_header *h;
	struct view list, one;

	for (uint32_t n = 0; (h = sip_header_find(m, SIP_HEADER_CONTENT_ENCODING, n)); n++) {
		list = h->value;
		while (sip_list_next(&list, &one))
			if (!view_equal_nocase(one, VIEW("identity")))
				return false;
	}
	return true;
}
