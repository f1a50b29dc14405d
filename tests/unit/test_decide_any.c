/* SPDX-License-Identifier: BSD-3-Clause */
/* The decision over questions and rules thrown by dice. */
#include "tests/unit/test.h"

#include "tests/unit/decide_world.h"

/* --- any question --- */

static uint32_t dice(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % sides;
}

/* Of links: their own, so that how many there are of them turns no other dice. */
static uint32_t links_dice(uint32_t sides)
{
	static uint64_t seed = 11;

	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((seed >> 33) % sides);
}

static void throw_question(struct world *w, uint32_t *seed)
{
	static const struct view theirs[] = {VIEW("partner.example"), VIEW("sip.example"),
		VIEW("mail.yahoo.example"), VIEW("bad.example"), VIEW("new.example"),
		VIEW("x.corp.example")};
	static const struct view addresses[] = {VIEW("juliet@partner.example"),
		VIEW("y(partner.example)@mail.yahoo.example"),
		VIEW("y(new.example)@mail.yahoo.example"),
		VIEW("y(y)(new.example)@mail.yahoo.example")};
	static const struct view ours[] = {VIEW("alice@corp.example"), VIEW("bob@corp.example"),
		VIEW("carol@corp.example"), VIEW("dan@corp.example"), VIEW("eve@corp.example")};
	static const enum proof proofs[] = {
		0, PROOF_SASL_TLS, PROOF_DIALBACK_TLS, PROOF_DIALBACK_TCP};
	static const struct view texts[] = {{0}, VIEW(""), VIEW("hello"),
		VIEW("see http://a.example/x and www.b.example"),
		VIEW("http://a.example/setup%2eexe"), VIEW("http://corp.example/setup.exe"),
		VIEW("_ftp://a.example http://a.example mailto:a@b.example")};
	struct question *q = &w->q;

	q->text = texts[links_dice(7)];
	q->subject = texts[links_dice(4) ? 0 : links_dice(4)];
	q->theirs.domain = theirs[dice(seed, 6)];
	q->theirs.address = addresses[dice(seed, 4)];
	q->ours.address = ours[dice(seed, 5)];
	q->heading = (enum heading)dice(seed, 2);
	q->kind = (enum question_kind)dice(seed, KIND_COUNT);
	q->media = dice(seed, 4) ? 0 : dice(seed, CAPABILITIES_ALL + 1);
	q->bytes = dice(seed, 3000);
	q->trust = dice(seed, 4) ? TRUST_PROVEN : (enum connection_trust)dice(seed, 5);
	q->proof = proofs[dice(seed, 4)];
	q->protocol = (enum protocol)dice(seed, 2);
	q->type = dice(seed, 4) ? FEDERATION_ANY : (enum federation_type)dice(seed, 5);
	q->mark = (enum source_mark)dice(seed, 3);
	q->known_contact = dice(seed, 2);
	q->limit = dice(seed, 8) ? LIMIT_FINE : (enum limit_state)dice(seed, 4);
	q->archive_is_down = dice(seed, 2);
	q->routes_down = dice(seed, 4);
	q->srv_missing = dice(seed, 4) ? 0 : dice(seed, 4);
	q->srv_elsewhere = dice(seed, 4);
	q->now.s = 1290000000 + (int64_t)dice(seed, 32000) * 4000;
	w->has_seat = dice(seed, 2);
	w->seats_used = dice(seed, 4);
	q->seats_are_stuck = dice(seed, 4) == 0;
}

static const struct hyperlink_rules *throw_links(uint32_t which)
{
	static const struct hyperlink_name ours[] = {{"corp.example", false}};
	static struct hyperlink_rules links[3];
	struct hyperlink_rules *out = &links[which];

	*out = (struct hyperlink_rules){.line = 400 + which,
		.action = (enum hyperlink_action)links_dice(4),
		.headings = 1 + links_dice(3),
		.notice = "Careful.",
		.prefixes = hyperlink_prefixes_default,
		.prefix_count = hyperlink_prefixes_default_count,
		.extensions = hyperlink_extensions_default,
		.extension_count = links_dice(2) ? hyperlink_extensions_default_count : 0,
		.ignored = ours,
		.ignored_count = links_dice(2),
		.links_max = links_dice(3)};
	hyperlink_rules_index(out);
	return out;
}

static void throw_rules(struct world *w, uint32_t *seed)
{
	struct peer_terms *terms = dice(seed, 2) ? &w->partner->terms : &w->provider->peer;

	terms->type = (enum partner_type)dice(seed, 3);
	terms->verification = (enum verification)dice(seed, 3);
	terms->missing_mark_refused = dice(seed, 2);
	terms->capabilities = dice(seed, 3) ? CAPABILITIES_ALL : dice(seed, CAPABILITIES_ALL + 1);
	terms->archive = dice(seed, 2);
	terms->message_bytes_max = dice(seed, 2) ? 0 : 1500;
	terms->protocols = 1 + dice(seed, 3);
	terms->srv_own = dice(seed, 4);
	terms->security = (struct security){
		(enum negotiation)dice(seed, 3), (enum negotiation)dice(seed, 3), dice(seed, 2)};
	/* Its own, somebody's, and everybody's. */
	w->partner->terms.links = links_dice(3) == 0 ? NULL : throw_links(0);
	w->provider->peer.links = links_dice(3) ? NULL : throw_links(1);
	w->rules->policies.links = links_dice(3) ? NULL : throw_links(2);
	w->rules->policies.federation = dice(seed, 8);
	w->rules->policies.discovery = dice(seed, 2);
	w->rules->policies.discovered.protocols = dice(seed, 4);
	w->provider->enabled = dice(seed, 4);
	w->provider->decoration.routing_domain = dice(seed, 2) ? "mail.yahoo.example" : NULL;
}

static void what_explains_is_what_decides(void **state)
{
	struct world w = world_make();
	uint32_t met[REASON_COUNT] = {0};
	uint32_t seed = 1;

	for (uint32_t i = 0; i < 1000000; i++) {
		if (i % 16 == 0)
			throw_rules(&w, &seed);
		throw_question(&w, &seed);
		met[ask(&w).reason]++;
	}
	/* The dice met something of all sorts. */
	assert_true(met[REASON_none] > 1000);
	for (uint32_t i = 0; i < REASON_COUNT; i++)
		if (met[i] == 0 && i != REASON_not_our_domain && i != REASON_no_agreement &&
			i != REASON_no_seat && i != REASON_provider_not_begun)
			fail_msg("%s was never met", reason_text((enum reason)i)->name);
	ruleset_free(w.rules);
}

/* --- stricter rules never allow more --- */

static void m_block(struct world *w)
{
	w->rules->policies.federation = false;
}
static void m_capability(struct world *w)
{
	w->partner->terms.capabilities &= ~CAPABILITY_BIT(im);
}
static void m_end(struct world *w)
{
	w->agreement->end.s -= 20000000;
}
static void m_service(struct world *w)
{
	w->provider->terms.service_end.s -= 60000000;
}
static void m_seats(struct world *w)
{
	w->agreement->seats--;
}
static void m_provider(struct world *w)
{
	w->provider->enabled = false;
}
static void m_discovery(struct world *w)
{
	w->rules->policies.discovery = false;
}
static void m_flag(struct world *w)
{
	w->rules->policies.policies[POLICY_GLOBAL].allows[HEADING_IN] &= ~(1u << POLICY_xmpp);
}
/* Who wants marks and refuses without them asks for something else, not for less. */
static void m_verification(struct world *w)
{
	struct peer_terms *terms = &w->partner->terms;

	if (terms->verification != VERIFICATION_BY_PARTNER || !terms->missing_mark_refused)
		terms->verification = VERIFICATION_NEVER;
}
static void m_mark(struct world *w)
{
	w->partner->terms.missing_mark_refused = true;
}
static void m_proof(struct world *w)
{
	w->partner->terms.security.dialback = false;
}
static void m_type(struct world *w)
{
	w->partner->terms.type = PARTNER_PUBLIC_UNVERIFIED;
}
static void m_bytes(struct world *w)
{
	w->partner->terms.message_bytes_max = 100;
}
/* Whoever's rules hold, they are copies, which mutate one way. */
static void change_links(struct world *w, void (*change)(struct hyperlink_rules *links))
{
	static struct hyperlink_rules changed[3];
	const struct hyperlink_rules **of[] = {
		&w->partner->terms.links, &w->provider->peer.links, &w->rules->policies.links};

	for (size_t i = 0; i < 3; i++) {
		if (!*of[i])
			continue;
		changed[i] = **of[i];
		change(&changed[i]);
		*of[i] = &changed[i];
	}
}
static void links_block(struct hyperlink_rules *links)
{
	links->action = HYPERLINK_BLOCK;
}
static void m_links_block(struct world *w)
{
	change_links(w, links_block);
}
static void links_files(struct hyperlink_rules *links)
{
	links->extensions = hyperlink_extensions_default;
	links->extension_count = hyperlink_extensions_default_count;
}
static void m_links_files(struct world *w)
{
	change_links(w, links_files);
}
static void links_one(struct hyperlink_rules *links)
{
	links->links_max = 1;
}
static void m_links_max(struct world *w)
{
	change_links(w, links_one);
}
static void links_all(struct hyperlink_rules *links)
{
	links->ignored_count = 0;
}
static void m_links_ignored(struct world *w)
{
	change_links(w, links_all);
}
static void links_both(struct hyperlink_rules *links)
{
	links->headings = 1u << HEADING_IN | 1u << HEADING_OUT;
}
static void m_links_both(struct world *w)
{
	change_links(w, links_both);
}
static void m_archive(struct world *w)
{
	w->partner->terms.archive = true;
}
static void m_srv(struct world *w)
{
	w->partner->terms.srv_own = SRV_OWN_ALL;
}
static void m_protocol(struct world *w)
{
	w->partner->terms.protocols &= ~(1u << PROTOCOL_XMPP);
}

static const struct {
	const char *name;
	void (*change)(struct world *w);
} mutations[] = {
	{"federation off", m_block},
	{"one capability less", m_capability},
	{"an earlier end", m_end},
	{"an earlier end of service", m_service},
	{"a seat less", m_seats},
	{"provider off", m_provider},
	{"no discovery", m_discovery},
	{"a flag less", m_flag},
	{"nobody verified", m_verification},
	{"a mark must be there", m_mark},
	{"no dialback", m_proof},
	{"our user begins", m_type},
	{"shorter messages", m_bytes},
	{"no links", m_links_block},
	{"no links to programs", m_links_files},
	{"one link", m_links_max},
	{"no link is ignored", m_links_ignored},
	{"links both ways", m_links_both},
	{"must be archived", m_archive},
	{"servers of its own", m_srv},
	{"a protocol less", m_protocol},
};

static void a_stricter_rule_never_allows_more(void **state)
{
	uint32_t seed = 3;

	for (size_t m = 0; m < sizeof(mutations) / sizeof(mutations[0]); m++) {
		struct world loose = world_make();
		uint32_t allowed = 0;
		uint32_t refused = 0;

		for (uint32_t i = 0; i < 60000; i++) {
			uint32_t same = seed;
			struct verdict before;
			struct verdict after;

			if (i % 100 == 0) {
				ruleset_free(loose.rules);
				loose = world_make();
				throw_rules(&loose, &seed);
				same = seed;
			}
			throw_question(&loose, &same);
			seed = same;
			before = ask(&loose);
			/* The same rules with one change, and back again. */
			struct peer_terms partner_terms = loose.partner->terms;
			struct provider provider = *loose.provider;
			struct agreement agreement = *loose.agreement;
			struct policies policies_before = loose.rules->policies;
			struct policy global = loose.rules->policies.policies[POLICY_GLOBAL];

			mutations[m].change(&loose);
			after = ask(&loose);
			loose.partner->terms = partner_terms;
			*loose.provider = provider;
			*loose.agreement = agreement;
			loose.rules->policies = policies_before;
			loose.rules->policies.policies[POLICY_GLOBAL] = global;
			if (after.reason == REASON_none && before.reason != REASON_none)
				fail_msg("%s allows what was refused as %s", mutations[m].name,
					reason_text(before.reason)->name);
			if (after.reason == REASON_none && (after.media & ~before.media))
				fail_msg("%s lets more media through", mutations[m].name);
			allowed += before.reason == REASON_none;
			refused += before.reason == REASON_none && after.reason != REASON_none;
		}
		if (allowed == 0 || refused == 0)
			fail_msg("%s never mattered: %u allowed", mutations[m].name, allowed);
		ruleset_free(loose.rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_explains_is_what_decides),
		cmocka_unit_test(a_stricter_rule_never_allows_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
