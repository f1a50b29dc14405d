/* SPDX-License-Identifier: BSD-3-Clause */
/* Outbound: from a stanza to a stream that takes it, or to the reason why there is none. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/xmpp/pool_int.h"
#include "rules/base/log.h"

static void drop_waiting(struct route *r, struct waiting *w)
{
	TAILQ_REMOVE(&r->queue, w, queue);
	r->queue_count--;
	r->queue_bytes -= w->len;
	r->pool->queued_bytes -= w->len;
	free(w);
}

/* The stream, if there is one, goes its own way. */
static void let_go(struct route *r)
{
	if (r->member)
		r->member->route = NULL;
	r->member = NULL;
	fates_final_all(r->pool->fates, &r->written, XMPP_STREAM_LOST);
}

static void stop_attempt(struct route *r)
{
	reach_cancel(r->reach);
	r->reach = NULL;
	timer_clear(r->timer);
}

static bool is_at_rest(const struct route *r)
{
	return !r->member && !r->reach && r->queue_count == 0;
}

/* Names of remote domains may be chosen by senders: what is not used does not stay. */
static void rest(struct route *r)
{
	if (is_at_rest(r))
		timer_set_ms(r->timer, ROUTE_REST_MS);
}

static void hold_off(struct route *r, enum xmpp_fate fate)
{
	uint64_t ms = ROUTE_HOLD_MS;
	uint16_t random = 0;

	for (uint32_t i = 0; i < r->failures && ms < ROUTE_HOLD_MAX_MS; i++)
		ms *= 2;
	if (ms > ROUTE_HOLD_MAX_MS)
		ms = ROUTE_HOLD_MAX_MS;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) == sizeof(random))
		ms -= ms / 2 * random / UINT16_MAX;
	r->failures++;
	r->held = fate;
	r->hold_until = mono_after_ms(loop_now(r->pool->loop), ms);
}

/* The attempt came to nothing: everything that waits for it hears so. */
static void fail(struct route *r, enum xmpp_fate fate, const char *cause)
{
	struct waiting *w;

	stop_attempt(r);
	counter_add("xmpp.unreachable", cause, 1);
	hold_off(r, fate);
	while ((w = TAILQ_FIRST(&r->queue))) {
		if (w->sent)
			fates_final(r->pool->fates, w->sent, fate);
		drop_waiting(r, w);
	}
	rest(r);
}

static void on_timer(void *arg)
{
	struct route *r = arg;
	struct member *m = r->member;
	struct remote *remote = r->remote;

	if (is_at_rest(r)) {
		route_free(r, XMPP_UNREACHABLE);
		remote_release(remote);
		return;
	}

	log_warning("xmpp: %s -> %s: no stream within %d s", r->local, r->remote->domain,
		ROUTE_SETUP_MS / 1000);
	let_go(r);
	if (m)
		link_end(m->link, STREAM_CONNECTION_TIMEOUT, "setup_timeout");
	fail(r, XMPP_UNREACHABLE, "setup_timeout");
}

static void on_reached(void *arg, const struct reached *reached)
{
	struct route *r = arg;
	struct member *m;

	r->reach = NULL;
	if (reached->fd < 0) {
		fail(r, reached->fate, reached->cause);
		return;
	}
	m = calloc(1, sizeof(*m));
	if (m)
		*m = (struct member){.pool = r->pool, .route = r};
	else
		close(reached->fd);
	if (m && pool_add_member(m, STREAM_OUTBOUND, reached->fd, NULL, &reached->origin))
		r->member = m;
	else
		fail(r, XMPP_UNREACHABLE, "no_memory");
}

static void start(struct route *r)
{
	r->reach = reach_start(r->pool, r->local, r->remote->domain, on_reached, r);
	if (r->reach)
		timer_set_ms(r->timer, ROUTE_SETUP_MS);
	else
		fail(r, XMPP_UNREACHABLE, "no_memory");
}

/* NULL: the fate says why. */
static struct route *find_or_make(struct remote *remote, const char *local, enum xmpp_fate *fate)
{
	bool discovered;
	struct route *r;

	for (r = remote->routes; r; r = r->next)
		if (strcmp(r->local, local) == 0)
			return r;
	*fate = XMPP_NO_ROOM;
	if (discovery_begin(remote->pool, view_of(remote->domain), &discovered))
		return NULL;
	*fate = XMPP_QUEUE_FULL;
	r = calloc(1, sizeof(*r));
	if (!r) {
		discovery_end(remote->pool, view_of(remote->domain), &discovered);
		return NULL;
	}
	*r = (struct route){.pool = remote->pool, .remote = remote, .discovered = discovered};
	TAILQ_INIT(&r->queue);
	LIST_INIT(&r->written);
	r->local = strdup(local);
	r->timer = timer_new(r->pool->loop, on_timer, r);
	if (!r->local || !r->timer) {
		discovery_end(r->pool, view_of(remote->domain), &r->discovered);
		timer_free(r->timer);
		free(r->local);
		free(r);
		return NULL;
	}
	r->next = remote->routes;
	remote->routes = r;
	return r;
}

void route_free(struct route *r, enum xmpp_fate fate)
{
	struct route **at = &r->remote->routes;
	struct waiting *w;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	stop_attempt(r);
	while ((w = TAILQ_FIRST(&r->queue))) {
		if (w->sent)
			fates_final(r->pool->fates, w->sent, fate);
		drop_waiting(r, w);
	}
	let_go(r);
	discovery_end(r->pool, view_of(r->remote->domain), &r->discovered);
	timer_free(r->timer);
	free(r->local);
	free(r);
}

static bool enqueue(struct route *r, struct view stanza, uint64_t cookie)
{
	struct waiting *w;

	if (r->queue_count >= ROUTE_QUEUE_MAX || stanza.len > ROUTE_QUEUE_BYTES - r->queue_bytes ||
		r->pool->queued_bytes + stanza.len > POOL_QUEUE_BYTES)
		return false;
	w = malloc(sizeof(*w) + stanza.len);
	if (!w)
		return false;
	*w = (struct waiting){.len = stanza.len};
	memcpy(w->bytes, stanza.p, stanza.len);
	if (cookie) {
		w->sent = fates_add(r->pool->fates, cookie, &w->sent);
		if (!w->sent) {
			free(w);
			return false;
		}
	}
	TAILQ_INSERT_TAIL(&r->queue, w, queue);
	r->queue_count++;
	r->queue_bytes += w->len;
	r->pool->queued_bytes += w->len;
	return true;
}

/* To the ready stream. Whether it could take the stanza is told by the fate. */
static void write_stanza(struct route *r, struct view stanza, uint64_t cookie)
{
	struct fates *fates = r->pool->fates;
	struct sent *sent = cookie ? fates_add(fates, cookie, NULL) : NULL;

	if ((cookie && !sent) || !link_send(r->member->link, stanza)) {
		counter_add("xmpp", "queue_full", 1);
		if (sent)
			fates_final(fates, sent, XMPP_QUEUE_FULL);
		else
			fates_at_once(fates, cookie, XMPP_QUEUE_FULL);
		return;
	}
	counter_add("xmpp", "stanzas_out", 1);
	if (sent)
		fates_written(fates, sent, &r->written);
}

bool route_is_held(const struct route *r)
{
	return !r->member && !r->reach && !mono_reached(loop_now(r->pool->loop), r->hold_until);
}

static void take(struct route *r, struct view stanza, uint64_t cookie)
{
	struct xmpp_pool *pool = r->pool;

	/* A stream that we are ending takes no more: this stanza gets a new one. */
	if (r->member && (stream_is_closing(link_stream(r->member->link)) ||
				 stream_is_closed(link_stream(r->member->link))))
		let_go(r);
	if (r->member && stream_is_ready(link_stream(r->member->link))) {
		write_stanza(r, stanza, cookie);
		return;
	}
	if (route_is_held(r)) {
		counter_add("xmpp", "held_off", 1);
		fates_at_once(pool->fates, cookie, r->held);
		return;
	}
	if (!enqueue(r, stanza, cookie)) {
		counter_add("xmpp", "queue_full", 1);
		fates_at_once(pool->fates, cookie, XMPP_QUEUE_FULL);
		return;
	}
	if (!r->member && !r->reach)
		start(r);
}

void route_send(struct remote *remote, const char *local, struct view stanza, uint64_t cookie)
{
	enum xmpp_fate fate;
	struct route *r = find_or_make(remote, local, &fate);

	if (!r) {
		fates_at_once(remote->pool->fates, cookie, fate);
		return;
	}
	take(r, stanza, cookie);
	rest(r);
}

void route_ready(struct route *r)
{
	struct waiting *w;

	timer_clear(r->timer);
	while ((w = TAILQ_FIRST(&r->queue))) {
		if (!link_send(r->member->link, view_make(w->bytes, w->len))) {
			if (w->sent)
				fates_final(r->pool->fates, w->sent, XMPP_QUEUE_FULL);
		} else {
			counter_add("xmpp", "stanzas_out", 1);
			if (w->sent)
				fates_written(r->pool->fates, w->sent, &r->written);
		}
		drop_waiting(r, w);
	}
}

static enum xmpp_fate fate_of(const struct stream_fault *fault)
{
	if (fault->untrusted)
		return XMPP_NOT_TRUSTED;
	return fault->unknown_host ? XMPP_NOT_FOUND : XMPP_UNREACHABLE;
}

void route_closed(struct route *r)
{
	struct member *m = r->member;
	const struct stream_fault *fault = link_fault(m->link);
	bool was_ready = m->authenticated;
	bool early = mono_since_ms(loop_now(r->pool->loop), link_since(m->link)) < ROUTE_SHORT_MS;

	let_go(r);
	if (!was_ready) {
		fail(r, fate_of(fault), fault->cause);
		return;
	}
	/* Who lets us in and throws us out at once is not asked again for every stanza. One that says
	 * that it shuts down may be back, with senders who wait for their errors. */
	if (fault->condition != STREAM_NO_ERROR && fault->condition != STREAM_SYSTEM_SHUTDOWN &&
		early)
		hold_off(r, fate_of(fault));
	else
		r->failures = 0;
	rest(r);
}

const char *route_state_name(const struct route *r)
{
	if (r->reach)
		return reach_state_name(r->reach);
	return r->member ? stream_state_name(link_stream(r->member->link)) : "closed";
}
