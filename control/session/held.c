/* SPDX-License-Identifier: BSD-3-Clause */
/* How the ways to a domain ended just before, for the rules to take another one. */
#include "control/parcel/warning.h"
#include "control/session/session_int.h"

static const struct way fates[] = {
	[XMPP_WRITTEN] = {WAY_OPEN, NULL},
	[XMPP_NOT_FOUND] = {WAY_DOWN, "its server does not know it"},
	[XMPP_UNREACHABLE] = {WAY_DOWN, "cannot be reached"},
	[XMPP_NOT_TRUSTED] = {WAY_DOWN, "identities could not be proven"},
	[XMPP_QUEUE_FULL] = {WAY_DOWN, "too much waits"},
	[XMPP_STREAM_LOST] = {WAY_DOWN, "cannot be reached"},
	[XMPP_NO_ROOM] = {WAY_DOWN, "too many unknown domains are served"},
	[XMPP_NO_SERVER] = {WAY_MISSING, "no server in DNS"},
	[XMPP_SRV_CONFLICT] = {WAY_ELSEWHERE, "DNS names only servers outside of the domain"},
};

static const struct {
	struct way way;
	const char *word;
} outcomes[] = {
	[SIP_RESPONDED] = {{WAY_OPEN, NULL}, "responded"},
	[SIP_TIMED_OUT] = {{WAY_DOWN, "does not answer"}, "timed_out"},
	[SIP_UNREACHABLE] = {{WAY_DOWN, "cannot be reached"}, "unreachable"},
	[SIP_UNTRUSTED] = {{WAY_DOWN, "identities could not be proven"}, "not_trusted"},
	[SIP_BROKEN] = {{WAY_DOWN, "cannot be reached"}, "broken"},
	[SIP_NO_SERVER] = {{WAY_MISSING, "no server in DNS"}, "srv_missing"},
	[SIP_SRV_CONFLICT] = {{WAY_ELSEWHERE, "DNS names only servers outside of the domain"},
		"srv_conflict"},
};

const char *session_outcome_word(enum sip_outcome outcome)
{
	return outcomes[outcome].word;
}

void session_ways(void *arg, struct view domain, struct way ways[static WAYS])
{
	const struct session *session = arg;
	const char *routing = session_routing_domain(session, domain);

	/* Where its messages go. */
	if (routing)
		domain = view_of(routing);
	ways[PROTOCOL_XMPP] = fates[xmpp_pool_held(session->pool, domain)];
	ways[PROTOCOL_SIP] = outcomes[sip_endpoint_held(session->endpoint, domain)].way;
}
