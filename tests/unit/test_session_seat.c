/* SPDX-License-Identifier: BSD-3-Clause */
/* No message goes before the seat that it takes is on disk: with a disk that tests turn. */
#include "tests/unit/test.h"

#include <errno.h>
#include <unistd.h>

#include "control/policy/explain.h"
#include "control/store/store.h"
#include "tests/unit/session_house.h"

/* ---- the store: work waits until the test says so ------------------------------------------- */

struct job {
	store_work *work;
	store_done *done;
	void *arg;
	int error;
};

static sqlite3 *disk;
static struct job jobs[16];
static uint32_t job_count, written_count;
static bool is_full; /* of the queue */

int store_put(struct store *store, store_work *work, store_done *done, void *arg)
{
	if (is_full)
		return -EAGAIN;
	assert_in_range(job_count, 0, 15);
	jobs[job_count++] = (struct job){work, done, arg, 0};
	return 0;
}

int store_run(struct store *store, store_work *work, void *arg)
{
	return work(disk, arg);
}

void store_after_commit(struct store *store, void (*run)(sqlite3 *database, void *arg), void *arg)
{
}

/* What waits is on disk, or cannot be; nobody knows yet. */
static void disk_write(int error)
{
	for (; written_count < job_count; written_count++) {
		struct job *job = &jobs[written_count];

		job->error = error ? error : job->work(disk, job->arg);
	}
}

static void disk_tell(void)
{
	uint32_t count = written_count;

	for (uint32_t i = 0; i < count; i++)
		jobs[i].done(jobs[i].arg, jobs[i].error);
	memmove(jobs, jobs + count, (job_count - count) * sizeof(jobs[0]));
	job_count -= count;
	written_count = 0;
}

static uint32_t rows_on_disk(void)
{
	struct usage_check check;

	assert_int_equal(usage_verify(disk, NULL, &check), 0);
	assert_int_equal(check.fault, USAGE_FINE);
	return (uint32_t)check.head.seq;
}

/* ---- rules with a provider of two seats, in the partner's stream ------------------------------ */

static char licensed[] =
	"service: {addresses: [198.51.100.1]}\n"
	"local:\n"
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: 192.0.2.10}}\n"
	"partners:\n"
	"  - {domain: partner.example, protocol: xmpp, subtree: true}\n"
	"providers:\n"
	"  - {name: successor, profile: yahoo, enabled: true, domains: [chat.partner.example],\n"
	"     protocols: [xmpp], sell_until: never, service_end: never}\n"
	"licences:\n"
	"  - {agreement: EA-1, provider: successor, seats: 2, start: 2012-01-01, end: 2999-01-01}\n";

static struct gate *gate;
static struct contacts *contacts;
static struct usage *usage;

/* In as many bytes as before. */
static void provider_speaks(const char *protocols)
{
	memcpy(strstr(strstr(licensed, "protocols: "), "["), protocols, strlen("[xmpp]"));
}

static int seat_start(void **state)
{
	char why[STORE_WHY_BYTES];
	int rc = start(state);

	provider_speaks("[xmpp]");
	job_count = written_count = 0;
	is_full = false;
	assert_int_equal(sqlite3_open(":memory:", &disk), SQLITE_OK);
	assert_int_equal(sqlite3_exec(disk, USAGE_SCHEMA, NULL, NULL, NULL), SQLITE_OK);
	adopt_rules(*state, licensed);
	usage = usage_open(NULL, "/nonexistent/usage-head", why, sizeof(why));
	if (!usage)
		fail_msg("%s", why);
	contacts = contacts_open(NULL, why, sizeof(why));
	gate = gate_new(NULL, usage, contacts);
	session_gate(*state, gate);
	return rc;
}

static int seat_stop(void **state)
{
	int rc = stop(state);

	gate_free(gate);
	/* As store_close does: what is under way ends when nobody waits any more. */
	disk_write(0);
	disk_tell();
	usage_free(usage);
	contacts_free(contacts);
	sqlite3_close(disk);
	return rc;
}

/* The same provider on other terms: where its rule ends, and where that of the agreement does. */
static void licence_is(struct session *session, const char *terms, const char *agreement)
{
	static struct rules_errors errors;
	struct generation *old = generation;
	char yaml[2048];
	int head = (int)(strstr(licensed, "sell_until") - licensed);

	snprintf(yaml, sizeof(yaml),
		"%.*ssell_until: never, %s}\nlicences:\n  - {agreement: EA-1, provider: successor, "
		"seats: 2, start: 2012-01-01, %s}\n",
		head, licensed, terms, agreement);
	rules = ruleset_compile(view_of(yaml), "test.yaml", &errors);
	if (!rules)
		fail_msg("line %u: %s: %s", errors.list[0].line, errors.list[0].key,
			errors.list[0].text);
	generation = generation_new(rules, NULL);
	session_adopt(session, generation);
	generation_drop(old);
}

#define ENDLESS "service_end: never"

/* It ended so many days ago. */
static void licence_ended(struct session *session, int days, const char *more)
{
	char end[DATE_TEXT_BYTES];
	char agreement[256];
	struct wall at = wall_now();

	at.s -= (int64_t)days * 24 * 3600;
	date_print(at, end);
	snprintf(agreement, sizeof(agreement), "end: %s, %s", end, more);
	licence_is(session, ENDLESS, agreement);
}

static void disk_turn(int error)
{
	disk_write(error);
	disk_tell();
}

#define TO_BOB(id)                                                                                 \
	"<message from='eve@chat.partner.example/home' to='bob@corp.example' type='chat' id='" id  \
	"'><body>salut</body></message>"
#define PLAIN_TO_BOB(id)                                                                           \
	"<message from='alice@partner.example/home' to='bob@corp.example' type='chat' id='" id     \
	"'><body>salut</body></message>"

static void to_eve(const char *words)
{
	message_in("sip:eve@chat.partner.example", words);
}

static void a_message_of_ours_goes_when_its_seat_is_on_disk_and_known_to_be(void **state)
{
	to_eve("hello");
	assert_int_equal(job_count, 1);
	assert_int_equal(sent_count, 0);
	assert_int_equal(response.count, 0);
	assert_int_equal(contacts_count(contacts), 0);
	disk_write(0);
	assert_int_equal(rows_on_disk(), 1);
	assert_int_equal(sent_count, 0);
	disk_tell();
	assert_int_equal(sent_count, 1);
	assert_non_null(strstr(sent[0].stanza, "<body>hello</body>"));
	assert_int_equal(contacts_count(contacts), 1);
	/* The next one finds it there. */
	to_eve("again");
	assert_int_equal(job_count, 0);
	assert_int_equal(sent_count, 2);
	assert_int_equal(response.count, 0);
}

static void a_message_for_ours_goes_when_its_seat_is_on_disk_and_known_to_be(void **state)
{
	stanza_in(TO_BOB("m1"));
	assert_int_equal(job_count, 1);
	assert_int_equal(request_count, 0);
	disk_write(0);
	assert_int_equal(request_count, 0);
	disk_tell();
	assert_int_equal(request_count, 1);
	assert_int_equal(sent_count, 0);
	answer(0, SIP_RESPONDED, 200);
	stanza_in(TO_BOB("m2"));
	assert_int_equal(request_count, 2);
}

static void whoever_needs_the_same_seat_waits_behind_and_others_do_not(void **state)
{
	to_eve("one");
	to_eve("two");
	stanza_in(TO_BOB("m1"));
	stanza_in(PLAIN_TO_BOB("m2"));
	message_in("sip:alice@partner.example", "plain");
	/* One seat for all of bob's. */
	assert_int_equal(job_count, 1);
	assert_int_equal(request_count, 1);
	assert_int_equal(sent_count, 1);
	assert_non_null(strstr(sent[0].stanza, "<body>plain</body>"));
	disk_write(0);
	disk_tell();
	assert_int_equal(sent_count, 3);
	assert_non_null(strstr(sent[1].stanza, "<body>one</body>"));
	assert_non_null(strstr(sent[2].stanza, "<body>two</body>"));
	assert_int_equal(request_count, 2);
}

static void a_seat_that_cannot_be_written_refuses_both_ways_and_delivers_nothing(void **state)
{
	to_eve("one");
	to_eve("two");
	stanza_in(TO_BOB("m1"));
	disk_write(-EIO);
	disk_tell();
	assert_int_equal(response.code, 500);
	assert_int_equal(response.count, 2);
	assert_int_equal(request_count, 0);
	assert_int_equal(sent_count, 1);
	assert_non_null(strstr(sent[0].stanza, "<resource-constraint "));
	assert_non_null(strstr(sent[0].stanza, "Service unavailable"));
	assert_non_null(strstr(sent[0].stanza, " id='m1'"));
	assert_int_equal(counter_get("policy.refused", "seat_not_written"), 3);
	assert_int_equal(counter_get("session.refused_out", "seat_not_written"), 2);
	assert_int_equal(counter_get("session.refused_in", "seat_not_written"), 1);
	assert_int_equal(contacts_count(contacts), 0);
	assert_int_equal(rows_on_disk(), 0);
	assert_true(usage_is_stuck(usage));
	/* The seat is free again, and each message tries anew. */
	to_eve("three");
	assert_int_equal(job_count, 1);
	disk_write(0);
	disk_tell();
	assert_int_equal(sent_count, 2);
	assert_non_null(strstr(sent[1].stanza, "<body>three</body>"));
	assert_false(usage_is_stuck(usage));
	assert_int_equal(rows_on_disk(), 1);
}

static void who_has_a_seat_already_needs_no_disk(void **state)
{
	to_eve("one");
	disk_write(0);
	disk_tell();
	is_full = true;
	to_eve("two");
	assert_int_equal(sent_count, 2);
	stanza_in(TO_BOB("m1"));
	assert_int_equal(request_count, 1);
}

static void a_seat_for_which_there_is_no_room_is_refused_at_once(void **state)
{
	is_full = true;
	to_eve("one");
	assert_int_equal(response.code, 500);
	stanza_in(TO_BOB("m1"));
	assert_non_null(strstr(sent[0].stanza, "<resource-constraint "));
	assert_int_equal(request_count, 0);
	assert_int_equal(counter_get("policy.refused", "seat_not_written"), 2);
	assert_int_equal(counter_get("usage.refused", "not_taken"), 2);
	is_full = false;
	to_eve("two");
	disk_write(0);
	disk_tell();
	assert_int_equal(sent_count, 2);
}

static void all_seats_are_taken_while_the_last_one_is_on_its_way(void **state)
{
	to_eve("one");
	message_from_in("carol", "sip:eve@chat.partner.example", "two");
	message_from_in("dan", "sip:eve@chat.partner.example", "three");
	assert_int_equal(response.code, 403);
	assert_int_equal(counter_get("policy.refused", "seats_exhausted"), 1);
	/* One that is given back is there for whoever comes next. */
	disk_write(-EIO);
	disk_tell();
	message_from_in("dan", "sip:eve@chat.partner.example", "four");
	assert_int_equal(job_count, 1);
}

static void a_stop_answers_who_waits_for_a_seat(void **state)
{
	to_eve("one");
	stanza_in(TO_BOB("m1"));
	session_stop(*state);
	assert_int_equal(response.count, 1);
	assert_int_equal(response.code, 500);
	assert_int_equal(sent_count, 1);
	assert_non_null(strstr(sent[0].stanza, "<remote-server-timeout "));
	assert_non_null(strstr(sent[0].stanza, "not sent"));
	disk_write(0);
	disk_tell();
	assert_int_equal(sent_count, 1);
	assert_int_equal(request_count, 0);
	assert_int_equal(response.count, 1);
}

static void a_session_that_ends_before_its_seats_leaves_nothing_behind(void **state)
{
	to_eve("one");
	stanza_in(TO_BOB("m1"));
	stanza_in(TO_BOB("m2"));
	/* What is under way ends in seat_stop, after the session. */
	assert_int_equal(job_count, 1);
}

/* --- what is said at the beginning, and its seat --- */

static bool says(const char *where, const char *words)
{
	return strstr(where, words) != NULL;
}

static void a_disclaimer_is_said_again_behind_one_whose_seat_was_not_written(void **state)
{
	licence_is(*state, ENDLESS ", disclaimer: This is archived.", "end: 2999-01-01");
	to_eve("one");
	to_eve("two");
	disk_turn(-EIO);
	assert_int_equal(response.count, 2);
	assert_int_equal(sent_count, 0);
	/* Nobody has heard it yet. */
	to_eve("three");
	to_eve("four");
	assert_int_equal(sent_count, 0);
	disk_turn(0);
	assert_int_equal(sent_count, 2);
	assert_true(says(sent[0].stanza, "<body>This is archived.\n\nthree</body>"));
	assert_true(says(sent[1].stanza, "<body>four</body>"));
	to_eve("five");
	assert_true(says(sent[2].stanza, "<body>five</body>"));
	assert_int_equal(rows_on_disk(), 1);
}

static void a_disclaimer_that_was_refused_for_want_of_room_is_said_by_the_next(void **state)
{
	licence_is(*state, ENDLESS ", disclaimer: This is archived.", "end: 2999-01-01");
	is_full = true;
	to_eve("one");
	assert_int_equal(response.code, 500);
	is_full = false;
	to_eve("two");
	disk_turn(0);
	assert_true(says(sent[0].stanza, "<body>This is archived.\n\ntwo</body>"));
}

static const char grace[] = "grace_days: 30, notice: It has ended.";

static void in_grace_our_user_is_told_once_in_a_conversation(void **state)
{
	licence_ended(*state, 3, grace);
	/* Not who writes, and not to whom he writes. */
	to_eve("hello");
	disk_turn(0);
	assert_true(says(sent[0].stanza, "<body>hello</body>"));
	stanza_in(TO_BOB("m1"));
	assert_string_equal(requests[0].body, "It has ended.\n\nsalut");
	answer(0, SIP_RESPONDED, 200);
	stanza_in(TO_BOB("m2"));
	assert_string_equal(requests[1].body, "salut");
	answer(1, SIP_RESPONDED, 200);
	/* What comes by another way has nothing to do with it. */
	stanza_in(PLAIN_TO_BOB("m3"));
	assert_string_equal(requests[2].body, "salut");
	answer(2, SIP_RESPONDED, 200);
	/* His answers keep it going. */
	now.ns += 40 * 60 * NS_PER_S;
	to_eve("still here");
	assert_true(says(sent[1].stanza, "<body>still here</body>"));
	now.ns += 40 * 60 * NS_PER_S;
	stanza_in(TO_BOB("m4"));
	assert_string_equal(requests[3].body, "salut");
	answer(3, SIP_RESPONDED, 200);
	now.ns += 60 * 60 * NS_PER_S;
	stanza_in(TO_BOB("m5"));
	assert_string_equal(requests[4].body, "It has ended.\n\nsalut");
}

static void a_notice_is_said_again_behind_one_whose_seat_was_not_written(void **state)
{
	licence_ended(*state, 3, grace);
	stanza_in(TO_BOB("m1"));
	disk_turn(-EIO);
	assert_int_equal(request_count, 0);
	stanza_in(TO_BOB("m2"));
	disk_turn(0);
	assert_int_equal(request_count, 1);
	assert_string_equal(requests[0].body, "It has ended.\n\nsalut");
}

static void before_and_after_grace_nobody_is_told(void **state)
{
	licence_ended(*state, -3, grace);
	stanza_in(TO_BOB("m1"));
	disk_turn(0);
	assert_string_equal(requests[0].body, "salut");
	answer(0, SIP_RESPONDED, 200);
	licence_ended(*state, 3, "grace_days: 30");
	stanza_in(TO_BOB("m2"));
	assert_string_equal(requests[1].body, "salut");
	answer(1, SIP_RESPONDED, 200);
	licence_ended(*state, 40, grace);
	stanza_in(TO_BOB("m3"));
	assert_int_equal(request_count, 2);
	assert_true(says(sent[0].stanza, "<service-unavailable "));
	assert_int_equal(counter_get("policy.refused", "licence_expired"), 1);
}

/* R10: the service is over, and what was used of it stays in the books. */
static void after_retirement_nothing_crosses_and_the_months_seats_are_kept(void **state)
{
	const struct licence_usage *view = usage_view(usage);
	int32_t month = date_month(wall_now());
	uint32_t before;

	to_eve("one");
	stanza_in(
		"<message from='eve@chat.partner.example' to='carol@corp.example' id='m0'><body>x</body>"
		"</message>");
	disk_turn(0);
	before = sent_count;
	assert_int_equal(before, 1);
	assert_int_equal(request_count, 1);
	assert_int_equal(view->count(view->arg, &rules->policies.agreements[0], month), 2);
	licence_is(*state, "service_end: 2020-01-01", "end: 2999-01-01");
	to_eve("two");
	assert_int_equal(response.code, 403);
	assert_true(says(response.extra, "ms-diagnostics-public: 1001;"));
	stanza_in(TO_BOB("m1"));
	assert_int_equal(request_count, 1);
	assert_int_equal(sent_count, before + 1);
	assert_true(says(sent[before].stanza, "<service-unavailable "));
	assert_int_equal(counter_get("policy.refused", "provider_retired"), 2);
	/* No seat was asked for, none was given back. */
	assert_int_equal(job_count, 0);
	assert_int_equal(rows_on_disk(), 2);
	assert_int_equal(view->count(view->arg, &rules->policies.agreements[0], month), 2);
	assert_true(view->has(
		view->arg, &rules->policies.agreements[0], VIEW("bob@corp.example"), month));
	/* Contacts are. */
	assert_int_equal(contacts_count(contacts), 1);
}

/* --- asked beforehand --- */

static json_t *explained(const char *from, const char *to, const char *at)
{
	const struct explain_asked asked = {.from = from, .to = to, .at = at};
	char why[EXPLAIN_WHY_BYTES];
	json_t *all = explain_make(gate, rules, &asked, NULL, why);

	if (!all)
		fail_msg("%s", why);
	return all;
}

/* "none seat" for what takes one, "none" for what needs none or has one, else why not. */
static void is_explained(const char *user, const char *at, const char *expected)
{
	char from[64], said[96];
	json_t *all;

	snprintf(from, sizeof(from), "%s@corp.example", user);
	all = explained(from, "eve@chat.partner.example", at);
	snprintf(said, sizeof(said), "%s%s", json_string_value(json_object_get(all, "reason")),
		json_is_true(json_object_get(json_object_get(all, "effects"), "takes_seat"))
			? " seat"
			: "");
	assert_string_equal(said, expected);
	json_decref(all);
}

static void explain_answers_as_a_message_would_be_and_takes_nothing(void **state)
{
	is_explained("bob", NULL, "none seat");
	is_explained("bob", NULL, "none seat");
	assert_int_equal(job_count, 0);
	to_eve("one");
	is_explained("bob", NULL, "none");
	message_from_in("carol", "sip:eve@chat.partner.example", "two");
	is_explained("dan", NULL, "seats_exhausted");
	is_explained("dan", "2012-02-01", "none seat");
	is_explained("bob", "2012-02-01", "none seat");
	is_explained("bob", "2011-12-31", "licence_not_started");
	disk_write(-EIO);
	disk_tell();
	is_explained("dan", NULL, "seat_not_written");
	to_eve("three");
	disk_write(0);
	disk_tell();
	is_explained("dan", NULL, "none seat");
	assert_int_equal(counter_get("policy.refused", "seats_exhausted"), 0);
}

static void explain_has_the_words_that_would_be_said(void **state)
{
	json_t *all;

	licence_ended(*state, 3, grace);
	for (int i = 0; i < 2; i++) {
		all = explained("eve@chat.partner.example", "bob@corp.example", NULL);
		assert_string_equal(json_string_value(json_object_get(
					    json_object_get(all, "effects"), "notice")),
			"It has ended.");
		json_decref(all);
	}
	all = explained("bob@corp.example", "eve@chat.partner.example", NULL);
	assert_null(json_object_get(json_object_get(all, "effects"), "notice"));
	json_decref(all);
	/* It has been said by nobody so far. */
	stanza_in(TO_BOB("m1"));
	disk_turn(0);
	assert_string_equal(requests[0].body, "It has ended.\n\nsalut");
}

static void explain_knows_contacts(void **state)
{
	json_t *all = explained("alice@partner.example", "bob@corp.example", NULL);

	assert_true(json_is_false(json_object_get(all, "contact")));
	json_decref(all);
	message_in("sip:alice@partner.example", "hello");
	all = explained("alice@partner.example", "bob@corp.example", NULL);
	assert_true(json_is_true(json_object_get(all, "contact")));
	assert_non_null(strstr(json_string_value(json_object_get(
				       json_array_get(json_object_get(all, "steps"), 1), "words")),
		"SASL EXTERNAL"));
	json_decref(all);
}

#define SEAT_ROW(name) cmocka_unit_test_setup_teardown(name, seat_start, seat_stop)

/* --- the same with a provider whose servers speak SIP --- */

#define EVE "sip:eve@chat.partner.example"

static void eve_to_bob(const char *words)
{
	partner_in(EVE, "sip:bob@corp.example", words);
}

static void provider_by_sip(struct session *session)
{
	provider_speaks("[sip ]");
	adopt_rules(session, licensed);
}

static void by_sip_a_message_goes_when_its_seat_is_on_disk_and_none_overtakes(void **state)
{
	provider_by_sip(*state);
	to_eve("one");
	eve_to_bob("two");
	to_eve("three");
	eve_to_bob("four");
	assert_int_equal(job_count, 1);
	assert_int_equal(request_count, 0);
	disk_turn(0);
	assert_int_equal(request_count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		static const char *const words[] = {"one", "two", "three", "four"};

		assert_string_equal(requests[i].body, words[i]);
		assert_string_equal(requests[i].remote, i % 2 ? "" : "chat.partner.example");
	}
	assert_int_equal(response.count, 0);
	assert_int_equal(contacts_count(contacts), 1);
	eve_to_bob("five");
	assert_int_equal(request_count, 5);
}

static void by_sip_a_seat_that_cannot_be_written_refuses_both_ways(void **state)
{
	provider_by_sip(*state);
	to_eve("one");
	eve_to_bob("two");
	disk_turn(-EIO);
	assert_int_equal(response.count, 2);
	assert_int_equal(response.code, 500);
	assert_int_equal(request_count, 0);
	assert_int_equal(counter_get("session.refused_out", "seat_not_written"), 1);
	assert_int_equal(counter_get("session.refused_in", "seat_not_written"), 1);
}

static void by_sip_a_stop_answers_who_waits_for_a_seat(void **state)
{
	provider_by_sip(*state);
	to_eve("one");
	eve_to_bob("two");
	session_stop(*state);
	assert_int_equal(response.count, 2);
	assert_int_equal(response.code, 500);
	disk_turn(0);
	assert_int_equal(request_count, 0);
	assert_int_equal(response.count, 2);
}

static void by_sip_a_session_that_ends_before_its_seats_leaves_nothing_behind(void **state)
{
	provider_by_sip(*state);
	to_eve("one");
	eve_to_bob("two");
	assert_int_equal(job_count, 1);
}

static void by_sip_what_is_open_has_a_bound_each_way(void **state)
{
	enum { OPEN_MAX = 4096 };

	provider_speaks("[sip ]");
	licence_is(*state, ENDLESS ", limits: {messages_per_s: 100000}", "end: 2999-01-01");
	for (int i = 0; i < OPEN_MAX; i++) {
		to_eve("x");
		eve_to_bob("x");
	}
	assert_int_equal(response.count, 0);
	to_eve("x");
	assert_int_equal(response.code, 500);
	assert_string_equal(response.extra, "Retry-After: 10\r\n");
	eve_to_bob("x");
	assert_int_equal(response.count, 2);
	assert_int_equal(response.code, 500);
	assert_int_equal(counter_get("session.refused_out", "too_many_open"), 1);
	assert_int_equal(counter_get("session.refused_in", "too_many_open"), 1);
	session_stop(*state);
	assert_int_equal(response.count, 2 + 2 * OPEN_MAX);
}

static void by_sip_our_user_is_told_of_grace_once(void **state)
{
	provider_speaks("[sip ]");
	licence_ended(*state, 3, grace);
	eve_to_bob("one");
	eve_to_bob("two");
	disk_turn(0);
	assert_string_equal(requests[0].body, "It has ended.\n\none");
	assert_string_equal(requests[1].body, "two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SEAT_ROW(a_message_of_ours_goes_when_its_seat_is_on_disk_and_known_to_be),
		SEAT_ROW(a_message_for_ours_goes_when_its_seat_is_on_disk_and_known_to_be),
		SEAT_ROW(whoever_needs_the_same_seat_waits_behind_and_others_do_not),
		SEAT_ROW(a_seat_that_cannot_be_written_refuses_both_ways_and_delivers_nothing),
		SEAT_ROW(who_has_a_seat_already_needs_no_disk),
		SEAT_ROW(a_seat_for_which_there_is_no_room_is_refused_at_once),
		SEAT_ROW(all_seats_are_taken_while_the_last_one_is_on_its_way),
		SEAT_ROW(a_stop_answers_who_waits_for_a_seat),
		SEAT_ROW(a_session_that_ends_before_its_seats_leaves_nothing_behind),
		SEAT_ROW(explain_answers_as_a_message_would_be_and_takes_nothing),
		SEAT_ROW(a_disclaimer_is_said_again_behind_one_whose_seat_was_not_written),
		SEAT_ROW(a_disclaimer_that_was_refused_for_want_of_room_is_said_by_the_next),
		SEAT_ROW(in_grace_our_user_is_told_once_in_a_conversation),
		SEAT_ROW(a_notice_is_said_again_behind_one_whose_seat_was_not_written),
		SEAT_ROW(before_and_after_grace_nobody_is_told),
		SEAT_ROW(after_retirement_nothing_crosses_and_the_months_seats_are_kept),
		SEAT_ROW(explain_has_the_words_that_would_be_said),
		SEAT_ROW(explain_knows_contacts),
		SEAT_ROW(by_sip_a_message_goes_when_its_seat_is_on_disk_and_none_overtakes),
		SEAT_ROW(by_sip_a_seat_that_cannot_be_written_refuses_both_ways),
		SEAT_ROW(by_sip_a_stop_answers_who_waits_for_a_seat),
		SEAT_ROW(by_sip_a_session_that_ends_before_its_seats_leaves_nothing_behind),
		SEAT_ROW(by_sip_what_is_open_has_a_bound_each_way),
		SEAT_ROW(by_sip_our_user_is_told_of_grace_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
