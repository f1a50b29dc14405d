/* SPDX-License-Identifier: BSD-3-Clause */
/* The domains at the other end, by their own names: whatever the rules call the partner that they
 * belong to, and whatever rules come next. */
#include <ctype.h>
#include <stdlib.h>

#include "control/xmpp/pool_int.h"

/* Names come in canonical form, but for their case. False: too long to be one. */
static bool name_fold(struct view name, char out[static DOMAIN_ASCII_BYTES])
{
	if (name.len >= DOMAIN_ASCII_BYTES || !view_copy(name, out, DOMAIN_ASCII_BYTES))
		return false;
	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return true;
}

struct remote *remote_find(const struct xmpp_pool *pool, struct view name)
{
	char folded[DOMAIN_ASCII_BYTES];

	return name_fold(name, folded) ? table_find(&pool->remote_names, view_of(folded)) : NULL;
}

struct remote *remote_get(struct xmpp_pool *pool, struct view name)
{
	struct remote *remote = remote_find(pool, name);

	if (remote)
		return remote;
	remote = calloc(1, sizeof(*remote));
	if (!remote)
		return NULL;
	if (!name_fold(name, remote->domain) ||
		table_put(&pool->remote_names, view_of(remote->domain), remote) < 0) {
		free(remote);
		return NULL;
	}
	remote->pool = pool;
	LIST_INSERT_HEAD(&pool->remotes, remote, all);
	return remote;
}

void remote_release(struct remote *remote)
{
	if (remote->inbound || remote->routes)
		return;
	table_remove(&remote->pool->remote_names, view_of(remote->domain));
	LIST_REMOVE(remote, all);
	free(remote);
}
