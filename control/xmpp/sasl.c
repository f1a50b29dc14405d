/* SPDX-License-Identifier: BSD-3-Clause */
/* SASL EXTERNAL between servers. */
#include "control/xmpp/sasl.h"

#include "control/xmpp/base64.h"
#include "control/xmpp/jid.h"

static const char *const names[] = {[SASL_SUCCESS] = "",
	[SASL_CHALLENGE] = "",
#define SASL_FAILURE_ROW(id, name) [SASL_##id] = name,
	SASL_FAILURES(SASL_FAILURE_ROW)
#undef SASL_FAILURE_ROW
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

const char *sasl_failure_name(enum sasl_result result)
{
	return (unsigned)result < NAMES ? names[result] : "";
}

enum sasl_result sasl_failure_from(const struct element *failure)
{
	for (const struct element *e = failure ? failure->first_child : NULL; e; e = e->next)
		for (unsigned i = SASL_CHALLENGE + 1; i < NAMES; i++)
			if (element_is(e, NS_SASL, view_of(names[i])))
				return (enum sasl_result)i;
	return SASL_NOT_AUTHORIZED;
}

/* base64 of the authorisation identity, "=" for none. */
static enum sasl_result judge_identity(struct view text, const char *peer_domain, bool proven)
{
	uint8_t identity[JID_MAX_BYTES];
	char domain[DOMAIN_ASCII_BYTES];
	uint32_t len = 0;

	if (!view_equal(text, VIEW("=")) && !base64_decode(text, identity, sizeof(identity), &len))
		return SASL_INCORRECT_ENCODING;
	if (len > 0) {
		if (!jid_is_domain(view_make(identity, len), domain) ||
			strcmp(domain, peer_domain) != 0)
			return SASL_INVALID_AUTHZID;
	}
	return proven ? SASL_SUCCESS : SASL_NOT_AUTHORIZED;
}

enum sasl_result sasl_judge(const struct element *e, const char *peer_domain, bool proven)
{
	bool found;
	struct view mechanism;

	if (e->first_child)
		return SASL_MALFORMED_REQUEST;
	if (element_is(e, NS_SASL, VIEW("response")))
		return judge_identity(e->text, peer_domain, proven);
	mechanism = element_attribute(e, VIEW("mechanism"), &found);
	if (!found || !view_equal(mechanism, VIEW("EXTERNAL")))
		return SASL_INVALID_MECHANISM;
	return e->text.len ? judge_identity(e->text, peer_domain, proven) : SASL_CHALLENGE;
}

bool sasl_offers_external(const struct element *features)
{
	const struct element *list = element_child(features, NS_SASL, VIEW("mechanisms"));
	const struct element *one = element_child(list, NS_SASL, VIEW("mechanism"));

	for (; one; one = element_next(one))
		if (view_equal(one->text, VIEW("EXTERNAL")))
			return true;
	return false;
}

void sasl_put_auth(struct text *out, const char *own_domain)
{
	text_puts(out, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>");
	base64_put(out, view_of(own_domain));
	text_puts(out, "</auth>");
}

void sasl_put_failure(struct text *out, enum sasl_result failure)
{
	text_printf(out, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><%s/></failure>",
		sasl_failure_name(failure));
}
