/* SPDX-License-Identifier: BSD-3-Clause */
/* Every server-to-server stream of the edge. One outbound stream per (local, remote) pair keeps the
 * order; inbound streams deliver only what an authenticated partner may send. (RFC 6120.) */
#pragma once

#include "control/connect.h"
#include "control/door.h"
#include "control/xmpp/element.h"
#include "rules/security.h"

struct xmpp_pool;
struct discovered;

/* Why bytes that were queued did not get out, or may not have. */
enum xmpp_fate {
	XMPP_WRITTEN,     /* handed to the authenticated stream; not final */
	XMPP_NOT_FOUND,   /* no such server: remote-server-not-found */
	XMPP_UNREACHABLE, /* found, but no stream: remote-server-timeout */
	XMPP_NOT_TRUSTED, /* its certificate is not its, or it did not accept ours, or our key */
	XMPP_QUEUE_FULL,  /* resource-constraint */
	XMPP_STREAM_LOST, /* written, then the stream broke: unknown */
	XMPP_NO_ROOM,     /* discovered, and there are too many of these, or of its streams */
	XMPP_NO_SERVER,   /* DNS has none of its domain */
	XMPP_SRV_CONFLICT, /* DNS has only servers outside of its domain, and the rules want one within */
};

struct xmpp_handlers {
	void *arg;
	/* A stanza of a stream that has proven itself in this way. from and to are checked: valid JIDs, from's
	 * domain is `remote` (the proven domain), to's domain is `local`. The tree lives during the call. */
	void (*stanza)(void *arg, struct view local, struct view remote, enum proof proof,
		const struct element *stanza);
	/* What became of a sent stanza with a cookie other than 0. XMPP_WRITTEN may be followed by
	 * XMPP_STREAM_LOST, until xmpp_pool_forget; every other fate is the only one. */
	void (*fate)(void *arg, uint64_t cookie, enum xmpp_fate fate);
	/* The domain is proven on this socket, which was accepted or leads to one that is discovered. */
	void (*verified)(void *arg, int fd, struct view remote);
	/* Has an operator blocked this domain, which no rule names? NULL: none has. */
	bool (*shut)(void *arg, struct view remote);
};

struct xmpp_pool *xmpp_pool_new(struct loop *loop, struct filter_client *filter,
	struct resolver *resolver, struct generation *generation,
	const struct xmpp_handlers *handlers);
/* Other rules are in force. Streams that they do not allow end with policy-violation: what was written
 * on them has the fate XMPP_STREAM_LOST, what waits XMPP_NOT_FOUND. All others go on. Whoever belongs to
 * a partner of another id now is told to be verified again. */
void xmpp_pool_adopt(struct xmpp_pool *pool, struct generation *generation);
/* An operator has blocked something: streams with discovered domains that are shut now end. */
void xmpp_pool_review(struct xmpp_pool *pool);
/* Closes every stream with system-shutdown. */
void xmpp_pool_free(struct xmpp_pool *pool);

/* Before the first connection: what all of them pass. Without it nobody is counted, and handshakes are
 * the loop's. */
void xmpp_pool_door(struct xmpp_pool *pool, const struct door *door);
/* A connection accepted on an XMPP listener, mark already checked. Takes the fd. */
void xmpp_pool_accept(struct xmpp_pool *pool, int fd, const struct ip_address *peer, uint32_t mark);

/* Send one complete stanza from `local` to `remote` (domains). Opens the stream if there is none.
 * cookie 0: nobody wants to know. Fates are reported later, never inside the call. */
void xmpp_pool_send(struct xmpp_pool *pool, struct view local, struct view remote,
	struct view stanza, uint64_t cookie);
/* No more fates for this one. */
void xmpp_pool_forget(struct xmpp_pool *pool, uint64_t cookie);
/* With which fate stanzas for this domain fail at once just now; XMPP_WRITTEN: they would be tried. */
enum xmpp_fate xmpp_pool_held(const struct xmpp_pool *pool, struct view remote);
/* How many authenticated inbound streams this domain has now (several can reorder). */
uint32_t xmpp_pool_return_streams(const struct xmpp_pool *pool, struct view remote);
/* Call the handler `verified` for every such socket whose peer is proven now. */
void xmpp_pool_tell_verified(const struct xmpp_pool *pool);
/* The book of domains that were discovered, for whoever has connections with them too. */
struct discovered *xmpp_pool_discovered(struct xmpp_pool *pool);
/* The domains that were discovered, see discovered_json; a new reference. */
json_t *xmpp_pool_discovered_json(const struct xmpp_pool *pool);
/* Sessions for `picketctl show sessions`; a new reference. */
json_t *xmpp_pool_json(const struct xmpp_pool *pool);
