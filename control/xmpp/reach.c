/* SPDX-License-Identifier: BSD-3-Clause */
/* From a remote domain to a connection with its server. */
#include "control/xmpp/reach.h"

#include <stdlib.h>
#include <string.h>

#include "control/xmpp/pool_int.h"
#include "rules/base/log.h"

struct reach {
	struct xmpp_pool *pool;
	const char *local, *remote;
	struct resolve *question;
	struct connect *attempt;
	reach_h *handler;
	void *arg;
};

/* NULL for a discovered domain. */
static const struct partner *partner_of(const struct reach *r)
{
	return ruleset_partner(r->pool->env.generation->rules, view_of(r->remote));
}

static void report(struct reach *r, const struct reached *reached)
{
	reach_h *handler = r->handler;
	void *arg = r->arg;

	reach_cancel(r);
	handler(arg, reached);
}

static void fail(struct reach *r, enum xmpp_fate fate, const char *cause)
{
	report(r, &(struct reached){.fd = -1, .fate = fate, .cause = cause});
}

static void on_connected(void *arg, int fd)
{
	struct reach *r = arg;
	const struct partner *partner;

	r->attempt = NULL;
	if (fd < 0) {
		log_warning(
			"xmpp: %s -> %s: cannot connect: %s", r->local, r->remote, strerror(-fd));
		fail(r, XMPP_UNREACHABLE, "connect");
		return;
	}
	partner = partner_of(r);
	report(r, &(struct reached){.fd = fd,
			  .origin = partner ? origin_own(partner->id)
					    : origin_discovered(view_of(r->remote))});
}

static const struct {
	const char *words;
	enum xmpp_fate fate;
	const char *cause;
} not_found[] = {
	[RESOLVE_NONE] = {"no such XMPP server in DNS", XMPP_NO_SERVER, "no_server_in_dns"},
	[RESOLVE_FAILED] = {"DNS gives no answer", XMPP_UNREACHABLE, "dns"},
	[RESOLVE_CONFLICT] = {"all XMPP servers in DNS are outside of the domain",
		XMPP_SRV_CONFLICT, "srv_conflict"},
};

static void on_resolved(
	void *arg, enum resolve_result result, const struct target *targets, uint32_t count)
{
	struct reach *r = arg;
	struct xmpp_pool *pool = r->pool;
	struct target allowed[RESOLVE_TARGETS_MAX];
	uint32_t allowed_count = 0;
	const struct partner *partner;

	r->question = NULL;
	if (result != RESOLVE_OK) {
		log_warning("xmpp: %s -> %s: %s", r->local, r->remote, not_found[result].words);
		fail(r, not_found[result].fate, not_found[result].cause);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		if (discovered_allows(
			    pool->env.generation->rules, view_of(r->remote), &targets[i].address))
			allowed[allowed_count++] = targets[i];
	if (allowed_count == 0) {
		log_warning("xmpp: %s -> %s: none of its addresses is one for discovered domains",
			r->local, r->remote);
		fail(r, XMPP_NOT_FOUND, "no_fit_address");
		return;
	}
	partner = partner_of(r);
	r->attempt = connect_start(pool->loop, pool->filter, pool->env.generation, CONNECT_PARTNER,
		partner ? partner->id : PARTNER_NONE, allowed, allowed_count, REACH_TARGET_MS,
		on_connected, r);
	if (!r->attempt)
		fail(r, XMPP_UNREACHABLE, "no_memory");
}

/* What SRV may name is the domain, or all that its partner speaks for. */
static void keep_within(struct reach *r, const struct partner *p)
{
	const struct policies *policies = &r->pool->env.generation->rules->policies;
	uint32_t own = p ? p->terms.srv_own : policies->discovered.srv_own;

	if (own & 1u << PROTOCOL_XMPP)
		resolve_within(r->question, view_of(p && p->subtree ? p->domain : r->remote));
}

struct reach *reach_start(
	struct xmpp_pool *pool, const char *local, const char *remote, reach_h *handler, void *arg)
{
	struct reach *r = calloc(1, sizeof(*r));
	const struct partner *p;
	uint16_t port;

	if (!r)
		return NULL;
	*r = (struct reach){
		.pool = pool, .local = local, .remote = remote, .handler = handler, .arg = arg};
	p = partner_of(r);
	port = p && p->port ? p->port : XMPP_PORT;
	if (p && p->host)
		r->question = resolve_host(pool->resolver, view_of(p->host), port, on_resolved, r);
	else
		r->question = resolve_service(
			pool->resolver, "_xmpp-server._tcp", view_of(remote), port, on_resolved, r);
	if (!r->question) {
		free(r);
		return NULL;
	}
	keep_within(r, p);
	return r;
}

void reach_cancel(struct reach *r)
{
	if (!r)
		return;
	resolve_cancel(r->question);
	connect_cancel(r->attempt);
	free(r);
}

const char *reach_state_name(const struct reach *r)
{
	return r->question ? "resolving" : "connecting";
}
