/* SPDX-License-Identifier: BSD-3-Clause */
/* Who of ours may talk with whom outside. */
#include "rules/policy.h"

#include <stdlib.h>

static const char *const flag_names[POLICY_FLAG_COUNT] = {
#define POLICY_FLAG_NAME(name, words) [POLICY_##name] = #name,
	POLICY_FLAGS(POLICY_FLAG_NAME)
#undef POLICY_FLAG_NAME
};

const char *policy_flag_name(enum policy_flag flag)
{
	return flag_names[flag];
}

struct peer_terms peer_terms_default(void)
{
	return (struct peer_terms){
		.type = PARTNER_FEDERATED,
		.verification = VERIFICATION_ALWAYS,
		.capabilities = CAPABILITIES_ALL,
		.security = {NEGOTIATION_REQUIRED, NEGOTIATION_REQUIRED, false},
	};
}

struct policy policy_default(void)
{
	return (struct policy){
		.allows = {POLICY_FLAGS_ALL, POLICY_FLAGS_ALL},
		.capabilities = CAPABILITIES_ALL,
	};
}

int policies_index(struct policies *p)
{
	struct siphash_key key;
	int rc = siphash_key_random(&key);

	table_init(&p->by_user, key);
	table_init(&p->by_site_domain, key);
	table_init(&p->by_provider_domain, key);
	for (uint32_t i = 0; i < p->user_count && rc == 0; i++)
		rc = table_put(&p->by_user, view_of(p->users[i].address), &p->users[i]);
	for (uint32_t i = 0; i < p->site_domain_count && rc == 0; i++)
		rc = table_put(&p->by_site_domain, view_of(p->site_domains[i].domain),
			&p->site_domains[i]);
	for (uint32_t i = 0; i < p->provider_domain_count && rc == 0; i++)
		rc = table_put(&p->by_provider_domain, view_of(p->provider_domains[i].domain),
			&p->provider_domains[i]);
	return rc;
}

static void agreement_free(struct agreement *a)
{
	for (uint32_t i = 0; i < a->domain_count; i++)
		free((char *)a->domains[i].domain);
	for (uint32_t i = 0; i < a->assignment_count; i++)
		free((char *)a->assignments[i].user);
	free((struct agreement_domain *)a->domains);
	free((struct seat_assignment *)a->assignments);
	free((struct wall *)a->renewals);
	free((char *)a->id);
}

void policies_free(struct policies *p)
{
	table_free(&p->by_user);
	table_free(&p->by_site_domain);
	table_free(&p->by_provider_domain);
	for (uint32_t i = 0; i < p->policy_count; i++)
		free(p->policies[i].name);
	for (uint32_t i = 0; i < p->site_count; i++)
		free(p->sites[i].name);
	for (uint32_t i = 0; i < p->site_domain_count; i++)
		free(p->site_domains[i].domain);
	for (uint32_t i = 0; i < p->user_count; i++)
		free(p->users[i].address);
	for (uint32_t i = 0; i < p->provider_count; i++) {
		free(p->providers[i].name);
		free(p->providers[i].peer.disclaimer);
		free(p->providers[i].agreements);
	}
	for (uint32_t i = 0; i < p->provider_domain_count; i++)
		free(p->provider_domains[i].domain);
	for (uint32_t i = 0; i < p->agreement_count; i++)
		agreement_free(&p->agreements[i]);
	free(p->discovered.disclaimer);
	free(p->policies);
	free(p->sites);
	free(p->site_domains);
	free(p->users);
	free(p->providers);
	free(p->provider_domains);
	free(p->agreements);
	*p = (struct policies){0};
}

const struct policy *policies_of(
	const struct policies *p, struct view user, struct view domain, unsigned *line)
{
	const struct user *listed = table_find(&p->by_user, user);
	uint32_t site = listed ? listed->site : POLICY_INDEX_NONE;

	if (listed && listed->policy != POLICY_INDEX_NONE) {
		*line = listed->line;
		return &p->policies[listed->policy];
	}
	if (site == POLICY_INDEX_NONE) {
		const struct site_domain *of = table_find(&p->by_site_domain, domain);

		site = of ? of->site : POLICY_INDEX_NONE;
	}
	if (site != POLICY_INDEX_NONE && p->sites[site].policy != POLICY_INDEX_NONE) {
		*line = p->sites[site].line;
		return &p->policies[p->sites[site].policy];
	}
	*line = p->policies[p->global].line;
	return &p->policies[p->global];
}

/* At most 127 labels. */
const struct provider *policies_provider(const struct policies *p, struct view domain)
{
	struct view name = domain;

	if (p->provider_domain_count == 0)
		return NULL;
	for (;;) {
		const struct provider_domain *of = table_find(&p->by_provider_domain, name);
		int64_t dot = view_find(name, '.');

		if (of && (of->subtree || name.len == domain.len))
			return &p->providers[of->provider];
		if (dot < 0)
			return NULL;
		name = view_sub(name, (uint32_t)dot + 1, name.len);
	}
}
