/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP and SIPS URIs (RFC 3261 section 19.1). */
#include "control/sip/uri.h"

#include "control/sip/lex.h"

enum { PARAMS_MAX = 64, PORT_MAX = 65535 };

static enum parse bad(struct fault *fault, const char *cause, struct view text, const uint8_t *at)
{
	*fault = (struct fault){cause, at && text.p ? (uint32_t)(at - text.p) : 0};
	return PARSE_BAD;
}

/* The part of v in front of the first `c`; *rest is what comes behind it. False: no `c` in v. */
static bool cut(struct view v, uint8_t c, struct view *head, struct view *rest)
{
	int64_t at = view_find(v, c);

	if (at < 0) {
		*head = v;
		*rest = view_sub(v, v.len, 0);
		return false;
	}
	*head = view_sub(v, 0, (uint32_t)at);
	*rest = view_sub(v, (uint32_t)at + 1, UINT32_MAX);
	return true;
}

/* Take "name[=value]" from the front of *params. False at the end. */
static bool param_next(struct view *params, struct view *name, struct view *value)
{
	struct view one;

	if (params->len == 0)
		return false;
	cut(*params, ';', &one, params);
	cut(one, '=', name, value);
	return true;
}

static bool param_seen_before(struct view params, struct view name)
{
	struct view other, value;

	while (param_next(&params, &other, &value) && other.p < name.p)
		if (view_equal_nocase(other, name))
			return true;
	return false;
}

static const char *check_params(struct view params, const uint8_t **at)
{
	struct view rest = params;
	struct view one, name, value;
	uint32_t count = 0;
	bool more;

	do {
		more = cut(rest, ';', &one, &rest);
		*at = one.p;
		if (++count > PARAMS_MAX)
			return "uri_params_too_many";
		if (cut(one, '=', &name, &value) && value.len == 0)
			return "uri_param";
		if (name.len == 0 || !sip_all_or_escaped(name, SIP_CLASS_PARAM) ||
			!sip_all_or_escaped(value, SIP_CLASS_PARAM))
			return "uri_param";
		if (param_seen_before(params, name))
			return "uri_param_twice";
	} while (more);
	return NULL;
}

static const char *check_headers(struct view headers, const uint8_t **at)
{
	struct view one, name, value;
	bool more;

	do {
		more = cut(headers, '&', &one, &headers);
		*at = one.p;
		if (!cut(one, '=', &name, &value) || name.len == 0 ||
			!sip_all_or_escaped(name, SIP_CLASS_HVALUE) ||
			!sip_all_or_escaped(value, SIP_CLASS_HVALUE))
			return "uri_headers";
	} while (more);
	return NULL;
}

static const char *read_userinfo(struct view userinfo, struct sip_uri *out)
{
	out->has_user = true;
	out->has_password = cut(userinfo, ':', &out->user, &out->password);
	if (out->user.len == 0)
		return "uri_user_empty";
	if (!sip_all_or_escaped(out->user, SIP_CLASS_USER))
		return "uri_user";
	if (!sip_all_or_escaped(out->password, SIP_CLASS_PASS))
		return "uri_password";
	return NULL;
}

static const char *read_hostport(struct view hostport, struct sip_uri *out)
{
	struct view rest = hostport;
	struct view port;
	uint64_t number;
	int64_t bracket = 0;

	/* The colons of an IPv6 address are its own. */
	if (hostport.len && hostport.p[0] == '[') {
		bracket = view_find(hostport, ']');
		if (bracket < 0)
			return "uri_host";
		rest = view_sub(hostport, (uint32_t)bracket, UINT32_MAX);
	}
	if (cut(rest, ':', &out->host, &port)) {
		if (!view_to_u64(port, PORT_MAX, &number) || number == 0)
			return "uri_port";
		out->port = (uint16_t)number;
	}
	out->host = view_sub(hostport, 0, (uint32_t)bracket + out->host.len);
	return sip_is_host(out->host) ? NULL : "uri_host";
}

static enum parse read_sip(
	struct view text, struct view body, struct sip_uri *out, struct fault *fault)
{
	struct view userinfo, hostport, rest;
	const uint8_t *at = body.p;
	const char *cause;
	uint32_t n = 0;

	/* Only userinfo may hold an '@', so the first one ends it. */
	if (cut(body, '@', &userinfo, &rest)) {
		cause = read_userinfo(userinfo, out);
		if (cause)
			return bad(fault, cause, text, at);
		body = rest;
	}
	while (n < body.len && body.p[n] != ';' && body.p[n] != '?')
		n++;
	hostport = view_sub(body, 0, n);
	cause = read_hostport(hostport, out);
	if (cause)
		return bad(fault, cause, text, hostport.p);
	rest = view_sub(body, n, UINT32_MAX);
	if (rest.len && rest.p[0] == ';') {
		bool more = cut(view_sub(rest, 1, UINT32_MAX), '?', &out->params, &out->headers);

		cause = check_params(out->params, &at);
		if (!cause && more)
			cause = check_headers(out->headers, &at);
	} else if (rest.len) {
		out->headers = view_sub(rest, 1, UINT32_MAX);
		cause = check_headers(out->headers, &at);
	}
	return cause ? bad(fault, cause, text, at) : PARSE_DONE;
}

enum parse sip_uri_parse(struct view text, struct sip_uri *out, struct fault *fault)
{
	struct view body;

	*out = (struct sip_uri){.scheme = SIP_SCHEME_OTHER};
	if (!cut(text, ':', &out->scheme_text, &body) ||
		!sip_all(out->scheme_text, SIP_CLASS_SCHEME) || (text.p[0] | 0x20) < 'a')
		return bad(fault, "uri_scheme", text, text.p);
	if (view_equal_nocase(out->scheme_text, VIEW("sip")))
		out->scheme = SIP_SCHEME_SIP;
	else if (view_equal_nocase(out->scheme_text, VIEW("sips")))
		out->scheme = SIP_SCHEME_SIPS;
	if (out->scheme != SIP_SCHEME_OTHER)
		return read_sip(text, body, out, fault);
	if (body.len == 0 || !sip_all_or_escaped(body, SIP_CLASS_URIC))
		return bad(fault, "uri_opaque", text, body.p);
	return PARSE_DONE;
}

bool sip_uri_param(const struct sip_uri *uri, struct view name, struct view *value)
{
	struct view params = uri->params;
	struct view one;

	while (param_next(&params, &one, value))
		if (view_equal_nocase(one, name))
			return true;
	*value = (struct view){0};
	return false;
}
