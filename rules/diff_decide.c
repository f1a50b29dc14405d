/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose decisions two rulesets disagree about. Users who cannot differ are one class, so are domains: what makes
 * a class is written as a text, and equal texts are one. */
#include "rules/diff_decide.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/base/table.h"
#include "rules/diff_int.h"

enum { KEY_BYTES_MAX = 1024 * 1024 };

/* Users, or domains, who are all alike. */
struct class
{
	const char *name; /* of the first one */
	bool rest;        /* stands for all that no rule names */
	uint32_t count;
};

struct classes {
	struct class *list;
	uint32_t count, cap;
	struct table by_key;
};

struct comparing {
	const struct ruleset *from, *to;
	struct wall now;
	struct classes users, domains;
	struct table seen; /* names that have a class */
	struct string_pool strings;
	struct text key;
	struct facts facts;
	decision_change_h *handler;
	void *arg;
	int64_t changes;
	bool failed;
};

/* --- classes --- */

static void class_add(struct comparing *c, struct classes *classes, const char *name, bool rest)
{
	const char *key;
	struct class *class;
	uintptr_t at;

	if (c->key.failed || c->facts.failed || c->facts.text.failed) {
		c->failed = true;
		return;
	}
	/* Positions, since the list moves; + 1, since NULL means none. */
	at = (uintptr_t)table_find(&classes->by_key, text_view(&c->key));
	if (at) {
		classes->list[at - 1].count++;
		return;
	}
	if (classes->count == classes->cap) {
		uint32_t cap = classes->cap ? classes->cap * 2 : 64;
		struct class *grown = realloc(classes->list, cap * sizeof(*grown));

		if (!grown) {
			c->failed = true;
			return;
		}
		classes->list = grown;
		classes->cap = cap;
	}
	key = string_pool_keep(&c->strings, text_view(&c->key));
	if (!key || table_put(&classes->by_key, view_make(key, c->key.len),
			    (void *)((uintptr_t)classes->count + 1)) != 0) {
		c->failed = true;
		return;
	}
	class = &classes->list[classes->count++];
	*class = (struct class){name, rest, 1};
}

/* Is the name new? */
static bool see(struct comparing *c, const char *name)
{
	int rc = table_put(&c->seen, view_of(name), c);

	if (rc == -ENOMEM)
		c->failed = true;
	return rc == 0;
}

/* --- users --- */

static void key_put_seats(struct comparing *c, const struct ruleset *rules, struct view address)
{
	const struct policies *p = &rules->policies;

	for (uint32_t i = 0; i < p->provider_count; i++) {
		struct licence_question q = {.terms = &p->providers[i].terms,
			.agreements = p->providers[i].agreements,
			.agreement_count = p->providers[i].agreement_count,
			.region = p->region,
			.user = address,
			.domain = user_domain(address),
			.now = c->now,
			.usage = &licence_unused};
		struct licence_answer answer;

		if (p->providers[i].agreement_count == 0)
			continue;
		licence_ask(&q, &answer);
		text_printf(&c->key, "%d", (int)answer.outcome);
	}
}

static void key_put_user(struct comparing *c, const struct ruleset *rules, struct view address)
{
	struct policy_choice choice;

	policies_of(&rules->policies, address, user_domain(address), &choice);
	text_printf(&c->key, "%td %d ", choice.policy - rules->policies.policies,
		ruleset_local(rules, user_domain(address)) != NULL);
	key_put_seats(c, rules, address);
	text_putc(&c->key, '\n');
}

static void user_class(struct comparing *c, const char *address, const char *name, bool rest)
{
	if (!see(c, address))
		return;
	text_reset(&c->key);
	text_puts(&c->key, rest ? "rest " : "");
	key_put_user(c, c->from, view_of(address));
	key_put_user(c, c->to, view_of(address));
	class_add(c, &c->users, name, rest);
}

static void collect_users(struct comparing *c, const struct ruleset *rules)
{
	for (uint32_t i = 0; i < rules->policies.user_count && !c->failed; i++)
		user_class(c, rules->policies.users[i].address, rules->policies.users[i].address,
			false);
	for (uint32_t i = 0; i < rules->local_count && !c->failed; i++) {
		const char *domain = rules->locals[i].domain;
		const char *address;
		char nobody[USER_ADDRESS_BYTES];

		/* Nobody is called so: no localpart may have a slash. */
		snprintf(nobody, sizeof(nobody), "/@%s", domain);
		address = string_pool_keep(&c->strings, view_of(nobody));
		if (address)
			user_class(c, address, address, true);
		else
			c->failed = true;
	}
}

/* --- domains --- */

static void key_put_terms(
	struct comparing *c, const struct peer_terms *terms, const struct peer_terms *otherwise)
{
	facts_reset(&c->facts);
	terms_facts(terms, otherwise, &c->facts);
	/* class_add sees to it. */
	if (c->facts.failed || c->facts.text.failed)
		return;
	for (uint32_t i = 0; i < c->facts.count; i++)
		text_printf(&c->key, "%s=%s;", c->facts.list[i].key,
			fact_value(&c->facts, &c->facts.list[i]));
}

/* Providers are each a class of their own, for their licences. */
static void key_put_domain(struct comparing *c, const struct ruleset *rules, const char *domain)
{
	struct peer_terms otherwise = peer_terms_default();
	struct other_side peer = other_side_of(rules, view_of(domain));

	if (ruleset_blocks_domain(rules, view_of(domain)))
		text_puts(&c->key, "blocked");
	else if (peer.partner)
		key_put_terms(c, &peer.partner->terms, &otherwise);
	else if (peer.provider)
		text_printf(&c->key, "provider %s", peer.provider->name);
	else
		text_puts(&c->key, peer.ours ? "ours" : "unknown");
	text_putc(&c->key, '\n');
}

static void domain_class(struct comparing *c, const char *domain, bool rest)
{
	if (!see(c, domain))
		return;
	text_reset(&c->key);
	text_puts(&c->key, rest ? "rest " : "");
	key_put_domain(c, c->from, domain);
	key_put_domain(c, c->to, domain);
	class_add(c, &c->domains, domain, rest);
}

static void collect_domains(struct comparing *c, const struct ruleset *rules)
{
	const struct policies *p = &rules->policies;

	for (uint32_t i = 0; i < ruleset_named_partners(rules) && !c->failed; i++)
		domain_class(c, rules->partners[i].domain, false);
	for (uint32_t i = 0; i < p->provider_domain_count && !c->failed; i++)
		domain_class(c, p->provider_domains[i].domain, false);
	for (uint32_t i = 0; i < rules->blocked_domain_count && !c->failed; i++)
		domain_class(c, rules->blocked_domains[i].domain, false);
	/* RFC 6761 section 6.4: nobody's for all time. */
	if (!c->failed)
		domain_class(c, "nobody.invalid", true);
}

/* --- asking both --- */

/* In by whichever protocol gets through. */
static enum reason ask(const struct ruleset *rules, struct question q)
{
	struct verdict by_sip;
	struct verdict by_xmpp;

	question_come_by(&q, PROTOCOL_SIP);
	decide(rules, &q, &by_sip);
	if (q.heading == HEADING_OUT || by_sip.reason == REASON_none)
		return by_sip.reason;
	question_come_by(&q, PROTOCOL_XMPP);
	decide(rules, &q, &by_xmpp);
	return by_xmpp.reason == REASON_other_protocol ? by_sip.reason : by_xmpp.reason;
}

static void say(struct comparing *c, const struct decision_change *change)
{
	if (c->changes++ < DECISION_CHANGES_MAX)
		c->handler(c->arg, change);
}

/* One line for all kinds that change alike. */
static void compare_heading(struct comparing *c, struct question *q, struct decision_change *change)
{
	enum reason from[KIND_COUNT];
	enum reason to[KIND_COUNT];
	uint32_t said = 0;

	change->heading = q->heading;
	for (uint32_t kind = 0; kind < KIND_COUNT; kind++) {
		q->kind = (enum question_kind)kind;
		q->media = q->kind == KIND_call ? CAPABILITY_BIT(audio) : 0;
		from[kind] = ask(c->from, *q);
		to[kind] = ask(c->to, *q);
		/* Refused before and after is no news, whatever for. */
		if ((from[kind] == REASON_none) == (to[kind] == REASON_none))
			said |= 1u << kind;
	}
	for (uint32_t kind = 0; kind < KIND_COUNT; kind++) {
		if (said & 1u << kind)
			continue;
		change->kinds = 0;
		change->from = from[kind];
		change->to = to[kind];
		for (uint32_t other = kind; other < KIND_COUNT; other++)
			if (!(said & 1u << other) && from[other] == from[kind] &&
				to[other] == to[kind])
				change->kinds |= 1u << other;
		said |= change->kinds;
		say(c, change);
	}
}

static void compare_classes(
	struct comparing *c, const struct class *user, const struct class *domain)
{
	char theirs[USER_ADDRESS_BYTES];
	struct decision_change change = {.user = user->name + (user->rest ? 2 : 0),
		.users = user->rest ? 0 : user->count,
		.domain = domain->rest ? "" : domain->name,
		.domains = domain->count};
	struct question q = {.ours = {view_of(user->name), user_domain(view_of(user->name))},
		.trust = TRUST_PROVEN,
		.archive_is_down = true, /* nothing archives yet */
		.now = c->now,
		.usage = &licence_unused};

	snprintf(theirs, sizeof(theirs), "user@%s", domain->name);
	q.theirs = (struct party){view_of(theirs), user_domain(view_of(theirs))};
	q.heading = HEADING_IN;
	compare_heading(c, &q, &change);
	q.heading = HEADING_OUT;
	compare_heading(c, &q, &change);
}

int64_t ruleset_diff_decisions(const struct ruleset *from, const struct ruleset *to,
	struct wall now, decision_change_h *handler, void *arg)
{
	struct comparing c = {.from = from, .to = to, .now = now, .handler = handler, .arg = arg};
	struct siphash_key key;

	if (siphash_key_random(&key))
		return -ENOMEM;
	table_init(&c.seen, key);
	table_init(&c.users.by_key, key);
	table_init(&c.domains.by_key, key);
	text_init(&c.key, KEY_BYTES_MAX);
	text_init(&c.facts.text, KEY_BYTES_MAX);
	collect_users(&c, to);
	collect_users(&c, from);
	collect_domains(&c, to);
	collect_domains(&c, from);
	for (uint32_t i = 0; i < c.users.count && !c.failed; i++)
		for (uint32_t k = 0; k < c.domains.count; k++)
			compare_classes(&c, &c.users.list[i], &c.domains.list[k]);
	table_free(&c.seen);
	table_free(&c.users.by_key);
	table_free(&c.domains.by_key);
	free(c.users.list);
	free(c.domains.list);
	text_free(&c.key);
	facts_free(&c.facts);
	string_pool_free(&c.strings);
	return c.failed ? -ENOMEM : c.changes;
}

/* --- in words --- */

static void put_reason(struct text *out, enum reason reason)
{
	text_printf(out, "%s%s", reason == REASON_none ? "allowed" : "refused: ",
		reason == REASON_none ? "" : reason_text(reason)->name);
}

void decision_change_print(const struct decision_change *change, struct text *out)
{
	const char *before = "";

	text_printf(out, "~ decision %s%s", change->users == 0 ? "others at " : "", change->user);
	if (change->users > 1)
		text_printf(out, " (and %u like it)", change->users - 1);
	text_printf(out, " with %s", change->domain[0] ? change->domain : "whoever no rule names");
	if (change->domains > 1)
		text_printf(out, " (and %u like it)", change->domains - 1);
	text_printf(out, ", %s: ", change->heading == HEADING_IN ? "in" : "out");
	for (uint32_t kind = 0; kind < KIND_COUNT; kind++)
		if (change->kinds & 1u << kind) {
			text_printf(
				out, "%s%s", before, question_kind_name((enum question_kind)kind));
			before = ", ";
		}
	text_puts(out, ": ");
	put_reason(out, change->from);
	text_puts(out, " -> ");
	put_reason(out, change->to);
}
