/* SPDX-License-Identifier: BSD-3-Clause */
/* A peer that does something else than STARTTLS where it is required: it hears a stream error by name, nothing of
 * it is relayed, and it learns nothing but that TLS is needed. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/xmpp/stream.h"

#define NS       "xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
#define ID       " id='000102030405060708090a0b0c0d0e0f'"
#define HEAD(to) "<stream:stream " NS " xmlns:db='jabber:server:dialback' " to " version='1.0'>"
#define IN_HEAD                                                                                    \
	"<?xml version='1.0'?><stream:stream " NS " from='a.example' to='b.example'" ID            \
	" version='1.0' xml:lang='en'>"
#define OUT_HEAD                                                                                   \
	"<?xml version='1.0'?><stream:stream " NS                                                  \
	" from='a.example' to='b.example' version='1.0' xml:lang='en'>"
#define FEATURES(x) "<stream:features>" x "</stream:features>"
#define TLS(x)      "<" x " xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define SASL(x)     "<" x " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
#define TLS_REQUIRED                                                                               \
	FEATURES("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>")
#define EXTERNAL                                                                                   \
	"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism>"     \
	"</mechanisms>"
#define AUTH(mechanism)                                                                            \
	"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='" mechanism                     \
	"'>Yi5leGFtcGxl</auth>"
#define TLS_FIRST                                                                                  \
	"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><encryption-required/></failure>"
#define MESSAGE(to) "<message to='" to "' from='y@b.example/z'><body>secret</body></message>"
#define IQ(type)                                                                                   \
	"<iq type='" type "' id='1' to='x@a.example' from='b.example'>"                            \
	"<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
#define END   "</stream:stream>"
#define FLOOD "+flood" /* white space without end */

/* All that the stream asks; what must never be asked in clear text fails. */
static bool is_local(void *arg, const char *domain)
{
	return strcmp(domain, "a.example") == 0;
}

static enum stream_partner partner(void *arg, const char *domain)
{
	return strcmp(domain, "b.example") == 0 ? STREAM_PARTNER_SERVED : STREAM_PARTNER_UNKNOWN;
}

static enum stream_proof proof(void *arg, const char *domain)
{
	fail_msg("a certificate is asked for before there is one");
	return STREAM_PROVEN;
}

static uint32_t proofs(void *arg, const char *domain)
{
	return partner(arg, domain) == STREAM_PARTNER_SERVED ? PROOF_SASL_TLS : 0;
}

static void count(void *arg, const char *area, const char *what)
{
	fail_msg("%s.%s", area, what);
}

static void count_up(void *arg, uint8_t *out, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)i;
}

static const struct stream_world world = {.is_local = is_local,
	.partner = partner,
	.proof = proof,
	.proofs = proofs,
	.count = count,
	.random = count_up,
	.own_domain = "a.example"};

struct play {
	struct stream *stream;
	struct text out;
	struct mono now;
	bool closed;
};

static void play_start(struct play *p, enum stream_role role)
{
	bool out = role == STREAM_OUTBOUND;

	*p = (struct play){.now = {1000 * NS_PER_S}};
	text_init(&p->out, 1 << 20);
	p->stream = stream_new(
		role, out ? "a.example" : NULL, out ? "b.example" : NULL, &world, p->now);
	assert_non_null(p->stream);
}

static void play_end(struct play *p)
{
	stream_free(p->stream);
	text_free(&p->out);
}

static void give(struct play *p, struct view input)
{
	enum stream_action action;

	do {
		action = stream_step(p->stream, &input, p->now);
		if (action == STREAM_DO_DELIVER || action == STREAM_DO_READY)
			fail_msg("something is relayed");
		if (action == STREAM_DO_TLS)
			fail_msg("a handshake begins");
		if (action == STREAM_DO_CLOSE && p->closed)
			fail_msg("closed twice");
		p->closed = p->closed || action == STREAM_DO_CLOSE;
	} while (action != STREAM_DO_NOTHING);
	assert_int_equal(input.len, 0);
	text_put(&p->out, text_view(stream_output(p->stream)));
	text_reset(stream_output(p->stream));
}

static void say(struct play *p, const char *bytes, uint32_t piece)
{
	struct view all = view_of(bytes);

	if (strcmp(bytes, FLOOD) == 0) {
		for (uint32_t i = 0; i < 2 * STREAM_STRANGER_BYTES && !p->closed; i += 4)
			give(p, VIEW(" \n\t\r"));
		return;
	}
	for (uint32_t at = 0; at < all.len; at += piece)
		give(p, view_sub(all, at, piece));
}

struct row {
	const char *what;
	const char *says;      /* in the place of <starttls/>, or of features that offer it */
	const char *condition; /* of the stream error; NULL: in order, without one */
	const char *cause;
	const char *before; /* what it hears first, or NULL */
};

/* What we say from its header on, to the last octet. */
static void check(const struct play *p, const struct row *row, const char *hello, uint32_t piece)
{
	struct text expected;
	char bytes[2048];

	text_fixed(&expected, bytes, sizeof(bytes));
	text_printf(&expected, "%s%s", hello, row->before ? row->before : "");
	if (row->condition)
		text_printf(&expected,
			"<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
			"</stream:error>",
			row->condition);
	text_puts(&expected, END);
	if (!view_equal(text_view(&p->out), text_view(&expected)))
		fail_msg("%s, pieces of %u: we said\n%.*s\nnot\n%.*s", row->what, piece,
			VIEW_ARG(text_view(&p->out)), VIEW_ARG(text_view(&expected)));
	if (!p->closed || !stream_is_closed(p->stream))
		fail_msg("%s, pieces of %u: it goes on", row->what, piece);
	if (strcmp(stream_fault(p->stream)->cause, row->cause) != 0)
		fail_msg("%s: %s", row->what, stream_fault(p->stream)->cause);
	if (row->condition && strcmp(stream_condition_name(stream_fault(p->stream)->condition),
				      row->condition) != 0)
		fail_msg("%s: counted as another condition", row->what);
	assert_int_equal(stream_stanzas(p->stream), 0);
}

/* It may still say the right thing, and everything else: nobody listens. */
static void check_deaf(struct play *p, const char *what)
{
	uint32_t len = p->out.len;
	struct mono at;

	say(p, TLS("starttls"), 1000);
	say(p, MESSAGE("x@a.example"), 1000);
	say(p, END, 1000);
	p->now = mono_after_ms(p->now, STREAM_SETUP_MS);
	stream_tick(p->stream, p->now);
	give(p, (struct view){0});
	if (p->out.len != len || stream_deadline(p->stream, &at))
		fail_msg("%s: it is answered after the end", what);
}

static void play_row(enum stream_role role, const struct row *row, uint32_t piece, bool together)
{
	bool in = role == STREAM_INBOUND;
	const char *header = in ? HEAD("to='a.example' from='b.example'")
				: HEAD("from='b.example' to='a.example' id='1'");
	struct play p;
	char bytes[2048];

	play_start(&p, role);
	if (together && strcmp(row->says, FLOOD) != 0) {
		snprintf(bytes, sizeof(bytes), "%s%s", header, row->says);
		say(&p, bytes, piece);
	} else {
		say(&p, header, piece);
		say(&p, row->says, piece);
	}
	check(&p, row, in ? IN_HEAD TLS_REQUIRED : OUT_HEAD, piece);
	check_deaf(&p, row->what);
	play_end(&p);
}

/* What follows <starttls/> later than with it is the handshake's. */
static bool needs_one_piece(const struct row *row)
{
	return strcmp(row->cause, "bytes_behind_starttls") == 0;
}

static void play_rows(enum stream_role role, const struct row *rows, size_t count)
{
	static const uint32_t pieces[] = {1, 7, 100000};

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			if (needs_one_piece(&rows[i]) && k < 2)
				continue;
			play_row(role, &rows[i], pieces[k], false);
			play_row(role, &rows[i], pieces[k], true);
		}
}

static const struct row inbound[] = {
	{"a message", MESSAGE("x@a.example"), "not-authorized", "stanza_before_auth", NULL},
	{"a message to itself", MESSAGE("x@b.example"), "not-authorized", "stanza_before_auth",
		NULL},
	{"presence", "<presence to='x@a.example' from='y@b.example'/>", "not-authorized",
		"stanza_before_auth", NULL},
	{"a subscription", "<presence type='subscribe' to='x@a.example' from='y@b.example'/>",
		"not-authorized", "stanza_before_auth", NULL},
	{"a question", IQ("get"), "not-authorized", "stanza_before_auth", NULL},
	{"an answer", IQ("result"), "not-authorized", "stanza_before_auth", NULL},
	{"a stanza without addresses", "<message/>", "not-authorized", "stanza_before_auth", NULL},
	{"a client's stanza", "<message xmlns='jabber:client'/>", "invalid-namespace",
		"client_namespace", NULL},
	{"SASL EXTERNAL", AUTH("EXTERNAL"), "policy-violation", "auth_before_tls", TLS_FIRST},
	{"SASL PLAIN", AUTH("PLAIN"), "policy-violation", "auth_before_tls", TLS_FIRST},
	{"a SASL response", SASL("response"), "unsupported-stanza-type", "unexpected_element",
		NULL},
	{"a SASL success", SASL("success"), "unsupported-stanza-type", "unexpected_element", NULL},
	{"a dialback key", "<db:result to='a.example' from='b.example'>0</db:result>",
		"policy-violation", "dialback_before_tls", NULL},
	{"a dialback verdict", "<db:result to='a.example' from='b.example' type='valid'/>",
		"policy-violation", "dialback_before_tls", NULL},
	{"a dialback question", "<db:verify to='a.example' from='b.example' id='1'>0</db:verify>",
		"policy-violation", "dialback_before_tls", NULL},
	{"something unknown of dialback", "<db:other to='a.example' from='b.example'/>",
		"unsupported-stanza-type", "unknown_element", NULL},
	{"a second header", HEAD("to='a.example' from='b.example'"), "unsupported-stanza-type",
		"unknown_element", NULL},
	{"a second header with a declaration",
		"<?xml version='1.0'?>" HEAD("to='a.example' from='b.example'"), "not-well-formed",
		"not_well_formed", NULL},
	{"features of its own", FEATURES(""), "unsupported-stanza-type", "unexpected_element",
		NULL},
	{"proceed", TLS("proceed"), "unsupported-stanza-type", "unexpected_element", NULL},
	{"STARTTLS in no namespace", "<starttls xmlns='urn:x'/>", "unsupported-stanza-type",
		"unknown_element", NULL},
	{"STARTTLS within a stanza", "<message>" TLS("starttls") "</message>", "not-authorized",
		"stanza_before_auth", NULL},
	{"STARTTLS and more", TLS("starttls") " ", "policy-violation", "bytes_behind_starttls",
		NULL},
	{"compression", "<compress xmlns='http://jabber.org/protocol/compress'/>",
		"unsupported-stanza-type", "unknown_element", NULL},
	{"text", "hello", "bad-format", "text_between_stanzas", NULL},
	{"garbage", "\x01\x02\x03", "not-well-formed", "not_xml_character", NULL},
	{"bytes that are no UTF-8", "\xff\xfe", "unsupported-encoding", "invalid_utf8", NULL},
	{"a ClientHello", "\x16\x03\x01\x02", "not-well-formed", "not_xml_character", NULL},
	{"an entity", "<message>&x;</message>", "restricted-xml", "entity", NULL},
	{"a flood of white space", FLOOD, "policy-violation", "too_many_bytes_before_auth", NULL},
	{"the end", END, NULL, "ended_before_auth", NULL},
	{"an error",
		"<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error>",
		NULL, "error_from_peer", NULL},
};

static void whoever_skips_starttls_hears_why_and_nothing_else(void **state)
{
	play_rows(STREAM_INBOUND, inbound, sizeof(inbound) / sizeof(inbound[0]));
}

static const struct row outbound[] = {
	{"no features at all", FEATURES(""), "policy-violation", "starttls_not_offered", NULL},
	{"EXTERNAL in clear text", FEATURES(EXTERNAL), "policy-violation", "starttls_not_offered",
		NULL},
	{"dialback in clear text", FEATURES("<dialback xmlns='urn:xmpp:features:dialback'/>"),
		"policy-violation", "starttls_not_offered", NULL},
	{"STARTTLS of another namespace", FEATURES("<starttls xmlns='urn:x'/>"), "policy-violation",
		"starttls_not_offered", NULL},
	{"STARTTLS within something else",
		FEATURES("<x xmlns='urn:x'>" TLS("starttls") "</x>" EXTERNAL), "policy-violation",
		"starttls_not_offered", NULL},
	{"success at once", SASL("success"), "unsupported-stanza-type", "unexpected_element", NULL},
	{"a stanza", MESSAGE("x@a.example"), "not-authorized", "stanza_on_outbound_stream", NULL},
	{"a question", IQ("get"), "not-authorized", "stanza_on_outbound_stream", NULL},
	{"SASL of its own", AUTH("EXTERNAL"), "unsupported-stanza-type", "unexpected_element",
		NULL},
	{"proceed unasked", TLS("proceed"), "unsupported-stanza-type", "unexpected_element", NULL},
	{"a second header", HEAD("from='b.example' to='a.example'"), "unsupported-stanza-type",
		"unknown_element", NULL},
	{"garbage", "\x01\x02\x03", "not-well-formed", "not_xml_character", NULL},
	{"a flood of white space", FLOOD, "policy-violation", "too_many_bytes_before_auth", NULL},
	{"the end", END, NULL, "ended_before_auth", NULL},
};

static void a_peer_without_starttls_gets_no_word_beyond_the_header(void **state)
{
	play_rows(STREAM_OUTBOUND, outbound, sizeof(outbound) / sizeof(outbound[0]));
}

/* STARTTLS was offered and agreed on, and then it is skipped. */
static void a_peer_that_skips_its_own_starttls_is_refused(void **state)
{
	static const struct row rows[] = {
		{"features instead", FEATURES(EXTERNAL), "unsupported-stanza-type",
			"unexpected_element", NULL},
		{"success instead", SASL("success"), "unsupported-stanza-type",
			"unexpected_element", NULL},
		{"a stanza instead", MESSAGE("x@a.example"), "not-authorized",
			"stanza_on_outbound_stream", NULL},
		{"SASL behind it", TLS("proceed") FEATURES(EXTERNAL), "policy-violation",
			"bytes_behind_proceed", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct play p;

		play_start(&p, STREAM_OUTBOUND);
		say(&p, HEAD("from='b.example' to='a.example' id='1'") FEATURES(TLS("starttls")),
			1000);
		say(&p, rows[i].says, 1000);
		check(&p, &rows[i], OUT_HEAD TLS("starttls"), 1000);
		check_deaf(&p, rows[i].what);
		play_end(&p);
	}
}

/* Whom it writes to, or in whose name, changes not an octet of what it hears. */
static void who_exists_is_not_told_before_tls(void **state)
{
	static const char *const stanzas[] = {MESSAGE("x@a.example"), MESSAGE("nobody@a.example"),
		MESSAGE("a.example"), MESSAGE("x@c.example"), MESSAGE("@@"),
		"<message to='x@a.example' from='y@c.example'/>",
		"<iq type='get' id='1' to='x@a.example' from='b.example'/>",
		"<presence type='probe' to='x@a.example' from='y@b.example'/>"};
	struct text first;

	text_init(&first, 4096);
	for (size_t i = 0; i < sizeof(stanzas) / sizeof(stanzas[0]); i++) {
		struct play p;

		play_start(&p, STREAM_INBOUND);
		say(&p, HEAD("to='a.example' from='b.example'"), 1000);
		say(&p, stanzas[i], 1000);
		if (i == 0)
			text_put(&first, text_view(&p.out));
		if (!view_equal(text_view(&first), text_view(&p.out)))
			fail_msg("%s hears\n%.*s", stanzas[i], VIEW_ARG(text_view(&p.out)));
		play_end(&p);
	}
	text_free(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_skips_starttls_hears_why_and_nothing_else),
		cmocka_unit_test(a_peer_without_starttls_gets_no_word_beyond_the_header),
		cmocka_unit_test(a_peer_that_skips_its_own_starttls_is_refused),
		cmocka_unit_test(who_exists_is_not_told_before_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
