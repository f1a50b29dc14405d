/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is to say of each thing of a ruleset. */
#include "rules/diff_int.h"

static const char *protocol_text(enum protocol protocol)
{
	return protocol == PROTOCOL_SIP ? "sip" : "xmpp";
}

static uint32_t thing_one(const struct ruleset *rules)
{
	return 1;
}

static int thing_same(const struct ruleset *a, uint32_t i, const struct ruleset *b, uint32_t k)
{
	return 0;
}

static void thing_nameless(const struct ruleset *rules, uint32_t i, struct text *out)
{
}

/* --- services --- */

static void service_ports(const struct ruleset *rules, enum protocol protocol, struct text *out)
{
	const char *before = "[";

	for (uint32_t i = 0; i < rules->service_count; i++) {
		const struct service *service = &rules->services[i];

		if (service->protocol != protocol ||
			!ip_address_equal(&service->address, &rules->services[0].address))
			continue;
		text_printf(out, "%s%u", before, service->port);
		before = ", ";
	}
	text_puts(out, before[0] == '[' ? "[]" : "]");
}

/* In their order, which is that of the document. */
static void service_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	struct text *text = fact_add(out, "addresses", false);
	const char *before = "[";
	char address[IP_TEXT_BYTES];

	for (uint32_t k = 0; k < rules->service_count; k++) {
		const struct service *service = &rules->services[k];

		if (k > 0 && ip_address_equal(&service->address, &service[-1].address))
			continue;
		ip_address_print(&service->address, address);
		text_printf(text, "%s%s", before, address);
		before = ", ";
	}
	text_puts(text, "]");
	service_ports(rules, PROTOCOL_XMPP, fact_add(out, "ports.xmpp", false));
	service_ports(rules, PROTOCOL_SIP, fact_add(out, "ports.sip", false));
	fact_text(out, "control_down", control_down_words[rules->control_down_hold]);
}

/* --- local domains --- */

static uint32_t local_count(const struct ruleset *rules)
{
	return rules->local_count;
}

static int local_compare(const struct ruleset *a, uint32_t i, const struct ruleset *b, uint32_t k)
{
	return strcmp(a->locals[i].domain, b->locals[k].domain);
}

static void local_name(const struct ruleset *rules, uint32_t i, struct text *out)
{
	text_puts(out, rules->locals[i].domain);
}

static void local_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	const struct local_domain *local = &rules->locals[i];

	fact_text(out, "certificate", local->certificate_file);
	fact_text(out, "key", local->key_file);
	fact_text(out, "inside.protocol", protocol_text(local->inside.protocol));
	fact_text(out, "inside.host", local->inside.host);
	fact_number(out, "inside.port", local->inside.port);
	fact_text(out, "inside.name", local->inside.name);
	fact_number(out, "inside.request_bytes_max", local->inside.request_bytes_max);
}

/* --- partners --- */

static uint32_t partner_count(const struct ruleset *rules)
{
	return ruleset_named_partners(rules);
}

static int partner_compare(const struct ruleset *a, uint32_t i, const struct ruleset *b, uint32_t k)
{
	return strcmp(a->partners[i].domain, b->partners[k].domain);
}

static void partner_name(const struct ruleset *rules, uint32_t i, struct text *out)
{
	text_puts(out, rules->partners[i].domain);
}

static void partner_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	static const char *const limit_keys[] = {
#define LIMIT_KEY(name, ...) "limits." #name,
		LIMIT_KEYS(LIMIT_KEY)
#undef LIMIT_KEY
	};
	const struct partner *partner = &rules->partners[i];
	struct peer_terms otherwise;
	char text[IP_TEXT_BYTES];

	if ((partner->terms.protocols & (partner->terms.protocols - 1)) == 0)
		fact_text(out, "protocol", protocol_text(partner->protocol));
	if (partner->subtree)
		fact_text(out, "subtree", "true");
	for (uint32_t k = 0; k < partner->source_count; k++) {
		prefix_print(&partner->sources[k], text);
		text_puts(fact_add(out, "sources", true), text);
	}
	fact_text(out, "host", partner->host);
	if (partner->port)
		fact_number(out, "port", partner->port);
	otherwise = partner_terms_otherwise(partner);
	terms_facts(&partner->terms, &otherwise, out);
	for (uint32_t key = 0; key < LIMIT_COUNT; key++)
		if (partner->limits_stated & UINT32_C(1) << key)
			fact_number(out, limit_keys[key], partner->limits.value[key]);
	messages_facts(&partner->messages, partner->messages_stated, out);
}

/* --- whom we refuse --- */

static uint32_t domain_count(const struct ruleset *rules)
{
	return rules->blocked_domain_count;
}

static int domain_compare(const struct ruleset *a, uint32_t i, const struct ruleset *b, uint32_t k)
{
	return strcmp(a->blocked_domains[i].domain, b->blocked_domains[k].domain);
}

static void domain_name(const struct ruleset *rules, uint32_t i, struct text *out)
{
	text_puts(out, rules->blocked_domains[i].domain);
}

static void domain_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	if (rules->blocked_domains[i].subtree)
		fact_text(out, "subtree", "true");
}

static uint32_t prefix_count(const struct ruleset *rules)
{
	return rules->blocked_prefix_count;
}

static int prefix_compare(const struct ruleset *a, uint32_t i, const struct ruleset *b, uint32_t k)
{
	const struct prefix *x = &a->blocked_prefixes[i];
	const struct prefix *y = &b->blocked_prefixes[k];
	int order = (int)x->address.family_bits - (int)y->address.family_bits;

	if (order == 0)
		order = memcmp(x->address.bytes, y->address.bytes, sizeof(x->address.bytes));
	return order ? order : (int)x->length_bits - (int)y->length_bits;
}

static void prefix_name(const struct ruleset *rules, uint32_t i, struct text *out)
{
	char text[IP_TEXT_BYTES];

	prefix_print(&rules->blocked_prefixes[i], text);
	text_puts(out, text);
}

/* --- limits --- */

static void message_facts(const struct ruleset *rules, struct facts *out)
{
	static const char *const keys[MESSAGE_LIMIT_COUNT] = {
#define MESSAGE_KEY(name) "partner." #name,
		MESSAGE_LIMIT_KEYS(MESSAGE_KEY)
#undef MESSAGE_KEY
	};

	for (uint32_t key = 0; key < MESSAGE_LIMIT_COUNT; key++)
		if (rules->messages_partner.value[key])
			fact_number(out, keys[key], rules->messages_partner.value[key]);
#define SUSPICIOUS_FACT(name, value) fact_number(out, "suspicious." #name, rules->suspicious.name);
	SUSPICIOUS_KEYS(SUSPICIOUS_FACT)
#undef SUSPICIOUS_FACT
	fact_number(out, "window_minutes", rules->window_minutes);
}

static void limit_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	static const char *const keys[3][LIMIT_COUNT] = {
#define PARTNER_KEY(name, ...)    "partner." #name,
#define UNKNOWN_KEY(name, ...)    "unknown." #name,
#define SUSPICIOUS_KEY(name, ...) "suspicious." #name,
		{LIMIT_KEYS(PARTNER_KEY)},
		{LIMIT_KEYS(UNKNOWN_KEY)},
		{LIMIT_KEYS(SUSPICIOUS_KEY)},
#undef PARTNER_KEY
#undef UNKNOWN_KEY
#undef SUSPICIOUS_KEY
	};
	const struct limits *const limits[3] = {
		&rules->limits_partner, &rules->limits_unknown, &rules->limits_suspicious};

	for (uint32_t of = 0; of < 3; of++)
		for (uint32_t key = 0; key < LIMIT_COUNT; key++)
			fact_number(out, keys[of][key], limits[of]->value[key]);
	message_facts(rules, out);
#define HANDSHAKE_FACT(name, value) fact_number(out, #name, rules->handshakes.name);
	HANDSHAKE_KEYS(HANDSHAKE_FACT)
#undef HANDSHAKE_FACT
}

const struct diff_things diff_things[DIFF_AREAS] = {
	[DIFF_SERVICE] = {DIFF_SERVICE, "service", thing_one, thing_same, thing_nameless,
		service_facts},
	[DIFF_LOCAL] = {DIFF_LOCAL, "local domain", local_count, local_compare, local_name,
		local_facts},
	[DIFF_PARTNER] = {DIFF_PARTNER, "partner", partner_count, partner_compare, partner_name,
		partner_facts},
	[DIFF_BLOCKED_DOMAIN] = {DIFF_BLOCKED_DOMAIN, "blocked domain", domain_count,
		domain_compare, domain_name, domain_facts},
	[DIFF_BLOCKED_PREFIX] = {DIFF_BLOCKED_PREFIX, "blocked prefix", prefix_count,
		prefix_compare, prefix_name, NULL},
	[DIFF_LIMITS] = {DIFF_LIMITS, "limits", thing_one, thing_same, thing_nameless, limit_facts},
	[DIFF_FEDERATION] = {DIFF_FEDERATION, "federation", thing_one, thing_same, thing_nameless,
		federation_facts},
	[DIFF_LINKS] = {DIFF_LINKS, "links", thing_one, thing_same, thing_nameless, links_facts},
	[DIFF_DISCOVERY] = {DIFF_DISCOVERY, "discovery", thing_one, thing_same, thing_nameless,
		discovery_facts},
	[DIFF_POLICY] = {DIFF_POLICY, "policy", policy_count, policy_compare, policy_name,
		policy_facts},
	[DIFF_SITE] = {DIFF_SITE, "site", site_count, site_compare, site_name, site_facts},
	[DIFF_GROUP] = {DIFF_GROUP, "group", group_count, group_compare, group_name, group_facts},
	[DIFF_USER] = {DIFF_USER, "user", user_count, user_compare, user_name, user_facts},
	[DIFF_PROVIDER] = {DIFF_PROVIDER, "provider", provider_count, provider_compare,
		provider_name, provider_facts},
	[DIFF_LICENCE] = {DIFF_LICENCE, "licence", agreement_count, agreement_compare,
		agreement_name, agreement_facts},
};
