/* SPDX-License-Identifier: BSD-3-Clause */
/* The top floor: who talks with whom across the protocols, and who hears what became of it. Sits on
 * the XMPP pool and the SIP endpoint and knows both only by their handlers. Loop thread only. */
#pragma once

#include "control/policy/gate.h"
#include "control/sip/endpoint.h"
#include "control/verdicts.h"
#include "control/xmpp/pool.h"

struct known;
struct session;

/* NULL without memory or randomness. */
struct session *session_new(struct loop *loop, struct generation *generation);
/* Other rules are in force: for all that comes now. Messages under way come to their end as before. */
void session_adopt(struct session *session, struct generation *generation);
/* The edge is stopping: who still waits, on either side, hears so, and whoever comes is turned away.
 * The loop then needs a moment to write that out, before endpoint, pool and session are freed. */
void session_stop(struct session *session);
/* Accepts NULL. */
void session_free(struct session *session);

/* What to give to the two sides, then what they became. */
struct xmpp_handlers session_xmpp_handlers(struct session *session);
struct sip_endpoint_handlers session_sip_handlers(struct session *session);
void session_connect(
	struct session *session, struct xmpp_pool *pool, struct sip_endpoint *endpoint);

/* Who is to hear of partners that are proven; before the first connection. */
void session_verdicts(struct session *session, struct verdicts *verdicts);

/* Where addresses are remembered from which partners have proven themselves. Outlives the session. */
void session_known(struct session *session, struct known *known);
/* A domain was blocked: partners whose it is are forgotten there, as are those that are not in the rules any
 * more when these change. */
void session_review_known(struct session *session);

/* Who asks the rules about each message; before the first one. Outlives the session. */
void session_gate(struct session *session, struct gate *gate);

/* The dataplane is there (again): have it hear who is suspicious. session_adopt does so, too. */
void session_say_suspects(struct session *session);

/* {"out": open messages of our users, "in": those for them, "lanes": ...}; a new reference. */
json_t *session_json(const struct session *session);
/* Messages each way per partner of which there were any, see tallies_json; a new reference. */
json_t *session_messages_json(const struct session *session);
