/* SPDX-License-Identifier: BSD-3-Clause */
/* name-addr and addr-spec: "display" <uri>;params, or uri;params. */
#include "control/sip/address.h"

#include "control/sip/param.h"

static enum parse bad(struct fault *fault, const char *cause, const struct sip_cursor *c)
{
	*fault = (struct fault){cause, sip_cursor_offset(c)};
	return PARSE_BAD;
}

/* *(token LWS) in front of '<'. False: no '<' comes, this is an addr-spec. */
static bool take_display_tokens(struct sip_cursor *c, struct view *out)
{
	struct sip_cursor at = *c;

	while (sip_cursor_take(&at, SIP_CLASS_TOKEN).len)
		sip_cursor_lws(&at);
	if (sip_cursor_peek(&at) != '<')
		return false;
	*out = sip_trim(view_sub(c->rest, 0, (uint32_t)(at.rest.p - c->rest.p)));
	*c = at;
	return true;
}

static enum parse take_uri(
	struct sip_cursor *c, uint32_t len, struct sip_address *out, struct fault *fault)
{
	uint32_t offset = sip_cursor_offset(c);

	out->uri_text = view_sub(c->rest, 0, len);
	if (sip_uri_parse(out->uri_text, &out->uri, fault) != PARSE_DONE) {
		fault->offset_bytes += offset;
		return PARSE_BAD;
	}
	sip_cursor_skip(c, len);
	return PARSE_DONE;
}

/* "<" addr-spec ">": no white space inside. */
static enum parse take_bracketed(struct sip_cursor *c, struct sip_address *out, struct fault *fault)
{
	int64_t end;

	sip_cursor_skip(c, 1);
	end = view_find(c->rest, '>');
	if (end < 0)
		return bad(fault, "address_bracket", c);
	if (take_uri(c, (uint32_t)end, out, fault) != PARSE_DONE)
		return PARSE_BAD;
	sip_cursor_skip(c, 1);
	return PARSE_DONE;
}

/* Without brackets a ';' ends the URI, what follows belongs to the header; '?' and ',' in such a
 * URI are forbidden (section 20.10). */
static enum parse take_bare(struct sip_cursor *c, struct sip_address *out, struct fault *fault)
{
	uint32_t n = 0;

	while (n < c->rest.len && !strchr(";, \t\r", c->rest.p[n])) {
		if (c->rest.p[n] == '?') {
			sip_cursor_skip(c, n);
			return bad(fault, "address_needs_brackets", c);
		}
		n++;
	}
	return take_uri(c, n, out, fault);
}

static enum parse take_params(struct sip_cursor *c, struct sip_address *out, struct fault *fault)
{
	struct sip_cursor start = *c;
	struct sip_param param;
	enum parse got;

	sip_cursor_lws(&start);
	while ((got = sip_param_next(c, &param)) == PARSE_DONE) {
		if (!view_equal_nocase(param.name, VIEW("tag")))
			continue;
		if (out->tag.len)
			return bad(fault, "address_tag_twice", c);
		if (!sip_is_token(param.value))
			return bad(fault, "address_tag", c);
		out->tag = param.value;
	}
	if (got == PARSE_BAD)
		return bad(fault, "address_param", c);
	if (c->rest.p > start.rest.p)
		out->params =
			sip_trim(view_sub(start.rest, 0, (uint32_t)(c->rest.p - start.rest.p)));
	return PARSE_DONE;
}

enum parse sip_address_next(struct sip_cursor *c, struct sip_address *out, struct fault *fault)
{
	enum parse got;

	*out = (struct sip_address){0};
	sip_cursor_lws(c);
	if (sip_cursor_peek(c) == '"') {
		if (!sip_cursor_quoted(c, &out->display))
			return bad(fault, "display_name", c);
		sip_cursor_lws(c);
		if (sip_cursor_peek(c) != '<')
			return bad(fault, "display_name", c);
	} else {
		take_display_tokens(c, &out->display);
	}
	got = sip_cursor_peek(c) == '<' ? take_bracketed(c, out, fault) : take_bare(c, out, fault);
	if (got != PARSE_DONE || take_params(c, out, fault) != PARSE_DONE)
		return PARSE_BAD;
	if (!sip_cursor_end(c) && sip_cursor_peek(c) != ',')
		return bad(fault, "address_rest", c);
	return PARSE_DONE;
}

enum parse sip_address_parse(struct view value, struct sip_address *out, struct fault *fault)
{
	struct sip_cursor c = sip_cursor_make(value);

	if (sip_address_next(&c, out, fault) != PARSE_DONE)
		return PARSE_BAD;
	return sip_cursor_end(&c) ? PARSE_DONE : bad(fault, "address_list", &c);
}
