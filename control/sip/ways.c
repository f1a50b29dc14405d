/* SPDX-License-Identifier: BSD-3-Clause */
/* The ways out: a link for the inside route of each local domain and for each pair of one of ours and a
 * partner's domain that was wanted, and those of earlier rules until what was sent on them is over. */
#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/sip/endpoint_int.h"

enum {
	LOOK_MS = 5 * 1000,       /* for links to partners that nobody uses */
	IDLE_MS = 10 * 60 * 1000, /* no message for so long: such a connection ends */
	REST_MS = 10 * 1000, /* without a connection: it is forgotten, the back-off behind it */
};

static bool is_partner(const struct sip_way *way)
{
	return sip_link_route(way->link)->kind == SIP_PEER_PARTNER;
}

/* --- links that open and end --- */

static struct sip_flow *flow_of_link(
	struct sip_way *way, struct sip_connection *connection, X509 *certificate)
{
	const struct sip_route *route = sip_link_route(way->link);
	struct sip_flow *flow = sip_flow_new(way->endpoint, route->kind);

	if (!flow)
		return NULL;
	flow->connection = connection;
	flow->way = way;
	sip_flow_take_route(flow, route, certificate);
	if (!sip_flow_settle_in(flow))
		return flow;
	sip_flow_free(flow);
	return NULL;
}

static void on_link_open(
	void *arg, struct sip_link *link, struct sip_connection *connection, X509 *certificate)
{
	struct sip_way *way = arg;
	struct sip_flow *flow = flow_of_link(way, connection, certificate);

	if (!flow) {
		counter_add("sip.refused", "too_many_connections", 1);
		sip_connection_close(connection, "too_many_connections");
		return;
	}
	way->flow = flow;
	way->used = loop_now(way->endpoint->house.loop);
	sip_connection_set_owner(connection, flow);
	sip_flow_tell_verified(flow);
	sip_uac_open(way->endpoint, way);
}

static void on_link_failed(void *arg, struct sip_link *link, enum sip_outcome outcome)
{
	struct sip_way *way = arg;

	sip_uac_end_way(way->endpoint, way, outcome, outcome);
	sip_ways_touch(way->endpoint);
}

static void on_link_lost(
	void *arg, struct sip_link *link, struct sip_connection *connection, bool delivered_nothing)
{
	struct sip_way *way = arg;

	sip_uac_end_way(way->endpoint, way, delivered_nothing ? SIP_UNREACHABLE : SIP_BROKEN,
		SIP_UNREACHABLE);
	if (way->flow)
		sip_flow_free(way->flow);
	sip_ways_touch(way->endpoint);
}

static void on_link_message(void *arg, struct sip_link *link, struct sip_connection *connection,
	const struct sip_message *message)
{
	struct sip_way *way = arg;

	way->used = loop_now(way->endpoint->house.loop);
	if (!way->flow)
		return; /* it ends, there was no room for it */
	if (message->is_request)
		sip_uas_request(way->flow, message);
	else
		sip_uac_response(way->flow, message);
}

static void on_link_bad(void *arg, struct sip_link *link, struct sip_connection *connection,
	const struct sip_message *message, const struct sip_fault *fault)
{
	struct sip_way *way = arg;

	if (way->flow)
		sip_uas_bad(way->flow, message, fault);
}

/* --- finding: those that new requests take, by the domain of the other side --- */

static struct sip_way *find(const struct sip_endpoint *e, enum sip_peer_kind kind,
	const char *local, struct view domain)
{
	struct sip_way *way = table_find(&e->leading, domain);

	while (way && (sip_link_route(way->link)->kind != kind ||
			      strcmp(sip_link_route(way->link)->local, local) != 0))
		way = way->same;
	return way;
}

static struct view key_of(const struct sip_way *way)
{
	return view_of(sip_route_domain(sip_link_route(way->link)));
}

/* False without memory. */
static bool lead(struct sip_way *way)
{
	struct sip_endpoint *e = way->endpoint;
	struct sip_way *first = table_find(&e->leading, key_of(way));

	way->same = first ? first->same : NULL;
	if (first)
		first->same = way;
	else if (table_put(&e->leading, key_of(way), way) < 0)
		return false;
	way->ending = NULL;
	e->partner_ways += is_partner(way);
	return true;
}

/* New requests take it no more; it goes when nothing is under way on it. */
static void retire(struct sip_way *way, const char *cause)
{
	struct sip_endpoint *e = way->endpoint;
	struct sip_way *first = table_find(&e->leading, key_of(way));

	if (first == way) {
		table_remove(&e->leading, key_of(way));
		/* Where one was taken out there is room for one. */
		if (way->same)
			table_put(&e->leading, key_of(way->same), way->same);
	} else {
		while (first && first->same != way)
			first = first->same;
		if (first)
			first->same = way->same;
	}
	way->same = NULL;
	way->ending = cause;
	e->partner_ways -= is_partner(way);
	e->old_ways++;
	sip_ways_touch(e);
}

/* Takes the route. NULL without memory. */
static struct sip_way *way_new(struct sip_endpoint *e, struct sip_route *route)
{
	struct sip_link_handlers handlers = {.open = on_link_open,
		.failed = on_link_failed,
		.lost = on_link_lost,
		.message = on_link_message,
		.bad = on_link_bad};
	struct sip_way *way = calloc(1, sizeof(*way));

	if (!way) {
		sip_route_free(route);
		return NULL;
	}
	handlers.arg = way;
	way->endpoint = e;
	way->used = loop_now(e->house.loop);
	way->link = sip_link_new(&e->house, route, &handlers);
	if (!way->link || !lead(way)) {
		sip_link_free(way->link);
		free(way);
		return NULL;
	}
	way->next = e->ways;
	e->ways = way;
	return way;
}

struct sip_way *sip_ways_inside(struct sip_endpoint *e, const struct local_domain *local)
{
	struct sip_way *way = find(e, SIP_PEER_INSIDE, local->domain, view_of(local->domain));
	struct sip_route route;

	if (way)
		return way;
	return sip_route_inside(local, &route) ? way_new(e, &route) : NULL;
}

static bool is_used(const struct sip_way *way)
{
	return way->waiting > 0 || (way->flow && way->flow->pending > 0);
}

/* The link to a partner that has been of no use for the longest time makes room. */
static bool make_room(struct sip_endpoint *e)
{
	struct sip_way *oldest = NULL;

	for (struct sip_way *way = e->ways; way; way = way->next)
		if (is_partner(way) && !way->ending && !is_used(way) &&
			(!oldest || way->used.ns < oldest->used.ns))
			oldest = way;
	if (!oldest)
		return false;
	retire(oldest, "crowded_out");
	return true;
}

struct sip_way *sip_ways_partner(struct sip_endpoint *e, const struct local_domain *local,
	struct view remote, const char **refusal)
{
	struct sip_way *way = find(e, SIP_PEER_PARTNER, local->domain, remote);
	struct sip_route route;
	const char *full;

	if (way)
		return way;
	*refusal = "too_many_links";
	if (e->partner_ways >= SIP_LINKS_MAX && !make_room(e))
		return NULL;
	*refusal = "no_memory";
	if (!sip_route_partner(e->house.generation->rules, local->domain, remote, &route))
		return NULL;
	way = way_new(e, &route);
	if (!way)
		return NULL;
	way->stranger = sip_is_stranger(e, remote);
	full = sip_stranger_begin(e, remote, &way->counts);
	if (!full)
		return way;
	*refusal = full;
	retire(way, full);
	return NULL;
}

enum sip_outcome sip_endpoint_held(const struct sip_endpoint *e, struct view remote)
{
	const struct sip_way *way = table_find(&e->leading, remote);
	struct mono now = loop_now(e->house.loop);
	enum sip_outcome held = SIP_RESPONDED;

	for (; way && held == SIP_RESPONDED; way = way->same)
		if (is_partner(way))
			held = sip_link_held(way->link, now);
	return held;
}

/* --- other rules --- */

static bool route_by_rules(const struct sip_endpoint *e, const struct sip_route *old,
	const struct local_domain *local, struct sip_route *out)
{
	if (old->kind == SIP_PEER_INSIDE)
		return sip_route_inside(local, out);
	return sip_route_partner(
		e->house.generation->rules, local->domain, view_of(old->name), out);
}

/* Why new requests do not take it any more; NULL: they do. */
static const char *ending_of(const struct sip_endpoint *e, const struct sip_way *way)
{
	const struct sip_route *route = sip_link_route(way->link);
	const struct local_domain *local =
		ruleset_local(e->house.generation->rules, view_of(route->local));
	const char *cause = NULL;
	struct sip_route now;
	bool same;

	if (sip_link_is_closing(way->link))
		return way->ending;
	if (is_partner(way))
		cause = sip_peer_ending_of(e, view_of(route->name), way->stranger);
	if (cause)
		return cause;
	if (!local)
		return is_partner(way) ? "local_domain_gone" : "route_changed";
	/* A newer one came first. */
	if (find(e, route->kind, route->local, key_of(way)))
		return "route_changed";
	if (!route_by_rules(e, route, local, &now))
		return NULL;
	same = sip_route_equal(route, &now);
	sip_route_free(&now);
	return same ? NULL : "route_changed";
}

/* What waits unwritten on one that is old now. NULL: it has nowhere to go. */
static struct sip_way *successor(struct sip_endpoint *e, const struct sip_way *way)
{
	const struct sip_route *route = sip_link_route(way->link);
	const struct local_domain *local =
		ruleset_local(e->house.generation->rules, view_of(route->local));
	const char *refusal;

	if (!local || way->waiting == 0)
		return NULL;
	if (!is_partner(way))
		return sip_ways_inside(e, local);
	return sip_peer_ending(e, view_of(route->name))
		       ? NULL
		       : sip_ways_partner(e, local, view_of(route->name), &refusal);
}

void sip_ways_adopt(struct sip_endpoint *e)
{
	struct siphash_key key = e->leading.key;
	struct sip_way *way;

	table_free(&e->leading);
	table_init(&e->leading, key);
	e->old_ways = e->partner_ways = 0;
	for (way = e->ways; way; way = way->next) {
		way->same = NULL;
		way->ending = ending_of(e, way);
		if (!way->ending && !lead(way))
			way->ending = "no_memory";
		e->old_ways += way->ending != NULL;
	}
	/* New ways come to the front and are not met. */
	for (way = e->ways; way; way = way->next)
		if (way->ending)
			sip_uac_move(e, way, successor(e, way));
	sip_ways_touch(e);
}

/* --- going --- */

void sip_ways_touch(struct sip_endpoint *e)
{
	if (e->old_ways == 0)
		return;
	e->sweep = true;
	sip_endpoint_rearm(e);
}

/* Has nobody used this link to a partner for so long that it need not be there? */
static bool is_idle(const struct sip_way *way, struct mono now)
{
	bool open = sip_link_connection(way->link);

	if (way->ending || !is_partner(way) || is_used(way))
		return false;
	if (!open && (sip_link_is_under_way(way->link) ||
			     sip_link_held(way->link, now) != SIP_RESPONDED))
		return false;
	return mono_since_ms(now, way->used) >= (open ? IDLE_MS : REST_MS);
}

static void way_free(struct sip_way *way)
{
	if (way->counts)
		sip_stranger_end(way->endpoint, key_of(way), &way->counts);
	sip_link_free(way->link);
	free(way);
}

void sip_ways_sweep(struct sip_endpoint *e, struct mono now)
{
	struct sip_way **at = &e->ways;

	while (*at) {
		struct sip_way *way = *at;

		if (is_idle(way, now))
			retire(way, "idle");
		if (!way->ending || is_used(way)) {
			at = &way->next;
		} else if (sip_link_connection(way->link)) {
			sip_link_close(way->link, way->ending);
			at = &way->next;
		} else {
			*at = way->next;
			e->old_ways--;
			way_free(way);
		}
	}
	e->sweep = false;
	e->look_at = mono_after_ms(now, LOOK_MS);
}

int64_t sip_ways_wait_ms(const struct sip_endpoint *e, struct mono now)
{
	if (e->sweep)
		return 0;
	if (e->partner_ways == 0)
		return SIP_DEADLINE_NONE_MS;
	return mono_reached(now, e->look_at)
		       ? 0
		       : (int64_t)((e->look_at.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS);
}

void sip_ways_free(struct sip_endpoint *e)
{
	struct sip_way *way;

	while ((way = e->ways)) {
		e->ways = way->next;
		way_free(way);
	}
	table_free(&e->leading);
}
