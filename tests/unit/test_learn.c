/* SPDX-License-Identifier: BSD-3-Clause */
/* Learning between a DNS that is a table and a dataplane that only listens. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/learn.h"
#include "control/learn_int.h"
#include "rules/base/name.h"
#include "tests/unit/fake_dataplane.h"

enum { ROWS_MAX = 8 };

/* What DNS says: the service's SRV leads to host, host has the address. */
struct zone_row {
	const char *service; /* NULL: the addresses of name itself */
	const char *name;
	const char *address; /* NULL: nobody answers */
	uint32_t ttl_s;
};

static struct {
	struct loop *loop;
	struct timer *deadline;
	struct fake_dataplane fake;
	struct filter_client *client;
	struct learn *learn;
	struct zone_row zone[ROWS_MAX];
	const char *leads_to[ROWS_MAX]; /* the host of a row's service; NULL: host.NAME */
	bool silent;                    /* nothing is answered */
	uint32_t asked;                 /* questions */
	uint32_t open;                  /* of them */
	uint32_t open_most;             /* at one time */
	char questions[1024];           /* "_xmpp-server._tcp.a.example+ ..."; + with fallback */
} b;

/* --- DNS --- */

struct resolve {
	struct timer *timer;
	resolved_h *handler;
	void *arg;
	const char *service;
	char name[64];
	char within[64];
	bool fallback;
};

uint32_t random_of_kernel(void *arg, uint32_t below)
{
	return 0;
}

void resolve_cancel(struct resolve *q)
{
	if (!q)
		return;
	b.open--;
	timer_free(q->timer);
	free(q);
}

static bool row_fits(const struct zone_row *row, const struct resolve *q)
{
	if (!row->name || strcmp(row->name, q->name) != 0)
		return false;
	if (!row->service)
		return !q->service || q->fallback;
	return q->service && strcmp(row->service, q->service) == 0;
}

static void resolve_answer(void *arg)
{
	struct resolve q = *(struct resolve *)arg;
	struct resolved answer = {.result = RESOLVE_NONE};

	for (int i = 0; i < ROWS_MAX; i++) {
		const struct zone_row *row = &b.zone[i];

		if (!row_fits(row, &q))
			continue;
		if (q.within[0] && b.leads_to[i] &&
			!name_is_within(view_of(b.leads_to[i]), view_of(q.within))) {
			answer.result = RESOLVE_CONFLICT;
			continue;
		}
		answer.result = row->address ? RESOLVE_OK : RESOLVE_FAILED;
		answer.by_srv = row->service != NULL;
		if (!row->address)
			break;
		snprintf(answer.hosts[0], sizeof(answer.hosts[0]), "%s%s",
			row->service ? "host." : "", row->name);
		assert_true(ip_address_parse(
			view_of(row->address), &answer.addresses[answer.count].address));
		answer.addresses[answer.count++].ttl_s = row->ttl_s;
	}
	resolve_cancel(arg);
	q.handler(q.arg, &answer);
}

struct resolve *resolve_all(struct resolver *resolver, const char *service, struct view name,
	bool fallback, resolved_h *handler, void *arg)
{
	struct resolve *q = calloc(1, sizeof(*q));
	size_t len = strlen(b.questions);

	*q = (struct resolve){
		.handler = handler, .arg = arg, .service = service, .fallback = fallback};
	assert_true(view_copy(name, q->name, sizeof(q->name)));
	q->timer = timer_new(b.loop, resolve_answer, q);
	if (!b.silent)
		timer_set_ms(q->timer, 0);
	b.asked++;
	b.open++;
	if (b.open > b.open_most)
		b.open_most = b.open;
	snprintf(b.questions + len, sizeof(b.questions) - len, "%s%s%s%s ", service ? service : "",
		service ? "." : "", q->name, fallback ? "+" : "");
	return q;
}

void resolve_within(struct resolve *q, struct view domain)
{
	assert_true(view_copy(domain, q->within, sizeof(q->within)));
}

/* --- the bench --- */

static void over(void *arg)
{
	loop_stop(b.loop);
}

static void let_pass_ms(uint64_t ms)
{
	timer_set_ms(b.deadline, ms);
	loop_run(b.loop);
}

static void on_ready(void *arg, const struct filter_listener *listeners, uint32_t count)
{
	learn_ready(b.learn);
}

static void on_lost(void *arg)
{
}

static void on_refused(void *arg, const char *why)
{
	fail_msg("%s", why);
}

static int set_up(void **state)
{
	memset(&b, 0, sizeof(b));
	counters_clear();
	b.loop = loop_new();
	b.deadline = timer_new(b.loop, over, NULL);
	fake_open(&b.fake, b.loop);
	b.fake.generation = 7;
	b.learn = learn_new(b.loop, NULL);
	assert_non_null(b.learn);
	return 0;
}

static int tear_down(void **state)
{
	learn_connect(b.learn, NULL);
	if (b.client)
		filter_client_free(b.client);
	learn_free(b.learn);
	assert_int_equal(b.open, 0);
	fake_close(&b.fake);
	timer_free(b.deadline);
	loop_free(b.loop);
	return 0;
}

static void connect_dataplane(void)
{
	const struct filter_client_handlers handlers = {
		.ready = on_ready, .lost = on_lost, .refused = on_refused};

	b.client = filter_client_new(b.loop, b.fake.path, b.fake.rules, &handlers);
	assert_non_null(b.client);
	learn_connect(b.learn, b.client);
}

static void until_learned(const char *claims)
{
	for (int i = 0; i < 300 && strcmp(b.fake.learned, claims) != 0; i++)
		let_pass_ms(10);
	assert_string_equal(b.fake.learned, claims);
}

/* The row of the page as text. */
static const char *shown(uint32_t offset)
{
	static char text[512];
	const char *prefix;
	uint32_t total;
	json_t *rows = learn_json(b.learn, offset, 1, &total);
	json_t *row = json_array_get(rows, 0);

	text[0] = '\0';
	assert_true(offset <= total);
	prefix = json_string_value(json_object_get(row, "prefix"));
	if (row)
		snprintf(text, sizeof(text), "%s|%s|%s|%s", prefix ? prefix : "",
			json_string_value(json_object_get(row, "partner")),
			json_string_value(json_object_get(row, "origin")),
			json_string_value(json_object_get(row, "state")));
	json_decref(rows);
	return text;
}

#define RULES(partners_)                                                                           \
	{                                                                                          \
		.partners = (partners_),                                                           \
		.partner_count = sizeof(partners_) / sizeof((partners_)[0])                        \
	}

/* The rules outlive their use. */
static int adopt(const struct ruleset *rules)
{
	static struct generation in_force[2];
	static int turn;

	turn = !turn;
	in_force[turn] = (struct generation){.rules = (struct ruleset *)rules, .holders = 1};
	return learn_adopt(b.learn, &in_force[turn]);
}

static void partners_are_asked_about_and_told(void **state)
{
	struct partner partners[] = {
		{.domain = (char *)"a.example", .protocol = PROTOCOL_XMPP, .id = 1},
		{.domain = (char *)"b.example", .protocol = PROTOCOL_SIP, .id = 2},
		{.domain = (char *)"c.example", .host = (char *)"x.c.example", .id = 3},
		{.domain = (char *)"d.example", .host = (char *)"192.0.2.4", .id = 4},
		{.domain = (char *)"e.example", .protocol = PROTOCOL_SIP, .id = 5},
		{.domain = (char *)"f.example", .protocol = PROTOCOL_SIP, .id = 6},
	};
	static const char *const questions[] = {
		"_xmpp-server._tcp.a.example+ ",
		"_sipfederationtls._tcp.b.example _sips._tcp.b.example ",
		"x.c.example+ ",
		"_sipfederationtls._tcp.e.example _sips._tcp.e.example+ ",
		"_sipfederationtls._tcp.f.example _sips._tcp.f.example ",
	};
	struct ruleset rules = RULES(partners);

	b.zone[0] = (struct zone_row){"_xmpp-server._tcp", "a.example", "192.0.2.1", 600};
	b.zone[1] = (struct zone_row){"_sipfederationtls._tcp", "b.example", "192.0.2.2", 600};
	b.zone[2] = (struct zone_row){"_sips._tcp", "b.example", "192.0.2.5", 600};
	b.zone[3] = (struct zone_row){NULL, "x.c.example", "192.0.2.3", 600};
	b.zone[4] = (struct zone_row){NULL, "e.example", "192.0.2.6", 600};
	b.zone[5] = (struct zone_row){"_sipfederationtls._tcp", "f.example", NULL, 0};
	b.zone[6] = (struct zone_row){NULL, "f.example", "192.0.2.7", 600};
	assert_int_equal(adopt(&rules), 0);
	connect_dataplane();
	until_learned("192.0.2.1=1 192.0.2.2=2 192.0.2.3=3 192.0.2.4=4 192.0.2.5=2 192.0.2.6=5");
	/* Once it is known where the servers are, or not known whether, the domain is not asked. */
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (!strstr(b.questions, questions[i]))
			fail_msg("%s: %s", questions[i], b.questions);
	assert_int_equal(b.asked, 8);
	assert_int_equal(learn_count(b.learn, &partners[1]), 2);
	assert_int_equal(learn_count(b.learn, &partners[5]), 0);
}

/* Else whoever a stranger's DNS names would have a partner's limits. */
static void servers_outside_of_the_domain_are_not_learned_where_only_own_count(void **state)
{
	struct partner partners[] = {
		{.domain = (char *)"a.example", .protocol = PROTOCOL_SIP, .id = 1},
		{.domain = (char *)"b.example", .protocol = PROTOCOL_SIP, .id = 2},
		{.domain = (char *)"c.example", .protocol = PROTOCOL_XMPP, .id = 3},
		{.domain = (char *)"d.example", .protocol = PROTOCOL_XMPP, .id = 4},
	};
	struct partner after[4];
	struct ruleset rules = RULES(partners);
	struct ruleset loose = RULES(after);

	for (int i = 0; i < 4; i++)
		partners[i].terms.srv_own = i == 3 ? SRV_OWN_ALL : SRV_OWN_DEFAULT;
	b.zone[0] = (struct zone_row){"_sipfederationtls._tcp", "a.example", "192.0.2.1", 600};
	b.leads_to[0] = "edge.evil.example";
	b.zone[1] = (struct zone_row){NULL, "a.example", "192.0.2.9", 600};
	b.zone[2] = (struct zone_row){"_sipfederationtls._tcp", "b.example", "192.0.2.2", 600};
	b.leads_to[2] = "sip.b.example";
	b.zone[3] = (struct zone_row){"_xmpp-server._tcp", "c.example", "192.0.2.3", 600};
	b.zone[4] = (struct zone_row){"_xmpp-server._tcp", "d.example", "192.0.2.4", 600};
	b.leads_to[3] = b.leads_to[4] = "xmpp.hoster.example";
	connect_dataplane();
	assert_int_equal(adopt(&rules), 0);
	until_learned("192.0.2.2=2 192.0.2.3=3");
	/* Who said where its servers are is not looked for at the domain. */
	assert_non_null(strstr(b.questions, "_sips._tcp.a.example "));
	assert_null(strstr(b.questions, "_sips._tcp.a.example+"));
	/* Other terms are other questions. */
	memcpy(after, partners, sizeof(after));
	after[0].terms.srv_own = 0;
	after[1].terms.srv_own = SRV_OWN_ALL;
	b.asked = 0;
	assert_int_equal(adopt(&loose), 0);
	until_learned("192.0.2.1=1 192.0.2.2=2 192.0.2.3=3");
	assert_int_equal(b.asked, 2);
	learn_connect(b.learn, NULL);
	learn_free(b.learn);
	b.learn = NULL;
}

static struct partner *crowd_make(uint32_t count)
{
	struct partner *partners = calloc(count, sizeof(*partners));
	char name[32];

	for (uint32_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "p%05u.example", i);
		partners[i] = (struct partner){.domain = strdup(name), .id = i + 1};
	}
	return partners;
}

static void crowd_free(struct partner *partners, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free(partners[i].domain);
	free(partners);
}

static void few_questions_are_under_way_and_none_comes_at_once_with_others(void **state)
{
	enum { MANY = 4000, WATCHED_MS = 300 };
	struct partner *partners = crowd_make(MANY);
	struct ruleset rules = {.partners = partners, .partner_count = MANY};
	struct mono begun = mono_now();
	uint64_t most;

	assert_int_equal(adopt(&rules), 0);
	let_pass_ms(WATCHED_MS);
	/* The machine may be slow, and the time that passed longer. */
	most = mono_since_ms(mono_now(), begun) / LEARN_SPACING_MS + 2;
	assert_true(b.asked > 2 && b.asked <= most);
	b.silent = true;
	let_pass_ms(100 + 4 * LEARN_UNDER_WAY_MAX * LEARN_SPACING_MS);
	assert_int_equal(b.open, LEARN_UNDER_WAY_MAX);
	assert_int_equal(b.open_most, LEARN_UNDER_WAY_MAX);
	learn_free(b.learn);
	b.learn = NULL;
	crowd_free(partners, MANY);
}

static void a_set_is_told_when_it_changed_and_not_twice_a_second(void **state)
{
	struct partner partners[] = {{.domain = (char *)"a.example", .id = 1}};
	struct ruleset rules = RULES(partners);
	struct mono told;

	connect_dataplane();
	assert_int_equal(adopt(&rules), 0);
	b.zone[0] = (struct zone_row){"_xmpp-server._tcp", "a.example", "192.0.2.1", 600};
	until_learned("192.0.2.1=1");
	told = mono_now();
	/* Its time is over before the second. */
	b.zone[0].address = "192.0.2.2";
	b.learn->book.list[0]->due.ns = 1;
	b.learn->book.heap[0]->due.ns = 1;
	timer_set_ms(b.learn->asker, 0);
	until_learned("192.0.2.2=1");
	assert_true(mono_since_ms(mono_now(), told) > LEARN_PUSH_MS - 200);
	/* The same again is not told. */
	b.fake.question_count = 0;
	b.learn->book.list[0]->due.ns = 1;
	timer_set_ms(b.learn->asker, 0);
	let_pass_ms(LEARN_PUSH_MS + 300);
	assert_int_equal(b.asked, 3);
	assert_int_equal(fake_count(&b.fake, "learned"), 0);
}

static void a_new_dataplane_is_told_again(void **state)
{
	struct partner partners[] = {
		{.domain = (char *)"a.example", .host = (char *)"192.0.2.1", .id = 1}};
	struct ruleset rules = RULES(partners);

	assert_int_equal(adopt(&rules), 0);
	connect_dataplane();
	until_learned("192.0.2.1=1");
	fake_vanish(&b.fake);
	let_pass_ms(50);
	b.fake.learned[0] = '\0';
	fake_return(&b.fake);
	until_learned("192.0.2.1=1");
}

static void a_refused_set_is_counted(void **state)
{
	struct partner partners[] = {
		{.domain = (char *)"a.example", .host = (char *)"192.0.2.1", .id = 1}};
	struct ruleset rules = RULES(partners);

	b.fake.error_type = "learned";
	b.fake.error_words = "no room";
	assert_int_equal(adopt(&rules), 0);
	connect_dataplane();
	for (int i = 0; i < 200 && counter_get("learn", "push_failed") == 0; i++)
		let_pass_ms(10);
	assert_int_equal(counter_get("learn", "push_failed"), 1);
	/* The next is in time. */
	let_pass_ms(300);
	assert_int_equal(fake_count(&b.fake, "learned"), 1);
	b.fake.error_type = NULL;
	learn_ready(b.learn);
	until_learned("192.0.2.1=1");
}

static struct generation *generation_of(struct partner *partners, uint32_t count)
{
	struct ruleset *rules = calloc(1, sizeof(*rules));

	*rules = (struct ruleset){.partners = partners, .partner_count = count};
	return generation_new(rules, NULL);
}

/* As generation_drop, for rules that were filled by hand. */
static void generation_end(struct generation *generation)
{
	assert_int_equal(generation->holders, 1);
	free(generation->rules);
	free(generation);
}

static void other_rules_are_held_and_what_stays_is_kept(void **state)
{
	struct partner before[] = {
		{.domain = (char *)"a.example", .id = 1}, {.domain = (char *)"b.example", .id = 2}};
	struct partner after[] = {
		{.domain = (char *)"a.example", .id = 1}, {.domain = (char *)"c.example", .id = 3}};
	struct generation *first = generation_of(before, 2);
	struct generation *second = generation_of(after, 2);
	struct partner none;

	connect_dataplane();
	b.zone[0] = (struct zone_row){"_xmpp-server._tcp", "a.example", "192.0.2.1", 600};
	b.zone[1] = (struct zone_row){"_xmpp-server._tcp", "b.example", "192.0.2.2", 600};
	b.zone[2] = (struct zone_row){"_xmpp-server._tcp", "c.example", "192.0.2.3", 600};
	assert_int_equal(learn_adopt(b.learn, first), 0);
	assert_int_equal(first->holders, 2);
	until_learned("192.0.2.1=1 192.0.2.2=2");
	assert_int_equal(learn_adopt(b.learn, second), 0);
	assert_int_equal(first->holders, 1);
	assert_int_equal(second->holders, 2);
	until_learned("192.0.2.1=1 192.0.2.3=3");
	assert_int_equal(b.asked, 3);
	assert_int_equal(learn_count(b.learn, &after[0]), 1);
	assert_int_equal(learn_count(b.learn, &none), 0);
	learn_connect(b.learn, NULL);
	learn_free(b.learn);
	b.learn = NULL;
	generation_end(first);
	generation_end(second);
}

static void who_goes_while_being_asked_is_asked_no_more(void **state)
{
	struct partner before[] = {
		{.domain = (char *)"a.example", .id = 1}, {.domain = (char *)"b.example", .id = 2}};
	struct partner after[] = {{.domain = (char *)"b.example", .id = 2}};
	struct ruleset first = RULES(before);
	struct ruleset second = RULES(after);

	b.silent = true;
	assert_int_equal(adopt(&first), 0);
	let_pass_ms(100);
	assert_int_equal(b.open, 2);
	assert_int_equal(adopt(&second), 0);
	assert_int_equal(b.open, 1);
	let_pass_ms(50);
	assert_int_equal(b.asked, 2);
}

static void what_is_known_is_shown_with_its_origin(void **state)
{
	static const char *const expected[] = {
		"198.18.0.0/15|a.example|rules|fixed",
		"192.0.2.1/32|a.example|srv _xmpp-server._tcp.a.example -> host.a.example|fresh",
		"192.0.2.3/32|b.example|domain b.example|shared",
		"192.0.2.3/32|c.example|host x.c.example|shared",
		"192.0.2.4/32|d.example|host|fixed",
		"|e.example|srv _xmpp-server._tcp.e.example|none",
		"|f.example|host y.example|failed",
		"2001:db8::/32|g.example|rules|fixed",
		"|g.example|srv _sipfederationtls._tcp.g.example|none",
		"",
	};
	struct prefix four = {{32, {198, 18}}, 15};
	struct prefix six = {{128, {0x20, 0x01, 0x0d, 0xb8}}, 32};
	struct partner partners[] = {
		{.domain = (char *)"a.example", .id = 1, .sources = &four, .source_count = 1},
		{.domain = (char *)"b.example", .id = 2},
		{.domain = (char *)"c.example", .host = (char *)"x.c.example", .id = 3},
		{.domain = (char *)"d.example", .host = (char *)"192.0.2.4", .id = 4},
		{.domain = (char *)"e.example", .id = 5},
		{.domain = (char *)"f.example", .host = (char *)"y.example", .id = 6},
		{.domain = (char *)"g.example",
			.protocol = PROTOCOL_SIP,
			.id = 7,
			.sources = &six,
			.source_count = 1},
	};
	struct ruleset rules = RULES(partners);
	uint32_t total;
	json_t *rows;

	assert_int_equal(adopt(&rules), 0);
	assert_string_equal(shown(1), "|a.example|srv _xmpp-server._tcp.a.example|waiting");
	b.zone[0] = (struct zone_row){"_xmpp-server._tcp", "a.example", "192.0.2.1", 600};
	b.zone[1] = (struct zone_row){NULL, "b.example", "192.0.2.3", 600};
	b.zone[2] = (struct zone_row){NULL, "x.c.example", "192.0.2.3", 600};
	b.zone[3] = (struct zone_row){NULL, "y.example", NULL, 600};
	for (int i = 0; i < 100 && b.asked < 7; i++)
		let_pass_ms(10);
	let_pass_ms(50);
	for (uint32_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_string_equal(shown(i), expected[i]);
	rows = learn_json(b.learn, 1, 4, &total);
	assert_int_equal(json_array_size(rows), 4);
	assert_int_equal(total, 9);
	assert_in_range(
		json_integer_value(json_object_get(json_array_get(rows, 0), "seconds")), 590, 600);
	assert_true(json_is_null(json_object_get(json_array_get(rows, 3), "seconds")));
	json_decref(rows);
	/* Once its time is over and nobody answers. */
	b.learn->book.list[0]->list[0].until.ns = 1;
	assert_string_equal(shown(1),
		"192.0.2.1/32|a.example|srv _xmpp-server._tcp.a.example -> host.a.example|stale");
}

static void without_learning_there_is_nothing(void **state)
{
	uint32_t total = 9;
	json_t *rows = learn_json(NULL, 0, 10, &total);

	assert_int_equal(json_array_size(rows), 0);
	assert_int_equal(total, 0);
	json_decref(rows);
	learn_connect(NULL, NULL);
	learn_ready(NULL);
	assert_int_equal(learn_count(NULL, NULL), 0);
	learn_free(NULL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(servers_outside_of_the_domain_are_not_learned_where_only_own_count),
		CASE(partners_are_asked_about_and_told),
		CASE(few_questions_are_under_way_and_none_comes_at_once_with_others),
		CASE(a_set_is_told_when_it_changed_and_not_twice_a_second),
		CASE(a_new_dataplane_is_told_again),
		CASE(a_refused_set_is_counted),
		CASE(other_rules_are_held_and_what_stays_is_kept),
		CASE(who_goes_while_being_asked_is_asked_no_more),
		CASE(what_is_known_is_shown_with_its_origin),
		CASE(without_learning_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
