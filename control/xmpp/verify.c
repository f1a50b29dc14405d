/* SPDX-License-Identifier: BSD-3-Clause */
/* Asking the server of a domain whether a dialback key is its own. Whoever connects to us can have it asked, so
 * there is at most one connection with a domain at a time, none sooner than a second after the one before,
 * and each source has few questions under way. Answers count on the connection that the question went out on,
 * for the stream that it was about, and once. (XEP-0220 section 2.3.) */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/xmpp/pool_int.h"

enum {
	ASKS_MAX = 256,          /* of all together; ... */
	ASKS_OF_DOMAIN_MAX = 16, /* ... of both, strangers may have half */
	ASKS_OF_SOURCE_MAX = 8,  /* of a partner, or of a network that is nobody's */
	VERIFIERS_MAX = 512,
	ASK_MS = 20 * 1000, /* from the key to the answer */
	PAUSE_MS = 1000,    /* from one connection with a domain to the next */
};

/* A stream that waits for the word of its domain's server. */
struct ask {
	struct verifier *verifier;
	struct member *member;
	struct mono until;
	bool sent;
	TAILQ_ENTRY(ask) queue;
};

static struct verifier *find(struct xmpp_pool *pool, const char *remote)
{
	struct verifier *v;

	LIST_FOREACH(v, &pool->verifiers, all)
	if (strcmp(v->remote, remote) == 0)
		return v;
	return NULL;
}

static bool is_idle(const struct verifier *v)
{
	return !v->reach && !v->member;
}

/* Is it a question for the connection that there is, or that is made? */
static bool is_for_connection(const struct verifier *v, const struct ask *ask)
{
	return strcmp(stream_local(link_stream(ask->member->link)), v->local) == 0;
}

static void drop_connection(struct verifier *v)
{
	struct member *m = v->member;

	reach_cancel(v->reach);
	v->reach = NULL;
	v->member = NULL;
	discovery_end(v->pool, view_of(v->remote), &v->discovered);
	if (!m)
		return;
	m->verifier = NULL;
	link_end(m->link, STREAM_NO_ERROR, "asked");
}

static void verifier_free(struct verifier *v)
{
	drop_connection(v);
	LIST_REMOVE(v, all);
	v->pool->verifier_count--;
	timer_free(v->timer);
	free(v);
}

static void schedule(struct verifier *v)
{
	struct mono now = loop_now(v->pool->loop);
	struct mono at = mono_after_ms(v->begun, PAUSE_MS);
	const struct ask *first = TAILQ_FIRST(&v->asks);

	if (first && (!is_idle(v) || first->until.ns < at.ns))
		at = first->until;
	timer_set_ms(v->timer, at.ns > now.ns ? (at.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS : 0);
}

static void ask_free(struct ask *ask)
{
	struct verifier *v = ask->verifier;

	TAILQ_REMOVE(&v->asks, ask, queue);
	v->count--;
	v->pool->ask_count--;
	ask->member->ask = NULL;
	free(ask);
}

static void settle(struct ask *ask, enum dialback_type said, enum dialback_error error)
{
	static const char *const names[] = {
		[DIALBACK_REQUEST] = "error",
		[DIALBACK_VALID] = "valid",
		[DIALBACK_INVALID] = "invalid",
		[DIALBACK_ERROR] = "error",
	};
	const struct member *asked = ask->verifier->member;
	struct link *link = ask->member->link;
	bool over_tls = asked && stream_proven_by(link_stream(asked->link)) == PROOF_DIALBACK_TLS;

	counter_add("dialback.verified", names[said], 1);
	ask_free(ask);
	link_verified(link, said, error, over_tls);
}

/* All that the connection was for. */
static void settle_all(struct verifier *v, enum dialback_error error)
{
	struct ask *ask, *next;

	for (ask = TAILQ_FIRST(&v->asks); ask; ask = next) {
		next = TAILQ_NEXT(ask, queue);
		if (is_for_connection(v, ask))
			settle(ask, DIALBACK_ERROR, error);
	}
}

/* Something has been settled: is the connection still of use? */
static void review(struct verifier *v)
{
	const struct ask *ask;
	bool used = false;

	TAILQ_FOREACH(ask, &v->asks, queue)
	used = used || is_for_connection(v, ask);
	if (!used)
		drop_connection(v);
	schedule(v);
}

static void put_questions(struct verifier *v)
{
	struct ask *ask;

	TAILQ_FOREACH(ask, &v->asks, queue)
	{
		const struct stream *s = link_stream(ask->member->link);

		if (ask->sent || !is_for_connection(v, ask))
			continue;
		ask->sent = true;
		link_ask(v->member->link, stream_id(s), stream_key(s));
		counter_add("dialback", "asked", 1);
	}
}

static void give_up(struct verifier *v, enum dialback_error error, const char *cause)
{
	counter_add("dialback.unreachable", cause, 1);
	settle_all(v, error);
	review(v);
}

/* DNS has no server for it that we could ask. */
static bool is_nowhere(enum xmpp_fate fate)
{
	return fate == XMPP_NOT_FOUND || fate == XMPP_NO_SERVER || fate == XMPP_SRV_CONFLICT;
}

static void on_reached(void *arg, const struct reached *reached)
{
	struct verifier *v = arg;
	struct member *m;

	v->reach = NULL;
	if (reached->fd < 0) {
		give_up(v,
			is_nowhere(reached->fate) ? DIALBACK_REMOTE_SERVER_NOT_FOUND
						  : DIALBACK_REMOTE_CONNECTION_FAILED,
			reached->cause);
		return;
	}
	m = calloc(1, sizeof(*m));
	if (m)
		*m = (struct member){.pool = v->pool, .verifier = v};
	else
		close(reached->fd);
	if (m && pool_add_member(m, STREAM_ASKING, reached->fd, NULL, &reached->origin))
		v->member = m;
	else
		give_up(v, DIALBACK_RESOURCE_CONSTRAINT, "no_memory");
}

/* A connection, for the question that has waited for longest. */
static void start(struct verifier *v)
{
	const struct ask *first = TAILQ_FIRST(&v->asks);
	const char *local = stream_local(link_stream(first->member->link));
	const char *full;

	view_copy(view_of(local), v->local, sizeof(v->local));
	v->begun = loop_now(v->pool->loop);
	full = discovery_begin(v->pool, view_of(v->remote), &v->discovered);
	if (!full)
		v->reach = reach_start(v->pool, v->local, v->remote, on_reached, v);
	if (v->reach)
		schedule(v);
	else
		give_up(v, DIALBACK_RESOURCE_CONSTRAINT, full ? full : "no_memory");
}

static void on_timer(void *arg)
{
	struct verifier *v = arg;
	struct mono now = loop_now(v->pool->loop);
	bool rested = mono_reached(now, mono_after_ms(v->begun, PAUSE_MS));
	struct ask *ask;

	while ((ask = TAILQ_FIRST(&v->asks)) && mono_reached(now, ask->until)) {
		counter_add("dialback.unreachable", "timeout", 1);
		settle(ask, DIALBACK_ERROR, DIALBACK_REMOTE_SERVER_TIMEOUT);
	}
	if (TAILQ_EMPTY(&v->asks) && rested)
		verifier_free(v);
	else if (!TAILQ_EMPTY(&v->asks) && is_idle(v) && rested)
		start(v);
	else
		review(v);
}

static struct verifier *find_or_make(struct xmpp_pool *pool, const char *remote)
{
	struct verifier *v = find(pool, remote);

	if (v || pool->verifier_count >= VERIFIERS_MAX)
		return v;
	v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	*v = (struct verifier){.pool = pool};
	TAILQ_INIT(&v->asks);
	v->timer = timer_new(pool->loop, on_timer, v);
	if (!v->timer || !view_copy(view_of(remote), v->remote, sizeof(v->remote))) {
		timer_free(v->timer);
		free(v);
		return NULL;
	}
	LIST_INSERT_HEAD(&pool->verifiers, v, all);
	pool->verifier_count++;
	return v;
}

/* Whoever connects makes us connect to somebody else: not often. */
static bool source_has_room(const struct xmpp_pool *pool, const struct origin *origin)
{
	const struct verifier *v;
	const struct ask *ask;
	uint32_t count = 0;

	LIST_FOREACH(v, &pool->verifiers, all)
	TAILQ_FOREACH(ask, &v->asks, queue)
	{
		const struct origin *other = link_origin(ask->member->link);

		count += other->class == origin->class && other->key == origin->key;
	}
	return count < ASKS_OF_SOURCE_MAX;
}

static struct ask *ask_new(struct member *m)
{
	struct xmpp_pool *pool = m->pool;
	const struct origin *origin = link_origin(m->link);
	uint32_t part = origin_is_stranger(origin->class) ? 2 : 1;
	struct verifier *v;
	struct ask *ask;

	if (pool->ask_count >= ASKS_MAX / part || !source_has_room(pool, origin))
		return NULL;
	v = find_or_make(pool, stream_remote(link_stream(m->link)));
	ask = v && v->count < ASKS_OF_DOMAIN_MAX / part ? calloc(1, sizeof(*ask)) : NULL;
	if (!ask) {
		if (v)
			schedule(v);
		return NULL;
	}
	*ask = (struct ask){
		.verifier = v, .member = m, .until = mono_after_ms(loop_now(pool->loop), ASK_MS)};
	m->ask = ask;
	TAILQ_INSERT_TAIL(&v->asks, ask, queue);
	v->count++;
	pool->ask_count++;
	return ask;
}

void verify_begin(struct member *m)
{
	struct ask *ask = ask_new(m);
	struct verifier *v;

	if (!ask) {
		counter_add("dialback.unreachable", "too_many", 1);
		link_verified(m->link, DIALBACK_ERROR, DIALBACK_RESOURCE_CONSTRAINT, false);
		return;
	}
	v = ask->verifier;
	if (v->member && stream_is_ready(link_stream(v->member->link)))
		put_questions(v);
	/* The time of the first one is 0. */
	if (is_idle(v) && mono_reached(loop_now(v->pool->loop), mono_after_ms(v->begun, PAUSE_MS)))
		start(v);
	else
		schedule(v);
}

void verify_cancel(struct member *m)
{
	struct verifier *v = m->ask ? m->ask->verifier : NULL;

	if (!v)
		return;
	ask_free(m->ask);
	review(v);
}

void verify_ready(struct member *m)
{
	if (m->verifier)
		put_questions(m->verifier);
}

static struct ask *asked_about(struct verifier *v, struct view id)
{
	struct ask *ask;

	TAILQ_FOREACH(ask, &v->asks, queue)
	if (ask->sent && view_equal(id, stream_id(link_stream(ask->member->link))))
		return ask;
	return NULL;
}

void verify_answer(struct member *m, const struct dialback *answer)
{
	struct verifier *v = m->verifier;
	struct ask *ask = v ? asked_about(v, answer->id) : NULL;

	if (!ask) {
		counter_add("dialback.ignored", "unsolicited", 1);
		return;
	}
	if (strcmp(answer->from, v->remote) != 0 || strcmp(answer->to, v->local) != 0) {
		counter_add("dialback.ignored", "mismatched", 1);
		return;
	}
	settle(ask, answer->type,
		answer->error == DIALBACK_ITEM_NOT_FOUND ? DIALBACK_REMOTE_SERVER_NOT_FOUND
							 : DIALBACK_REMOTE_CONNECTION_FAILED);
	review(v);
}

void verify_closed(struct member *m)
{
	const struct stream_fault *fault = link_fault(m->link);
	struct verifier *v = m->verifier;

	if (!v)
		return;
	m->verifier = NULL;
	v->member = NULL;
	give_up(v,
		fault->untrusted      ? DIALBACK_NOT_AUTHORIZED
		: fault->unknown_host ? DIALBACK_REMOTE_SERVER_NOT_FOUND
				      : DIALBACK_REMOTE_CONNECTION_FAILED,
		fault->cause);
}

void verify_stop(struct xmpp_pool *pool)
{
	struct verifier *v;

	while ((v = LIST_FIRST(&pool->verifiers))) {
		while (!TAILQ_EMPTY(&v->asks))
			ask_free(TAILQ_FIRST(&v->asks));
		verifier_free(v);
	}
}
