/* SPDX-License-Identifier: BSD-3-Clause */
/* Has the dataplane hear who is suspicious: of partners, whatever they have open, and of what they have
 * proven; and has those remembered who have proven themselves and are not. */
#include <string.h>
#include <sys/socket.h>

#include "control/known.h"
#include "control/session/session_int.h"
#include "control/socket_address.h"

/* Ids on their way, as many as one question takes. */
struct saying {
	struct verdicts *verdicts;
	uint32_t ids[VERDICTS_SUSPECTS_MAX];
	uint32_t count;
	bool suspicious, anew;
};

static void saying_end(struct saying *saying)
{
	if (saying->count > 0 || saying->anew)
		verdicts_suspects(saying->verdicts, saying->ids, saying->count, saying->suspicious,
			saying->anew);
	saying->count = 0;
	saying->anew = false;
}

static void saying_add(struct saying *saying, const struct partner *partner)
{
	saying->ids[saying->count++] = partner->id;
	if (saying->count == VERDICTS_SUSPECTS_MAX)
		saying_end(saying);
}

/* The partner of a peer that is one, see watch_json. What was discovered is none. */
static const struct partner *partner_of(const struct ruleset *rules, const char *peer)
{
	const struct partner *partner = ruleset_partner(rules, view_of(peer));

	return partner && strcmp(partner->domain, peer) == 0 ? partner : NULL;
}

/* "yahoo" of "provider:yahoo", else NULL. */
static const char *provider_of(const char *peer)
{
	static const char word[] = "provider:";

	return strncmp(peer, word, strlen(word)) == 0 ? peer + strlen(word) : NULL;
}

/* Of a provider all its domains, each a partner to the dataplane. */
static void saying_add_peer(struct saying *saying, const struct ruleset *rules, const char *peer)
{
	const char *provider = provider_of(peer);
	const struct partner *partner = provider ? NULL : partner_of(rules, peer);

	if (partner)
		saying_add(saying, partner);
	for (uint32_t i = ruleset_named_partners(rules); provider && i < rules->partner_count; i++)
		if (strcmp(rules->partners[i].provider->name, provider) == 0)
			saying_add(saying, &rules->partners[i]);
}

void session_say_suspects(struct session *session)
{
	struct saying saying = {.verdicts = session->verdicts, .suspicious = true, .anew = true};
	struct rate_suspect suspect;
	const void *cursor = NULL;

	if (!session->verdicts || !session->gate)
		return;
	while (watch_suspect_next(gate_watch(session->gate), &cursor, &suspect))
		saying_add_peer(&saying, session->generation->rules, suspect.peer);
	saying_end(&saying);
}

void suspicion_changed(void *arg, const char *peer, bool suspicious)
{
	struct session *session = arg;
	const struct ruleset *rules = session->generation->rules;
	struct saying saying = {.verdicts = session->verdicts, .suspicious = suspicious};
	const struct partner *partner = partner_of(rules, peer);

	if (!session->verdicts)
		return;
	saying_add_peer(&saying, rules, peer);
	saying_end(&saying);
	if (suspicious)
		session_review_known(session);
	/* Of what it has open the dataplane hears again; of a provider's, with everybody's. */
	if (partner || provider_of(peer))
		verdicts_say_again(session->verdicts, partner ? partner->id : PARTNER_NONE);
	else
		verdicts_say_again_of(session->verdicts, view_of(peer));
}

bool session_suspects(void *arg, uint32_t partner_id)
{
	const struct session *session = arg;
	const struct ruleset *rules = session->generation->rules;
	const struct partner *partner = ruleset_partner_by_id(rules, partner_id);

	return partner && session->gate &&
	       watch_suspects(gate_watch(session->gate), rules, view_of(partner->domain));
}

static bool may_be_known(void *arg, uint32_t partner_id)
{
	const struct session *session = arg;
	const struct ruleset *rules = session->generation->rules;
	const struct partner *partner = ruleset_partner_by_id(rules, partner_id);
	struct view domain = view_of(partner ? partner->domain : "");

	return partner && !ruleset_blocks_domain(rules, domain) &&
	       !session_is_shut(session, domain) && !session_suspects(arg, partner_id);
}

void session_review_known(struct session *session)
{
	if (session->known)
		known_review(session->known, may_be_known, session);
}

static void remember(const struct session *session, int fd, uint32_t partner_id)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	struct ip_address address;
	uint32_t mark = 0;
	socklen_t mark_len = sizeof(mark);
	uint16_t port;

	/* Where a partner's address is known already there is nothing to remember. */
	if (getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &mark_len) < 0 ||
		mark_class(mark) == CLASS_CLAIMED)
		return;
	/* It may have gone meanwhile. */
	if (getpeername(fd, (struct sockaddr *)&storage, &len) == 0 &&
		socket_address_read(&storage, &address, &port))
		known_put(session->known, &address, partner_id, loop_now(session->loop));
}

void suspicion_say_proven(
	const struct session *session, int fd, uint32_t partner_id, struct view domain)
{
	if (session->gate &&
		watch_suspects(gate_watch(session->gate), session->generation->rules, domain)) {
		verdicts_suspicious(session->verdicts, fd, partner_id, domain);
		return;
	}
	verdicts_proven(session->verdicts, fd, partner_id, domain);
	if (session->known && partner_id != PARTNER_NONE && !session_is_shut(session, domain))
		remember(session, fd, partner_id);
}

void suspicion_answered(const struct session *session, struct view domain, bool nobody)
{
	if (session->gate)
		watch_answered(
			gate_watch(session->gate), session->generation->rules, domain, nobody);
}

bool suspicion_is_nobody(enum stanza_condition condition)
{
	return condition == STANZA_ITEM_NOT_FOUND || condition == STANZA_GONE ||
	       condition == STANZA_JID_MALFORMED;
}
