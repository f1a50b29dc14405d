/* SPDX-License-Identifier: BSD-3-Clause */
/* Request-Line: Method SP Request-URI SP SIP-Version. Status-Line: SIP-Version SP 3DIGIT SP text. */
#include "control/sip/start.h"

#include "control/sip/lex.h"

enum { CODE_MIN = 100, CODE_MAX = 699 };

/* Literals, so that their lengths are known. */
#define METHOD(literal)                                                                            \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}

static const struct view methods[SIP_METHODS] = {
	[SIP_METHOD_OTHER] = METHOD(""),
	[SIP_INVITE] = METHOD("INVITE"),
	[SIP_ACK] = METHOD("ACK"),
	[SIP_BYE] = METHOD("BYE"),
	[SIP_CANCEL] = METHOD("CANCEL"),
	[SIP_OPTIONS] = METHOD("OPTIONS"),
	[SIP_REGISTER] = METHOD("REGISTER"),
	[SIP_MESSAGE] = METHOD("MESSAGE"),
	[SIP_SUBSCRIBE] = METHOD("SUBSCRIBE"),
	[SIP_NOTIFY] = METHOD("NOTIFY"),
	[SIP_PUBLISH] = METHOD("PUBLISH"),
	[SIP_INFO] = METHOD("INFO"),
	[SIP_PRACK] = METHOD("PRACK"),
	[SIP_UPDATE] = METHOD("UPDATE"),
	[SIP_REFER] = METHOD("REFER"),
};

const char *sip_method_name(enum sip_method method)
{
	return (const char *)methods[method].p;
}

/* Methods are compared with their case (section 7.1). */
enum sip_method sip_method_find(struct view name)
{
	for (uint32_t i = 1; i < SIP_METHODS; i++)
		if (view_equal(name, methods[i]))
			return (enum sip_method)i;
	return SIP_METHOD_OTHER;
}

static enum parse bad(struct fault *fault, const char *cause, uint32_t offset)
{
	*fault = (struct fault){cause, offset};
	return PARSE_BAD;
}

/* Take the word up to the next SP; the SP is taken too. False: there is no SP. */
static bool word(struct view *rest, struct view *out)
{
	int64_t at = view_find(*rest, ' ');

	*out = view_sub(*rest, 0, at < 0 ? rest->len : (uint32_t)at);
	*rest = view_sub(*rest, at < 0 ? rest->len : (uint32_t)at + 1, UINT32_MAX);
	return at >= 0;
}

static enum parse request_parse(
	struct view line, struct sip_message *out, struct fault *fault, uint16_t *respond)
{
	struct view rest = line;
	struct view version;
	bool three;

	out->is_request = true;
	word(&rest, &out->method_text);
	out->method = sip_method_find(out->method_text);
	three = word(&rest, &out->uri_text);
	version = rest;
	if (!three || view_find(version, ' ') >= 0 || out->uri_text.len == 0)
		return bad(fault, "start_line_spaces", out->method_text.len);
	if (!view_equal_nocase(version, VIEW("SIP/2.0"))) {
		*respond = 505;
		return bad(fault, "version", (uint32_t)(version.p - line.p));
	}
	if (sip_uri_parse(out->uri_text, &out->uri, fault) != PARSE_DONE) {
		fault->offset_bytes += (uint32_t)(out->uri_text.p - line.p);
		return PARSE_BAD;
	}
	/* They ask us to make headers of them: never (RFC 4475 section 3.1.2.11). */
	if (out->uri.headers.len)
		return bad(fault, "request_uri_headers", (uint32_t)(out->uri.headers.p - line.p));
	return PARSE_DONE;
}

static enum parse response_parse(struct view line, struct sip_message *out, struct fault *fault)
{
	struct view rest = line;
	struct view version, digits;
	uint64_t code;

	out->is_request = false;
	if (!word(&rest, &version) || !view_equal_nocase(version, VIEW("SIP/2.0")))
		return bad(fault, "version", 0);
	if (!word(&rest, &digits) || digits.len != 3 || !view_to_u64(digits, CODE_MAX, &code) ||
		code < CODE_MIN)
		return bad(fault, "status_code", version.len + 1);
	if (!sip_is_utf8(rest))
		return bad(fault, "reason_utf8", version.len + 5);
	out->code = (uint16_t)code;
	out->reason = rest;
	return PARSE_DONE;
}

enum parse sip_start_parse(
	struct view line, struct sip_message *out, struct fault *fault, uint16_t *respond)
{
	*respond = 400;
	if (line.len >= 4 && view_equal_nocase(view_sub(line, 0, 4), VIEW("SIP/"))) {
		*respond = 0;
		return response_parse(line, out, fault);
	}
	return request_parse(line, out, fault, respond);
}
