/* SPDX-License-Identifier: BSD-3-Clause */
/* A small world to decide in: some users, two partners, a provider with its agreement. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "rules/decide.h"

static const char document[] =
	"service: {addresses: [198.51.100.1]}\n"
	"local:\n"
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n"
	"partners:\n"
	"  - {domain: partner.example, protocol: xmpp}\n"
	"  - {domain: sip.example, protocol: sip}\n"
	"blocked: {domains: [bad.example]}\n";

enum { POLICY_GLOBAL, POLICY_NOTHING, POLICY_NO_XMPP, POLICY_IN_ONLY, POLICY_PUBLIC_IM, POLICIES };

static const struct {
	const char *name;
	uint32_t in, out, capabilities;
} policies[POLICIES] = {
	{"global", POLICY_FLAGS_ALL, POLICY_FLAGS_ALL, CAPABILITIES_ALL},
	{"nothing", 0, 0, CAPABILITIES_ALL},
	{"no-xmpp", 1u << POLICY_federation, 1u << POLICY_federation, CAPABILITIES_ALL},
	{"in-only", POLICY_FLAGS_ALL, 0, CAPABILITIES_ALL},
	{"public-im", 1u << POLICY_public, 1u << POLICY_public, CAPABILITIES_ALL},
};

static const struct {
	const char *address;
	uint32_t policy;
} users[] = {
	{"bob@corp.example", POLICY_NOTHING},
	{"carol@corp.example", POLICY_NO_XMPP},
	{"dan@corp.example", POLICY_IN_ONLY},
	{"eve@corp.example", POLICY_PUBLIC_IM},
};

struct world {
	struct ruleset *rules;
	struct partner *partner; /* partner.example */
	struct provider *provider;
	struct agreement *agreement;
	struct question q;
	bool has_seat;
	uint32_t seats_used;
};

static bool world_has(const void *arg, const struct agreement *a, struct view user, int32_t month)
{
	return ((const struct world *)arg)->has_seat;
}

static uint32_t world_count(const void *arg, const struct agreement *a, int32_t month)
{
	return ((const struct world *)arg)->seats_used;
}

static struct licence_usage usage;

static void *make(size_t count, size_t each)
{
	void *p = calloc(count, each);

	assert_non_null(p);
	return p;
}

static void fill_policies(struct policies *p)
{
	/* The document has none of all this. */
	free(p->policies);
	free(p->users);
	p->policies = make(POLICIES, sizeof(*p->policies));
	p->policy_count = POLICIES;
	for (uint32_t i = 0; i < POLICIES; i++)
		p->policies[i] = (struct policy){policies[i].name, 100 + i,
			{policies[i].in, policies[i].out}, policies[i].capabilities};
	p->user_count = sizeof(users) / sizeof(users[0]);
	p->users = make(p->user_count, sizeof(*p->users));
	for (uint32_t i = 0; i < p->user_count; i++)
		p->users[i] = (struct user){.address = users[i].address,
			.site = USER_NONE,
			.policy = users[i].policy,
			.group = USER_NONE,
			.line = 200 + i};
}

static void fill_provider(struct policies *p, struct world *w)
{
	free(p->providers);
	free(p->provider_domains);
	free(p->agreements);
	w->provider = p->providers = make(1, sizeof(*p->providers));
	p->provider_count = 1;
	*w->provider = (struct provider){.name = "yahoo",
		.enabled = true,
		.terms = *provider_profile(VIEW("yahoo")),
		.peer = peer_terms_default(),
		.line = 300};
	w->provider->peer.protocols = 1u << PROTOCOL_SIP;
	w->provider->peer.preferred = PROTOCOL_SIP;
	p->provider_domains = make(1, sizeof(*p->provider_domains));
	p->provider_domain_count = 1;
	p->provider_domains[0] = (struct provider_domain){"yahoo.example", 301, 0, true};
	w->agreement = p->agreements = make(1, sizeof(*p->agreements));
	p->agreement_count = 1;
	*w->agreement = (struct agreement){.id = "ea-1",
		.terms = &w->provider->terms,
		.model = SEAT_ACTIVE,
		.seats = 2,
		.start = {1300000000},
		.end = {1390000000},
		.line = 310};
	w->provider->agreements = make(1, sizeof(*w->provider->agreements));
	w->provider->agreements[0] = w->agreement;
	w->provider->agreement_count = 1;
}

static const struct party alice = {VIEW("alice@corp.example"), VIEW("corp.example")};
static const struct party friend = {VIEW("juliet@partner.example"), VIEW("partner.example")};
static const struct party yahoo_user = {VIEW("y@mail.yahoo.example"), VIEW("mail.yahoo.example")};

/* A message that comes from a proven partner to a user of ours. */
static struct world world_make(void)
{
	struct rules_errors errors;
	struct world w = {.rules = ruleset_compile(view_of(document), NULL, &errors)};
	struct policies *p = &w.rules->policies;

	assert_non_null(w.rules);
	fill_policies(p);
	fill_provider(p, &w);
	assert_int_equal(policies_index(p), 0);
	for (uint32_t i = 0; i < w.rules->partner_count; i++)
		if (strcmp(w.rules->partners[i].domain, "partner.example") == 0)
			w.partner = &w.rules->partners[i];
	w.q = (struct question){
		.ours = alice,
		.theirs = friend,
		.heading = HEADING_IN,
		.kind = KIND_message,
		.trust = TRUST_PROVEN,
		.proof = PROOF_SASL_TLS,
		.protocol = PROTOCOL_XMPP,
		.now = {1350000000},
		.usage = &usage,
	};
	return w;
}

/* The decision, which must be that of its explanation. */
static struct verdict ask(struct world *w)
{
	struct explanation explanation;
	struct verdict explained;
	struct verdict verdict;

	usage = (struct licence_usage){w, world_has, world_count};
	decide(w->rules, &w->q, &verdict);
	decide_explain(w->rules, &w->q, &explained, &explanation);
	assert_memory_equal(&verdict, &explained, sizeof(verdict));
	for (uint32_t i = 0; i < STEP_COUNT; i++) {
		bool reached = verdict.reason == REASON_none || i <= (uint32_t)verdict.step;

		if (reached != (explanation.steps[i].outcome != STEP_NOT_REACHED) ||
			reached != (explanation.steps[i].words[0] != '\0'))
			fail_msg(
				"step %s: %s", step_name((enum step)i), explanation.steps[i].words);
	}
	if (verdict.reason != REASON_none) {
		assert_int_equal(explanation.steps[verdict.step].outcome, STEP_REFUSED);
		assert_int_equal(reason_text(verdict.reason)->step, verdict.step);
	}
	return verdict;
}
