/* SPDX-License-Identifier: BSD-3-Clause */
/* The top floor between a scripted XMPP pool and a scripted SIP endpoint, on a fake clock. The
 * readers, codecs and tables in between are the real ones. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/session/session.h"
#include "control/sip/message.h"
#include "control/xmpp/reader.h"

/* ---- the clock and the loop ----------------------------------------------------------------- */

struct timer {
	void (*fire)(void *arg);
	void *arg;
	bool set;
	struct mono at;
};

static struct mono now;
static struct timer *timers[4];

struct mono loop_now(struct loop *loop)
{
	return now;
}

static struct {
	int fd;
	uint32_t id;
	char domain[64];
} proven;

void verdicts_proven(struct verdicts *verdicts, int fd, uint32_t partner_id, struct view domain)
{
	view_copy(domain, proven.domain, sizeof(proven.domain));
	proven.fd = fd;
	proven.id = partner_id;
}

struct timer *timer_new(struct loop *loop, void (*fire)(void *arg), void *arg)
{
	struct timer *t = calloc(1, sizeof(*t));

	t->fire = fire;
	t->arg = arg;
	for (size_t i = 0; i < 4; i++)
		if (!timers[i]) {
			timers[i] = t;
			return t;
		}
	abort();
}

void timer_free(struct timer *timer)
{
	for (size_t i = 0; i < 4; i++)
		if (timers[i] == timer)
			timers[i] = NULL;
	free(timer);
}

void timer_set_ms(struct timer *timer, uint64_t ms)
{
	timer->set = true;
	timer->at = mono_after_ms(now, ms);
}

void timer_clear(struct timer *timer)
{
	timer->set = false;
}

/* Let time pass in steps of a millisecond. */
static void pass_ms(uint64_t ms)
{
	for (uint64_t i = 0; i <= ms; i++) {
		for (size_t t = 0; t < 4; t++)
			if (timers[t] && timers[t]->set && mono_reached(now, timers[t]->at)) {
				timers[t]->set = false;
				timers[t]->fire(timers[t]->arg);
			}
		if (i < ms)
			now.ns += NS_PER_MS;
	}
}

/* ---- the pool ------------------------------------------------------------------------------- */

static struct {
	char stanza[8192];
	char local[256], remote[256];
	uint64_t cookie;
} sent[64];
static uint32_t sent_count;
static uint64_t forgotten;

void xmpp_pool_send(struct xmpp_pool *pool, struct view local, struct view remote,
	struct view stanza, uint64_t cookie)
{
	assert_in_range(sent_count, 0, 63);
	view_copy(stanza, sent[sent_count].stanza, sizeof(sent[0].stanza));
	view_copy(local, sent[sent_count].local, sizeof(sent[0].local));
	view_copy(remote, sent[sent_count].remote, sizeof(sent[0].remote));
	sent[sent_count++].cookie = cookie;
}

void xmpp_pool_forget(struct xmpp_pool *pool, uint64_t cookie)
{
	forgotten = cookie;
}

uint32_t xmpp_pool_return_streams(const struct xmpp_pool *pool, struct view remote)
{
	return 1;
}

/* ---- the endpoint --------------------------------------------------------------------------- */

static struct {
	uint16_t code;
	char extra[512];
	int count;
} response;

static struct {
	struct sip_request request;
	char uri[512], from[512], body[1024], call_id[256], extra[1024];
	sip_response_h *handler;
	void *arg;
} requests[64];
static uint32_t request_count;

void sip_respond(struct sip_server_tx *tx, uint16_t code, const char *reason, struct view extra)
{
	assert_non_null(reason);
	response.code = code;
	response.count++;
	view_copy(extra, response.extra, sizeof(response.extra));
}

struct sip_client_tx *sip_send_inside(struct sip_endpoint *endpoint, struct view local,
	const struct sip_request *request, sip_response_h *handler, void *arg)
{
	assert_in_range(request_count, 0, 63);
	view_copy(request->uri, requests[request_count].uri, sizeof(requests[0].uri));
	view_copy(request->from, requests[request_count].from, sizeof(requests[0].from));
	view_copy(request->body, requests[request_count].body, sizeof(requests[0].body));
	view_copy(request->call_id, requests[request_count].call_id, sizeof(requests[0].call_id));
	view_copy(request->extra, requests[request_count].extra, sizeof(requests[0].extra));
	requests[request_count].handler = handler;
	requests[request_count].arg = arg;
	return (struct sip_client_tx *)&requests[request_count++];
}

static void answer(uint32_t number, enum sip_outcome outcome, uint16_t code)
{
	struct sip_message m = {.code = code};

	requests[number].handler(
		requests[number].arg, outcome, outcome == SIP_RESPONDED ? &m : NULL);
}

/* ---- the rules and the session -------------------------------------------------------------- */

static const char document[] = "service:\n"
			       "  addresses: [198.51.100.1]\n"
			       "local:\n"
			       "  - domain: corp.example\n"
			       "    certificate: c\n"
			       "    key: k\n"
			       "    inside: {protocol: sip, host: 192.0.2.10}\n"
			       "partners:\n"
			       "  - {domain: partner.example, protocol: xmpp}\n"
			       "  - {domain: sip-partner.example, protocol: sip}\n"
			       "  - {domain: group.example, protocol: xmpp, subtree: true}\n"
			       "blocked:\n"
			       "  domains: [blocked.example]\n";

static struct ruleset *rules;
static struct generation *generation;
static struct xmpp_handlers xmpp;
static struct sip_endpoint_handlers sip;

static int start(void **state)
{
	static struct rules_errors errors;
	struct session *session;

	rules = ruleset_compile(view_of(document), "test.yaml", &errors);
	if (!rules)
		return -1;
	now = (struct mono){NS_PER_S};
	sent_count = request_count = 0;
	memset(&response, 0, sizeof(response));
	counters_clear();
	generation = generation_new(rules, NULL);
	session = session_new(NULL, generation);
	xmpp = session_xmpp_handlers(session);
	sip = session_sip_handlers(session);
	session_connect(session, NULL, NULL);
	*state = session;
	return 0;
}

static void whom_the_two_sides_prove_is_passed_on(void **state)
{
	struct session *session = *state;
	const struct partner *partner = ruleset_partner(rules, VIEW("partner.example"));

	assert_non_null(partner);
	/* Nobody wants to hear of it yet. */
	xmpp.verified(xmpp.arg, 7, VIEW("partner.example"));
	session_verdicts(session, (struct verdicts *)&proven);
	xmpp.verified(xmpp.arg, 8, VIEW("stranger.example"));
	assert_int_equal(proven.fd, 0);
	xmpp.verified(xmpp.arg, 8, VIEW("partner.example"));
	assert_int_equal(proven.fd, 8);
	assert_int_equal(proven.id, partner->id);
	assert_string_equal(proven.domain, "partner.example");
	xmpp.verified(xmpp.arg, 8, VIEW("chat.group.example"));
	assert_int_equal(proven.id, ruleset_partner(rules, VIEW("group.example"))->id);
	assert_string_equal(proven.domain, "chat.group.example");
	sip.verified(sip.arg, 9, partner);
	assert_int_equal(proven.fd, 9);
	assert_int_equal(proven.id, partner->id);
	assert_string_equal(proven.domain, "partner.example");
}

static int stop(void **state)
{
	session_free(*state);
	generation_drop(generation);
	counters_clear();
	return 0;
}

/* Other partners, and the rules of before are gone. */
static void adopt(struct session *session, const char *partners)
{
	static struct rules_errors errors;
	char other[1024];
	struct generation *old = generation;

	snprintf(other, sizeof(other), "%.*s%sblocked: {domains: [partner.example]}\n",
		(int)(strstr(document, "  - {domain: partner.example") - document), document,
		partners);
	rules = ruleset_compile(view_of(other), "test.yaml", &errors);
	if (!rules)
		fail_msg("%s", errors.list[0].text);
	generation = generation_new(rules, NULL);
	session_adopt(session, generation);
	generation_drop(old);
}

/* A stanza comes in on an authenticated stream of partner.example. */
static void stanza_in(const char *stanza)
{
	static const char header[] =
		"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
		"from='partner.example' to='corp.example' id='x' version='1.0'>";
	struct reader *r = reader_new(&reader_limits_partner);
	struct view input = view_of(header);

	assert_int_equal(reader_next(r, &input), READER_HEADER);
	input = view_of(stanza);
	assert_int_equal(reader_next(r, &input), READER_STANZA);
	xmpp.stanza(xmpp.arg, VIEW("corp.example"), VIEW("partner.example"), reader_stanza(r));
	reader_free(r);
}

/* A MESSAGE of bob comes in from the inside server. */
static void message_in_with(const char *to, const char *headers, const char *body)
{
	static struct sip_message m;
	const struct sip_peer peer = {.kind = SIP_PEER_INSIDE, .local = &rules->locals[0]};
	struct sip_fault fault;
	uint32_t consumed;
	char text[4096];
	int len = snprintf(text, sizeof(text),
		"MESSAGE %s SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
		"From: <sip:bob@corp.example>;tag=1\r\nTo: <%s>\r\nCall-ID: call-1@host\r\n"
		"CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n%sContent-Length: %zu\r\n\r\n%s",
		to, to, headers, strlen(body), body);

	assert_int_equal(
		sip_message_parse(view_make(text, (size_t)len), &m, &consumed, &fault), PARSE_DONE);
	sip.message(sip.arg, NULL, &peer, &m);
}

static void message_in(const char *to, const char *body)
{
	message_in_with(to, "", body);
}

/* The value of an attribute of the last stanza that was sent. */
static const char *sent_attribute(uint32_t number, const char *name)
{
	static char value[256];
	char wanted[64];
	const char *at;
	size_t n;

	snprintf(wanted, sizeof(wanted), " %s='", name);
	at = strstr(sent[number].stanza, wanted);
	assert_non_null(at);
	at += strlen(wanted);
	n = strcspn(at, "'");
	snprintf(value, sizeof(value), "%.*s", (int)n, at);
	return value;
}

static void pong(uint32_t ping)
{
	char iq[512];

	snprintf(iq, sizeof(iq),
		"<iq from='partner.example' to='corp.example' type='result' id='%s'/>",
		sent_attribute(ping, "id"));
	stanza_in(iq);
}

static void error_in(uint32_t message, const char *condition)
{
	char stanza[1024];

	snprintf(stanza, sizeof(stanza),
		"<message from='alice@partner.example' to='bob@corp.example' type='error' id='%s'><error "
		"type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		sent_attribute(message, "id"), condition);
	stanza_in(stanza);
}

/* ---- SIP to XMPP ----------------------------------------------------------------------------- */

static void a_message_goes_to_the_name_that_it_is_for(void **state)
{
	message_in("sip:alice@Chat.Group.example", "hello");
	assert_int_equal(sent_count, 1);
	assert_string_equal(sent[0].remote, "chat.group.example");
	assert_string_equal(sent_attribute(0, "to"), "alice@chat.group.example");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(0);
	/* And so does the ping behind it. */
	assert_int_equal(sent_count, 2);
	assert_string_equal(sent[1].remote, "chat.group.example");
	assert_string_equal(sent_attribute(1, "to"), "chat.group.example");
}

static void a_sip_message_is_accepted_once_ping_and_grace_are_over(void **state)
{
	message_in_with(
		"sip:alice@partner.example", "Subject: lunch\r\nContent-Language: de\r\n", "a < b");
	assert_int_equal(sent_count, 1);
	assert_string_equal(sent[0].remote, "partner.example");
	assert_non_null(strstr(sent[0].stanza, "<body>a &lt; b</body>"));
	assert_non_null(strstr(sent[0].stanza, "<subject>lunch</subject>"));
	assert_non_null(strstr(sent[0].stanza, "<thread>call-1@host</thread>"));
	assert_string_equal(sent_attribute(0, "to"), "alice@partner.example");
	assert_string_equal(sent_attribute(0, "from"), "bob@corp.example");
	assert_string_equal(sent_attribute(0, "xml:lang"), "de");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(0);
	assert_int_equal(sent_count, 2);
	assert_non_null(strstr(sent[1].stanza, "urn:xmpp:ping"));
	assert_int_equal(response.count, 0);
	pong(1);
	pass_ms(99);
	assert_int_equal(response.count, 0);
	pass_ms(1);
	assert_int_equal(response.code, 202);
	assert_int_equal(forgotten, sent[0].cookie);
}

static void an_error_stanza_decides_the_sip_code(void **state)
{
	static const struct {
		const char *condition;
		uint16_t code;
	} cases[] = {{"service-unavailable", 480}, {"item-not-found", 404}, {"forbidden", 403},
		{"remote-server-timeout", 504}, {"policy-violation", 403}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sent_count = 0;
		message_in("sip:alice@partner.example", "x");
		xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
		error_in(0, cases[i].condition);
		if (response.code != cases[i].code)
			fail_msg("%s: %u", cases[i].condition, response.code);
	}
}

static void an_error_from_somebody_else_decides_nothing(void **state)
{
	char stanza[1024];

	message_in("sip:alice@partner.example", "x");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	snprintf(stanza, sizeof(stanza),
		"<message from='eve@partner.example' to='bob@corp.example' type='error' id='%s'><error "
		"type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		sent_attribute(0, "id"));
	stanza_in(stanza);
	assert_int_equal(response.count, 0);
	assert_int_equal(counter_get("session", "unmatched_errors"), 1);
}

static void a_fate_before_writing_is_told_with_its_code(void **state)
{
	static const struct {
		enum xmpp_fate fate;
		uint16_t code;
	} cases[] = {{XMPP_NOT_FOUND, 404}, {XMPP_UNREACHABLE, 504}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sent_count = 0;
		message_in("sip:alice@partner.example", "x");
		xmpp.fate(xmpp.arg, sent[0].cookie, cases[i].fate);
		if (response.code != cases[i].code)
			fail_msg("fate %d: %u", cases[i].fate, response.code);
	}
}

static void a_stream_that_breaks_behind_a_message_is_504_and_says_that_it_may_have_arrived(
	void **state)
{
	message_in("sip:alice@partner.example", "x");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_STREAM_LOST);
	assert_int_equal(response.code, 504);
	assert_non_null(strstr(response.extra, "Warning: 399 corp.example \""));
}

static void no_answer_to_the_ping_is_504(void **state)
{
	message_in("sip:alice@partner.example", "x");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(4999);
	assert_int_equal(response.count, 0);
	pass_ms(2);
	assert_int_equal(response.code, 504);
}

static void where_a_message_may_not_go_is_refused_at_once(void **state)
{
	static const struct {
		const char *to;
		uint16_t code;
	} cases[] = {
		{"sip:x@blocked.example", 403},
		{"sip:x@deep.below.blocked.example", 403},
		{"sip:x@unknown.example", 403},
		{"sip:x@sip-partner.example", 501},
		{"sip:carol@corp.example", 482},
		{"sip:partner.example", 404},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		message_in(cases[i].to, "x");
		if (response.code != cases[i].code)
			fail_msg("%s: %u", cases[i].to, response.code);
	}
	assert_int_equal(sent_count, 0);
	assert_int_equal(response.count, sizeof(cases) / sizeof(cases[0]));
}

static void a_stop_answers_every_requester(void **state)
{
	message_in("sip:alice@partner.example", "written");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	message_in("sip:alice@partner.example", "queued");
	session_stop(*state);
	assert_int_equal(response.count, 2);
	assert_int_equal(response.code, 504);
}

/* ---- XMPP to SIP ----------------------------------------------------------------------------- */

#define HELLO(id)                                                                                  \
	"<message from='alice@partner.example/home' to='bob@corp.example' type='chat' id='" id     \
	"' xml:lang='fr'><subject>s</subject><body>salut &amp; ciao</body></message>"

static void an_xmpp_message_becomes_a_request(void **state)
{
	stanza_in(HELLO("a1"));
	assert_int_equal(request_count, 1);
	assert_string_equal(requests[0].uri, "sip:bob@corp.example");
	assert_string_equal(requests[0].from, "sip:alice@partner.example");
	assert_string_equal(requests[0].body, "salut & ciao");
	assert_non_null(strstr(requests[0].extra, "Subject: s\r\n"));
	assert_non_null(strstr(requests[0].extra, "Content-Language: fr\r\n"));
	answer(0, SIP_RESPONDED, 200);
	assert_int_equal(sent_count, 0);
}

static void a_sip_refusal_comes_back_with_the_senders_id(void **state)
{
	static const struct {
		enum sip_outcome outcome;
		uint16_t code;
		const char *condition;
	} cases[] = {
		{SIP_RESPONDED, 404, "<item-not-found"},
		{SIP_RESPONDED, 480, "<recipient-unavailable"},
		{SIP_RESPONDED, 403, "<forbidden"},
		{SIP_RESPONDED, 500, "<internal-server-error"},
		{SIP_TIMED_OUT, 0, "<remote-server-timeout"},
		{SIP_BROKEN, 0, "<remote-server-timeout"},
	};

	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sent_count = 0;
		stanza_in(HELLO("mine"));
		answer(i, cases[i].outcome, cases[i].code);
		assert_int_equal(sent_count, 1);
		assert_string_equal(sent_attribute(0, "id"), "mine");
		assert_string_equal(sent_attribute(0, "type"), "error");
		assert_string_equal(sent_attribute(0, "to"), "alice@partner.example/home");
		assert_string_equal(sent_attribute(0, "from"), "bob@corp.example");
		if (!strstr(sent[0].stanza, cases[i].condition))
			fail_msg("case %u: %s", i, sent[0].stanza);
	}
}

static int64_t lanes_of(struct session *session)
{
	json_t *shown = session_json(session);
	int64_t lanes = json_integer_value(json_object_get(shown, "lanes"));

	json_decref(shown);
	return lanes;
}

static void two_messages_to_one_user_are_never_in_flight_together(void **state)
{
	stanza_in(HELLO("a1"));
	stanza_in(HELLO("a2"));
	stanza_in(
		"<message from='anna@partner.example' to='bob@corp.example'><body>other</body></message>");
	assert_int_equal(request_count, 2);
	assert_string_equal(requests[1].body, "other");
	answer(0, SIP_RESPONDED, 202);
	assert_int_equal(request_count, 3);
	answer(2, SIP_RESPONDED, 200);
	answer(1, SIP_RESPONDED, 200);
	assert_int_equal(lanes_of(*state), 0);
}

static void nobody_waits_behind_a_user_who_does_not_answer(void **state)
{
	stanza_in(HELLO("a1"));
	stanza_in(HELLO("a2"));
	stanza_in(HELLO("a3"));
	answer(0, SIP_TIMED_OUT, 0);
	assert_int_equal(request_count, 1);
	assert_int_equal(sent_count, 3);
	assert_string_equal(sent_attribute(2, "id"), "a3");
	assert_non_null(strstr(sent[2].stanza, "<remote-server-timeout"));
	assert_int_equal(lanes_of(*state), 0);
}

static void a_lane_that_is_full_bounces_the_rest(void **state)
{
	for (int i = 0; i < 40; i++)
		stanza_in(HELLO("n"));
	assert_int_equal(request_count, 1);
	assert_int_equal(sent_count, 40 - 1 - 32);
	assert_non_null(strstr(sent[0].stanza, "<resource-constraint"));
	for (uint32_t i = 0; i < 33; i++)
		answer(i, SIP_RESPONDED, 200);
	assert_int_equal(counter_get("session", "xmpp_to_sip_delivered"), 33);
}

static void an_error_that_arrives_is_never_translated_or_answered(void **state)
{
	stanza_in(
		"<message from='alice@partner.example' to='bob@corp.example' type='error' id='zz'>"
		"<body>x</body><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		"</error></message>");
	assert_int_equal(request_count, 0);
	assert_int_equal(sent_count, 0);
}

static void a_message_without_text_is_left_alone(void **state)
{
	stanza_in(
		"<message from='alice@partner.example' to='bob@corp.example' type='chat'><composing "
		"xmlns='http://jabber.org/protocol/chatstates'/></message>");
	assert_int_equal(request_count, 0);
	assert_int_equal(sent_count, 0);
	assert_int_equal(counter_get("session", "xmpp_messages_without_text"), 1);
}

static void a_stop_tells_every_sender_whose_message_is_still_here(void **state)
{
	stanza_in(HELLO("sent"));
	stanza_in(HELLO("waits"));
	session_stop(*state);
	assert_int_equal(sent_count, 2);
	assert_string_equal(sent_attribute(0, "id"), "sent");
	assert_non_null(strstr(sent[0].stanza, "<remote-server-timeout"));
	assert_string_equal(sent_attribute(1, "id"), "waits");
	sent_count = 0;
}

/* ---- what our domain answers ----------------------------------------------------------------- */

static void a_ping_to_the_domain_gets_its_result(void **state)
{
	stanza_in("<iq from='partner.example' to='corp.example' type='get' id='p&amp;1'><ping "
		  "xmlns='urn:xmpp:ping'/></iq>");
	assert_int_equal(sent_count, 1);
	assert_string_equal(sent_attribute(0, "type"), "result");
	assert_string_equal(sent_attribute(0, "id"), "p&amp;1");
}

static void every_other_request_gets_one_service_unavailable(void **state)
{
	static const char *const requests_in[] = {
		"<iq from='alice@partner.example/x' to='bob@corp.example' type='get' id='q'><ping "
		"xmlns='urn:xmpp:ping'/></iq>",
		"<iq from='alice@partner.example/x' to='nobody@corp.example' type='get' id='q'><query "
		"xmlns='jabber:iq:last'/></iq>",
		"<iq from='alice@partner.example/x' to='corp.example' type='set' id='q'><x xmlns='urn:y'/></iq>",
		"<presence from='alice@partner.example' to='bob@corp.example' type='subscribe' id='q'/>",
	};

	for (size_t i = 0; i < sizeof(requests_in) / sizeof(requests_in[0]); i++) {
		sent_count = 0;
		stanza_in(requests_in[i]);
		assert_int_equal(sent_count, 1);
		assert_string_equal(sent_attribute(0, "type"), "error");
		assert_string_equal(sent_attribute(0, "id"), "q");
		assert_non_null(strstr(sent[0].stanza, "<service-unavailable"));
		/* Of the kind of the request: nobody looks for it in another one. */
		assert_memory_equal(sent[0].stanza, requests_in[i], 4);
	}
	sent_count = 0;
	stanza_in("<iq from='partner.example' to='corp.example' type='error' id='unknown'/>");
	stanza_in("<presence from='alice@partner.example' to='bob@corp.example'/>");
	assert_int_equal(sent_count, 0);
}

/* As long as the reader lets it be, and every byte five times as long when it is written. */
static void a_request_with_a_long_id_gets_its_answer_too(void **state)
{
	static char stanza[6 * READER_ATTRIBUTE_MAX_BYTES];
	static char id[5 * READER_ATTRIBUTE_MAX_BYTES + 1];

	for (int i = 0; i < READER_ATTRIBUTE_MAX_BYTES; i++)
		memcpy(id + 5 * i, "&amp;", 6);
	snprintf(stanza, sizeof(stanza),
		"<iq from='partner.example' to='corp.example' type='get' id='%s'><ping "
		"xmlns='urn:xmpp:ping'/></iq>",
		id);
	stanza_in(stanza);
	assert_int_equal(sent_count, 1);
	snprintf(stanza, sizeof(stanza),
		"<iq from='a@partner.example' to='b@corp.example' type='get' id='%s'><x "
		"xmlns='urn:y'/></iq>",
		id);
	stanza_in(stanza);
	assert_int_equal(sent_count, 2);
}

/* ---- who wrote how much ---------------------------------------------------------------------- */

/* One number of the first partner that wrote or was written to; -1 if there is none. */
static int64_t tallied(struct session *session, const char *group, const char *name)
{
	json_t *rows = session_messages_json(session);
	json_t *row = json_array_get(rows, 0);
	json_t *value = json_object_get(group ? json_object_get(row, group) : row, name);
	int64_t n = json_is_integer(value) ? json_integer_value(value) : -1;

	json_decref(rows);
	return n;
}

static void messages_into_sip_are_tallied_with_their_ends(void **state)
{
	static const struct {
		enum sip_outcome outcome;
		uint16_t code;
	} ends[] = {{SIP_RESPONDED, 200}, {SIP_RESPONDED, 404}, {SIP_TIMED_OUT, 0}, {SIP_BROKEN, 0},
		{SIP_UNREACHABLE, 0}};

	for (uint32_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		stanza_in(HELLO("t"));
		answer(i, ends[i].outcome, ends[i].code);
	}
	stanza_in(
		"<message from='alice@partner.example' to='corp.example' id='d'><body>x</body></message>");
	stanza_in(
		"<message from='alice@partner.example' to='bob@corp.example' type='groupchat' id='g'>"
		"<body>x</body></message>");
	stanza_in(HELLO("on its way"));
	assert_int_equal(tallied(*state, NULL, "to_sip"), 8);
	assert_int_equal(tallied(*state, NULL, "to_sip_delivered"), 1);
	assert_int_equal(tallied(*state, NULL, "to_sip_refused"), 4);
	assert_int_equal(tallied(*state, NULL, "to_sip_unknown"), 2);
	assert_int_equal(tallied(*state, "refused", "to_sip.item-not-found"), 1);
	assert_int_equal(tallied(*state, "refused", "to_sip.service-unavailable"), 2);
	assert_int_equal(tallied(*state, NULL, "to_xmpp"), 0);
}

static void messages_into_xmpp_are_tallied_with_their_ends(void **state)
{
	message_in("sip:alice@partner.example", "delivered");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(0);
	pong(1);
	pass_ms(101);
	sent_count = 0;
	message_in("sip:alice@partner.example", "refused");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	error_in(0, "forbidden");
	sent_count = 0;
	message_in("sip:alice@partner.example", "unknown");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_STREAM_LOST);
	sent_count = 0;
	message_in("sip:alice@partner.example", "unreachable");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_UNREACHABLE);
	message_in("sip:x@unknown.example", "no partner");
	assert_int_equal(tallied(*state, NULL, "to_xmpp"), 4);
	assert_int_equal(tallied(*state, NULL, "to_xmpp_delivered"), 1);
	assert_int_equal(tallied(*state, NULL, "to_xmpp_refused"), 2);
	assert_int_equal(tallied(*state, NULL, "to_xmpp_unknown"), 1);
	assert_int_equal(tallied(*state, "refused", "to_xmpp.forbidden"), 1);
	assert_int_equal(tallied(*state, "refused", "to_xmpp.unreachable"), 1);
	assert_int_equal(tallied(*state, NULL, "to_sip"), 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, start, stop)

static void a_change_of_the_rules_leaves_what_is_under_way_to_its_end(void **state)
{
	json_t *rows;

	message_in("sip:alice@partner.example", "one");
	message_in("sip:alice@partner.example", "two");
	xmpp.fate(xmpp.arg, sent[0].cookie, XMPP_WRITTEN);
	pass_ms(0);
	stanza_in("<message from='alice@partner.example' to='bob@corp.example' type='chat' "
		  "id='a1'><body>three</body></message>");
	stanza_in("<message from='alice@partner.example' to='bob@corp.example' type='chat' "
		  "id='a2'><body>four</body></message>");
	assert_int_equal(request_count, 1);
	adopt(*state, "  - {domain: other.example, protocol: xmpp}\n");
	/* Its answer came before the stream went. */
	pong(2);
	pass_ms(150);
	assert_int_equal(response.code, 202);
	xmpp.fate(xmpp.arg, sent[1].cookie, XMPP_NOT_FOUND);
	assert_int_equal(response.code, 404);
	answer(0, SIP_RESPONDED, 200);
	assert_int_equal(request_count, 2);
	answer(1, SIP_RESPONDED, 200);
	message_in("sip:alice@partner.example", "five");
	assert_int_equal(response.code, 403);
	/* The numbers of a partner that went stay, and what it did last still counts. */
	rows = session_messages_json(*state);
	assert_int_equal(json_array_size(rows), 1);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(rows, 0), "to_sip_delivered")),
		2);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(rows, 0), "to_xmpp_delivered")),
		1);
	json_decref(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(a_change_of_the_rules_leaves_what_is_under_way_to_its_end),
		ROW(whom_the_two_sides_prove_is_passed_on),
		ROW(a_message_goes_to_the_name_that_it_is_for),
		ROW(a_sip_message_is_accepted_once_ping_and_grace_are_over),
		ROW(an_error_stanza_decides_the_sip_code),
		ROW(an_error_from_somebody_else_decides_nothing),
		ROW(a_fate_before_writing_is_told_with_its_code),
		ROW(a_stream_that_breaks_behind_a_message_is_504_and_says_that_it_may_have_arrived),
		ROW(no_answer_to_the_ping_is_504),
		ROW(where_a_message_may_not_go_is_refused_at_once),
		ROW(a_stop_answers_every_requester),
		ROW(an_xmpp_message_becomes_a_request),
		ROW(a_sip_refusal_comes_back_with_the_senders_id),
		ROW(two_messages_to_one_user_are_never_in_flight_together),
		ROW(nobody_waits_behind_a_user_who_does_not_answer),
		ROW(a_lane_that_is_full_bounces_the_rest),
		ROW(an_error_that_arrives_is_never_translated_or_answered),
		ROW(a_message_without_text_is_left_alone),
		ROW(a_stop_tells_every_sender_whose_message_is_still_here),
		ROW(a_ping_to_the_domain_gets_its_result),
		ROW(every_other_request_gets_one_service_unavailable),
		ROW(a_request_with_a_long_id_gets_its_answer_too),
		ROW(messages_into_sip_are_tallied_with_their_ends),
		ROW(messages_into_xmpp_are_tallied_with_their_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
