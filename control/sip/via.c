/* SPDX-License-Identifier: BSD-3-Clause */
/* Via: sent-protocol LWS sent-by *( ";" via-params ). */
#include "control/sip/via.h"

#include "control/sip/param.h"

static enum parse bad(struct fault *fault, const char *cause, const struct sip_cursor *c)
{
	*fault = (struct fault){cause, sip_cursor_offset(c)};
	return PARSE_BAD;
}

/* host [ COLON port ]: the host ends where nothing of a host can follow. */
static const char *take_sent_by(struct sip_cursor *c, struct sip_via *out)
{
	struct view start = c->rest;
	bool bracket = sip_cursor_peek(c) == '[';
	struct sip_cursor before;
	uint64_t port;
	uint32_t n = 0;

	while (n < start.len && !strchr(";, \t\r", start.p[n]) && (bracket || start.p[n] != ':')) {
		if (start.p[n] == ']')
			bracket = false;
		n++;
	}
	out->host = view_sub(start, 0, n);
	if (!sip_is_host(out->host))
		return "via_host";
	sip_cursor_skip(c, n);
	before = *c;
	if (!sip_cursor_punct(c, ':')) {
		*c = before;
		return NULL;
	}
	start = c->rest;
	for (n = 0; n < start.len && start.p[n] >= '0' && start.p[n] <= '9'; n++)
		;
	if (!view_to_u64(view_sub(start, 0, n), 65535, &port) || port == 0)
		return "via_port";
	sip_cursor_skip(c, n);
	out->port = (uint16_t)port;
	return NULL;
}

static const char *take_params(struct sip_cursor *c, struct sip_via *out)
{
	struct sip_cursor start = *c;
	struct sip_param param;
	enum parse got;
	bool branch_seen = false;

	sip_cursor_lws(&start);
	while ((got = sip_param_next(c, &param)) == PARSE_DONE) {
		if (!view_equal_nocase(param.name, VIEW("branch")))
			continue;
		if (branch_seen)
			return "via_branch_twice";
		if (!sip_is_token(param.value))
			return "via_branch";
		branch_seen = true;
		out->branch = param.value;
	}
	if (got == PARSE_BAD)
		return "via_param";
	if (c->rest.p > start.rest.p)
		out->params =
			sip_trim(view_sub(start.rest, 0, (uint32_t)(c->rest.p - start.rest.p)));
	return NULL;
}

enum parse sip_via_next(struct sip_cursor *c, struct sip_via *out, struct fault *fault)
{
	struct view before;
	const char *cause;

	*out = (struct sip_via){0};
	sip_cursor_lws(c);
	for (int part = 0; part < 3; part++) {
		out->transport = sip_cursor_take(c, SIP_CLASS_TOKEN);
		if (out->transport.len == 0 || (part < 2 && !sip_cursor_punct(c, '/')))
			return bad(fault, "via_protocol", c);
	}
	before = c->rest;
	sip_cursor_lws(c);
	if (c->rest.p == before.p)
		return bad(fault, "via_protocol", c);
	cause = take_sent_by(c, out);
	if (!cause)
		cause = take_params(c, out);
	if (!cause && !sip_cursor_end(c) && sip_cursor_peek(c) != ',')
		cause = "via_rest";
	return cause ? bad(fault, cause, c) : PARSE_DONE;
}
