/* SPDX-License-Identifier: BSD-3-Clause */
/* Has the dataplane hear who is suspicious: of partners, whatever they have open, and of what they have
 * proven. */
#include "control/session/session_int.h"

#include <string.h>

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
	const struct session *session = arg;
	const struct ruleset *rules = session->generation->rules;
	struct saying saying = {.verdicts = session->verdicts, .suspicious = suspicious};
	const struct partner *partner = partner_of(rules, peer);

	if (!session->verdicts)
		return;
	saying_add_peer(&saying, rules, peer);
	saying_end(&saying);
	/* Of what it has open the dataplane hears again; of a provider's, with everybody's. */
	if (partner || provider_of(peer))
		verdicts_say_again(session->verdicts, partner ? partner->id : PARTNER_NONE);
}

void suspicion_say_proven(
	const struct session *session, int fd, uint32_t partner_id, struct view domain)
{
	if (session->gate &&
		watch_suspects(gate_watch(session->gate), session->generation->rules, domain))
		verdicts_suspicious(session->verdicts, fd, partner_id, domain);
	else
		verdicts_proven(session->verdicts, fd, partner_id, domain);
}
