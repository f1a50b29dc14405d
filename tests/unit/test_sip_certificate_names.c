/* SPDX-License-Identifier: BSD-3-Clause */
/* Names that the rules have for servers whose certificates do not say the domain. */
#include "tests/unit/sip_partner_bench.h"

/* Of Lync, certificates often name the access edge and not the domain. */
static void a_server_may_prove_a_name_that_the_rules_have_for_its_domain(void **state)
{
	static const char rules[] =
		"  - {domain: peer.example, protocol: sip, certificate_names: [edge.host.example]}\n"
		"  - {domain: sister.example, protocol: sip, subtree: true,"
		" certificate_names: [other.host.example, Edge.Host.example.]}\n"
		"  - {domain: lone.example, protocol: sip}\n";
	static const struct {
		const char *san, *from, *answer;
	} cases[] = {
		{"DNS:edge.host.example", "peer.example", "SIP/2.0 202 "},
		{"DNS:edge.host.example", "sister.example", "SIP/2.0 202 "},
		{"DNS:edge.host.example", "a.sister.example", "SIP/2.0 202 "},
		{"DNS:edge.host.example", "lone.example", "SIP/2.0 403 "},
		{"DNS:edge.host.example", "edge.host.example", "SIP/2.0 403 "},
		{"DNS:other.host.example", "sister.example", "SIP/2.0 202 "},
		{"DNS:other.host.example", "peer.example", "SIP/2.0 403 "},
		{"URI:sip:edge.host.example", "peer.example", "SIP/2.0 202 "},
		{"URI:sip:lone.example,URI:sip:edge.host.example", "peer.example", "SIP/2.0 202 "},
		{"URI:sip:lone.example,URI:sip:edge.host.example", "lone.example", "SIP/2.0 202 "},
	};

	adopt(&(struct house_rules){.partners = rules});
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct identity_pair pair = make("leaf", cases[i].san, &h.ca);
		struct peer *p = peer_open(PARTNER, &pair);
		char branch[8];

		snprintf(branch, sizeof(branch), "6%zu", i);
		peer_send(p, request_text("MESSAGE", cases[i].from, branch));
		run_until(p, strstr(p->in, "\r\n\r\n"));
		if (strncmp(p->in, cases[i].answer, 12) != 0)
			fail_msg("%s, %s: %.40s", cases[i].san, cases[i].from, p->in);
		peer_free(p);
		identity_pair_free(&pair);
	}
}

static void a_name_like_one_of_the_rules_proves_nothing(void **state)
{
	static const char rules[] =
		"  - {domain: peer.example, protocol: sip, certificate_names: [edge.host.example]}\n";
	static const char *const sans[] = {
		"DNS:*.host.example",
		"DNS:a.edge.host.example",
		"DNS:host.example",
		/* A SIP URI is there, so that DNS names do not count. */
		"DNS:edge.host.example,URI:sip:lone.example",
		"URI:sip:someone@edge.host.example",
	};

	adopt(&(struct house_rules){.partners = rules});
	for (size_t i = 0; i < sizeof(sans) / sizeof(sans[0]); i++) {
		struct identity_pair pair = make("leaf", sans[i], &h.ca);
		struct peer *p = peer_connect(PARTNER, &pair);

		print_message("%s\n", sans[i]);
		run_until(p, p->closed && counter_get("sip.refused", "peer_unknown") == i + 1);
		peer_free(p);
		identity_pair_free(&pair);
	}
}

/* On links of ours, too: neither the host that they lead to nor what DNS says. */
static void a_link_takes_a_name_of_the_rules_and_no_other(void **state)
{
	static const struct {
		const char *san;
		enum sip_outcome outcome;
	} cases[] = {
		{"DNS:edge.host.example", SIP_RESPONDED},
		{"DNS:second.host.example", SIP_RESPONDED},
		{"DNS:peer.example", SIP_RESPONDED},
		{"DNS:gate.host.example", SIP_UNTRUSTED},
		{"DNS:*.host.example", SIP_UNTRUSTED},
		{"DNS:sister.example", SIP_UNTRUSTED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct identity_pair pair = make("leaf", cases[i].san, &h.ca);
		struct peer *p;

		adopt(&(struct house_rules){
			.partners =
				"  - {domain: peer.example, protocol: sip, host: gate.host.example,"
				" certificate_names: [edge.host.example, second.host.example]}\n"
				"  - {domain: sister.example, protocol: sip}\n"});
		send_to("peer.example");
		p = partner_take(&pair);
		if (cases[i].outcome == SIP_RESPONDED) {
			await_request(p);
			answer_200(p);
		}
		run_until(p, h.seen.outcomes == i + 1);
		if (h.seen.outcome != cases[i].outcome)
			fail_msg("%s: %d", cases[i].san, h.seen.outcome);
		assert_string_equal(
			SSL_get_servername(p->ssl, TLSEXT_NAMETYPE_host_name), "peer.example");
		adopt(&(struct house_rules){.partners = ""});
		run_until(p, !h.endpoint->ways);
		peer_free(p);
		identity_pair_free(&pair);
	}
}

static void who_is_proven_by_a_name_that_goes_is_closed(void **state)
{
	static const char with[] =
		"  - {domain: peer.example, protocol: sip, certificate_names: [edge.host.example]}\n";
	static const char other[] =
		"  - {domain: peer.example, protocol: sip, certificate_names: [new.host.example]}\n";
	struct identity_pair pair = make("leaf", "DNS:edge.host.example", &h.ca);
	struct peer *accepted, *link, *own;

	adopt(&(struct house_rules){.partners = with});
	accepted = peer_open(PARTNER, &pair);
	own = peer_open(PARTNER, &h.partner);
	run_until(accepted, counter_get("sip", "partner_accepted") == 2);
	link = link_open("peer.example", &pair);
	/* What else changes is not asked of it. */
	adopt(&(struct house_rules){.partners = with, .blocked = "other.evil.example"});
	run_for_ms(accepted, 30);
	assert_false(accepted->closed);
	adopt(&(struct house_rules){.partners = other});
	run_until(accepted, accepted->closed);
	run_until(link, link->closed);
	assert_int_equal(counter_get("sip.closed", "partner_identity"), 1);
	/* Its own name is as good as ever. */
	peer_send(own, request_text("MESSAGE", "peer.example", "1"));
	run_until(own, strstr(own->in, "\r\n\r\n"));
	assert_memory_equal(own->in, "SIP/2.0 202 ", 12);
	peer_free(own);
	peer_free(accepted);
	peer_free(link);
	identity_pair_free(&pair);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_partner_house, close_partner_house)
	const struct CMUnitTest tests[] = {
		CASE(a_server_may_prove_a_name_that_the_rules_have_for_its_domain),
		CASE(a_name_like_one_of_the_rules_proves_nothing),
		CASE(a_link_takes_a_name_of_the_rules_and_no_other),
		CASE(who_is_proven_by_a_name_that_goes_is_closed),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
