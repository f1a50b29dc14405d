/* SPDX-License-Identifier: BSD-3-Clause */
/* What rules say that is allowed and is probably not meant. */
#include "rules/warn.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 512 };

struct warning {
	ruleset_warning_h *handler;
	void *arg;
};

static void warn_security(
	const struct warning *w, const struct peer_terms *terms, unsigned line, const char *whose)
{
	const char *words = security_warning(&terms->security);
	char text[TEXT_BYTES];

	if (!words || !(terms->protocols & 1u << PROTOCOL_XMPP))
		return;
	snprintf(text, sizeof(text), "%s: %s", whose, words);
	w->handler(w->arg, line, text);
}

/* The step that would archive is there, what it asks is not. */
static void warn_archive(
	const struct warning *w, const struct peer_terms *terms, unsigned line, const char *whose)
{
	char text[TEXT_BYTES];

	if (!terms->archive)
		return;
	snprintf(text, sizeof(text),
		"%s: nothing archives yet, so that with archive: true all is refused", whose);
	w->handler(w->arg, line, text);
}

/* Whoever speaks SIP alone is refused altogether. */
static void warn_marks(
	const struct warning *w, const struct peer_terms *terms, unsigned line, const char *whose)
{
	char text[TEXT_BYTES];

	if (terms->verification != VERIFICATION_BY_PARTNER || !terms->missing_mark_refused ||
		!(terms->protocols & 1u << PROTOCOL_SIP))
		return;
	snprintf(text, sizeof(text),
		"%s: marks of SIP are not read yet, so that with missing_mark: reject all that "
		"comes in by SIP is refused",
		whose);
	w->handler(w->arg, line, text);
}

/* Stated, and nothing is asked of SRV. */
static void warn_srv_hosts(const struct warning *w, const struct peer_terms *terms,
	const char *host, unsigned line, const char *whose)
{
	char text[TEXT_BYTES];

	if (!host || terms->srv_own == SRV_OWN_DEFAULT)
		return;
	snprintf(text, sizeof(text),
		"%s: srv_hosts has no effect where host says where the server is", whose);
	w->handler(w->arg, line, text);
}

/* Nobody has bought any. */
static void warn_seats(const struct warning *w, const struct provider *provider)
{
	char text[TEXT_BYTES];

	if (provider->kind != PROVIDER_PUBLIC || provider->terms.need != LICENCE_NEED_SEAT ||
		provider->agreement_count > 0)
		return;
	snprintf(text, sizeof(text),
		"%s: users need seats for it and no agreement in licences has any, so that all is "
		"refused",
		provider->name);
	w->handler(w->arg, provider->line, text);
}

/* A name that is excluded and none of its own was misspelt, or belongs to somebody else. */
static void warn_excluded(
	const struct warning *w, const struct policies *p, const struct provider *provider)
{
	const struct decoration *decoration = &provider->decoration;
	char text[TEXT_BYTES];
	uint32_t depth;

	for (uint32_t i = 0; i < decoration->excluded_count; i++) {
		struct view name = view_of(decoration->excluded[i]);

		if (policies_provider(p, name, &depth) == provider)
			continue;
		snprintf(text, sizeof(text),
			"%s: name_decoration.excluded: '%.253s' is none of the provider's domains",
			provider->name, decoration->excluded[i]);
		w->handler(w->arg, provider->line, text);
	}
}

static void warn_provider(const struct warning *w, const struct provider *provider,
	const char *region, struct wall now)
{
	char date[DATE_TEXT_BYTES];
	char text[TEXT_BYTES];

	if (!provider->enabled)
		return;
	warn_archive(w, &provider->peer, provider->line, provider->name);
	warn_marks(w, &provider->peer, provider->line, provider->name);
	if (provider_state(&provider->terms, region, now) != PROVIDER_RETIRED) {
		warn_seats(w, provider);
		return;
	}
	date_print(provider_end(&provider->terms, region), date);
	snprintf(text, sizeof(text),
		"%s: its service has ended on %s, so that all is refused: state service_end if a "
		"successor goes on",
		provider->name, date);
	w->handler(w->arg, provider->line, text);
}

/* DNS names us as the server of a domain of ours. */
static void warn_shared(
	const struct warning *w, const struct ruleset *rules, const struct partner *partner)
{
	char text[TEXT_BYTES];

	if (partner->host || !ruleset_local(rules, view_of(partner->domain)))
		return;
	snprintf(text, sizeof(text),
		"%s: shares %s, whose server is here by DNS: state the provider's host",
		partner->provider->name, partner->domain);
	w->handler(w->arg, partner->line, text);
}

static void warn_agreement(
	const struct warning *w, const struct agreement *agreement, struct wall now)
{
	enum licence_state state = licence_state(agreement, now);
	char served[DATE_TEXT_BYTES];
	char date[DATE_TEXT_BYTES];
	char text[TEXT_BYTES];

	if (state != LICENCE_EXPIRED && state != LICENCE_GRACE)
		return;
	date_print(agreement->end, date);
	date_print(date_after_days(agreement->end, agreement->grace_days), served);
	snprintf(text, sizeof(text), "%s: the agreement has ended on %s%s%s", agreement->id, date,
		state == LICENCE_GRACE ? ", and is served in grace until " : "",
		state == LICENCE_GRACE ? served : "");
	w->handler(w->arg, agreement->line, text);
}

/* A policy that nobody has: whoever was to have it has another one, or may do everything. */
static void warn_policies(const struct warning *w, const struct policies *p)
{
	/* One more, for who has none. */
	bool *used = calloc((size_t)p->policy_count + 1, sizeof(*used));
	char text[TEXT_BYTES];

	if (!used)
		return;
#define USED(index) used[(index) < p->policy_count ? (index) : p->policy_count] = true
	USED(p->global);
	for (uint32_t i = 0; i < p->site_count; i++)
		USED(p->sites[i].policy);
	for (uint32_t i = 0; i < p->group_count; i++)
		USED(p->groups[i].policy);
	for (uint32_t i = 0; i < p->user_count; i++)
		USED(p->users[i].policy);
#undef USED
	for (uint32_t i = 1; i < p->policy_count; i++) {
		if (used[i])
			continue;
		snprintf(text, sizeof(text),
			"policy %s: nobody has it: name it as policy.global, or in a site, a group "
			"or a user",
			p->policies[i].name);
		w->handler(w->arg, p->policies[i].line, text);
	}
	free(used);
}

void ruleset_warn(
	const struct ruleset *rules, struct wall now, ruleset_warning_h *handler, void *arg)
{
	const struct policies *p = &rules->policies;
	struct warning w = {handler, arg};

	for (uint32_t i = 0; i < ruleset_named_partners(rules); i++) {
		const struct partner *partner = &rules->partners[i];

		warn_security(&w, &partner->terms, partner->line, partner->domain);
		warn_srv_hosts(&w, &partner->terms, partner->host, partner->line, partner->domain);
		warn_archive(&w, &partner->terms, partner->line, partner->domain);
		warn_marks(&w, &partner->terms, partner->line, partner->domain);
	}
	if (p->discovery) {
		warn_security(&w, &p->discovered, p->discovery_line, "discovery");
		warn_archive(&w, &p->discovered, p->discovery_line, "discovery");
		warn_marks(&w, &p->discovered, p->discovery_line, "discovery");
	}
	warn_policies(&w, p);
	for (uint32_t i = 0; i < p->provider_count; i++) {
		warn_security(
			&w, &p->providers[i].peer, p->providers[i].line, p->providers[i].name);
		warn_srv_hosts(&w, &p->providers[i].peer, p->providers[i].host,
			p->providers[i].line, p->providers[i].name);
		warn_provider(&w, &p->providers[i], p->region, now);
		warn_excluded(&w, p, &p->providers[i]);
	}
	for (uint32_t i = ruleset_named_partners(rules); i < rules->partner_count; i++)
		warn_shared(&w, rules, &rules->partners[i]);
	for (uint32_t i = 0; i < p->agreement_count; i++)
		warn_agreement(&w, &p->agreements[i], now);
}
