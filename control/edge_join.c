/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the rooms meet: the pool and the endpoint, and the session layer between them. */
#include <errno.h>

#include "control/edge.h"
#include "control/session/session.h"

/* A stop takes this long: several round trips inside, one to a partner far away. */
enum { GOODBYE_MS = 300 };

int edge_join(struct edge_rooms *rooms)
{
	struct xmpp_handlers xmpp;
	struct sip_endpoint_handlers sip;

	rooms->session = session_new(rooms->loop, rooms->generation);
	if (!rooms->session)
		return -ENOMEM;
	xmpp = session_xmpp_handlers(rooms->session);
	sip = session_sip_handlers(rooms->session);
	rooms->pool = xmpp_pool_new(
		rooms->loop, rooms->filter, rooms->resolver, rooms->generation, &xmpp);
	rooms->endpoint = sip_endpoint_new(
		rooms->loop, rooms->filter, rooms->resolver, rooms->generation, &sip);
	if (!rooms->pool || !rooms->endpoint)
		return -ENOMEM;
	xmpp_pool_door(rooms->pool, &rooms->door);
	sip_endpoint_door(rooms->endpoint, &rooms->door);
	sip_endpoint_discover(rooms->endpoint, xmpp_pool_discovered(rooms->pool));
	session_verdicts(rooms->session, rooms->verdicts);
	session_gate(rooms->session, rooms->gate);
	session_known(rooms->session, rooms->door.known);
	session_connect(rooms->session, rooms->pool, rooms->endpoint);
	return 0;
}

static void drained(void *arg)
{
	loop_stop(arg);
}

/* Let the loop write out what has just been said. */
static void drain(struct loop *loop)
{
	struct timer *timer = timer_new(loop, drained, loop);

	if (!timer)
		return;
	timer_set_ms(timer, GOODBYE_MS);
	loop_run(loop);
	timer_free(timer);
}

void edge_part(struct edge_rooms *rooms)
{
	/* Everybody who waits hears so while endpoint and pool can still say it. */
	if (rooms->session && rooms->endpoint && rooms->pool) {
		session_stop(rooms->session);
		drain(rooms->loop);
	}
	if (rooms->endpoint)
		sip_endpoint_free(rooms->endpoint);
	if (rooms->pool)
		xmpp_pool_free(rooms->pool);
	session_free(rooms->session);
	rooms->endpoint = NULL;
	rooms->pool = NULL;
	rooms->session = NULL;
}
