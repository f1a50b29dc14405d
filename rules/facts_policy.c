/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is to say of who may talk to whom: only what differs from what holds without a word. */
#include "rules/build.h"
#include "rules/diff_int.h"
#include "rules/domain.h"

/* --- terms --- */

struct peer_terms partner_terms_otherwise(const struct partner *partner)
{
	struct peer_terms otherwise = peer_terms_default();

	otherwise.preferred = partner->terms.preferred;
	otherwise.protocols = 1u << otherwise.preferred;
	return otherwise;
}

/* The preferred one first. */
static void protocols_fact(const struct peer_terms *terms, struct facts *out)
{
	uint32_t other = terms->protocols & ~(1u << terms->preferred);
	struct text *text = fact_add_bare(out, "protocols", false);

	text_printf(text, "[%s", protocol_words[terms->preferred]);
	for (uint32_t i = 0; protocol_words[i]; i++)
		if (other & 1u << i)
			text_printf(text, ", %s", protocol_words[i]);
	text_putc(text, ']');
}

static void security_facts(
	const struct security *security, const struct security *otherwise, struct facts *out)
{
	if (security->tls != otherwise->tls)
		fact_word(out, "security.tls", negotiation_words[security->tls]);
	if (security->sasl != otherwise->sasl)
		fact_word(out, "security.sasl", negotiation_words[security->sasl]);
	if (security->dialback != otherwise->dialback)
		fact_switch(out, "security.dialback", security->dialback);
}

static void certificate_names_fact(const char *names, struct facts *out)
{
	struct text *text = names ? fact_add_bare(out, "certificate_names", false) : NULL;
	const char *between = "[";
	char copy[DOMAIN_ASCII_BYTES];
	struct view name;

	while (certificate_names_next(&names, &name)) {
		(void)view_copy(name, copy, sizeof(copy));
		text_puts(text, between);
		print_scalar(text, copy);
		between = ", ";
	}
	if (text)
		text_putc(text, ']');
}

void terms_facts(
	const struct peer_terms *terms, const struct peer_terms *otherwise, struct facts *out)
{
	if (terms->protocols != otherwise->protocols || terms->preferred != otherwise->preferred)
		protocols_fact(terms, out);
	if (terms->type != otherwise->type)
		fact_word(out, "type", partner_type_words[terms->type]);
	if (terms->verification != otherwise->verification)
		fact_word(out, "verification", verification_words[terms->verification]);
	/* Whoever states use-source has to state this too. */
	if (terms->verification == VERIFICATION_BY_PARTNER &&
		(otherwise->verification != VERIFICATION_BY_PARTNER ||
			terms->missing_mark_refused != otherwise->missing_mark_refused))
		fact_word(out, "missing_mark", missing_mark_words[terms->missing_mark_refused]);
	if (terms->capabilities != otherwise->capabilities)
		fact_set(out, "capabilities", terms->capabilities, capability_words);
	security_facts(&terms->security, &otherwise->security, out);
	if (terms->srv_own != otherwise->srv_own)
		fact_word(out, "srv_hosts", srv_hosts_words[terms->srv_own != 0]);
	if (terms->fold_presence != otherwise->fold_presence)
		fact_switch(out, "fold_presence", terms->fold_presence);
	if (terms->fold_text != otherwise->fold_text)
		fact_switch(out, "fold_messages", terms->fold_text);
	if (terms->archive != otherwise->archive)
		fact_switch(out, "archive", terms->archive);
	if (terms->message_bytes_max != otherwise->message_bytes_max)
		fact_number(out, "message_bytes_max", terms->message_bytes_max);
	fact_text(out, "disclaimer", terms->disclaimer);
	certificate_names_fact(terms->certificate_names, out);
	if (terms->links)
		hyperlink_facts(terms->links, true, out);
}

void messages_facts(const struct message_limits *limits, uint32_t stated, struct facts *out)
{
	static const char *const keys[MESSAGE_LIMIT_COUNT] = {
#define MESSAGE_KEY(name) "limits." #name,
		MESSAGE_LIMIT_KEYS(MESSAGE_KEY)
#undef MESSAGE_KEY
	};

	for (uint32_t key = 0; key < MESSAGE_LIMIT_COUNT; key++)
		if (stated & UINT32_C(1) << key)
			fact_number(out, keys[key], limits->value[key]);
}

/* --- what is there once --- */

void federation_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	const struct policies *p = &rules->policies;

	if (!p->federation)
		fact_switch(out, "federation", false);
	if (p->region[0])
		fact_text(out, "region", p->region);
	fact_text(out, "policy.global", p->policies[p->global].name);
}

void discovery_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	const struct policies *p = &rules->policies;
	const struct discovery_limits *limits = &p->discovery_limits;
	struct peer_terms otherwise = peer_terms_discovered();

	if (p->discovery)
		fact_switch(out, "enabled", true);
	terms_facts(&p->discovered, &otherwise, out);
	if (limits->connections != discovery_limits_default.connections)
		fact_number(out, "limits.connections", limits->connections);
	if (limits->messages_per_s != discovery_limits_default.messages_per_s)
		fact_number(out, "limits.messages_per_s", limits->messages_per_s);
	if (limits->users != discovery_limits_default.users)
		fact_number(out, "limits.users", limits->users);
#define DISCOVERED_FACT(name)                                                                      \
	if (p->limits_discovered.value[LIMIT_##name] !=                                            \
		limits_discovered_default.value[LIMIT_##name])                                     \
		fact_number(out, "limits." #name, p->limits_discovered.value[LIMIT_##name]);
	DISCOVERED_KEYS(DISCOVERED_FACT)
#undef DISCOVERED_FACT
}

/* --- things with names --- */

/* first: things before it have none. */
#define NAMED(thing, array, member, first)                                                         \
	uint32_t thing##_count(const struct ruleset *rules)                                        \
	{                                                                                          \
		return rules->policies.thing##_count - (first);                                    \
	}                                                                                          \
	int thing##_compare(                                                                       \
		const struct ruleset *a, uint32_t i, const struct ruleset *b, uint32_t k)          \
	{                                                                                          \
		return strcmp(a->policies.array[i + (first)].member,                               \
			b->policies.array[k + (first)].member);                                    \
	}                                                                                          \
	void thing##_name(const struct ruleset *rules, uint32_t i, struct text *out)               \
	{                                                                                          \
		text_puts(out, rules->policies.array[i + (first)].member);                         \
	}

NAMED(policy, policies, name, 1)
NAMED(site, sites, name, 0)
NAMED(group, groups, name, 0)
NAMED(user, users, address, 0)
NAMED(provider, providers, name, 0)
NAMED(agreement, agreements, id, 0)

void policy_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	const struct policy *policy = &rules->policies.policies[i + 1];

	if (policy->allows[HEADING_IN])
		fact_set(out, "in", policy->allows[HEADING_IN], policy_flag_words);
	if (policy->allows[HEADING_OUT])
		fact_set(out, "out", policy->allows[HEADING_OUT], policy_flag_words);
	if (policy->capabilities != CAPABILITIES_ALL)
		fact_set(out, "capabilities", policy->capabilities, capability_words);
}

static void policy_fact(const struct ruleset *rules, uint32_t policy, struct facts *out)
{
	if (policy != POLICY_INDEX_NONE)
		fact_text(out, "policy", rules->policies.policies[policy].name);
}

void site_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	const struct policies *p = &rules->policies;

	for (uint32_t k = 0; k < p->site_domain_count; k++)
		if (p->site_domains[k].site == i)
			text_puts(fact_add(out, "domains", true), p->site_domains[k].domain);
	policy_fact(rules, p->sites[i].policy, out);
}

void group_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	policy_fact(rules, rules->policies.groups[i].policy, out);
}

void user_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	const struct policies *p = &rules->policies;
	const struct user *user = &p->users[i];

	if (user->site != USER_NONE)
		fact_text(out, "site", p->sites[user->site].name);
	if (user->group == USER_NONE)
		policy_fact(rules, user->policy, out);
	for (uint32_t k = 0; k < user->group_count; k++)
		text_puts(fact_add(out, "groups", true),
			p->groups[p->memberships[user->groups + k]].name);
}

/* --- providers --- */

static void service_dates(const struct provider_terms *terms,
	const struct provider_terms *otherwise, struct facts *out)
{
	if (terms->need != otherwise->need)
		fact_word(out, "licence", licence_need_words[terms->need]);
	if (terms->service_begin.s != otherwise->service_begin.s)
		fact_date(out, "service_begin", terms->service_begin);
	if (terms->sell_until.s != otherwise->sell_until.s)
		fact_date(out, "sell_until", terms->sell_until);
	if (terms->new_domains_until.s != otherwise->new_domains_until.s)
		fact_date(out, "new_domains_until", terms->new_domains_until);
	/* Who states an end ends the profile's exception as well. */
	if (terms->service_end.s != otherwise->service_end.s ||
		strcmp(terms->exempt_region, otherwise->exempt_region) != 0)
		fact_date(out, "service_end", terms->service_end);
}

static void decoration_facts(const struct decoration *decoration, struct facts *out)
{
	struct text *text;

	if (!decoration->routing_domain)
		return;
	fact_text(out, "name_decoration.routing_domain", decoration->routing_domain);
	if (decoration->excluded_count == 0)
		return;
	text = fact_add_bare(out, "name_decoration.excluded", false);
	for (uint32_t i = 0; i < decoration->excluded_count; i++) {
		text_puts(text, i == 0 ? "[" : ", ");
		print_scalar(text, decoration->excluded[i]);
	}
	text_putc(text, ']');
}

void provider_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	const struct policies *p = &rules->policies;
	const struct provider *provider = &p->providers[i];
	struct peer_terms otherwise = provider_peer_default(provider);
	struct provider_terms terms = provider_terms_default();

	if (provider->terms.name)
		terms = *provider_profile(view_of(provider->terms.name));
	if (provider->kind != PROVIDER_PUBLIC)
		fact_word(out, "kind", provider_kind_words[provider->kind]);
	fact_text(out, "profile", provider->terms.name);
	if (provider->enabled)
		fact_switch(out, "enabled", true);
	for (uint32_t k = 0; k < p->provider_domain_count; k++) {
		const struct provider_domain *domain = &p->provider_domains[k];
		struct text *text;

		if (domain->provider != i)
			continue;
		text = fact_add_bare(out, "domains", true);
		text_puts(text, domain->subtree ? "{domain: " : "");
		print_scalar(text, domain->domain);
		text_puts(text, domain->subtree ? ", subtree: true}" : "");
	}
	fact_text(out, "host", provider->host);
	if (provider->port)
		fact_number(out, "port", provider->port);
	terms_facts(&provider->peer, &otherwise, out);
	messages_facts(&provider->messages, provider->messages_stated, out);
	service_dates(&provider->terms, &terms, out);
	if (provider->shared_address_space)
		fact_switch(out, "shared_address_space", true);
	decoration_facts(&provider->decoration, out);
}

/* --- licences --- */

static const struct provider *provider_of(
	const struct policies *p, const struct provider_terms *terms)
{
	for (uint32_t i = 0; i < p->provider_count; i++)
		if (&p->providers[i].terms == terms)
			return &p->providers[i];
	return NULL;
}

static void assignment_fact(
	const struct agreement *a, const struct seat_assignment *seat, struct facts *out)
{
	struct text *text = fact_add_bare(out, "assignments", true);
	bool is_long = seat->from.s != a->start.s || seat->to.s != DATE_NEVER.s;
	char date[DATE_TEXT_BYTES];

	text_puts(text, is_long ? "{user: " : "");
	print_scalar(text, seat->user);
	if (seat->from.s != a->start.s) {
		date_print(seat->from, date);
		text_printf(text, ", from: %s", date);
	}
	if (seat->to.s != DATE_NEVER.s) {
		date_print(seat->to, date);
		text_printf(text, ", to: %s", date);
	}
	text_puts(text, is_long ? "}" : "");
}

static void domain_fact(
	const struct agreement *a, const struct agreement_domain *domain, struct facts *out)
{
	struct text *text = fact_add_bare(out, "domains", true);
	bool is_long = domain->since.s != a->start.s;
	char date[DATE_TEXT_BYTES];

	date_print(domain->since, date);
	text_puts(text, is_long ? "{domain: " : "");
	print_scalar(text, domain->domain);
	if (is_long)
		text_printf(text, ", since: %s}", date);
}

void agreement_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	const struct agreement *a = &rules->policies.agreements[i];
	const struct provider *provider = provider_of(&rules->policies, a->terms);
	char date[DATE_TEXT_BYTES];

	fact_text(out, "provider", provider ? provider->name : NULL);
	fact_word(out, "model", seat_model_words[a->model]);
	fact_number(out, "seats", a->seats);
	fact_date(out, "start", a->start);
	fact_date(out, "end", a->end);
	if (a->purchased.s != a->start.s)
		fact_date(out, "purchased", a->purchased);
	for (uint32_t k = 0; k < a->renewal_count; k++) {
		date_print(a->renewals[k], date);
		text_puts(fact_add_bare(out, "renewals", true), date);
	}
	if (a->grace_days)
		fact_number(out, "grace_days", a->grace_days);
	fact_text(out, "notice", a->notice);
	for (uint32_t k = 0; k < a->domain_count; k++)
		domain_fact(a, &a->domains[k], out);
	for (uint32_t k = 0; k < a->assignment_count; k++)
		assignment_fact(a, &a->assignments[k], out);
}
