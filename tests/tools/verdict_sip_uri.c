/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict sip-uri: one URI, nothing around it, and the address that the translation makes of it. */
#include "tests/tools/verdict.h"

#include "control/parcel/address.h"
#include "control/sip/uri.h"

static json_t *jid_of(const struct sip_uri *uri)
{
	static struct address address;
	struct fault fault;
	struct text jid;
	json_t *string;

	if (address_from_sip(uri, &address, &fault) != PARSE_DONE)
		return json_null();
	text_init(&jid, 4096);
	address_put_jid(&address, &jid);
	string = jid.failed ? json_null() : verdict_string(text_view(&jid));
	text_free(&jid);
	return string;
}

/* The scheme as it compares: without regard to case. */
static json_t *scheme_of(const struct sip_uri *uri)
{
	switch (uri->scheme) {
	case SIP_SCHEME_SIP:
		return json_string("sip");
	case SIP_SCHEME_SIPS:
		return json_string("sips");
	default:
		return verdict_string(uri->scheme_text);
	}
}

void verdict_sip_uri(struct view input, struct verdict *out)
{
	struct sip_uri uri;
	struct fault fault;

	out->result = sip_uri_parse(input, &uri, &fault);
	if (out->result != PARSE_DONE) {
		out->cause = fault.cause;
		return;
	}
	out->value = json_pack("{s:o, s:o, s:o, s:o, s:o}", "scheme", scheme_of(&uri), "user",
		uri.has_user ? verdict_string(uri.user) : json_null(), "host",
		uri.host.len ? verdict_string(uri.host) : json_null(), "port",
		uri.port ? json_integer(uri.port) : json_null(), "jid",
		uri.scheme == SIP_SCHEME_OTHER ? json_null() : jid_of(&uri));
}
