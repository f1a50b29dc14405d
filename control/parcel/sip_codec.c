/* SPDX-License-Identifier: BSD-3-Clause */
/* From a SIP MESSAGE to a parcel. The way back is sip_request.c. */
#include "control/parcel/sip_codec.h"

#include <errno.h>

#include "control/parcel/charset.h"
#include "control/parcel/language.h"
#include "control/sip/content.h"
#include "control/sip/param.h"

#define ACCEPT_TEXT     "Accept: text/plain\r\n"
#define ACCEPT_IDENTITY "Accept-Encoding: identity\r\n"

static int refused(struct sip_refusal *refuse, uint16_t code, const char *cause, const char *extra)
{
	*refuse = (struct sip_refusal){.code = code, .cause = cause, .extra = extra};
	return -EINVAL;
}

static struct view header_value(const struct sip_message *m, enum sip_header_name name)
{
	const struct sip_header *header = sip_header_find(m, name, 0);

	return header ? header->value : (struct view){0};
}

/* 400 for what is written wrongly, 416 for another scheme; 404 for what could be written, but is
 * nobody's name: no XMPP server can have such a user. */
static uint16_t code_of_address(const char *cause)
{
	static const char *const malformed[] = {"uri_password", "uri_headers", "user_empty",
		"percent_malformed", "control_character", "not_utf8"};

	if (strcmp(cause, "uri_scheme") == 0)
		return 416;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		if (strcmp(cause, malformed[i]) == 0)
			return 400;
	return 404;
}

static int read_addresses(
	const struct sip_message *m, struct parcel *out, struct sip_refusal *refuse)
{
	struct fault fault;

	/* A target in sips: asks for TLS on every hop up to the user, which nobody can promise
	 * behind the XMPP partner (RFC 7247 section 8). */
	if (m->uri.scheme != SIP_SCHEME_SIP)
		return refused(refuse, 416, "uri_scheme", "");
	if (address_from_sip(&m->uri, &out->to, &fault) != PARSE_DONE)
		return refused(refuse, code_of_address(fault.cause), fault.cause, "");
	if (!out->to.local[0])
		return refused(refuse, 404, "to_without_user", "");
	/* A sender that no address can be made of cannot be answered: a bad request, whatever it
	 * is that is wrong with it. */
	if (address_from_sip(&m->from.uri, &out->from, &fault) != PARSE_DONE)
		return refused(refuse, 400, fault.cause, "");
	return 0;
}

/* UTF-8 when none is given (RFC 3261 section 7.4.1). */
static enum charset charset_of(const struct sip_content_type *type)
{
	struct view name;

	if (!sip_param_find(type->params, VIEW("charset"), &name))
		return CHARSET_UTF_8;
	return charset_from_name(sip_unquote(name));
}

/* The endpoint has looked at the same headers; here they decide what the bytes mean. */
static int read_charset(
	const struct sip_message *m, enum charset *charset, struct sip_refusal *refuse)
{
	const struct sip_header *header = sip_header_find(m, SIP_HEADER_CONTENT_TYPE, 0);
	struct sip_content_type type;

	if (!sip_content_is_plain(m))
		return refused(refuse, 415, "content_encoding", ACCEPT_IDENTITY);
	if (!header)
		return refused(refuse, 400, "content_type_missing", "");
	if (!sip_content_type_parse(header->value, &type))
		return refused(refuse, 400, "content_type", "");
	if (!view_equal_nocase(type.type, VIEW("text")) ||
		!view_equal_nocase(type.subtype, VIEW("plain")))
		return refused(refuse, 415, "content_type_unsupported", ACCEPT_TEXT);
	*charset = charset_of(&type);
	if (*charset == CHARSET_UNKNOWN)
		return refused(refuse, 415, "charset_unsupported", ACCEPT_TEXT);
	return 0;
}

/* Body and subject go one behind the other into scratch; views are made when it no longer grows. */
static int read_text(const struct sip_message *m, enum charset charset, struct parcel *out,
	struct text *scratch, struct sip_refusal *refuse)
{
	uint32_t body_len;
	int result = charset_put_text(scratch, charset, m->body);

	if (result)
		return result == -EILSEQ ? refused(refuse, 400, "body_not_in_charset", "")
					 : refused(refuse, 513, "body_too_long", "");
	body_len = scratch->len;
	if (body_len == 0)
		return -ENOMSG;
	result = charset_put_line(scratch, header_value(m, SIP_HEADER_SUBJECT), SUBJECT_MAX_BYTES);
	if (result)
		return result == -EILSEQ ? refused(refuse, 400, "subject_not_utf8", "")
					 : refused(refuse, 513, "body_too_long", "");
	out->body = view_sub(text_view(scratch), 0, body_len);
	out->subject = view_sub(text_view(scratch), body_len, UINT32_MAX);
	return 0;
}

int parcel_from_sip(const struct sip_message *m, struct parcel *out, struct text *scratch,
	struct sip_refusal *refuse)
{
	enum charset charset;
	int result;

	*out = (struct parcel){.kind = PARCEL_MESSAGE};
	*refuse = (struct sip_refusal){.extra = ""};
	text_reset(scratch);
	result = read_addresses(m, out, refuse);
	if (result)
		return result;
	if (m->body.len == 0)
		return -ENOMSG;
	result = read_charset(m, &charset, refuse);
	if (result)
		return result;
	result = read_text(m, charset, out, scratch, refuse);
	if (result)
		return result;
	out->id = m->via.branch;
	out->thread = m->call_id;
	out->lang = language_first(header_value(m, SIP_HEADER_CONTENT_LANGUAGE));
	return 0;
}
