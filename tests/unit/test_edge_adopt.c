/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole edge while its rules change: a scripted dataplane, an inside server and client that speak SIP
 * over TLS, and a second XMPP pool that is the partner xmpp.example. */
#include "tests/unit/sip_house.h"

#include <sys/syscall.h>

#include "control/edge.h"
#include "rules/base/mark.h"
#include "tests/unit/fake_dataplane.h"

enum { MESSAGES = 50, CHANGES_EACH = 20 }; /* a thousand changes in all */

static struct {
	struct fake_dataplane fake;
	struct verdicts *verdicts;
	struct edge *edge;
	int inside_listener; /* the inside server's */
	uint16_t edge_port;  /* where the edge takes connections of the inside */

	struct generation *partner_rules;
	struct xmpp_pool *partner;
	struct acceptor *partner_acceptor;
	uint16_t partner_port;
	bool hold_pongs;
	char held_ping[64];
	unsigned messages, errors; /* that the partner got */

	struct generation *next;
	int change_error;
	bool changed;
	uint64_t generation; /* of the last rules made */
} b;

/* No test may need the right to mark sockets: here every connection came through the filter. */
int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	if (level == SOL_SOCKET && name == SO_MARK) {
		uint32_t mark = mark_make(CLASS_UNKNOWN, PARTNER_NONE);

		memcpy(value, &mark, sizeof(mark));
		return 0;
	}
	return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
}

/* ---- the partner ---- */

static void pong(const char *id)
{
	char stanza[256];

	snprintf(stanza, sizeof(stanza),
		"<iq type='result' from='xmpp.example' to='home.example' id='%s'/>", id);
	xmpp_pool_send(b.partner, VIEW("xmpp.example"), VIEW("home.example"), view_of(stanza), 0);
}

static void partner_stanza(void *arg, struct view local, struct view remote, enum proof proof,
	const struct element *stanza)
{
	bool found;
	struct view type = element_attribute(stanza, VIEW("type"), &found);
	struct view id = element_attribute(stanza, VIEW("id"), &found);

	if (view_equal(stanza->name, VIEW("iq"))) {
		view_copy(id, b.held_ping, sizeof(b.held_ping));
		if (!b.hold_pongs)
			pong(b.held_ping);
	} else if (view_equal(type, VIEW("error"))) {
		b.errors++;
	} else {
		b.messages++;
	}
}

static void partner_fate(void *arg, uint64_t cookie, enum xmpp_fate fate)
{
}

static void partner_accepted(void *arg, int fd, const struct ip_address *peer, uint32_t mark,
	const struct service *service)
{
	xmpp_pool_accept(b.partner, fd, peer, mark_make(CLASS_UNKNOWN, PARTNER_NONE));
}

static void partner_writes(unsigned number)
{
	char stanza[256];

	snprintf(stanza, sizeof(stanza),
		"<message type='chat' from='juliet@xmpp.example' to='romeo@home.example' id='%u'>"
		"<body>Hi</body></message>",
		number);
	xmpp_pool_send(b.partner, VIEW("xmpp.example"), VIEW("home.example"), view_of(stanza), 0);
}

/* ---- rules ---- */

static struct generation *rules_for(const char *domain, unsigned certificate, const char *rest)
{
	struct ruleset *rules;
	char document[2048], file[128];

	snprintf(file, sizeof(file), "%s/rules.yaml", h.directory);
	snprintf(document, sizeof(document),
		"service: {addresses: [127.0.0.1], ports: {xmpp: [%u], sip: [%u]}}\n"
		"local:\n"
		"  - domain: %s\n"
		"    certificate: %u.pem\n"
		"    key: %u.key\n"
		"    inside: {protocol: sip, host: 127.0.0.1, port: %u, name: sip.home.example}\n"
		"%s",
		b.fake.service_list[0].port, b.fake.service_list[1].port, domain, certificate,
		certificate, h.inside_port, rest);
	rules = compile_from(document, file);
	rules->generation = ++b.generation;
	return make_generation(rules);
}

/* What the edge's rules say of partners. */
#define WITHOUT "  - {domain: other.example, protocol: sip}\n"

static struct generation *rules_with(const char *more, const char *blocked)
{
	char rest[512];

	snprintf(rest, sizeof(rest), "partners:\n%s%sblocked: {domains: [%s]}\n", WITHOUT, more,
		blocked);
	return rules_for("home.example", 0, rest);
}

static const char *partner_line(void)
{
	static char line[128];

	snprintf(line, sizeof(line),
		"  - {domain: xmpp.example, protocol: xmpp, host: 127.0.0.1, port: %u}\n",
		b.partner_port);
	return line;
}

static struct generation *rules_as_ever(void)
{
	return rules_with(partner_line(), "evil.example");
}

/* ---- a change as an operator's `apply` makes it ---- */

static void on_committed(void *arg, int error, const char *words)
{
	b.change_error = error;
	edge_adopt(b.edge, b.next);
	b.changed = true;
}

static void on_prepared(void *arg, int error, const char *words)
{
	b.change_error = error;
	if (error)
		b.changed = true;
	else
		filter_client_commit(edge_filter(b.edge), b.next, on_committed, NULL);
}

/* Takes the generation. */
static void change(struct peer *p, struct generation *next)
{
	struct filter_table table;
	char why[128];

	assert_int_equal(filter_table_make(next->rules, &table, why, sizeof(why)), 0);
	b.next = next;
	b.changed = false;
	filter_client_prepare(edge_filter(b.edge), &table, on_prepared, NULL);
	run_until(p, b.changed);
	generation_drop(next);
}

static void change_well(struct peer *p, struct generation *next)
{
	uint64_t number = next->rules->generation;

	change(p, next);
	assert_int_equal(b.change_error, 0);
	assert_int_equal(edge_generation(b.edge)->rules->generation, number);
	assert_int_equal(b.fake.generation, number);
}

/* ---- the bench ---- */

static void certificate_for(unsigned number, const char *domain)
{
	char san[64], file[16], key[16];
	struct identity_pair pair;

	snprintf(san, sizeof(san), "DNS:%s", domain);
	snprintf(file, sizeof(file), "%u.pem", number);
	snprintf(key, sizeof(key), "%u.key", number);
	pair = make(domain, san, &h.ca);
	certificate_write(&pair, path(file), path(key));
	identity_pair_free(&pair);
}

static bool is_ready(void)
{
	json_t *json = filter_client_json(edge_filter(b.edge));
	bool ready = strcmp(json_string_value(json_object_get(json, "state")), "ready") == 0;

	json_decref(json);
	return ready;
}

static void partner_open(void)
{
	static const struct xmpp_handlers handlers = {
		.stanza = partner_stanza, .fate = partner_fate};
	struct ip_address address;
	char rest[256];

	snprintf(rest, sizeof(rest),
		"partners:\n"
		"  - {domain: home.example, protocol: xmpp, host: 127.0.0.1, port: %u}\n",
		b.fake.service_list[0].port);
	b.partner_rules = rules_for("xmpp.example", 1, rest);
	/* It lives on the edge's machine, and announces itself there too. */
	b.partner =
		xmpp_pool_new(h.loop, edge_filter(b.edge), h.resolver, b.partner_rules, &handlers);
	assert_non_null(b.partner);
	assert_true(ip_address_parse(VIEW("127.0.0.1"), &address));
	b.partner_acceptor = acceptor_new(h.loop, partner_accepted, NULL);
	assert_int_equal(acceptor_inside(b.partner_acceptor, &address, 0), 0);
	b.partner_port = acceptor_inside_port(b.partner_acceptor);
}

static void edge_open(void)
{
	struct generation *first = rules_with("", "evil.example");
	struct ip_address address;

	b.verdicts = verdicts_new(h.loop, first, NULL);
	b.edge = edge_new(h.loop, first, h.resolver, b.verdicts);
	generation_drop(first);
	assert_non_null(b.edge);
	assert_true(ip_address_parse(VIEW("127.0.0.1"), &address));
	/* Found by trying, for the edge does not say which one it got. */
	for (b.edge_port = 23061; edge_listen_inside(b.edge, &address, b.edge_port) < 0;)
		b.edge_port++;
	assert_int_equal(edge_start(b.edge, b.fake.path), 0);
	run_until(NULL, is_ready());
}

static int set_up(void **state)
{
	char why[256];

	memset(&b, 0, sizeof(b));
	memset(&h.seen, 0, sizeof(h.seen));
	counters_clear();
	log_setup("test", LOG_LEVEL_ERROR);
	certificate_for(0, "home.example");
	certificate_for(1, "xmpp.example");
	certificate_for(2, "new.example");
	h.loop = loop_new();
	h.resolver = resolver_new(h.loop, "127.0.0.1@1", why, sizeof(why));
	assert_non_null(h.resolver);
	b.inside_listener = listen_inside();
	fake_open(&b.fake, h.loop);
	edge_open();
	partner_open();
	/* The first change of each test: the partner comes. */
	change_well(NULL, rules_as_ever());
	return 0;
}

static int tear_down(void **state)
{
	acceptor_free(b.partner_acceptor);
	xmpp_pool_free(b.partner);
	edge_free(b.edge);
	verdicts_free(b.verdicts);
	generation_drop(b.partner_rules);
	fake_close(&b.fake);
	close(b.inside_listener);
	resolver_free(h.resolver);
	loop_free(h.loop);
	for (unsigned i = 0; i < 3; i++) {
		char file[16];

		snprintf(file, sizeof(file), "%u.pem", i);
		unlink(path(file));
		snprintf(file, sizeof(file), "%u.key", i);
		unlink(path(file));
	}
	return 0;
}

/* The inside server as a client of the edge. */
static struct peer *inside_open(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(b.edge_port)};
	struct peer *p = calloc(1, sizeof(*p));

	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(p->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
	p->ssl = peer_ssl(&h.inside, false);
	SSL_set_fd(p->ssl, p->fd);
	run_until(p, p->open);
	return p;
}

static void await_answer(struct peer *p, const char *status)
{
	run_until(p, strstr(p->in, "\r\n\r\n"));
	if (strncmp(p->in + strlen("SIP/2.0 "), status, strlen(status)) != 0)
		fail_msg("%s", p->in);
}

static void inside_writes(struct peer *p, unsigned number)
{
	char branch[16];

	snprintf(branch, sizeof(branch), "%u", number);
	peer_clear(p);
	peer_send(p, request_text("MESSAGE", "home.example", branch));
}

static json_int_t shown(json_t *rows, const char *partner, const char *member)
{
	json_int_t value = -1;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *name = json_string_value(json_object_get(row, "partner"));

		if (name && strcmp(name, partner) == 0)
			value = json_integer_value(json_object_get(row, member));
	}
	json_decref(rows);
	return value;
}

static json_int_t messages(const char *member)
{
	return shown(edge_messages(b.edge), "xmpp.example", member);
}

/* From which addresses partners have proven themselves. */
static json_int_t known(void)
{
	json_t *shown = edge_handshakes(b.edge);
	json_int_t count =
		json_integer_value(json_object_get(json_object_get(shown, "head"), "known"));

	json_decref(shown);
	return count;
}

/* ---- the tests ---- */

static void a_message_to_xmpp_that_waits_for_its_outcome_comes_to_its_end(void **state)
{
	struct peer *p = inside_open();

	b.hold_pongs = true;
	inside_writes(p, 1);
	run_until(p, b.messages == 1 && b.held_ping[0]);
	change_well(p, rules_with(partner_line(), "more.example"));
	assert_int_equal(p->len, 0);
	pong(b.held_ping);
	await_answer(p, "202");
	assert_int_equal(messages("out_delivered"), 1);
	assert_int_equal(counter_get("xmpp", "ready_out"), 2);
	peer_free(p);
}

static void a_message_to_sip_in_a_transaction_comes_to_its_end(void **state)
{
	struct peer *server;

	partner_writes(1);
	server = server_take(b.inside_listener, &h.inside);
	run_until(server, strstr(server->in, "\r\n\r\nHi"));
	change_well(server, rules_with(partner_line(), "more.example"));
	server_answer(server, "404 Not Found", server->in);
	/* Its sender hears of it as if nothing had been changed. */
	run_until(server, b.errors == 1);
	assert_int_equal(messages("in_refused"), 1);
	peer_clear(server);
	partner_writes(2);
	run_until(server, strstr(server->in, "\r\n\r\nHi"));
	server_answer(server, "200 OK", server->in);
	run_until(server, messages("in_delivered") == 1);
	peer_free(server);
}

static void a_partner_that_goes_leaves_nobody_waiting(void **state)
{
	struct peer *p = inside_open();
	struct peer *server;

	b.hold_pongs = true;
	inside_writes(p, 1);
	run_until(p, b.messages == 1 && b.held_ping[0]);
	partner_writes(1);
	server = server_take(b.inside_listener, &h.inside);
	run_until(server, strstr(server->in, "\r\n\r\nHi"));
	assert_int_equal(known(), 1);
	change_well(p, rules_with("", "evil.example"));
	assert_int_equal(known(), 0);
	/* It may have arrived. */
	await_answer(p, "504");
	assert_non_null(strstr(p->in, "\r\nWarning: "));
	assert_int_equal(counter_get("xmpp.ended", "partner_gone"), 2);
	server_answer(server, "404 Not Found", server->in);
	run_until(server, messages("in_refused") == 1);
	inside_writes(p, 2);
	await_answer(p, "403");
	assert_int_equal(b.errors, 0);
	/* What was counted of it stays, and goes on when it comes back. */
	assert_int_equal(messages("out"), 1);
	b.hold_pongs = false;
	change_well(p, rules_as_ever());
	/* The partner was thrown out and does not come back at once. */
	run_for_ms(p, 1100);
	inside_writes(p, 3);
	await_answer(p, "202");
	assert_int_equal(messages("out"), 2);
	assert_int_equal(messages("out_unknown"), 1);
	peer_free(p);
	peer_free(server);
}

static void a_domain_of_ours_that_goes_ends_its_sessions(void **state)
{
	struct peer *p = inside_open();
	char rest[256];

	inside_writes(p, 1);
	await_answer(p, "202");
	snprintf(rest, sizeof(rest), "partners:\n%s", partner_line());
	change_well(p, rules_for("new.example", 2, rest));
	run_until(p, counter_get("xmpp.ended", "local_domain_gone") == 2);
	/* The inside server still proves a name of the rules; the domain it writes from is none. */
	inside_writes(p, 2);
	await_answer(p, "403");
	peer_free(p);
}

static void what_the_dataplane_refuses_changes_nothing(void **state)
{
	struct peer *p = inside_open();
	uint64_t before = edge_generation(b.edge)->rules->generation;

	inside_writes(p, 1);
	await_answer(p, "202");
	b.fake.error_type = "prepare";
	b.fake.error_words = "no";
	change(p, rules_with("", "evil.example"));
	assert_int_equal(b.change_error, -EACCES);
	filter_client_abandon(edge_filter(b.edge));
	b.fake.error_type = NULL;
	assert_int_equal(edge_generation(b.edge)->rules->generation, before);
	inside_writes(p, 2);
	await_answer(p, "202");
	assert_int_equal(counter_get("xmpp", "ready_out"), 2);
	peer_free(p);
}

static void a_dataplane_lost_in_the_change_is_brought_to_it(void **state)
{
	struct peer *p = inside_open();
	struct generation *next = rules_with(partner_line(), "more.example");
	uint64_t number = next->rules->generation;

	inside_writes(p, 1);
	await_answer(p, "202");
	b.fake.lossy_type = "commit";
	b.fake.generation = 0;
	change(p, next);
	assert_int_equal(b.change_error, -ENOTCONN);
	b.fake.lossy_type = NULL;
	assert_int_equal(edge_generation(b.edge)->rules->generation, number);
	inside_writes(p, 2);
	await_answer(p, "202");
	run_until(p, is_ready());
	assert_int_equal(b.fake.generation, number);
	peer_free(p);
}

static void a_dataplane_is_told_once_who_is_verified(void **state)
{
	struct peer *p = inside_open();
	size_t told;

	inside_writes(p, 1);
	await_answer(p, "202");
	run_until(p, json_array_size(b.fake.verdicts) == 1);
	for (unsigned i = 0; i < 5; i++)
		change_well(p, rules_with(partner_line(), i % 2 ? "a.example" : "c.example"));
	run_for_ms(p, 50);
	assert_int_equal(json_array_size(b.fake.verdicts), 1);
	fake_hang_up(&b.fake);
	run_until(p, !is_ready());
	run_until(p, is_ready());
	run_for_ms(p, 50);
	told = json_array_size(b.fake.verdicts);
	assert_int_equal(told, 2);
	peer_free(p);
}

static void the_rules_in_force_are_those_that_are_shown(void **state)
{
	struct operator_block block;
	json_t *rows = edge_partners(b.edge);
	char why[128];
	char rest[256];

	assert_int_equal(json_array_size(rows), 2);
	json_decref(rows);
	assert_false(
		verdicts_check(b.verdicts, VIEW("home.example"), false, &block, why, sizeof(why)));
	snprintf(rest, sizeof(rest), "partners:\n%s", partner_line());
	change_well(NULL, rules_for("new.example", 2, rest));
	rows = edge_partners(b.edge);
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
	assert_true(
		verdicts_check(b.verdicts, VIEW("home.example"), false, &block, why, sizeof(why)));
	assert_false(
		verdicts_check(b.verdicts, VIEW("new.example"), false, &block, why, sizeof(why)));
}

static void many_changes_under_messages_both_ways_lose_none(void **state)
{
	struct peer *p = inside_open();
	struct peer *server;

	partner_writes(0);
	server = server_take(b.inside_listener, &h.inside);
	run_until(server, strstr(server->in, "\r\n\r\nHi"));
	for (unsigned i = 1; i <= MESSAGES; i++) {
		inside_writes(p, i);
		for (unsigned k = 0; k < CHANGES_EACH; k++)
			change_well(
				p, rules_with(partner_line(), k % 2 ? "a.example" : "c.example"));
		await_answer(p, "202");
		server_answer(server, "200 OK", server->in);
		run_until(server, messages("in_delivered") == (json_int_t)i);
		peer_clear(server);
		partner_writes(i);
		run_until(server, strstr(server->in, "\r\n\r\nHi"));
	}
	assert_int_equal(b.messages, MESSAGES);
	assert_int_equal(b.errors, 0);
	assert_int_equal(messages("out_delivered"), MESSAGES);
	/* One stream each way, and no connection was ever made again. */
	assert_int_equal(counter_get("xmpp", "ready_out"), 2);
	assert_int_equal(counter_get("sip", "inside_opened"), 1);
	peer_free(p);
	peer_free(server);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_message_to_xmpp_that_waits_for_its_outcome_comes_to_its_end),
		CASE(a_message_to_sip_in_a_transaction_comes_to_its_end),
		CASE(a_partner_that_goes_leaves_nobody_waiting),
		CASE(a_domain_of_ours_that_goes_ends_its_sessions),
		CASE(what_the_dataplane_refuses_changes_nothing),
		CASE(a_dataplane_lost_in_the_change_is_brought_to_it),
		CASE(a_dataplane_is_told_once_who_is_verified),
		CASE(the_rules_in_force_are_those_that_are_shown),
		CASE(many_changes_under_messages_both_ways_lose_none),
	};

	return cmocka_run_group_tests(tests, make_certificates, drop_certificates);
}
