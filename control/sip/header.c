/* SPDX-License-Identifier: BSD-3-Clause */
/* Header fields: one table of names, compact forms and singletons. */
#include "control/sip/header.h"

#include "control/sip/lex.h"

#define VIEW_INIT(literal)                                                                         \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}

static const struct {
	struct view name;
	char compact;      /* 0: none */
	const char *twice; /* cause when there are two; NULL: allowed */
} headers[SIP_HEADER_NAMES] = {
	[SIP_HEADER_OTHER] = {VIEW_INIT(""), 0, NULL},
	[SIP_HEADER_ACCEPT] = {VIEW_INIT("Accept"), 0, NULL},
	[SIP_HEADER_ALLOW] = {VIEW_INIT("Allow"), 0, NULL},
	[SIP_HEADER_CALL_ID] = {VIEW_INIT("Call-ID"), 'i', "call_id_twice"},
	[SIP_HEADER_CONTACT] = {VIEW_INIT("Contact"), 'm', NULL},
	[SIP_HEADER_CONTENT_ENCODING] = {VIEW_INIT("Content-Encoding"), 'e', NULL},
	[SIP_HEADER_CONTENT_LANGUAGE] = {VIEW_INIT("Content-Language"), 0, NULL},
	[SIP_HEADER_CONTENT_LENGTH] = {VIEW_INIT("Content-Length"), 'l', "content_length_twice"},
	[SIP_HEADER_CONTENT_TYPE] = {VIEW_INIT("Content-Type"), 'c', "content_type_twice"},
	[SIP_HEADER_CSEQ] = {VIEW_INIT("CSeq"), 0, "cseq_twice"},
	[SIP_HEADER_DATE] = {VIEW_INIT("Date"), 0, NULL},
	[SIP_HEADER_EVENT] = {VIEW_INIT("Event"), 'o', "event_twice"},
	[SIP_HEADER_EXPIRES] = {VIEW_INIT("Expires"), 0, "expires_twice"},
	[SIP_HEADER_FROM] = {VIEW_INIT("From"), 'f', "from_twice"},
	[SIP_HEADER_MAX_FORWARDS] = {VIEW_INIT("Max-Forwards"), 0, "max_forwards_twice"},
	[SIP_HEADER_P_ASSERTED_IDENTITY] = {VIEW_INIT("P-Asserted-Identity"), 0, NULL},
	[SIP_HEADER_PROXY_REQUIRE] = {VIEW_INIT("Proxy-Require"), 0, NULL},
	[SIP_HEADER_RECORD_ROUTE] = {VIEW_INIT("Record-Route"), 0, NULL},
	[SIP_HEADER_REQUIRE] = {VIEW_INIT("Require"), 0, NULL},
	[SIP_HEADER_ROUTE] = {VIEW_INIT("Route"), 0, NULL},
	[SIP_HEADER_SUBJECT] = {VIEW_INIT("Subject"), 's', "subject_twice"},
	[SIP_HEADER_SUPPORTED] = {VIEW_INIT("Supported"), 'k', NULL},
	[SIP_HEADER_TO] = {VIEW_INIT("To"), 't', "to_twice"},
	[SIP_HEADER_VIA] = {VIEW_INIT("Via"), 'v', NULL},
	[SIP_HEADER_WARNING] = {VIEW_INIT("Warning"), 0, NULL},
	[SIP_HEADER_RETRY_AFTER] = {VIEW_INIT("Retry-After"), 0, NULL},
	[SIP_HEADER_SUBSCRIPTION_STATE] = {VIEW_INIT("Subscription-State"), 0,
		"subscription_state_twice"},
};

enum sip_header_name sip_header_name_find(struct view name)
{
	char first = name.len ? (char)(name.p[0] | 0x20) : 0;

	for (uint32_t i = 1; i < SIP_HEADER_NAMES; i++) {
		struct view known = headers[i].name;

		if (name.len == 1) {
			if (headers[i].compact == first)
				return (enum sip_header_name)i;
			continue;
		}
		if (known.len == name.len && view_equal_nocase(name, known))
			return (enum sip_header_name)i;
	}
	return SIP_HEADER_OTHER;
}

const char *sip_header_name_text(enum sip_header_name name)
{
	return (const char *)headers[name].name.p;
}

const char *sip_header_twice(enum sip_header_name name)
{
	return headers[name].twice;
}

bool sip_header_split(struct view line, struct sip_header *out, const char **cause)
{
	struct sip_cursor c = sip_cursor_make(line);

	out->name_text = sip_cursor_take(&c, SIP_CLASS_TOKEN);
	/* HCOLON: SP and HTAB only in front of the colon, no fold (section 7.3.1). */
	while (sip_cursor_peek(&c) == ' ' || sip_cursor_peek(&c) == '\t')
		sip_cursor_skip(&c, 1);
	if (out->name_text.len == 0 || sip_cursor_peek(&c) != ':') {
		*cause = "header_name";
		return false;
	}
	sip_cursor_skip(&c, 1);
	out->value = sip_trim(c.rest);
	out->name = sip_header_name_find(out->name_text);
	return true;
}

static void put_without_tabs(struct view v, struct text *out)
{
	int64_t tab;

	while ((tab = view_find(v, '\t')) >= 0) {
		text_put(out, view_sub(v, 0, (uint32_t)tab));
		text_putc(out, ' ');
		v = view_sub(v, (uint32_t)tab + 1, UINT32_MAX);
	}
	text_put(out, v);
}

void sip_value_unfold(struct view value, struct text *out)
{
	struct view rest = sip_trim(value);

	while (rest.len) {
		int64_t fold = view_find(rest, '\r');

		if (fold < 0) {
			put_without_tabs(rest, out);
			return;
		}
		put_without_tabs(sip_trim(view_sub(rest, 0, (uint32_t)fold)), out);
		text_putc(out, ' ');
		rest = sip_trim(view_sub(rest, (uint32_t)fold, UINT32_MAX));
		/* Only a fold can follow; a stray CR is not copied. */
		if (rest.len && rest.p[0] == '\r')
			rest = view_sub(rest, 1, UINT32_MAX);
	}
}

bool sip_list_next(struct view *list, struct view *element)
{
	while (list->len) {
		int64_t comma = view_find(*list, ',');
		uint32_t n = comma < 0 ? list->len : (uint32_t)comma;

		*element = sip_trim(view_sub(*list, 0, n));
		*list = view_sub(*list, n + 1, UINT32_MAX);
		if (element->len)
			return true;
	}
	return false;
}
