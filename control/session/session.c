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
	session->to_xmpp = to_xmpp_new(session);
	session->to_sip = to_sip_new(session);
	if (session->tallies && session->to_xmpp && session->to_sip)
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
	to_sip_free(session->to_sip);
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
	to_xmpp_stop(session->to_xmpp);
	to_sip_stop(session->to_sip);
}

void session_connect(struct session *session, struct xmpp_pool *pool, struct sip_endpoint *endpoint)
{
	session->pool = pool;
	session->endpoint = endpoint;
}

struct tally *session_tally(struct session *session, struct view domain)
{
	const struct partner *partner = ruleset_partner(session->generation->rules, domain);
	const char *name = partner ? partner->domain : NULL;

	/* Where its messages go. */
	if (partner && partner->provider &&
		decoration_needed(&partner->provider->decoration, domain))
		name = partner->provider->decoration.routing_domain;
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

		tally_message(tally, TALLY_TO_SIP);
		tally_refused(tally, TALLY_TO_SIP, stanza_condition_name(refusal.condition));
		counter_add("session.refused_to_sip", stanza_condition_name(refusal.condition), 1);
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
		sip_respond(tx, 501, "SIP partners are not served yet", (struct view){0});
	else
		to_xmpp_message(session->to_xmpp, tx, peer, request);
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

static enum reason on_way(void *arg, struct view domain)
{
	const struct session *session = arg;
	struct sip_answer answer;

	return sip_answer_from_fate(xmpp_pool_held(session->pool, domain), &answer) ? answer.why
										    : REASON_none;
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
	way_ask(gate, on_way, session);
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
	return json_pack("{s:i, s:i, s:i}", "to_xmpp", (int)to_xmpp_open(session->to_xmpp),
		"to_sip", (int)to_sip_open(session->to_sip), "lanes",
		(int)to_sip_lanes(session->to_sip));
}
