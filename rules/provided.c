/* SPDX-License-Identifier: BSD-3-Clause */
/* Domains of enabled providers, as partners. */
#include "rules/provided.h"

uint32_t provided_count(const struct policies *p)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < p->provider_domain_count; i++)
		count += p->providers[p->provider_domains[i].provider].enabled;
	return count;
}

/* What a provider does not state is as it is for partners. */
static void take_messages(const struct ruleset *rules, struct provider *provider)
{
	for (uint32_t key = 0; key < MESSAGE_LIMIT_COUNT; key++)
		if (!(provider->messages_stated & UINT32_C(1) << key))
			provider->messages.value[key] = rules->messages_partner.value[key];
}

void provided_take(struct ruleset *rules)
{
	struct policies *p = &rules->policies;

	for (uint32_t i = 0; i < p->provider_count; i++)
		take_messages(rules, &p->providers[i]);

	/* Sorted already. */
	for (uint32_t i = 0; i < p->provider_domain_count; i++) {
		const struct provider_domain *domain = &p->provider_domains[i];
		struct provider *provider = &p->providers[domain->provider];

		if (!provider->enabled)
			continue;
		if (provider->served == 0)
			provider->first_domain = rules->partner_count;
		provider->served++;
		rules->provided_count++;
		rules->partners[rules->partner_count++] = (struct partner){
			.domain = (char *)domain->domain,
			.line = domain->line,
			.terms = provider->peer,
			.subtree = domain->subtree,
			.protocol = (enum protocol)provider->peer.preferred,
			.host = (char *)provider->host,
			.port = provider->port,
			.limits = rules->limits_partner,
			.messages = provider->messages,
			.provider = provider,
		};
	}
}

bool provided_by_host_of_another(const struct ruleset *rules, const struct partner *partner)
{
	return partner->provider && partner->host &&
	       partner != &rules->partners[partner->provider->first_domain];
}
