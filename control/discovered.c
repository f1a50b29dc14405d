/* SPDX-License-Identifier: BSD-3-Clause */
/* Domains that no rule names and with which there are connections. */
#include "control/discovered.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "control/counters.h"
#include "control/learn_book.h"
#include "rules/base/table.h"
#include "rules/peer.h"

struct entry {
	char *domain;
	struct mono since;
	struct mono seen;     /* when its last connection ended */
	uint32_t connections; /* now; 0: it is in one of the queues */
	bool proven;
	TAILQ_ENTRY(entry) idle;
	TAILQ_ENTRY(entry) all;
};

TAILQ_HEAD(entries, entry);

struct discovered {
	struct table by_name;
	struct entries list;    /* in order of first sight */
	struct entries idle[2]; /* by proven, whose connections ended first comes first */
};

struct discovered *discovered_new(void)
{
	struct discovered *all = calloc(1, sizeof(*all));
	struct siphash_key key;

	if (!all || siphash_key_random(&key) < 0) {
		free(all);
		return NULL;
	}
	table_init(&all->by_name, key);
	TAILQ_INIT(&all->list);
	TAILQ_INIT(&all->idle[false]);
	TAILQ_INIT(&all->idle[true]);
	return all;
}

static void entry_free(struct entry *e)
{
	free(e->domain);
	free(e);
}

void discovered_free(struct discovered *all)
{
	struct entry *e;

	if (!all)
		return;
	while ((e = TAILQ_FIRST(&all->list))) {
		TAILQ_REMOVE(&all->list, e, all);
		entry_free(e);
	}
	table_free(&all->by_name);
	free(all);
}

static void forget(struct discovered *all, struct entry *e)
{
	TAILQ_REMOVE(&all->idle[e->proven], e, idle);
	TAILQ_REMOVE(&all->list, e, all);
	table_remove(&all->by_name, view_of(e->domain));
	entry_free(e);
}

static void expire(struct discovered *all, struct mono now)
{
	static const uint64_t rest_ms[] = {
		[false] = DISCOVERED_TRIED_S * 1000, [true] = DISCOVERED_IDLE_S * 1000};
	struct entry *e;

	for (int proven = 0; proven < 2; proven++)
		while ((e = TAILQ_FIRST(&all->idle[proven])) &&
			mono_reached(now, mono_after_ms(e->seen, rest_ms[proven])))
			forget(all, e);
}

static struct entry *entry_new(struct discovered *all, struct view domain, struct mono now)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	*e = (struct entry){.domain = view_dup(domain), .since = now};
	if (e->domain && table_put(&all->by_name, view_of(e->domain), e) == 0) {
		TAILQ_INSERT_TAIL(&all->list, e, all);
		return e;
	}
	entry_free(e);
	return NULL;
}

int discovered_open(struct discovered *all, struct view domain, uint32_t limit, struct mono now)
{
	struct entry *e = table_find(&all->by_name, domain);

	if (e && e->connections >= limit)
		return -EDQUOT;
	if (e && e->connections == 0)
		TAILQ_REMOVE(&all->idle[e->proven], e, idle);
	if (!e) {
		expire(all, now);
		if (all->by_name.count >= DISCOVERED_MAX)
			return -ENOSPC;
		e = entry_new(all, domain, now);
	}
	if (!e)
		return -ENOMEM;
	e->connections++;
	return 0;
}

void discovered_close(struct discovered *all, struct view domain, struct mono now)
{
	struct entry *e = table_find(&all->by_name, domain);

	if (!e || e->connections == 0 || --e->connections > 0)
		return;
	e->seen = now;
	TAILQ_INSERT_TAIL(&all->idle[e->proven], e, idle);
}

void discovered_proven(struct discovered *all, struct view domain)
{
	struct entry *e = table_find(&all->by_name, domain);

	if (e && e->connections > 0)
		e->proven = true;
}

void discovered_review(
	struct discovered *all, bool (*stays)(void *arg, struct view domain), void *arg)
{
	struct entry *e, *next;

	for (int proven = 0; proven < 2; proven++)
		for (e = TAILQ_FIRST(&all->idle[proven]); e; e = next) {
			next = TAILQ_NEXT(e, idle);
			if (!stays(arg, view_of(e->domain)))
				forget(all, e);
		}
}

uint32_t discovered_count(const struct discovered *all)
{
	return all->by_name.count;
}

static json_t *entry_json(const struct entry *e, struct mono now)
{
	uint64_t idle_ms = e->connections > 0 ? 0 : mono_since_ms(now, e->seen);

	return json_pack("{s:s, s:s, s:b, s:i, s:I, s:I}", "domain", e->domain, "origin",
		"discovered", "proven", e->proven, "connections", (int)e->connections, "seconds",
		(json_int_t)(mono_since_ms(now, e->since) / 1000), "idle_s",
		(json_int_t)(idle_ms / 1000));
}

json_t *discovered_json(struct discovered *all, struct mono now)
{
	json_t *rows = json_array();
	const struct entry *e;

	expire(all, now);
	TAILQ_FOREACH(e, &all->list, all)
	json_array_append_new(rows, entry_json(e, now));
	return rows;
}

/* --- addresses --- */

static bool is_private(const struct ip_address *address)
{
	/* RFC 1918, RFC 6598, RFC 4193. */
	static const char *const prefixes[] = {
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct prefix prefix;

		if (prefix_parse(view_of(prefixes[i]), &prefix) &&
			prefix_contains(&prefix, address))
			return true;
	}
	return false;
}

const char *discovered_refusal(const struct ruleset *rules, const struct ip_address *address)
{
	const char *cause = learn_refusal(rules, address);

	if (cause)
		return cause;
	for (uint32_t i = 0; i < rules->local_count; i++) {
		struct ip_address inside;

		if (ip_address_parse(view_of(rules->locals[i].inside.host), &inside) &&
			ip_address_equal(&inside, address))
			return "inside";
	}
	return is_private(address) ? "private" : NULL;
}

bool discovered_stands(const struct ruleset *rules, struct view domain)
{
	struct peer peer;

	peer_find(rules, domain, &peer);
	return peer.standing == PEER_DISCOVERED;
}

const char *discovered_begin(struct discovered *all, const struct ruleset *rules,
	struct view domain, struct mono now, bool *counts)
{
	const char *cause;

	*counts = false;
	if (!discovered_stands(rules, domain))
		return NULL;
	switch (discovered_open(all, domain, rules->policies.discovery_limits.connections, now)) {
	case 0:
		*counts = true;
		return NULL;
	case -EDQUOT:
		cause = "over_connections";
		break;
	case -ENOSPC:
		cause = "too_many_discovered";
		break;
	default:
		cause = "no_memory";
	}
	counter_add("discovery.refused", cause, 1);
	return cause;
}

void discovered_end(struct discovered *all, struct view domain, struct mono now, bool *counts)
{
	if (*counts)
		discovered_close(all, domain, now);
	*counts = false;
}

bool discovered_allows(
	const struct ruleset *rules, struct view domain, const struct ip_address *address)
{
	const char *cause =
		ruleset_partner(rules, domain) ? NULL : discovered_refusal(rules, address);

	if (cause)
		counter_add("discovery.refused", cause, 1);
	return !cause;
}
