/* SPDX-License-Identifier: BSD-3-Clause */
/* The terms of a partner, a provider, or of whoever is discovered. */
#include <stdio.h>

#include "rules/build.h"
#include "rules/domain.h"

enum { KEY_BYTES = 96 };

uint32_t words_take(const struct schema_list *list, uint32_t otherwise)
{
	uint32_t bits = 0;

	if (!list->line)
		return otherwise;
	for (uint32_t i = 0; i < list->count; i++)
		if (draft_scalar(list, i)->ok)
			bits |= UINT32_C(1) << draft_scalar(list, i)->number;
	return bits;
}

static uint64_t or_else(const struct scalar *scalar, uint64_t otherwise)
{
	return scalar->ok ? scalar->number : otherwise;
}

static bool switch_or_else(const struct scalar *scalar, bool otherwise)
{
	return scalar->ok ? scalar->on : otherwise;
}

static struct security security_take(
	const struct draft_security *draft, const struct security *otherwise)
{
	return (struct security){
		.tls = (enum negotiation)or_else(&draft->tls, otherwise->tls),
		.sasl = (enum negotiation)or_else(&draft->sasl, otherwise->sasl),
		.dialback = switch_or_else(&draft->dialback, otherwise->dialback),
	};
}

/* In the order of the document, which means nothing. */
static const char *names_take(const struct schema_list *list, struct policies *policies)
{
	struct text names;
	const char *kept = NULL;

	text_init(&names, (size_t)list->count * DOMAIN_ASCII_BYTES + 1);
	for (uint32_t i = 0; i < list->count; i++)
		if (draft_scalar(list, i)->ok)
			text_printf(&names, "%s%s", names.len > 0 ? "," : "",
				draft_scalar(list, i)->text);
	/* Of none that is right there is nothing to keep. */
	if (!names.failed)
		kept = names.len > 0 ? string_pool_keep(&policies->strings, text_view(&names)) : "";
	text_free(&names);
	return kept;
}

bool terms_take(const struct draft_terms *draft, const struct peer_terms *otherwise,
	struct policies *policies, struct peer_terms *out)
{
	*out = *otherwise;
	out->type = (enum partner_type)or_else(&draft->type, otherwise->type);
	out->verification =
		(enum verification)or_else(&draft->verification, otherwise->verification);
	out->missing_mark_refused =
		or_else(&draft->missing_mark, otherwise->missing_mark_refused) != 0;
	if (out->verification != VERIFICATION_BY_PARTNER)
		out->missing_mark_refused = false;
	out->capabilities = words_take(&draft->capabilities, otherwise->capabilities);
	out->security = security_take(&draft->security, &otherwise->security);
	if (draft->srv_hosts.ok)
		out->srv_own = draft->srv_hosts.number ? SRV_OWN_ALL : 0;
	out->fold_presence = switch_or_else(&draft->fold_presence, otherwise->fold_presence);
	out->fold_text = switch_or_else(&draft->fold_messages, otherwise->fold_text);
	out->archive = switch_or_else(&draft->archive, otherwise->archive);
	out->message_bytes_max =
		(uint32_t)or_else(&draft->message_bytes_max, otherwise->message_bytes_max);
	out->protocols = words_take(&draft->protocols, otherwise->protocols);
	if (draft->protocols.count > 0)
		out->preferred = (uint32_t)draft_scalar(&draft->protocols, 0)->number;
	if (!links_take(&draft->links, policies, &out->links))
		return false;
	if (draft->certificate_names.count > 0) {
		out->certificate_names = names_take(&draft->certificate_names, policies);
		if (!out->certificate_names)
			return false;
	}
	if (!draft->disclaimer.ok)
		return true;
	out->disclaimer = string_pool_keep(&policies->strings, view_of(draft->disclaimer.text));
	return out->disclaimer != NULL;
}

void words_check(const struct schema_list *list, const char *key, const char *name,
	struct rules_errors *errors)
{
	uint64_t seen = 0;
	char where[KEY_BYTES];

	for (uint32_t i = 0; i < list->count; i++) {
		const struct scalar *word = draft_scalar(list, i);

		snprintf(where, sizeof(where), "%s.%s[%u]", key, name, i);
		if (word->ok && seen & UINT64_C(1) << word->number)
			rules_errors_add(errors, word->line, where, "is there twice: keep one");
		if (word->ok)
			seen |= UINT64_C(1) << word->number;
	}
}

static void check_security(const struct draft_terms *draft, const struct peer_terms *otherwise,
	const char *key, struct rules_errors *errors)
{
	struct security security = security_take(&draft->security, &otherwise->security);
	uint32_t protocols = words_take(&draft->protocols, otherwise->protocols);
	char where[KEY_BYTES];

	if (!draft->security.line)
		return;
	snprintf(where, sizeof(where), "%s.security", key);
	if (!(protocols & 1u << PROTOCOL_XMPP))
		rules_errors_add(errors, draft->security.line, where,
			"says how XMPP is proven, but only sip is spoken here: remove it");
	else if (security_proofs(&security) == 0)
		rules_errors_add(errors, draft->security.line, where,
			"tls %s, sasl %s and dialback %s leave no way to prove a domain: %s",
			negotiation_words[security.tls], negotiation_words[security.sasl],
			security.dialback ? "true" : "false",
			security.tls == NEGOTIATION_NOT_SUPPORTED
				? "without TLS there is only dialback: true"
				: "allow sasl or dialback");
}

static void check_certificate_names(const struct draft_terms *draft,
	const struct peer_terms *otherwise, const char *key, struct rules_errors *errors)
{
	const struct schema_list *list = &draft->certificate_names;
	uint32_t protocols = words_take(&draft->protocols, otherwise->protocols);
	char where[KEY_BYTES];

	snprintf(where, sizeof(where), "%s.certificate_names", key);
	if (list->line && !(protocols & 1u << PROTOCOL_SIP))
		rules_errors_add(errors, list->line, where,
			"is about SIP servers, but only xmpp is spoken here: remove it");
	for (uint32_t i = 0; i < list->count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (draft_scalar(list, i)->ok && draft_scalar(list, k)->ok &&
				strcmp(draft_scalar(list, i)->text, draft_scalar(list, k)->text) ==
					0)
				rules_errors_add(errors, draft_scalar(list, i)->line, where,
					"'%.150s' is there twice: keep one",
					draft_scalar(list, i)->text);
}

void terms_check(const struct draft_terms *draft, const struct peer_terms *otherwise,
	const char *key, struct rules_errors *errors)
{
	bool by_source =
		draft->verification.ok && draft->verification.number == VERIFICATION_BY_PARTNER;
	char where[KEY_BYTES];

	words_check(&draft->capabilities, key, "capabilities", errors);
	words_check(&draft->protocols, key, "protocols", errors);
	snprintf(where, sizeof(where), "%s.protocols", key);
	if (draft->protocols.line && draft->protocols.count == 0)
		rules_errors_add(errors, draft->protocols.line, where,
			"is empty: write sip, xmpp or both, the preferred one first");
	snprintf(where, sizeof(where), "%s.missing_mark", key);
	if (by_source && !draft->missing_mark.line)
		rules_errors_add(errors, draft->verification.line, where,
			"is missing: with use-source, say what a message without mark is: "
			"unverified or reject");
	if (draft->missing_mark.line && draft->verification.ok && !by_source)
		rules_errors_add(errors, draft->missing_mark.line, where,
			"means nothing with %s: remove it, or write verification: use-source",
			verification_words[draft->verification.number]);
	else if (draft->missing_mark.line && !draft->verification.line &&
		 otherwise->verification != VERIFICATION_BY_PARTNER)
		rules_errors_add(errors, draft->missing_mark.line, where,
			"means nothing alone: write verification: use-source too, or remove it");
	check_security(draft, otherwise, key, errors);
	check_certificate_names(draft, otherwise, key, errors);
	snprintf(where, sizeof(where), "%s.links", key);
	links_check(&draft->links, where, errors);
}
