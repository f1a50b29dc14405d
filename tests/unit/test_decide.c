/* SPDX-License-Identifier: BSD-3-Clause */
/* The decision: every reason that there is. */
#include "tests/unit/test.h"

#include "tests/unit/decide_world.h"

/* --- one change to the world for each reason --- */

static void to_yahoo(struct world *w)
{
	w->q.theirs = yahoo_user;
	w->q.protocol = PROTOCOL_SIP;
	w->q.proof = 0;
}

static void of_user(struct world *w, const char *address)
{
	w->q.ours.address = view_of(address);
}

static void c_allowed(struct world *w)
{
}
static void c_source_blocked(struct world *w)
{
	w->q.trust = TRUST_BLOCKED;
}
static void c_source_suspicious(struct world *w)
{
	w->q.trust = TRUST_SUSPICIOUS;
}
static void c_not_proven(struct world *w)
{
	w->q.trust = TRUST_CLAIMED;
}
static void c_unknown(struct world *w)
{
	w->q.trust = TRUST_UNKNOWN;
}
static void c_proof(struct world *w)
{
	w->q.proof = PROOF_DIALBACK_TLS;
}
static void c_blocked(struct world *w)
{
	w->q.theirs.domain = VIEW("bad.example");
}
static void c_no_partner(struct world *w)
{
	w->q.theirs.domain = VIEW("new.example");
}
static void c_other_protocol(struct world *w)
{
	w->q.theirs.domain = VIEW("sip.example");
}
static void c_ours(struct world *w)
{
	w->q.theirs.domain = VIEW("corp.example");
	w->rules->policies.discovery = true;
}
static void c_below_ours(struct world *w)
{
	c_ours(w);
	w->q.theirs.domain = VIEW("x.corp.example");
}
static void c_brackets(struct world *w)
{
	to_yahoo(w);
	w->provider->decoration.routing_domain = "mail.yahoo.example";
	w->q.theirs.address = VIEW("juliet(partner.example)@mail.yahoo.example");
}
static void c_blocked_brackets(struct world *w)
{
	c_brackets(w);
	w->q.theirs.address = VIEW("juliet(bad.example)@mail.yahoo.example");
}
static void c_broken_brackets(struct world *w)
{
	c_brackets(w);
	w->q.theirs.address = VIEW("juliet(new.example))@mail.yahoo.example");
}
static void c_not_ours(struct world *w)
{
	w->q.ours.domain = VIEW("other.example");
}

static void c_provider_off(struct world *w)
{
	to_yahoo(w);
	w->provider->enabled = false;
}

static void c_type(struct world *w)
{
	w->q.type = FEDERATION_PUBLIC;
}
static void c_switch(struct world *w)
{
	w->rules->policies.federation = false;
}
static void c_user(struct world *w)
{
	of_user(w, "bob@corp.example");
}
static void c_user_xmpp(struct world *w)
{
	of_user(w, "carol@corp.example");
}

static void c_user_out(struct world *w)
{
	of_user(w, "dan@corp.example");
	w->q.heading = HEADING_OUT;
}

static void c_user_in(struct world *w)
{
	of_user(w, "dan@corp.example");
}

static void c_user_public(struct world *w)
{
	to_yahoo(w);
	of_user(w, "carol@corp.example");
}

static void c_user_av(struct world *w)
{
	to_yahoo(w);
	of_user(w, "eve@corp.example");
	w->q.kind = KIND_call;
	w->q.media = CAPABILITY_BIT(audio);
}

static void c_not_begun(struct world *w)
{
	to_yahoo(w);
	w->provider->terms.service_begin.s = 1350000001;
}

static void c_retired(struct world *w)
{
	to_yahoo(w);
	w->q.now.s = 1404172800;
}

static void c_no_agreement(struct world *w)
{
	to_yahoo(w);
	w->provider->agreement_count = 0;
}

static void c_not_started(struct world *w)
{
	to_yahoo(w);
	w->agreement->start.s = 1350000001;
}

static void c_expired(struct world *w)
{
	to_yahoo(w);
	w->agreement->end.s = 1350000000;
}

static void c_no_seat(struct world *w)
{
	to_yahoo(w);
	w->agreement->model = SEAT_ASSIGNED;
}

static void c_exhausted(struct world *w)
{
	to_yahoo(w);
	w->seats_used = 2;
}

static void c_has_seat(struct world *w)
{
	c_exhausted(w);
	w->has_seat = true;
}

static void c_takes_seat(struct world *w)
{
	to_yahoo(w);
}
static void c_stuck(struct world *w)
{
	c_takes_seat(w);
	w->q.seats_are_stuck = true;
}

static void c_capability(struct world *w)
{
	w->partner->terms.capabilities &= ~CAPABILITY_BIT(im);
}

static void c_capability_provider(struct world *w)
{
	to_yahoo(w);
	w->q.kind = KIND_file;
}

static void c_capability_user(struct world *w)
{
	w->rules->policies.policies[POLICY_GLOBAL].capabilities = CAPABILITY_BIT(presence);
}

static void c_mark(struct world *w)
{
	w->partner->terms.verification = VERIFICATION_BY_PARTNER;
	w->partner->terms.missing_mark_refused = true;
	w->q.mark = MARK_MISSING;
	w->q.known_contact = true;
}

static void c_unverified(struct world *w)
{
	w->partner->terms.verification = VERIFICATION_BY_PARTNER;
	w->q.mark = MARK_UNVERIFIED;
}

static void c_missing_as_unverified(struct world *w)
{
	w->partner->terms.verification = VERIFICATION_BY_PARTNER;
	w->q.mark = MARK_MISSING;
}

static void c_unverified_contact(struct world *w)
{
	c_unverified(w);
	w->q.known_contact = true;
}

static void c_never_verified(struct world *w)
{
	w->partner->terms.verification = VERIFICATION_NEVER;
}

static void c_not_invited(struct world *w)
{
	w->partner->terms.type = PARTNER_PUBLIC_UNVERIFIED;
}

static void c_invited(struct world *w)
{
	c_not_invited(w);
	w->q.known_contact = true;
}

static void c_we_begin(struct world *w)
{
	c_not_invited(w);
	w->q.heading = HEADING_OUT;
}

static void c_messages(struct world *w)
{
	w->q.limit = LIMIT_MESSAGES;
}
static void c_users(struct world *w)
{
	w->q.limit = LIMIT_USERS;
}
static void c_errors(struct world *w)
{
	w->q.limit = LIMIT_ERRORS;
}

static void c_large(struct world *w)
{
	w->partner->terms.message_bytes_max = 1000;
	w->q.bytes = 1001;
}

static void c_not_large(struct world *w)
{
	w->partner->terms.message_bytes_max = 1000;
	w->q.bytes = 1000;
}

/* Of the partner, and of everybody. */
static struct hyperlink_rules links[2];

static void set_links(struct world *w, struct hyperlink_rules rules, bool of_partner)
{
	struct hyperlink_rules *at = &links[!of_partner];

	*at = rules;
	at->line = of_partner ? 500 : 501;
	at->prefixes = hyperlink_prefixes_default;
	at->prefix_count = hyperlink_prefixes_default_count;
	at->headings = at->headings ? at->headings : 1u << HEADING_IN | 1u << HEADING_OUT;
	hyperlink_rules_index(at);
	if (of_partner)
		w->partner->terms.links = at;
	else
		w->rules->policies.links = at;
	w->q.text = VIEW("http://a.example/setup.exe www.b.example");
}
static void c_file(struct world *w)
{
	set_links(w,
		(struct hyperlink_rules){.action = HYPERLINK_BLOCK,
			.links_max = 1,
			.extensions = hyperlink_extensions_default,
			.extension_count = hyperlink_extensions_default_count},
		true);
}
static void c_link(struct world *w)
{
	set_links(w, (struct hyperlink_rules){.action = HYPERLINK_BLOCK}, true);
}
static void c_subject(struct world *w)
{
	c_link(w);
	w->q.text = VIEW("hello");
	w->q.subject = VIEW("www.a.example");
}
static void c_links(struct world *w)
{
	set_links(w, (struct hyperlink_rules){.links_max = 1}, false);
}
static void c_links_out(struct world *w)
{
	set_links(w,
		(struct hyperlink_rules){.action = HYPERLINK_BLOCK, .headings = 1u << HEADING_OUT},
		true);
}
static void c_no_text(struct world *w)
{
	c_link(w);
	w->q.text = (struct view){0};
}
static void c_own_links(struct world *w)
{
	set_links(w, (struct hyperlink_rules){.action = HYPERLINK_BLOCK}, false);
	set_links(w, (struct hyperlink_rules){.action = HYPERLINK_WARN}, true);
}
static void c_archive(struct world *w)
{
	w->partner->terms.archive = true;
	w->q.archive_is_down = true;
}

static void c_no_archive(struct world *w)
{
	w->q.archive_is_down = true;
}

static void c_route(struct world *w)
{
	w->q.heading = HEADING_OUT;
	w->q.routes_down = 1u << PROTOCOL_XMPP;
}

static void c_srv_missing(struct world *w)
{
	w->q.heading = HEADING_OUT;
	w->q.srv_missing = 1u << PROTOCOL_XMPP;
}

/* The first of two ways leads elsewhere. */
static void c_srv_elsewhere(struct world *w)
{
	w->q.heading = HEADING_OUT;
	w->q.srv_elsewhere = 1u << PROTOCOL_XMPP;
}

static void c_srv_conflict(struct world *w)
{
	c_srv_elsewhere(w);
	w->partner->terms.srv_own = SRV_OWN_ALL;
}

static void c_srv_conflict_sip(struct world *w)
{
	c_srv_elsewhere(w);
	w->q.srv_elsewhere = 1u << PROTOCOL_SIP;
	w->partner->terms.protocols = 1u << PROTOCOL_SIP;
}

static void c_srv_any_sip(struct world *w)
{
	c_srv_conflict_sip(w);
	w->partner->terms.srv_own = 0;
}

static void c_srv_other_way(struct world *w)
{
	c_srv_conflict(w);
	w->partner->terms.protocols |= 1u << PROTOCOL_SIP;
}

static void c_srv_no_other_way(struct world *w)
{
	c_srv_other_way(w);
	w->q.routes_down = 1u << PROTOCOL_SIP;
}

static void c_srv_in(struct world *w)
{
	c_srv_conflict(w);
	w->q.heading = HEADING_IN;
}

static void c_discovered(struct world *w)
{
	c_no_partner(w);
	w->rules->policies.discovery = true;
	w->rules->policies.discovered.protocols = 1u << PROTOCOL_XMPP;
}

static const struct {
	const char *label;
	void (*change)(struct world *w);
	enum reason reason;
	unsigned line;
} cases[] = {
	{"allowed", c_allowed, REASON_none, 5},
	{"source blocked", c_source_blocked, REASON_source_blocked, 0},
	{"source suspicious", c_source_suspicious, REASON_source_suspicious, 0},
	{"only claimed", c_not_proven, REASON_not_proven, 0},
	{"nobody known", c_unknown, REASON_not_proven, 0},
	{"dialback where SASL is required", c_proof, REASON_proof_not_allowed, 5},
	{"blocked domain", c_blocked, REASON_domain_blocked, 7},
	{"no such partner", c_no_partner, REASON_no_partner, 0},
	{"a partner by another protocol", c_other_protocol, REASON_other_protocol, 6},
	{"one of our own domains", c_ours, REASON_domain_is_ours, 0},
	{"below one of our own domains", c_below_ours, REASON_domain_is_ours, 0},
	{"a partner in brackets", c_brackets, REASON_name_of_another, 300},
	{"a blocked domain in brackets", c_blocked_brackets, REASON_domain_blocked, 7},
	{"brackets that do not close", c_broken_brackets, REASON_name_malformed, 300},
	{"discovered", c_discovered, REASON_none, 0},
	{"a domain that is not ours", c_not_ours, REASON_not_our_domain, 0},
	{"provider off", c_provider_off, REASON_provider_off, 300},
	{"another type", c_type, REASON_type_changed, 0},
	{"master switch", c_switch, REASON_federation_off, 0},
	{"user may nothing", c_user, REASON_user_federation, 200},
	{"user may no xmpp", c_user_xmpp, REASON_user_xmpp, 201},
	{"user may only in: out", c_user_out, REASON_user_federation, 202},
	{"user may only in: in", c_user_in, REASON_none, 5},
	{"user may no public provider", c_user_public, REASON_user_public, 201},
	{"user may no public calls", c_user_av, REASON_user_public_av, 203},
	{"not begun", c_not_begun, REASON_provider_not_begun, 300},
	{"retired", c_retired, REASON_provider_retired, 300},
	{"no agreement", c_no_agreement, REASON_no_agreement, 300},
	{"not started", c_not_started, REASON_licence_not_started, 310},
	{"expired", c_expired, REASON_licence_expired, 310},
	{"no seat", c_no_seat, REASON_no_seat, 310},
	{"exhausted", c_exhausted, REASON_seats_exhausted, 310},
	{"has a seat", c_has_seat, REASON_none, 300},
	{"takes one that cannot be written", c_stuck, REASON_seat_not_written, 310},
	{"takes a seat", c_takes_seat, REASON_none, 300},
	{"partner without im", c_capability, REASON_capability, 5},
	{"provider without files", c_capability_provider, REASON_capability, 300},
	{"user without im", c_capability_user, REASON_capability, 100},
	{"no mark where one must be", c_mark, REASON_mark_missing, 5},
	{"unverified stranger", c_unverified, REASON_not_a_contact, 5},
	{"no mark counts as unverified", c_missing_as_unverified, REASON_not_a_contact, 5},
	{"unverified contact", c_unverified_contact, REASON_none, 5},
	{"never verified", c_never_verified, REASON_not_a_contact, 5},
	{"not invited", c_not_invited, REASON_not_invited, 5},
	{"invited", c_invited, REASON_none, 5},
	{"we begin", c_we_begin, REASON_none, 5},
	{"over messages", c_messages, REASON_over_messages, 5},
	{"over users", c_users, REASON_over_users, 5},
	{"over errors", c_errors, REASON_over_errors, 5},
	{"too large", c_large, REASON_too_large, 5},
	{"just not too large", c_not_large, REASON_none, 5},
	{"a link to a file", c_file, REASON_file_blocked, 500},
	{"a link", c_link, REASON_link_blocked, 500},
	{"a link in the subject", c_subject, REASON_link_blocked, 500},
	{"too many links", c_links, REASON_too_many_links, 501},
	{"links the other way", c_links_out, REASON_none, 5},
	{"no text, no links", c_no_text, REASON_none, 5},
	{"its own rules hold whole", c_own_links, REASON_none, 5},
	{"archive down", c_archive, REASON_archive_down, 5},
	{"nothing to archive", c_no_archive, REASON_none, 5},
	{"no route", c_route, REASON_no_route, 5},
	{"no server in DNS", c_srv_missing, REASON_srv_missing, 5},
	{"a server elsewhere", c_srv_elsewhere, REASON_none, 5},
	{"a server elsewhere, and only own count", c_srv_conflict, REASON_srv_conflict, 5},
	{"a SIP server elsewhere", c_srv_conflict_sip, REASON_srv_conflict, 5},
	{"a SIP server elsewhere, and any counts", c_srv_any_sip, REASON_none, 5},
	{"a server elsewhere, and another way", c_srv_other_way, REASON_none, 5},
	{"a server elsewhere, and the other way is down", c_srv_no_other_way, REASON_srv_conflict,
		5},
	{"a server elsewhere, and it comes in", c_srv_in, REASON_none, 5},
};

static void each_rule_refuses_with_its_reason_and_its_line(void **state)
{
	bool met[REASON_COUNT] = {false};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w = world_make();
		struct verdict verdict;

		cases[i].change(&w);
		verdict = ask(&w);
		if (verdict.reason != cases[i].reason || verdict.line != cases[i].line)
			fail_msg("%s: %s, line %u", cases[i].label,
				reason_text(verdict.reason)->name, verdict.line);
		met[verdict.reason] = true;
		ruleset_free(w.rules);
	}
	for (uint32_t i = 0; i < REASON_COUNT; i++)
		if (!met[i])
			fail_msg("%s was never met", reason_text((enum reason)i)->name);
}

static void the_earlier_step_gives_the_reason(void **state)
{
	struct world w = world_make();

	w.q.trust = TRUST_CLAIMED;
	w.q.theirs.domain = VIEW("bad.example");
	w.rules->policies.federation = false;
	assert_int_equal(ask(&w).reason, REASON_not_proven);
	w.q.trust = TRUST_PROVEN;
	assert_int_equal(ask(&w).reason, REASON_domain_blocked);
	w.q.theirs.domain = VIEW("partner.example");
	assert_int_equal(ask(&w).reason, REASON_federation_off);
	ruleset_free(w.rules);
}

static void a_call_loses_the_media_that_cannot_cross_and_goes_on(void **state)
{
	struct world w = world_make();
	struct verdict verdict;

	w.q.kind = KIND_call;
	w.q.media = CAPABILITY_BIT(audio) | CAPABILITY_BIT(video);
	w.partner->terms.capabilities &= ~CAPABILITY_BIT(video);
	verdict = ask(&w);
	assert_int_equal(verdict.reason, REASON_none);
	assert_int_equal(verdict.media, CAPABILITY_BIT(audio));
	w.partner->terms.capabilities &= ~CAPABILITY_BIT(audio);
	assert_int_equal(ask(&w).reason, REASON_capability);
	w.q.kind = KIND_message;
	w.q.media = 0;
	assert_int_equal(ask(&w).reason, REASON_none);
	ruleset_free(w.rules);
}

static void a_domain_with_two_ways_goes_by_the_preferred_one_that_is_left(void **state)
{
	struct world w = world_make();
	struct verdict verdict;

	w.q.heading = HEADING_OUT;
	w.partner->terms.protocols = 1u << PROTOCOL_SIP | 1u << PROTOCOL_XMPP;
	w.partner->terms.preferred = PROTOCOL_XMPP;
	assert_int_equal(ask(&w).first, PROTOCOL_XMPP);
	w.q.routes_down = 1u << PROTOCOL_XMPP;
	assert_int_equal(ask(&w).first, PROTOCOL_SIP);
	w.q.routes_down = 0;
	of_user(&w, "carol@corp.example"); /* may no XMPP */
	verdict = ask(&w);
	assert_int_equal(verdict.reason, REASON_none);
	assert_int_equal(verdict.first, PROTOCOL_SIP);
	assert_int_equal(verdict.protocols, 1u << PROTOCOL_SIP);
	w.q.routes_down = 1u << PROTOCOL_SIP;
	assert_int_equal(ask(&w).reason, REASON_no_route);
	ruleset_free(w.rules);
}

static void what_is_wrong_with_a_way_is_said_with_the_way_taken(void **state)
{
	struct world w = world_make();
	static struct explanation said;
	struct verdict verdict;

	w.q.heading = HEADING_OUT;
	w.partner->terms.protocols = 1u << PROTOCOL_SIP | 1u << PROTOCOL_XMPP;
	w.partner->terms.preferred = PROTOCOL_SIP;
	w.partner->terms.srv_own = 0;
	w.q.routes_down = 1u << PROTOCOL_SIP;
	w.q.held[PROTOCOL_SIP] = "cannot be reached";
	decide_explain(w.rules, &w.q, &verdict, &said);
	assert_string_equal(said.steps[STEP_route].words, "by XMPP; SIP: cannot be reached");
	w.q.srv_missing = 1u << PROTOCOL_XMPP;
	w.q.held[PROTOCOL_XMPP] = "no server in DNS";
	decide_explain(w.rules, &w.q, &verdict, &said);
	assert_int_equal(verdict.reason, REASON_srv_missing);
	assert_non_null(strstr(
		said.steps[STEP_route].words, "; XMPP: no server in DNS; SIP: cannot be reached)"));
	/* Of a way that the rules do not have nothing is said. */
	w.partner->terms.protocols = 1u << PROTOCOL_XMPP;
	w.q.srv_missing = 0;
	w.q.held[PROTOCOL_XMPP] = NULL;
	decide_explain(w.rules, &w.q, &verdict, &said);
	assert_string_equal(said.steps[STEP_route].words, "by XMPP");
	ruleset_free(w.rules);
}

static void the_nearest_policy_holds_whole(void **state)
{
	struct world w = world_make();
	struct policies *p = &w.rules->policies;

	free(p->sites);
	free(p->site_domains);
	p->sites = make(1, sizeof(*p->sites));
	p->site_count = 1;
	p->sites[0] = (struct site){"berlin", 400, POLICY_NO_XMPP};
	p->site_domains = make(1, sizeof(*p->site_domains));
	p->site_domain_count = 1;
	p->site_domains[0] = (struct site_domain){"corp.example", 401, 0};
	assert_int_equal(policies_index(p), 0);
	/* The site beats the global policy, and the user's own beats the site. */
	assert_int_equal(ask(&w).reason, REASON_user_xmpp);
	assert_int_equal(ask(&w).line, 400);
	of_user(&w, "dan@corp.example");
	assert_int_equal(ask(&w).reason, REASON_none);
	p->sites[0].policy = POLICY_INDEX_NONE;
	of_user(&w, "alice@corp.example");
	assert_int_equal(ask(&w).reason, REASON_none);
	ruleset_free(w.rules);
}

static void a_seat_is_used_and_said(void **state)
{
	struct world w = world_make();
	struct verdict verdict;

	c_takes_seat(&w);
	verdict = ask(&w);
	assert_true(verdict.takes_seat);
	assert_ptr_equal(verdict.agreement, w.agreement);
	w.has_seat = true;
	assert_false(ask(&w).takes_seat);
	ruleset_free(w.rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_refuses_with_its_reason_and_its_line),
		cmocka_unit_test(the_earlier_step_gives_the_reason),
		cmocka_unit_test(a_call_loses_the_media_that_cannot_cross_and_goes_on),
		cmocka_unit_test(a_domain_with_two_ways_goes_by_the_preferred_one_that_is_left),
		cmocka_unit_test(what_is_wrong_with_a_way_is_said_with_the_way_taken),
		cmocka_unit_test(the_nearest_policy_holds_whole),
		cmocka_unit_test(a_seat_is_used_and_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
