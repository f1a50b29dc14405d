/* SPDX-License-Identifier: BSD-3-Clause */
/* Dialback between whole edges, and with servers that say what no server should. */
#include "tests/unit/pool_bench.h"

#define PARTNER(domain, security)                                                                  \
	"  - {domain: " domain ", protocol: xmpp, security: {" security "}}\n"
#define OVER_TLS "tls: required, sasl: optional, dialback: true"
#define IN_CLEAR "tls: not-supported, sasl: not-supported, dialback: true"
#define ANYHOW   "tls: optional, sasl: optional, dialback: true"
#define STRICT   "tls: required, sasl: required"

#define HEADER(from)                                                                               \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:server' "                               \
	"xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "       \
	"from='" from "' to='b.example' id='7' version='1.0'>"
#define RESULT  "<db:result from='a.example' to='b.example'>k3y</db:result>"
#define MESSAGE "<message from='x@a.example' to='y@b.example' id='1'/>"

/* Two edges with certificates that prove nothing, and these terms for each other. */
static void two_edges_by(const char *terms_of_b, const char *terms_of_a)
{
	edge_open_with(0, "a.example", &bench.other_ca, NULL, terms_of_b);
	edge_open_with(1, "b.example", &bench.other_ca, NULL, terms_of_a);
	bench.second = "a.example";
	bench.second_port = PORT_EDGES;
}

static const char *proof_shown(const struct edge *e, const char *direction)
{
	json_t *json = xmpp_pool_json(e->pool);
	json_t *row;
	size_t i;
	static char proof[64];

	proof[0] = '\0';
	json_array_foreach(json_object_get(json, "streams"), i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "direction")), direction) == 0)
			snprintf(proof, sizeof(proof), "%s",
				json_string_value(json_object_get(row, "proof")));
	}
	json_decref(json);
	return proof;
}

static void certificates_that_prove_nothing_do_with_dialback_over_tls(void **state)
{
	two_edges_by(PARTNER("b.example", OVER_TLS), PARTNER("a.example", OVER_TLS));
	send_to(A, "a.example", "b.example", 1, 77);
	await(B, "{a.example}[b.example<a.example 1](by dialback over TLS)");
	await(A, "(77 written)");
	assert_int_equal(bench.attempts, 2);
	assert_int_equal(counter_get("dialback", "claimed"), 1);
	assert_int_equal(counter_get("dialback", "asked"), 1);
	assert_int_equal(counter_get("dialback.answered", "valid"), 1);
	assert_int_equal(counter_get("dialback.verified", "valid"), 1);
	assert_int_equal(counter_get("dialback", "proven_tls"), 1);
	assert_string_equal(proof_shown(B, "in"), "dialback over TLS");
	assert_string_equal(proof_shown(A, "out"), "dialback over TLS");
	/* The other way on streams of its own. */
	send_to(B, "b.example", "a.example", 2, 5);
	await(A, "{b.example}[a.example<b.example 2](by dialback over TLS)");
	await(B, "(5 written)");
	assert_int_equal(bench.attempts, 4);
	/* What was only there to ask is gone. */
	await_count("xmpp.ended", "asked", 2);
}

static void without_tls_it_is_dialback_in_the_clear(void **state)
{
	two_edges_by(PARTNER("b.example", IN_CLEAR), PARTNER("a.example", IN_CLEAR));
	send_to(A, "a.example", "b.example", 1, 77);
	await(B, "{a.example}[b.example<a.example 1](by dialback in the clear)");
	await(A, "(77 written)");
	assert_int_equal(counter_get("dialback", "proven_tcp"), 1);
	assert_string_equal(proof_shown(A, "out"), "dialback in the clear");
}

/* One of them would do without. */
static void tls_is_used_where_both_can(void **state)
{
	two_edges_by(PARTNER("b.example", ANYHOW), PARTNER("a.example", ANYHOW));
	send_to(A, "a.example", "b.example", 1, 77);
	await(B, "[b.example<a.example 1](by dialback over TLS)");
}

static void a_good_certificate_is_enough_where_either_is_taken(void **state)
{
	edge_open_with(0, "a.example", &bench.ca, NULL, PARTNER("b.example", OVER_TLS));
	edge_open_with(1, "b.example", &bench.ca, NULL, PARTNER("a.example", OVER_TLS));
	send_to(A, "a.example", "b.example", 1, 77);
	await(B, "{a.example}[b.example<a.example 1]");
	await(A, "(77 written)");
	assert_null(strstr(B->log.p, "dialback"));
	assert_int_equal(counter_get("dialback", "asked"), 0);
	assert_string_equal(proof_shown(B, "in"), "certificate");
}

/* Each side's own rules. */
static void who_wants_a_certificate_takes_nothing_else(void **state)
{
	two_edges_by(PARTNER("b.example", OVER_TLS), PARTNER("a.example", STRICT));
	send_to(A, "a.example", "b.example", 1, 1);
	await(A, "(1 not trusted)");
	send_to(B, "b.example", "a.example", 2, 2);
	await(B, "(2 not trusted)");
	assert_null(strchr(B->log.p, '['));
	assert_int_equal(counter_get("dialback", "asked"), 0);
}

static void the_clear_and_tls_do_not_meet(void **state)
{
	two_edges_by(PARTNER("b.example", IN_CLEAR), PARTNER("a.example", OVER_TLS));
	send_to(A, "a.example", "b.example", 1, 1);
	await(A, "(1 not trusted)");
	send_to(B, "b.example", "a.example", 2, 2);
	await(B, "(2 unreachable)");
	assert_int_equal(counter_get("xmpp.refused", "starttls_required"), 1);
	assert_int_equal(counter_get("xmpp.refused", "starttls_not_offered"), 1);
}

static void whoever_speaks_for_another_domain_is_found_out(void **state)
{
	two_edges_by(PARTNER("b.example", OVER_TLS), PARTNER("a.example", OVER_TLS));
	/* It has the same name and certificate, but another secret, and DNS does not lead to it. */
	edge_open_with(2, "a.example", &bench.other_ca, NULL, PARTNER("b.example", OVER_TLS));
	send_to(&bench.edges[2], "a.example", "b.example", 1, 1);
	await(&bench.edges[2], "(1 not trusted)");
	assert_int_equal(counter_get("dialback.verified", "invalid"), 1);
	assert_string_equal(B->log.p, "");
	/* The true one is not kept out by it. */
	send_to(A, "a.example", "b.example", 2, 2);
	await(A, "(2 written)");
	await(B, "[b.example<a.example 2]");
}

static void a_server_that_cannot_be_asked_proves_nothing(void **state)
{
	two_edges_by(PARTNER("b.example", OVER_TLS), PARTNER("a.example", OVER_TLS));
	bench.second_port = PORT_REFUSES;
	send_to(A, "a.example", "b.example", 1, 1);
	await(A, "(1 unreachable)");
	assert_string_equal(B->log.p, "");
	assert_int_equal(counter_get("dialback.unreachable", "connect"), 1);
	assert_int_equal(counter_get("dialback.verified", "error"), 1);
}

/* --- servers that are this test --- */

struct raw {
	int fd;
	char said[16384]; /* by the edge */
	uint32_t len;
	bool closed;
};

static void raw_read(struct raw *r)
{
	ssize_t got = recv(r->fd, r->said + r->len, sizeof(r->said) - 1 - r->len, MSG_DONTWAIT);

	if (got > 0)
		r->len += (uint32_t)got;
	r->said[r->len] = '\0';
	r->closed = r->closed || got == 0;
}

static void raw_await(struct raw *r, const char *words)
{
	struct mono end = mono_after_ms(mono_now(), 10000);

	while (!strstr(r->said, words)) {
		if (mono_reached(mono_now(), end))
			fail_msg("no '%s' in '%s'", words, r->said);
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
		raw_read(r);
	}
}

static void raw_say(struct raw *r, const char *words)
{
	assert_int_equal(send(r->fd, words, strlen(words), MSG_NOSIGNAL), strlen(words));
}

/* Everything under way has come and been taken. */
static void settle_down(void)
{
	struct mono end = mono_after_ms(mono_now(), 50);

	while (!mono_reached(mono_now(), end))
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
}

/* Somebody who says that he is a.example. */
static void raw_open(struct raw *r)
{
	int fds[2];

	pair_make(fds);
	accept_from_test(B, fds[1]);
	*r = (struct raw){.fd = fds[0]};
	raw_say(r, HEADER("a.example"));
	raw_await(r, "</stream:features>");
}

static void raw_id(const struct raw *r, char out[static 64])
{
	const char *at = strstr(r->said, " id='");

	assert_non_null(at);
	assert_int_equal(sscanf(at, " id='%63[0-9a-f]'", out), 1);
}

/* Whom DNS names as the server of a.example. */
static void raw_accept(struct raw *r)
{
	struct mono end = mono_after_ms(mono_now(), 10000);

	while (bench.raw < 0) {
		assert_false(mono_reached(mono_now(), end));
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
	*r = (struct raw){.fd = bench.raw};
	bench.raw = -1;
	raw_await(r, "<stream:stream");
	raw_say(r, HEADER("a.example") "<stream:features/>");
}

static void raw_close(struct raw *r)
{
	close(r->fd);
	r->fd = -1;
}

static void edge_in_the_clear(uint16_t port_of_a)
{
	edge_open_with(1, "b.example", &bench.ca, NULL, PARTNER("a.example", IN_CLEAR));
	bench.domain = "a.example";
	bench.port = port_of_a;
	bench.raw = -1;
}

#define ANSWER(from, to) "<db:verify from='" from "' to='" to "' id='%s' type='%s'/>"

static void raw_answer(struct raw *r, const char *format, const char *id, const char *type)
{
	char words[512];

	snprintf(words, sizeof(words), format, id, type);
	raw_say(r, words);
}

static void only_the_answer_to_what_was_asked_counts(void **state)
{
	struct raw stranger, server;
	char id[64];

	edge_in_the_clear(PORT_RAW);
	raw_open(&stranger);
	raw_id(&stranger, id);
	raw_say(&stranger, RESULT);
	raw_accept(&server);
	raw_await(&server, "k3y</db:verify>");
	/* What was asked is what the stranger said, about its own stream. */
	assert_non_null(strstr(server.said, id));
	assert_non_null(strstr(server.said, "from='b.example' to='a.example'"));
	raw_answer(&server, ANSWER("a.example", "b.example"), "0123456789abcdef", "valid");
	await_count("dialback.ignored", "unsolicited", 1);
	raw_answer(&server, ANSWER("c.example", "b.example"), id, "valid");
	await_count("dialback.ignored", "mismatched", 1);
	raw_answer(&server, ANSWER("a.example", "c.example"), id, "valid");
	await_count("dialback.ignored", "mismatched", 2);
	/* Nor does the one who wants to be proven answer for itself. */
	raw_answer(&stranger, ANSWER("a.example", "b.example"), id, "valid");
	await_count("dialback.ignored", "wrong_direction", 1);
	settle_down();
	assert_string_equal(B->log.p, "");
	raw_answer(&server, ANSWER("a.example", "b.example"), id, "valid");
	raw_answer(&server, ANSWER("a.example", "b.example"), id, "invalid");
	raw_await(&stranger, "type='valid'");
	await(B, "{a.example}");
	await_count("dialback.ignored", "late", 1);
	raw_say(&stranger, MESSAGE);
	await(B, "[b.example<a.example 1](by dialback in the clear)");
	raw_close(&stranger);
	raw_close(&server);
}

/* The acceptance row, with the pool around it. */
static void a_message_of_a_stream_that_was_not_verified_is_not_relayed(void **state)
{
	static const struct {
		const char *what, *type; /* NULL: the server says nothing */
	} cases[] = {{"while it is asked", NULL}, {"invalid", "invalid"}, {"error", "error"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct raw stranger, server;
		char id[64];

		edge_in_the_clear(PORT_RAW);
		raw_open(&stranger);
		raw_id(&stranger, id);
		raw_say(&stranger, RESULT);
		raw_accept(&server);
		raw_await(&server, "k3y</db:verify>");
		if (cases[i].type) {
			raw_answer(&server, ANSWER("a.example", "b.example"), id, cases[i].type);
			raw_await(&stranger, "<db:result");
		}
		send(stranger.fd, MESSAGE, strlen(MESSAGE), MSG_NOSIGNAL);
		raw_await(&stranger, "not-authorized");
		/* A word that comes too late changes nothing. */
		raw_answer(&server, ANSWER("a.example", "b.example"), id, "valid");
		settle_down();
		if (strcmp(B->log.p, "") != 0)
			fail_msg("%s: %s", cases[i].what, B->log.p);
		raw_close(&stranger);
		raw_close(&server);
		edge_close(B);
	}
}

/* Whoever comes makes us connect to a third one: once, however many come. */
static void strangers_share_one_connection_with_the_server_that_they_name(void **state)
{
	enum { STRANGERS = 9 };
	struct raw strangers[STRANGERS];
	struct raw server;
	char id[64];

	edge_in_the_clear(PORT_RAW);
	for (unsigned i = 0; i < STRANGERS; i++) {
		raw_open(&strangers[i]);
		raw_say(&strangers[i], RESULT);
		settle_down();
	}
	raw_accept(&server);
	/* Eight of one source, then no more. */
	raw_await(&strangers[8], "resource-constraint");
	assert_int_equal(counter_get("dialback.unreachable", "too_many"), 1);
	await_count("dialback", "asked", 8);
	assert_int_equal(bench.attempts, 1);
	for (unsigned i = 0; i < 8; i++) {
		raw_id(&strangers[i], id);
		raw_answer(&server, ANSWER("a.example", "b.example"), id,
			i == 3 ? "valid" : "invalid");
		raw_await(&strangers[i], i == 3 ? "type='valid'" : "type='invalid'");
	}
	await(B, "{a.example}");
	assert_null(strstr(B->log.p + 1, "{"));
	/* Nobody is left to ask about: it is closed, and the next one waits for a second. */
	raw_await(&server, "</stream:stream>");
	raw_say(&strangers[8], RESULT);
	settle_down();
	assert_int_equal(bench.attempts, 1);
	raw_close(&server);
	raw_accept(&server);
	assert_int_equal(bench.attempts, 2);
	raw_await(&server, "k3y</db:verify>");
	for (unsigned i = 0; i < STRANGERS; i++)
		raw_close(&strangers[i]);
	raw_close(&server);
}

static void who_goes_is_not_asked_about_any_more(void **state)
{
	struct raw stranger, server;
	char id[64];

	edge_in_the_clear(PORT_RAW);
	raw_open(&stranger);
	raw_id(&stranger, id);
	raw_say(&stranger, RESULT);
	raw_accept(&server);
	raw_await(&server, "k3y</db:verify>");
	raw_close(&stranger);
	raw_await(&server, "</stream:stream>");
	raw_answer(&server, ANSWER("a.example", "b.example"), id, "valid");
	await_count("dialback.ignored", "late", 1);
	assert_string_equal(B->log.p, "");
	raw_close(&server);
}

static void a_server_that_goes_while_it_is_asked_has_said_nothing(void **state)
{
	struct raw stranger, server;

	edge_in_the_clear(PORT_RAW);
	raw_open(&stranger);
	raw_say(&stranger, RESULT);
	raw_accept(&server);
	raw_await(&server, "k3y</db:verify>");
	raw_close(&server);
	raw_await(&stranger, "remote-connection-failed");
	assert_string_equal(B->log.p, "");
	raw_close(&stranger);
}

static void our_keys_are_judged_for_whoever_asks(void **state)
{
	struct raw stranger;
	const struct dialback_stream stream = {"c.example", "b.example", VIEW("77")};
	char key[DIALBACK_KEY_BYTES];
	char words[512];

	edge_in_the_clear(PORT_REFUSES);
	raw_open(&stranger);
	dialback_key(&B->pool->env.secret, &stream, key);
	snprintf(words, sizeof(words),
		"<db:verify from='c.example' to='b.example' id='77'>%s</db:verify>", key);
	raw_say(&stranger, words);
	raw_await(&stranger, "from='b.example' to='c.example' id='77' type='valid'");
	key[5] ^= 1;
	snprintf(words, sizeof(words),
		"<db:verify from='c.example' to='b.example' id='77'>%s</db:verify>", key);
	raw_say(&stranger, words);
	raw_await(&stranger, "from='b.example' to='c.example' id='77' type='invalid'");
	assert_int_equal(bench.attempts, 0);
	raw_close(&stranger);
}

/* Asking goes on, and nobody hears of it. */
static void the_end_of_the_pool_ends_what_is_asked(void **state)
{
	struct raw stranger;

	edge_in_the_clear(PORT_HANGS);
	raw_open(&stranger);
	raw_say(&stranger, RESULT);
	while (bench.attempts == 0)
		event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	edge_close(B);
	raw_close(&stranger);
}

static void a_stream_ends_when_what_proved_it_is_not_taken_any_more(void **state)
{
	struct generation *next;

	two_edges_by(PARTNER("b.example", OVER_TLS), PARTNER("a.example", OVER_TLS));
	send_to(A, "a.example", "b.example", 1, 1);
	await(B, "[b.example<a.example 1]");
	await(A, "(1 written)");
	/* Other rules that still take it. */
	next = generation_make(rules_make(1, "b.example", PARTNER("a.example", ANYHOW), ""));
	xmpp_pool_adopt(B->pool, next);
	generation_drop(B->generation);
	B->generation = next;
	send_to(A, "a.example", "b.example", 2, 2);
	await(B, "[b.example<a.example 2]");
	next = generation_make(rules_make(1, "b.example", PARTNER("a.example", STRICT), ""));
	xmpp_pool_adopt(B->pool, next);
	generation_drop(B->generation);
	B->generation = next;
	await(A, "(2 lost)");
	assert_int_equal(counter_get("xmpp.ended", "proof_gone"), 1);
}

static uint32_t discovered_connections(void)
{
	json_t *rows = xmpp_pool_discovered_json(B->pool);
	uint32_t count = (uint32_t)json_integer_value(
		json_object_get(json_array_get(rows, 0), "connections"));

	json_decref(rows);
	return count;
}

/* Whom no rule names: his connections count, also the one on which he is asked about, and his DNS leads nowhere
 * that it must not. */
static void a_discovered_domain_is_asked_within_its_limits(void **state)
{
	struct raw stranger, server;
	struct generation *next;
	char id[64];

	edge_in_the_clear(PORT_RAW);
	next = generation_make(rules_make(1, "b.example", "",
		"evil.example]}\ndiscovery: {enabled: true, security: {" IN_CLEAR
		"}, capabilities: [im"));
	xmpp_pool_adopt(B->pool, next);
	generation_drop(B->generation);
	B->generation = next;
	bench.stranger = true;
	bench.server = "10.0.0.1";
	raw_open(&stranger);
	raw_say(&stranger, RESULT);
	raw_await(&stranger, "remote-server-not-found");
	raw_close(&stranger);
	assert_int_equal(counter_get("dialback.unreachable", "no_fit_address"), 1);
	assert_int_equal(bench.attempts, 0);
	assert_int_equal(discovered_connections(), 0);
	bench.server = NULL;
	raw_open(&stranger);
	raw_id(&stranger, id);
	raw_say(&stranger, RESULT);
	raw_accept(&server);
	raw_await(&server, "k3y</db:verify>");
	assert_int_equal(discovered_connections(), 1);
	raw_answer(&server, ANSWER("a.example", "b.example"), id, "valid");
	await(B, "{a.example}");
	assert_int_equal(discovered_connections(), 1);
	raw_close(&stranger);
	raw_close(&server);
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)
	const struct CMUnitTest tests[] = {
		ON_BENCH(certificates_that_prove_nothing_do_with_dialback_over_tls),
		ON_BENCH(without_tls_it_is_dialback_in_the_clear),
		ON_BENCH(tls_is_used_where_both_can),
		ON_BENCH(a_good_certificate_is_enough_where_either_is_taken),
		ON_BENCH(who_wants_a_certificate_takes_nothing_else),
		ON_BENCH(the_clear_and_tls_do_not_meet),
		ON_BENCH(whoever_speaks_for_another_domain_is_found_out),
		ON_BENCH(a_server_that_cannot_be_asked_proves_nothing),
		ON_BENCH(only_the_answer_to_what_was_asked_counts),
		ON_BENCH(a_message_of_a_stream_that_was_not_verified_is_not_relayed),
		ON_BENCH(strangers_share_one_connection_with_the_server_that_they_name),
		ON_BENCH(who_goes_is_not_asked_about_any_more),
		ON_BENCH(a_server_that_goes_while_it_is_asked_has_said_nothing),
		ON_BENCH(our_keys_are_judged_for_whoever_asks),
		ON_BENCH(the_end_of_the_pool_ends_what_is_asked),
		ON_BENCH(a_discovered_domain_is_asked_within_its_limits),
		ON_BENCH(a_stream_ends_when_what_proved_it_is_not_taken_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
