/* SPDX-License-Identifier: BSD-3-Clause */
/* As much of a JID as routing needs. */
#include "control/xmpp/jid.h"

#include "control/xmpp/xml.h"

static bool refuse(const char **cause, const char *why)
{
	*cause = why;
	return false;
}

/* No space and none of the eight characters that RFC 7622 section 3.3.1 excludes. */
static bool is_local_part(struct view v)
{
	static const char forbidden[] = "\"&'/:<>@ ";

	if (v.len == 0 || v.len > JID_PART_MAX_BYTES)
		return false;
	for (uint32_t i = 0; i < v.len; i++)
		if (v.p[i] < 0x20 || v.p[i] == 0x7f ||
			memchr(forbidden, v.p[i], sizeof(forbidden) - 1))
			return false;
	return true;
}

/* Nothing that could break out of a line or a quoting later. */
static bool is_resource(struct view v)
{
	if (v.len == 0 || v.len > JID_PART_MAX_BYTES)
		return false;
	for (uint32_t i = 0; i < v.len; i++)
		if (v.p[i] < 0x20 || v.p[i] == 0x7f)
			return false;
	return true;
}

bool jid_is_domain(struct view text, char domain[static DOMAIN_ASCII_BYTES])
{
	struct fault fault;

	/* '@' and '/' are no characters of a domain. */
	return text.len <= JID_PART_MAX_BYTES && domain_parse(text, domain, &fault) == PARSE_DONE;
}

bool jid_parse(struct view text, struct jid *out, const char **cause)
{
	int64_t slash;
	int64_t at;
	struct view bare = text;

	*out = (struct jid){0};
	if (text.len == 0)
		return refuse(cause, "jid_empty");
	if (text.len > JID_MAX_BYTES)
		return refuse(cause, "jid_too_long");
	if (!xml_is_text(text))
		return refuse(cause, "jid_not_text");
	slash = view_find(text, '/');
	if (slash >= 0) {
		bare = view_sub(text, 0, (uint32_t)slash);
		out->resource = view_sub(text, (uint32_t)slash + 1, text.len);
		if (!is_resource(out->resource))
			return refuse(cause, "jid_resource");
	}
	at = view_find(bare, '@');
	if (at >= 0) {
		out->local = view_sub(bare, 0, (uint32_t)at);
		bare = view_sub(bare, (uint32_t)at + 1, bare.len);
		if (!is_local_part(out->local))
			return refuse(cause, "jid_local");
	}
	if (!jid_is_domain(bare, out->domain))
		return refuse(cause, "jid_domain");
	return true;
}
