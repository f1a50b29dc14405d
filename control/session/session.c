/* SPDX-License-Identifier: BSD-3-Clause */
/* The top floor: takes what the two sides deliver and passes it to the room that handles it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "control/counters.h"
#include "control/known.h"
#include "control/parcel/warning.h"
#include "control/parcel/xmpp_codec.h"
#include "control/policy/way.h"
#include "control/session/session_int.h"
#include "rules/base/log.h"
#include "rules/decoration.h"
#include "rules/peer.h"

void session_random(void *out, size_t len)
{
	if (getrandom(out, len, 0) == (ssize_t)len)
		return;
	log_error("the kernel gives no random bytes: cannot go on");
	abort();
}

struct session *session_new(struct loop *loop, struct generation *generation)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->loop = loop;
	session->generation = generation_hold(generation);
	session_random(&session->hash_key, sizeof(session->hash_key));
	session_random(session->thread_key, sizeof(session->thread_key));
	session->tallies = tallies_new(session->hash_key);
	session->departures = departures_new(session);
	session->to_xmpp = to_xmpp_new(session);
	session->to_partner = to_partner_new(session);
	session->to_sip = to_sip_new(session);
	session->from_partner = from_partner_new(session);
	if (session->tallies && session->departures && session->to_xmpp && session->to_partner &&
		session->to_sip && session->from_partner)
		return session;
	session_free(session);
	return NULL;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	if (session->gate) {
		watch_on_change(gate_watch(session->gate), NULL, NULL);
		way_ask(session->gate, NULL, NULL);
	}
	session_known(session, NULL);
	to_xmpp_free(session->to_xmpp);
	to_partner_free(session->to_partner);
	departures_free(session->departures);
	to_sip_free(session->to_sip);
	from_partner_free(session->from_partner);
	tallies_free(session->tallies);
	generation_drop(session->generation);
	free(session);
}

void session_adopt(struct session *session, struct generation *generation)
{
	generation_hold(generation);
	generation_drop(session->generation);
	session->generation = generation;
	/* Who is suspicious still is, maybe under other ids. */
	session_say_suspects(session);
	session_review_known(session);
}

void session_stop(struct session *session)
{
	session->stopping = true;
	departures_stop(session->departures);
	to_xmpp_stop(session->to_xmpp);
	to_partner_stop(session->to_partner);
	to_sip_stop(session->to_sip);
	from_partner_stop(session->from_partner);
}

void session_connect(struct session *session, struct xmpp_pool *pool, struct sip_endpoint *endpoint)
{
	session->pool = pool;
	session->endpoint = endpoint;
}

const char *session_routing_domain(const struct session *session, struct view domain)
{
	const struct partner *partner = ruleset_partner(session->generation->rules, domain);

	return partner && partner->provider &&
			       decoration_needed(&partner->provider->decoration, domain)
		       ? partner->provider->decoration.routing_domain
		       : NULL;
}

uint64_t session_hash_pair(
	const struct session *session, const struct address *from, const struct address *to)
{
	char buffer[2 * (ADDRESS_PART_MAX_BYTES + DOMAIN_MAX_BYTES + 4)];
	struct text both;

	text_fixed(&both, buffer, sizeof(buffer));
	address_put_bare_jid(from, &both);
	text_putc(&both, '\n');
	address_put_bare_jid(to, &both);
	return siphash(&session->hash_key, both.p, both.len);
}

void session_answer(
	struct sip_server_tx *tx, const struct sip_answer *answer, struct view our_domain)
{
	char buffer[1024];
	struct text lines;

	text_fixed(&lines, buffer, sizeof(buffer));
	sip_answer_put_headers(answer, our_domain, &lines);
	sip_respond(tx, answer->code, answer->reason,
		lines.failed ? (struct view){0} : text_view(&lines));
}

void session_refuse(struct sip_server_tx *tx, struct tally *tally, enum tally_way way,
	uint16_t code, const char *cause, const char *header_lines)
{
	counter_add(way == TALLY_IN ? "session.refused_in" : "session.refused_out", cause, 1);
	tally_refused(tally, way, cause);
	sip_respond(tx, code, sip_reason(code), view_of(header_lines));
}

struct tally *session_tally(struct session *session, struct view domain)
{
	const struct partner *partner = ruleset_partner(session->generation->rules, domain);
	const char *name = session_routing_domain(session, domain);

	if (!name && partner)
		name = partner->domain;
	if (!name) {
		struct peer peer;

		peer_find(session->generation->rules, domain, &peer);
		name = peer.standing == PEER_DISCOVERED ? TALLY_DISCOVERED : NULL;
	}
	return name ? tally_of(session->tallies, name) : NULL;
}

static void take_message(struct session *session, struct view local, struct view remote,
	enum proof proof, const struct element *stanza)
{
	struct stanza_error refusal = {0};
	struct parcel parcel;
	int result = parcel_from_stanza(stanza, &parcel, &refusal);

	if (result == -ENOMSG) {
		counter_add("session", "xmpp_messages_without_text", 1);
		return;
	}
	if (result < 0) {
		struct tally *tally = session_tally(session, remote);

		tally_message(tally, TALLY_IN);
		tally_refused(tally, TALLY_IN, stanza_condition_name(refusal.condition));
		counter_add("session.refused_in", stanza_condition_name(refusal.condition), 1);
		service_refuse(session, local, remote, stanza, &refusal);
		return;
	}
	if (parcel.kind == PARCEL_ERROR) {
		to_xmpp_error(session->to_xmpp, remote, &parcel);
		return;
	}
	to_sip_message(session->to_sip, &parcel, proof);
}

static void on_stanza(void *arg, struct view local, struct view remote, enum proof proof,
	const struct element *stanza)
{
	if (element_is(stanza, NS_SERVER, VIEW("message")))
		take_message(arg, local, remote, proof, stanza);
	else if (element_is(stanza, NS_SERVER, VIEW("iq")))
		service_iq(arg, local, remote, stanza);
	else
		service_presence(arg, local, remote, stanza);
}

static void on_fate(void *arg, uint64_t cookie, enum xmpp_fate fate)
{
	struct session *session = arg;

	to_xmpp_fate(session->to_xmpp, cookie, fate);
}

static void on_sip_message(void *arg, struct sip_server_tx *tx, const struct sip_peer *peer,
	const struct sip_message *request)
{
	struct session *session = arg;

	if (peer->kind == SIP_PEER_PARTNER)
		from_partner_message(session->from_partner, tx, peer, request);
	else
		departures_message(session->departures, tx, request);
}

static void on_verified(void *arg, int fd, struct view remote)
{
	struct session *session = arg;
	struct peer peer;

	peer_find(session->generation->rules, remote, &peer);
	/* Who is discovered and shut hears it from us. */
	if (!session->verdicts || !peer.terms ||
		(!peer.partner && session_is_shut(session, remote)))
		return;
	suspicion_say_proven(session, fd, peer.partner ? peer.partner->id : PARTNER_NONE, remote);
}

bool session_is_shut(const struct session *session, struct view domain)
{
	return session->verdicts && verdicts_blocks_domain(session->verdicts, domain);
}

static bool on_shut(void *arg, struct view remote)
{
	return session_is_shut(arg, remote);
}

void session_verdicts(struct session *session, struct verdicts *verdicts)
{
	session->verdicts = verdicts;
}

void session_known(struct session *session, struct known *known)
{
	if (session->known)
		known_doubt(session->known, NULL, NULL);
	session->known = known;
	if (known)
		known_doubt(known, session_suspects, session);
}

void session_gate(struct session *session, struct gate *gate)
{
	session->gate = gate;
	if (!gate)
		return;
	watch_on_change(gate_watch(gate), suspicion_changed, session);
	way_ask(gate, session_ways, session);
}

struct xmpp_handlers session_xmpp_handlers(struct session *session)
{
	return (struct xmpp_handlers){.arg = session,
		.stanza = on_stanza,
		.fate = on_fate,
		.verified = on_verified,
		.shut = on_shut};
}

struct sip_endpoint_handlers session_sip_handlers(struct session *session)
{
	return (struct sip_endpoint_handlers){.arg = session,
		.message = on_sip_message,
		.verified = on_verified,
		.shut = on_shut};
}

json_t *session_messages_json(const struct session *session)
{
	return tallies_json(session->tallies);
}

json_t *session_json(const struct session *session)
{
	return json_pack("{s:i, s:i, s:i}", "out", (int)departures_open(session->departures), "in",
		(int)(to_sip_open(session->to_sip) + from_partner_open(session->from_partner)),
		"lanes", (int)to_sip_lanes(session->to_sip));
}
