/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this room share. */
#pragma once

#include "control/parcel/parcel.h"
#include "control/parcel/warning.h"
#include "control/policy/way.h"
#include "control/session/outcome.h"
#include "control/session/session.h"
#include "control/session/tally.h"
#include "rules/base/table.h"

enum {
	STANZA_MAX_BYTES = 256 * 1024, /* of what we write */
	/* Of messages on their way: of ours, and of partners by each protocol. More means that the other side
	 * stands still. */
	CROSSINGS_MAX = 4096,
};

struct departure;  /* a SIP MESSAGE of ours that leaves */
struct departures; /* all of them */
struct to_xmpp;    /* those that wait for their outcome in XMPP */
struct to_partner; /* those that wait for a response of a partner's SIP server */
struct to_sip;     /* XMPP messages that wait for their outcome in SIP */
struct from_partner; /* SIP MESSAGE requests of partners that wait for a response of the inside server */

struct session {
	struct loop *loop;
	struct generation *generation; /* in force */
	struct xmpp_pool *pool;
	struct sip_endpoint *endpoint;
	struct verdicts *verdicts;   /* or NULL */
	struct gate *gate;           /* or NULL: all that has a way may go */
	struct known *known;         /* or NULL */
	struct siphash_key hash_key; /* of address pairs, random per process */
	uint8_t thread_key[32];      /* of Call-IDs made from threads, random per process */
	struct tallies *tallies;     /* messages per partner */
	struct departures *departures;
	struct to_xmpp *to_xmpp;
	struct to_partner *to_partner;
	struct to_sip *to_sip;
	struct from_partner *from_partner;
	bool stopping;
};

/* Has an operator blocked this domain? For those that no rule names. */
bool session_is_shut(const struct session *session, struct view domain);

/* The tally of a domain, one for all that are discovered; NULL for one that is neither, which tally_* accept. */
struct tally *session_tally(struct session *session, struct view domain);

/* The domain by which messages to this one go, when its provider has them decorated; else NULL. */
const char *session_routing_domain(const struct session *session, struct view domain);
/* Keyed hash of two bare addresses: an error comes from the bare or the full address that we wrote to. */
uint64_t session_hash_pair(
	const struct session *session, const struct address *from, const struct address *to);
/* The final response to tx of a message that we refuse, counted by its cause. tally: NULL as long as no partner is known. */
void session_refuse(struct sip_server_tx *tx, struct tally *tally, enum tally_way way,
	uint16_t code, const char *cause, const char *header_lines);
/* The final response to tx; its header lines speak for this domain of ours. */
void session_answer(
	struct sip_server_tx *tx, const struct sip_answer *answer, struct view our_domain);

/* held.c */
/* A way_h for the session. */
void session_ways(void *session, struct view domain, struct way ways[static WAYS]);
/* "unreachable": for counters and the log. */
const char *session_outcome_word(enum sip_outcome outcome);

/* departure.c */
struct departures *departures_new(struct session *session);
/* Answers every requester whose message has not gone yet; the others are told by whoever carries it. */
void departures_stop(struct departures *all);
void departures_free(struct departures *all);
/* A MESSAGE of the inside server. Answers tx, now or when the outcome is known. */
void departures_message(
	struct departures *all, struct sip_server_tx *tx, const struct sip_message *request);
uint32_t departures_open(const struct departures *all);

/* to_xmpp.c */
struct to_xmpp *to_xmpp_new(struct session *session);
/* Answers every requester that still waits. */
void to_xmpp_stop(struct to_xmpp *to);
/* Before that of the departures. */
void to_xmpp_free(struct to_xmpp *to);
/* It goes by XMPP, and comes back with its outcome (control/session/departure.h). */
void to_xmpp_go(struct to_xmpp *to, struct departure *departure);
void to_xmpp_fate(struct to_xmpp *to, uint64_t cookie, enum xmpp_fate fate);
/* An error stanza from `remote` for one of our users. */
void to_xmpp_error(struct to_xmpp *to, struct view remote, const struct parcel *error);
/* An iq result or error between the domains themselves. */
bool to_xmpp_pong(struct to_xmpp *to, struct view local, struct view remote, struct view id);

/* to_partner.c: the same by SIP. */
struct to_partner *to_partner_new(struct session *session);
void to_partner_stop(struct to_partner *to);
void to_partner_free(struct to_partner *to);
void to_partner_go(struct to_partner *to, struct departure *departure);

/* from_partner.c */
struct from_partner *from_partner_new(struct session *session);
/* Answers every requester that still waits. */
void from_partner_stop(struct from_partner *from);
void from_partner_free(struct from_partner *from);
/* A MESSAGE of a partner's SIP server. Answers tx, now or when the outcome is known. */
void from_partner_message(struct from_partner *from, struct sip_server_tx *tx,
	const struct sip_peer *peer, const struct sip_message *request);
/* Is a message of the same sender for the same recipient on its way inside right now? */
bool from_partner_is_under_way(const struct from_partner *from, const struct parcel *parcel);
uint32_t from_partner_open(const struct from_partner *from);

/* to_sip.c */
struct to_sip *to_sip_new(struct session *session);
/* Every sender whose message is still here hears that it was not delivered, or may not have been. */
void to_sip_stop(struct to_sip *to);
void to_sip_free(struct to_sip *to);
/* A message of a user of a partner, who has proven itself in this way, for one of ours. Its sender hears of
 * every failure. */
void to_sip_message(struct to_sip *to, const struct parcel *parcel, enum proof proof);
/* Is a message of the same sender for the same recipient on its way inside right now? */
bool to_sip_is_under_way(const struct to_sip *to, const struct parcel *parcel);
uint32_t to_sip_open(const struct to_sip *to);
uint32_t to_sip_lanes(const struct to_sip *to);

/* suspicion.c */
/* A watch_change_h for the session. */
void suspicion_changed(void *session, const char *peer, bool suspicious);
/* Who has proven a name on this socket, and is not suspicious, is known by its address at its next
 * handshake. Who is suspicious has that class at the dataplane, too. */
/* Is the partner of this id suspicious? As known_doubt asks; arg: the session. */
bool session_suspects(void *arg, uint32_t partner_id);
void suspicion_say_proven(
	const struct session *session, int fd, uint32_t partner_id, struct view domain);

/* What became of a message of this domain is known: was it to a user whom there is not? Whoever writes to such often is
 * guessing names. */
void suspicion_answered(const struct session *session, struct view domain, bool nobody);
/* Does this say so? */
bool suspicion_is_nobody(enum stanza_condition condition);

/* service.c: what our domains answer by themselves. */
void service_iq(
	struct session *session, struct view local, struct view remote, const struct element *iq);
void service_presence(struct session *session, struct view local, struct view remote,
	const struct element *presence);
/* The error stanza that answers a stanza of any kind, sent to the partner. */
void service_refuse(struct session *session, struct view local, struct view remote,
	const struct element *stanza, const struct stanza_error *error);

/* Unpredictable bytes from the kernel; ends the process if there are none (never since boot). */
void session_random(void *out, size_t len);
