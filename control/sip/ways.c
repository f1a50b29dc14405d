/* SPDX-License-Identifier: BSD-3-Clause */
/* The ways to our own servers: a link for the inside route of each local domain that was wanted, and
 * those of earlier routes until what was sent on them is over. */
#include <stdio.h>
#include <stdlib.h>

#include "control/counters.h"
#include "control/sip/endpoint_int.h"

/* A link's server proved the one name of its route; whatever local domains share it are its own. */
static void on_link_open(void *arg, struct sip_link *link, struct sip_connection *connection)
{
	struct sip_endpoint *e = arg;
	struct sip_flow *flow = sip_flow_new(e, SIP_PEER_INSIDE);

	if (flow && !sip_flow_settle_in(flow)) {
		sip_flow_free(flow);
		flow = NULL;
	}
	if (!flow) {
		counter_add("sip.refused", "too_many_connections", 1);
		sip_connection_close(connection, "too_many_connections");
		return;
	}
	flow->connection = connection;
	flow->link = link;
	/* Without memory for it the server is asked, and cannot ask. */
	sip_flow_add_name(flow, sip_link_name(link));
	snprintf(flow->identity, sizeof(flow->identity), "inside %s", sip_link_name(link));
	sip_connection_set_owner(connection, flow);
	sip_uac_open(e, link);
}

static void on_link_failed(void *arg, struct sip_link *link, enum sip_outcome outcome)
{
	sip_uac_end_link(arg, link, outcome, outcome);
	sip_ways_touch(arg);
}

static void on_link_lost(
	void *arg, struct sip_link *link, struct sip_connection *connection, bool delivered_nothing)
{
	struct sip_flow *flow = sip_connection_owner(connection);

	sip_uac_end_link(
		arg, link, delivered_nothing ? SIP_UNREACHABLE : SIP_BROKEN, SIP_UNREACHABLE);
	if (flow)
		sip_flow_free(flow);
	sip_ways_touch(arg);
}

static void on_link_message(void *arg, struct sip_link *link, struct sip_connection *connection,
	const struct sip_message *message)
{
	struct sip_flow *flow = sip_connection_owner(connection);

	if (message->is_request)
		sip_uas_request(flow, message);
	else
		sip_uac_response(flow, message);
}

static void on_link_bad(void *arg, struct sip_link *link, struct sip_connection *connection,
	const struct sip_message *message, const struct sip_fault *fault)
{
	sip_uas_bad(sip_connection_owner(connection), message, fault);
}

struct sip_link *sip_ways_find(struct sip_endpoint *e, const struct local_domain *local)
{
	const struct sip_link_handlers handlers = {.arg = e,
		.open = on_link_open,
		.failed = on_link_failed,
		.lost = on_link_lost,
		.message = on_link_message,
		.bad = on_link_bad};
	struct sip_way *way;

	for (way = e->ways; way; way = way->next)
		if (sip_link_leads(way->link, local))
			return way->link;
	way = calloc(1, sizeof(*way));
	if (!way)
		return NULL;
	way->link = sip_link_new(&e->house, local, &handlers);
	if (!way->link) {
		free(way);
		return NULL;
	}
	way->next = e->ways;
	e->ways = way;
	return way->link;
}

void sip_ways_adopt(struct sip_endpoint *e)
{
	e->old_ways = 0;
	/* New ways come to the front and are not met. */
	for (struct sip_way *way = e->ways; way; way = way->next) {
		const struct local_domain *local = ruleset_local(
			e->house.generation->rules, view_of(sip_link_domain(way->link)));

		way->old = !local || !sip_link_leads(way->link, local);
		e->old_ways += way->old;
		if (way->old)
			sip_uac_move(e, way->link, local ? sip_ways_find(e, local) : NULL);
	}
	sip_ways_touch(e);
}

void sip_ways_touch(struct sip_endpoint *e)
{
	if (e->old_ways == 0)
		return;
	e->sweep = true;
	sip_endpoint_rearm(e);
}

static bool is_used(const struct sip_endpoint *e, const struct sip_link *link)
{
	if (sip_uac_uses(e, link))
		return true;
	for (const struct sip_flow *flow = e->flows; flow; flow = flow->next)
		if (flow->link == link && flow->pending)
			return true;
	return false;
}

void sip_ways_sweep(struct sip_endpoint *e)
{
	struct sip_way **at = &e->ways;

	e->sweep = false;
	while (*at) {
		struct sip_way *way = *at;

		if (!way->old || is_used(e, way->link)) {
			at = &way->next;
		} else if (sip_link_connection(way->link)) {
			sip_link_close(way->link, "route_changed");
			at = &way->next;
		} else {
			*at = way->next;
			e->old_ways--;
			sip_link_free(way->link);
			free(way);
		}
	}
}

void sip_ways_free(struct sip_endpoint *e)
{
	struct sip_way *way;

	while ((way = e->ways)) {
		e->ways = way->next;
		sip_link_free(way->link);
		free(way);
	}
}
