/* SPDX-License-Identifier: BSD-3-Clause */
/* Private to pool.c (inbound, public face), remote.c (who is at the other end), route.c (outbound), reach.c
 * (connecting), verify.c (dialback). */
#pragma once

#include <sys/queue.h>

#include "control/discovered.h"
#include "control/xmpp/fates.h"
#include "control/xmpp/link.h"
#include "control/xmpp/pool.h"
#include "control/xmpp/reach.h"
#include "rules/base/table.h"
#include "rules/domain.h"

enum {
	POOL_INBOUND_MAX = 8,  /* authenticated inbound streams of one remote domain */
	ROUTE_QUEUE_MAX = 256, /* stanzas that wait for one stream */
	ROUTE_QUEUE_BYTES = 1024 * 1024,
	POOL_QUEUE_BYTES = 32 * 1024 * 1024, /* of all routes together */
	ROUTE_SETUP_MS =
		30 * 1000, /* from the first stanza that waits to the authenticated stream */
	/* After a failure stanzas fail at once with its fate, for 1 s, 2 s, 4 s, then always 5 s, less
	 * up to a half at random. A stanza that comes later makes a new attempt; without stanzas there
	 * is none. */
	ROUTE_HOLD_MS = 1000,
	ROUTE_HOLD_MAX_MS = 5000,
	ROUTE_REST_MS =
		10 * 1000, /* nothing to do for so long, hold-off included: it is forgotten */
	ROUTE_SHORT_MS = 10 * 1000, /* a stream that breaks sooner counts as a failed attempt */
};

/* A link of the pool, either way. */
struct member {
	struct xmpp_pool *pool;
	struct link *link;
	struct route *route;       /* outbound; NULL once the route has let go of it */
	struct verifier *verifier; /* STREAM_ASKING; NULL once that has let go of it */
	struct ask *ask;           /* inbound: the question that it waits for */
	bool authenticated;
	struct guest guest;    /* inbound: its place while it has proven nothing */
	struct remote *remote; /* inbound, when authenticated: where it is counted */
	bool discovered;       /* it counts as a connection of a discovered domain */
	LIST_ENTRY(member) all;
};

struct waiting {
	TAILQ_ENTRY(waiting) queue;
	struct sent *sent; /* NULL: nobody wants to know */
	uint32_t len;
	uint8_t bytes[];
};

/* A domain at the other end. Several can belong to one partner of the rules. It is there as long as it
 * has streams or routes. */
struct remote {
	struct xmpp_pool *pool;
	char domain[DOMAIN_ASCII_BYTES];
	uint32_t inbound;     /* authenticated inbound streams */
	struct route *routes; /* one per local domain */
	LIST_ENTRY(remote) all;
};

/* Everything that goes from one local domain to one remote domain. */
struct route {
	struct xmpp_pool *pool;
	struct remote *remote;
	char *local;
	struct reach *reach;    /* until it is connected */
	struct member *member;  /* from connected to over */
	struct timer *timer;    /* while stanzas wait: set-up; at rest: until it is forgotten */
	struct mono hold_until; /* no attempt before */
	enum xmpp_fate held;    /* what became of the last attempt */
	uint32_t failures;      /* in a row */
	TAILQ_HEAD(, waiting) queue;
	uint32_t queue_count;
	uint32_t queue_bytes;
	struct sent_list written; /* on this stream, not forgotten yet */
	struct route *next;       /* of the same remote, from another local domain */
	bool discovered;          /* it counts as a connection of a discovered domain */
};

/* Who asks one domain's server about keys. */
struct verifier {
	struct xmpp_pool *pool;
	char remote[DOMAIN_ASCII_BYTES];
	char local[DOMAIN_ASCII_BYTES]; /* for whom the connection is */
	struct reach *reach;            /* until it is connected */
	struct member *member;          /* from connected to over */
	struct timer *timer;
	struct mono begun; /* the last connection */
	bool discovered;   /* it counts as a connection of a discovered domain */
	TAILQ_HEAD(, ask) asks;
	uint32_t count;
	LIST_ENTRY(verifier) all;
};

struct xmpp_pool {
	struct loop *loop;
	struct filter_client *filter;
	struct resolver *resolver;
	struct xmpp_handlers handlers;
	struct link_env env; /* holds the generation in force */
	struct fates *fates;
	LIST_HEAD(, member) members;
	size_t queued_bytes;
	LIST_HEAD(, remote) remotes;
	struct table remote_names; /* the same by name */
	struct discovered *discovered;
	LIST_HEAD(, verifier) verifiers;
	uint32_t verifier_count, ask_count;
};

/* Put it into the list, with a link; owns fd. False: no memory, fd closed, m freed. */
bool pool_add_member(struct member *m, enum stream_role role, int fd, const struct ip_address *peer,
	const struct origin *origin);

/* NULL: it has no streams and no routes. */
struct remote *remote_find(const struct xmpp_pool *pool, struct view name);
/* Made when there is none; whoever gives it nothing releases it. NULL: no memory, or no name. */
struct remote *remote_get(struct xmpp_pool *pool, struct view name);
/* Free it if nothing is left of it. */
void remote_release(struct remote *remote);

/* discovery.c */
/* A stream or route with this domain begins; *counts: it must be given back to discovery_end. NULL, or why it cannot
 * be: a cause. */
const char *discovery_begin(struct xmpp_pool *pool, struct view remote, bool *counts);
void discovery_end(struct xmpp_pool *pool, struct view remote, bool *counts);
/* Other rules: the counts of whoever is no longer discovered end. */
void discovery_adopt(struct xmpp_pool *pool);

/* verify.c: of an inbound stream */
void verify_begin(struct member *m);
void verify_cancel(struct member *m);
/* ... of a stream that asks */
void verify_ready(struct member *m);
void verify_answer(struct member *m, const struct dialback *answer);
void verify_closed(struct member *m);
/* Nobody asks any more. Streams stay. */
void verify_stop(struct xmpp_pool *pool);

/* The remote stays; release it afterwards. */
void route_send(struct remote *remote, const char *local, struct view stanza, uint64_t cookie);
/* Out of its remote's list. What waits hears this fate. */
void route_free(struct route *r, enum xmpp_fate fate);
/* Of its link. */
void route_ready(struct route *r);
void route_closed(struct route *r);
/* It fails at once what comes, as `held`. */
bool route_is_held(const struct route *r);
/* "resolving", "connecting", or the stream's state. */
const char *route_state_name(const struct route *r);
