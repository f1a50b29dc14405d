/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of partners' addresses, with a clock and dice of the test's own. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/learn_book.h"

enum { PARTNERS = 4 };

static struct {
	struct learn_book book;
	struct mono now;
	uint32_t dice; /* percent of what is possible */
	struct ruleset rules;
	struct partner partners[PARTNERS];
	struct service service;
	uint32_t forgotten;
} b;

static uint32_t dice(void *arg, uint32_t below)
{
	return (uint32_t)((uint64_t)(below - 1) * b.dice / 100);
}

static struct partner partner(const char *domain, enum protocol protocol, const char *host)
{
	static uint32_t id;

	return (struct partner){
		.domain = (char *)domain, .protocol = protocol, .host = (char *)host, .id = ++id};
}

static void forget(void *question)
{
	b.forgotten++;
}

static void rules_use(struct ruleset *rules)
{
	rules->services = &b.service;
	rules->service_count = 1;
	assert_int_equal(learn_book_adopt(&b.book, rules, b.now, forget), 0);
}

static int set_up(void **state)
{
	memset(&b, 0, sizeof(b));
	counters_clear();
	b.now.ns = 1000 * NS_PER_S;
	assert_true(ip_address_parse(VIEW("198.51.100.1"), &b.service.address));
	learn_book_init(&b.book, dice, NULL);
	b.partners[0] = partner("a.example", PROTOCOL_XMPP, NULL);
	b.partners[1] = partner("b.example", PROTOCOL_XMPP, "xmpp.b.example");
	b.partners[2] = partner("c.example", PROTOCOL_SIP, NULL);
	b.partners[3] = partner("d.example", PROTOCOL_XMPP, "192.0.2.99");
	b.rules = (struct ruleset){.partners = b.partners, .partner_count = PARTNERS};
	rules_use(&b.rules);
	return 0;
}

static int tear_down(void **state)
{
	learn_book_free(&b.book);
	return 0;
}

static void pass_s(uint64_t s)
{
	b.now = mono_after_ms(b.now, s * 1000);
}

static struct learn_partner *the(const char *domain)
{
	for (uint32_t i = 0; i < b.book.count; i++)
		if (strcmp(b.book.list[i]->rule->domain, domain) == 0)
			return b.book.list[i];
	fail_msg("%s is not in the book", domain);
	return NULL;
}

static struct resolved answer_of(enum resolve_result result)
{
	struct resolved answer = {.result = result, .by_srv = true};

	snprintf(answer.hosts[0], sizeof(answer.hosts[0]), "xmpp.example");
	return answer;
}

static void answer_add(struct resolved *answer, const char *address, uint32_t ttl_s)
{
	struct resolved_address *a = &answer->addresses[answer->count++];
	uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 1, 2, 3, 4};

	*a = (struct resolved_address){.ttl_s = ttl_s};
	if (ip_address_parse(view_of(address), &a->address))
		return;
	assert_string_equal(address, "mapped");
	a->address.family_bits = 128;
	memcpy(a->address.bytes, mapped, sizeof(mapped));
}

static void conclude(struct learn_partner *p, const struct resolved *answer)
{
	struct learn_draft draft = {0};

	learn_book_hear(&b.book, &draft, "_xmpp-server._tcp", answer, b.now);
	learn_book_conclude(&b.book, p, &draft, b.now);
	assert_int_equal(draft.count, 0);
}

/* Whoever is due is answered with nothing, until it is this one. */
static struct learn_partner *ask(const char *domain)
{
	struct resolved nothing = answer_of(RESOLVE_NONE);
	struct learn_partner *p;

	while ((p = learn_book_due(&b.book, b.now))) {
		if (strcmp(p->rule->domain, domain) == 0)
			return p;
		conclude(p, &nothing);
	}
	fail_msg("%s is not due", domain);
	return NULL;
}

static void learn(const char *domain, const char *address, uint32_t ttl_s)
{
	struct resolved answer = answer_of(RESOLVE_OK);

	answer_add(&answer, address, ttl_s);
	conclude(ask(domain), &answer);
}

static void no_answer(const char *domain)
{
	struct resolved answer = answer_of(RESOLVE_FAILED);

	conclude(ask(domain), &answer);
}

/* The seconds until it is asked again. */
static uint64_t due_in(const char *domain)
{
	return mono_since_ms(the(domain)->due, b.now) / 1000;
}

/* The first label of a partner's domain. */
static const char *name_of(uint32_t id)
{
	static char name[32];

	for (uint32_t i = 0; i < b.book.count; i++)
		if (b.book.list[i]->rule->id == id) {
			const char *domain = b.book.list[i]->rule->domain;

			snprintf(name, sizeof(name), "%.*s", (int)strcspn(domain, "."), domain);
			return name;
		}
	return "nobody";
}

/* "192.0.2.1=a 192.0.2.2=b": what the dataplane would be told. */
static const char *claims(void)
{
	static char text[4096];
	struct claim *list;
	uint32_t count;

	text[0] = '\0';
	assert_int_equal(learn_book_claims(&b.book, &list, &count), 0);
	for (uint32_t i = 0; i < count; i++) {
		char address[IP_TEXT_BYTES];

		ip_address_print(&list[i].address, address);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s=%s", i ? " " : "",
			address, name_of(list[i].partner_id));
	}
	free(list);
	return text;
}

static void all_but_addresses_are_due_at_once(void **state)
{
	uint32_t due = 0;

	assert_int_equal(learn_book_wait_ms(&b.book, b.now), 0);
	for (struct learn_partner *p; (p = learn_book_due(&b.book, b.now)); due++)
		assert_string_not_equal(p->rule->domain, "d.example");
	assert_int_equal(due, 3);
	assert_int_equal(learn_book_wait_ms(&b.book, b.now), UINT64_MAX);
	assert_string_equal(claims(), "192.0.2.99=d");
}

static void the_questions_are_those_of_the_protocol(void **state)
{
	static const struct {
		const char *domain;
		const char *questions;
	} cases[] = {
		{"a.example", "_xmpp-server._tcp "},
		{"b.example", "host "},
		{"c.example", "_sipfederationtls._tcp _sips._tcp "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128] = "";
		const char *service;

		for (unsigned step = 0; learn_question(the(cases[i].domain)->rule, step, &service);
			step++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
				service ? service : "host");
		assert_string_equal(text, cases[i].questions);
	}
}

static void an_answer_holds_for_its_ttl_within_bounds(void **state)
{
	static const struct {
		uint32_t ttl_s, percent;
		uint64_t due_s;
	} cases[] = {
		{300, 0, 300},
		{300, 100, 330},
		{3600, 100, 3660}, /* a minute later at most */
		{0, 0, LEARN_TTL_MIN_S},
		{1, 100, LEARN_TTL_MIN_S + 3},
		{UINT32_MAX, 0, LEARN_TTL_MAX_S},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		b.dice = cases[i].percent;
		learn("a.example", "192.0.2.1", cases[i].ttl_s);
		if (due_in("a.example") != cases[i].due_s)
			fail_msg("%u: %llu", cases[i].ttl_s,
				(unsigned long long)due_in("a.example"));
		pass_s(cases[i].due_s - 1);
		assert_true(the("a.example")->due.ns > b.now.ns);
		pass_s(1);
	}
}

static void the_first_end_of_several_asks_again(void **state)
{
	struct resolved answer = answer_of(RESOLVE_OK);

	answer_add(&answer, "192.0.2.1", 900);
	answer_add(&answer, "192.0.2.2", 120);
	answer_add(&answer, "2001:db8::1", 300);
	answer_add(&answer, "192.0.2.1", 60); /* of another host, the same */
	conclude(ask("a.example"), &answer);
	assert_int_equal(due_in("a.example"), 120);
	assert_string_equal(claims(), "192.0.2.1=a 192.0.2.2=a 192.0.2.99=d 2001:db8::1=a");
}

static void another_answer_replaces_the_last(void **state)
{
	b.book.changed = false;
	learn("a.example", "192.0.2.1", 60);
	assert_true(b.book.changed);
	b.book.changed = false;
	pass_s(60);
	learn("a.example", "192.0.2.1", 90);
	assert_false(b.book.changed);
	pass_s(90);
	learn("a.example", "192.0.2.2", 60);
	assert_true(b.book.changed);
	assert_string_equal(claims(), "192.0.2.2=a 192.0.2.99=d");
	assert_int_equal(b.book.address_count, 2);
}

static void that_there_is_nothing_is_an_answer(void **state)
{
	struct resolved none = answer_of(RESOLVE_NONE);

	learn("a.example", "192.0.2.1", 60);
	pass_s(60);
	conclude(ask("a.example"), &none);
	assert_int_equal(the("a.example")->state, LEARN_NONE);
	assert_int_equal(due_in("a.example"), LEARN_NONE_S);
	assert_string_equal(claims(), "192.0.2.99=d");
}

static void without_an_answer_the_pauses_double_up_to_a_bound(void **state)
{
	static const uint64_t pauses_s[] = {30, 60, 120, 240, 480, 900, 900};

	for (size_t i = 0; i < sizeof(pauses_s) / sizeof(pauses_s[0]); i++) {
		no_answer("a.example");
		assert_int_equal(due_in("a.example"), pauses_s[i]);
		pass_s(pauses_s[i]);
	}
	assert_int_equal(the("a.example")->state, LEARN_FAILED);
	learn("a.example", "192.0.2.1", 60);
	pass_s(60);
	no_answer("a.example");
	assert_int_equal(due_in("a.example"), pauses_s[0]);
}

static void what_was_known_stays_for_an_hour_without_answers(void **state)
{
	uint64_t since_s = 0;

	learn("a.example", "192.0.2.1", 60);
	pass_s(60);
	while (since_s < LEARN_STALE_S - 900) {
		uint64_t pause_s;

		no_answer("a.example");
		pause_s = due_in("a.example");
		pass_s(pause_s);
		since_s += pause_s;
	}
	pass_s(LEARN_STALE_S - since_s - 1);
	learn_book_expire(&b.book, b.now);
	assert_string_equal(claims(), "192.0.2.1=a 192.0.2.99=d");
	b.book.changed = false;
	pass_s(1);
	learn_book_expire(&b.book, b.now);
	assert_true(b.book.changed);
	assert_string_equal(claims(), "192.0.2.99=d");
	assert_int_equal(counter_get("learn", "forgotten"), 1);
}

static void a_part_that_failed_does_not_take_the_rest_away(void **state)
{
	struct resolved whole = answer_of(RESOLVE_OK);
	struct resolved part = answer_of(RESOLVE_OK);

	answer_add(&whole, "192.0.2.1", 60);
	answer_add(&whole, "2001:db8::1", 60);
	conclude(ask("a.example"), &whole);
	pass_s(60);
	part.incomplete = true;
	answer_add(&part, "192.0.2.2", 600);
	conclude(ask("a.example"), &part);
	assert_int_equal(due_in("a.example"), LEARN_RETRY_FIRST_S);
	assert_string_equal(claims(), "192.0.2.1=a 192.0.2.2=a 192.0.2.99=d 2001:db8::1=a");
	pass_s(LEARN_STALE_S);
	learn_book_expire(&b.book, b.now);
	assert_string_equal(claims(), "192.0.2.2=a 192.0.2.99=d");
}

static void what_cannot_be_a_partners_address_is_counted_and_left_out(void **state)
{
	static const struct {
		const char *address;
		const char *cause; /* NULL: it is taken */
	} cases[] = {
		{"198.51.100.1", "ours"},
		{"0.0.0.0", "unspecified"},
		{"0.1.2.3", "unspecified"},
		{"127.0.0.1", "loopback"},
		{"127.255.0.9", "loopback"},
		{"169.254.1.1", "link_local"},
		{"224.0.0.1", "multicast"},
		{"239.255.255.255", "multicast"},
		{"240.0.0.1", "reserved"},
		{"255.255.255.255", "reserved"},
		{"::", "unspecified"},
		{"::1", "loopback"},
		{"fe80::1", "link_local"},
		{"febf::1", "link_local"},
		{"ff02::1", "multicast"},
		{"mapped", "mapped"},
		{"10.1.2.3", NULL}, /* networks between organisations */
		{"192.168.1.1", NULL},
		{"fd00::1", NULL},
		{"223.255.255.1", NULL},
		{"2001:db8::1", NULL},
		{"::2", NULL},
		{"fec0::1", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resolved answer = answer_of(RESOLVE_OK);
		const char *cause;

		answer_add(&answer, cases[i].address, 60);
		cause = learn_refusal(&b.rules, &answer.addresses[0].address);
		if ((cause == NULL) != (cases[i].cause == NULL) ||
			(cause && strcmp(cause, cases[i].cause) != 0))
			fail_msg("%s: %s", cases[i].address, cause ? cause : "taken");
	}
	learn("a.example", "127.0.0.1", 60);
	assert_int_equal(counter_get("learn.refused", "loopback"), 1);
	assert_int_equal(the("a.example")->state, LEARN_NONE);
	assert_string_equal(claims(), "192.0.2.99=d");
}

static void what_several_partners_have_is_nobodys(void **state)
{
	learn("a.example", "192.0.2.7", 7200);
	learn("c.example", "192.0.2.8", 7200);
	pass_s(LEARN_NONE_S);
	learn("b.example", "192.0.2.7", 60);
	assert_string_equal(claims(), "192.0.2.8=c 192.0.2.99=d");
	assert_int_equal(b.book.shared_count, 2);
	assert_true(the("a.example")->list[0].shared);
	assert_true(the("b.example")->list[0].shared);
	pass_s(60);
	learn("b.example", "192.0.2.9", 60);
	assert_string_equal(claims(), "192.0.2.7=a 192.0.2.8=c 192.0.2.9=b 192.0.2.99=d");
	assert_int_equal(b.book.shared_count, 0);
	assert_false(the("a.example")->list[0].shared);
}

static void an_address_in_the_rules_is_not_taken_away_by_dns(void **state)
{
	struct ruleset rules = {.partners = b.partners, .partner_count = PARTNERS};
	struct partner partners[PARTNERS];

	learn("a.example", "192.0.2.99", 60);
	assert_string_equal(claims(), "192.0.2.99=d");
	assert_true(the("a.example")->list[0].shared);
	assert_false(the("d.example")->list[0].shared);
	/* Twice in the rules is nobody's again. */
	memcpy(partners, b.partners, sizeof(partners));
	partners[1].host = (char *)"192.0.2.99";
	rules.partners = partners;
	rules_use(&rules);
	assert_string_equal(claims(), "");
	assert_int_equal(b.book.shared_count, 3);
}

static void a_partner_has_no_more_than_its_share(void **state)
{
	struct resolved answer = answer_of(RESOLVE_OK);
	struct learn_draft draft = {0};
	struct learn_partner *p = ask("a.example");
	char text[32];

	for (int i = 0; i < RESOLVED_MAX; i++) {
		snprintf(text, sizeof(text), "192.0.3.%d", i);
		answer_add(&answer, text, 60);
	}
	answer.left_out = 5;
	learn_book_hear(&b.book, &draft, NULL, &answer, b.now);
	answer = answer_of(RESOLVE_OK);
	answer_add(&answer, "192.0.4.1", 60);
	learn_book_hear(&b.book, &draft, NULL, &answer, b.now);
	learn_book_conclude(&b.book, p, &draft, b.now);
	assert_int_equal(the("a.example")->count, LEARN_ADDRESSES_MAX);
	assert_int_equal(counter_get("learn.refused", "too_many_of_partner"), 6);
}

/* Partners of their own for what needs many. */
struct crowd {
	struct ruleset rules;
	struct partner *partners;
	char (*names)[24];
	uint32_t count;
};

static void crowd_make(struct crowd *c, uint32_t count)
{
	c->count = count;
	c->names = calloc(count, sizeof(*c->names));
	c->partners = calloc(count, sizeof(*c->partners));
	for (uint32_t i = 0; i < count; i++) {
		snprintf(c->names[i], sizeof(c->names[i]), "p%06u.example", i);
		c->partners[i] = partner(c->names[i], PROTOCOL_XMPP, NULL);
	}
	c->rules = (struct ruleset){.partners = c->partners, .partner_count = count};
}

static void crowd_free(struct crowd *c)
{
	free(c->names);
	free(c->partners);
}

static void all_together_have_no_more_than_can_be_told(void **state)
{
	struct resolved answer = answer_of(RESOLVE_OK);
	struct learn_partner *p;
	struct claim *list;
	struct crowd crowd;
	uint32_t count;
	uint32_t n = 0;

	crowd_make(&crowd, CLAIMS_MAX / RESOLVED_MAX + 1);
	rules_use(&crowd.rules);
	for (int i = 0; i < RESOLVED_MAX; i++)
		answer_add(&answer, "10.0.0.0", 60);
	while ((p = learn_book_due(&b.book, b.now))) {
		for (int i = 0; i < RESOLVED_MAX; i++, n++) {
			uint8_t *bytes = answer.addresses[i].address.bytes;

			bytes[1] = (uint8_t)(n >> 16);
			bytes[2] = (uint8_t)(n >> 8);
			bytes[3] = (uint8_t)n;
		}
		conclude(p, &answer);
	}
	assert_int_equal(b.book.address_count, CLAIMS_MAX);
	assert_int_equal(counter_get("learn.refused", "too_many"), RESOLVED_MAX);
	assert_int_equal(learn_book_claims(&b.book, &list, &count), 0);
	assert_int_equal(count, CLAIMS_MAX);
	free(list);
	learn_book_free(&b.book);
	crowd_free(&crowd);
}

/* Whoever is due is asked one after the other, whatever they answer. */
static void thousands_are_asked_in_the_order_of_their_time(void **state)
{
	enum { MANY = 4000 };
	struct crowd crowd;
	struct mono last = {0};
	uint32_t asked = 0;

	crowd_make(&crowd, MANY);
	rules_use(&crowd.rules);
	for (uint32_t turn = 0; turn < 3 * MANY; turn++) {
		struct learn_partner *p = learn_book_due(&b.book, b.now);
		struct resolved answer = answer_of(turn % 3 ? RESOLVE_OK : RESOLVE_FAILED);

		if (!p) {
			uint64_t wait_ms = learn_book_wait_ms(&b.book, b.now);

			assert_true(wait_ms > 0 && wait_ms != UINT64_MAX);
			b.now = mono_after_ms(b.now, wait_ms);
			p = learn_book_due(&b.book, b.now);
			assert_non_null(p);
		}
		assert_true(p->due.ns >= last.ns);
		last = p->due;
		if (turn < MANY)
			asked++;
		b.dice = turn * 7919 % 101;
		if (answer.result == RESOLVE_OK)
			answer_add(&answer, "192.0.2.1", turn % 1000);
		conclude(p, &answer);
	}
	assert_int_equal(asked, MANY);
	for (uint32_t i = 0; i < b.book.count; i++)
		assert_int_not_equal(b.book.list[i]->state, LEARN_WAITING);
	learn_book_free(&b.book);
	crowd_free(&crowd);
}

static void other_rules_keep_what_is_known_of_those_that_stay(void **state)
{
	struct partner partners[] = {
		partner("a.example", PROTOCOL_XMPP, NULL),
		partner("aa.example", PROTOCOL_XMPP, NULL),
		partner("b.example", PROTOCOL_XMPP, "other.b.example"),
		partner("d.example", PROTOCOL_XMPP, "192.0.2.99"),
	};
	struct ruleset rules = {.partners = partners, .partner_count = 4};
	struct mono due;

	partners[0].id = b.partners[0].id;
	learn("a.example", "192.0.2.1", 7200);
	learn("c.example", "192.0.2.3", 7200);
	pass_s(LEARN_NONE_S);
	learn("b.example", "192.0.2.2", 600);
	due = the("a.example")->due;
	rules_use(&rules);
	assert_int_equal(b.forgotten, 0);
	assert_string_equal(claims(), "192.0.2.1=a 192.0.2.99=d");
	assert_ptr_equal(the("a.example")->rule, &partners[0]);
	assert_int_equal(the("a.example")->due.ns, due.ns);
	assert_int_equal(the("aa.example")->state, LEARN_WAITING);
	assert_int_equal(the("b.example")->state, LEARN_WAITING);
	assert_true(b.book.changed);
	learn("aa.example", "192.0.2.4", 60);
	assert_string_equal(claims(), "192.0.2.1=a 192.0.2.4=aa 192.0.2.99=d");
}

/* Behind the partners of b.rules that are left, domains of a provider. */
static void provide(struct partner *partners, uint32_t first, uint32_t count,
	struct provider *provider, struct ruleset *out)
{
	*provider = (struct provider){.first_domain = first, .served = count};
	for (uint32_t i = 0; i < count; i++)
		partners[first + i].provider = provider;
	*out = (struct ruleset){
		.partners = partners, .partner_count = first + count, .provided_count = count};
}

/* But for who has no provider. */
static void no_more_is_due(void)
{
	const struct learn_partner *p;

	while ((p = learn_book_due(&b.book, b.now)))
		assert_null(p->rule->provider);
}

static void domains_at_one_host_of_a_provider_are_learned_by_the_first(void **state)
{
	struct partner both[] = {
		partner("z.example", PROTOCOL_XMPP, NULL),
		partner("a.example", PROTOCOL_XMPP, "edge.example"),
		partner("b.example", PROTOCOL_XMPP, "edge.example"),
	};
	struct partner one[] = {both[0], both[2]};
	struct ruleset rules, fewer;
	struct provider provider, smaller;

	provide(both, 1, 2, &provider, &rules);
	provide(one, 1, 1, &smaller, &fewer);
	rules_use(&rules);
	learn("a.example", "192.0.2.2", 7200);
	no_more_is_due();
	assert_int_equal(the("b.example")->count, 0);
	rules_use(&fewer);
	learn("b.example", "192.0.2.2", 7200);
	rules_use(&rules);
	learn("a.example", "192.0.2.2", 7200);
	assert_int_equal(the("b.example")->count, 0);
	assert_string_equal(claims(), "192.0.2.2=a");
}

static void who_goes_while_being_asked_is_told_to_the_asker(void **state)
{
	struct ruleset none = {0};
	struct ruleset same = {.partners = b.partners, .partner_count = 1};
	struct learn_partner *p = ask("a.example");
	struct resolved answer = answer_of(RESOLVE_OK);

	p->question = &b;
	rules_use(&same);
	assert_int_equal(b.forgotten, 0);
	assert_null(learn_book_due(&b.book, b.now));
	answer_add(&answer, "192.0.2.1", 60);
	conclude(p, &answer);
	assert_string_equal(claims(), "192.0.2.1=a");
	pass_s(60);
	ask("a.example")->question = &b;
	rules_use(&none);
	assert_int_equal(b.forgotten, 1);
	assert_string_equal(claims(), "");
	assert_int_equal(b.book.address_count, 0);
}

static void an_address_that_becomes_ours_is_dropped(void **state)
{
	struct ruleset rules = {.partners = b.partners, .partner_count = 4};

	learn("a.example", "192.0.2.1", 600);
	assert_true(ip_address_parse(VIEW("192.0.2.1"), &b.service.address));
	rules_use(&rules);
	assert_string_equal(claims(), "192.0.2.99=d");
	assert_int_equal(counter_get("learn.refused", "ours"), 1);
	assert_int_equal(the("a.example")->state, LEARN_NONE);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_but_addresses_are_due_at_once),
		CASE(the_questions_are_those_of_the_protocol),
		CASE(an_answer_holds_for_its_ttl_within_bounds),
		CASE(the_first_end_of_several_asks_again),
		CASE(another_answer_replaces_the_last),
		CASE(that_there_is_nothing_is_an_answer),
		CASE(without_an_answer_the_pauses_double_up_to_a_bound),
		CASE(what_was_known_stays_for_an_hour_without_answers),
		CASE(a_part_that_failed_does_not_take_the_rest_away),
		CASE(what_cannot_be_a_partners_address_is_counted_and_left_out),
		CASE(what_several_partners_have_is_nobodys),
		CASE(an_address_in_the_rules_is_not_taken_away_by_dns),
		CASE(a_partner_has_no_more_than_its_share),
		CASE(all_together_have_no_more_than_can_be_told),
		CASE(thousands_are_asked_in_the_order_of_their_time),
		CASE(other_rules_keep_what_is_known_of_those_that_stay),
		CASE(domains_at_one_host_of_a_provider_are_learned_by_the_first),
		CASE(who_goes_while_being_asked_is_told_to_the_asker),
		CASE(an_address_that_becomes_ours_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
