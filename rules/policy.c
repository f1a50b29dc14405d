/* SPDX-License-Identifier: BSD-3-Clause */
/* Who of ours may talk with whom outside. */
#include "rules/policy.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/build.h"
#include "rules/ruleset.h"

const char *const policy_flag_words[] = {
#define POLICY_FLAG_NAME(name, words) [POLICY_##name] = #name,
	POLICY_FLAGS(POLICY_FLAG_NAME)
#undef POLICY_FLAG_NAME
		NULL};

const char *const capability_words[] = {
#define CAPABILITY_WORD(name, words) [CAPABILITY_##name] = #name,
	CAPABILITIES(CAPABILITY_WORD)
#undef CAPABILITY_WORD
		NULL};

const char *const heading_words[] = {[HEADING_IN] = "in", [HEADING_OUT] = "out", NULL};
const char *const hyperlink_action_words[] = {[HYPERLINK_PASS] = "pass",
	[HYPERLINK_DEFUSE] = "defuse",
	[HYPERLINK_WARN] = "warn",
	[HYPERLINK_BLOCK] = "block",
	NULL};
const char *const protocol_words[] = {[PROTOCOL_XMPP] = "xmpp", [PROTOCOL_SIP] = "sip", NULL};
const char *const partner_type_words[] = {[PARTNER_FEDERATED] = "federated",
	[PARTNER_PUBLIC_VERIFIED] = "public-verified",
	[PARTNER_PUBLIC_UNVERIFIED] = "public-unverified",
	NULL};
const char *const verification_words[] = {[VERIFICATION_ALWAYS] = "always-verifiable",
	[VERIFICATION_NEVER] = "always-unverifiable",
	[VERIFICATION_BY_PARTNER] = "use-source",
	NULL};
const char *const control_down_words[] = {"refuse", "hold", NULL};
const char *const missing_mark_words[] = {"unverified", "reject", NULL};
const char *const srv_hosts_words[] = {"any", "own", NULL};
const char *const provider_kind_words[] = {
	[PROVIDER_PUBLIC] = "public", [PROVIDER_HOSTING] = "hosting", NULL};
const char *const licence_need_words[] = {
	[LICENCE_NEED_NONE] = "none", [LICENCE_NEED_SEAT] = "seat", NULL};
const char *const seat_model_words[] = {
	[SEAT_ASSIGNED] = "assigned", [SEAT_ACTIVE] = "active", NULL};
const char *const negotiation_words[] = {[NEGOTIATION_REQUIRED] = "required",
	[NEGOTIATION_OPTIONAL] = "optional",
	[NEGOTIATION_NOT_SUPPORTED] = "not-supported",
	NULL};

const struct discovery_limits discovery_limits_default = {
	.connections = 4, .messages_per_s = 20, .users = 1000};

const char *policy_flag_name(enum policy_flag flag)
{
	return policy_flag_words[flag];
}

struct peer_terms peer_terms_default(void)
{
	return (struct peer_terms){
		.type = PARTNER_FEDERATED,
		.verification = VERIFICATION_ALWAYS,
		.capabilities = CAPABILITIES_ALL,
		.security = {NEGOTIATION_REQUIRED, NEGOTIATION_REQUIRED, false},
		.srv_own = SRV_OWN_DEFAULT,
	};
}

struct peer_terms peer_terms_discovered(void)
{
	struct peer_terms terms = peer_terms_default();

	terms.verification = VERIFICATION_BY_PARTNER;
	terms.capabilities = CAPABILITY_BIT(im) | CAPABILITY_BIT(presence) |
			     CAPABILITY_BIT(typing) | CAPABILITY_BIT(receipts);
	terms.protocols = 1u << PROTOCOL_SIP | 1u << PROTOCOL_XMPP;
	terms.preferred = PROTOCOL_SIP;
	return terms;
}

struct policy policy_default(void)
{
	return (struct policy){
		.allows = {POLICY_FLAGS_ALL, POLICY_FLAGS_ALL},
		.capabilities = CAPABILITIES_ALL,
	};
}

struct provider_terms provider_terms_default(void)
{
	return (struct provider_terms){
		.capabilities = CAPABILITIES_ALL,
		.service_begin = {INT64_MIN},
		.sell_until = DATE_NEVER,
		.new_domains_until = DATE_NEVER,
		.service_end = DATE_NEVER,
	};
}

bool certificate_names_next(const char **names, struct view *out)
{
	size_t len;

	if (!*names || !**names)
		return false;
	len = strcspn(*names, ",");
	*out = view_make(*names, len);
	*names += len + ((*names)[len] == ',');
	return true;
}

int policies_index(struct policies *p)
{
	struct siphash_key key;
	int rc = siphash_key_random(&key);

	if (rc == 0 && !links_index(p))
		rc = -ENOMEM;

	user_index_free(&p->by_user);
	table_free(&p->by_site_domain);
	table_free(&p->by_provider_domain);
	user_index_init(&p->by_user, key);
	table_init(&p->by_site_domain, key);
	table_init(&p->by_provider_domain, key);
	for (uint32_t i = 0; i < p->user_count && rc == 0; i++)
		rc = user_index_put(&p->by_user, p->users, i);
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
	free((struct agreement_domain *)a->domains);
	free((struct seat_assignment *)a->assignments);
	free((struct wall *)a->renewals);
}

void policies_free(struct policies *p)
{
	user_index_free(&p->by_user);
	table_free(&p->by_site_domain);
	table_free(&p->by_provider_domain);
	for (uint32_t i = 0; i < p->provider_count; i++) {
		free(p->providers[i].agreements);
		free(p->providers[i].decoration.excluded);
	}
	for (uint32_t i = 0; i < p->agreement_count; i++)
		agreement_free(&p->agreements[i]);
	links_free(p);
	free(p->policies);
	free(p->sites);
	free(p->site_domains);
	free(p->groups);
	free(p->users);
	free(p->memberships);
	free(p->providers);
	free(p->provider_domains);
	free(p->agreements);
	string_pool_free(&p->strings);
	*p = (struct policies){0};
}

static const char *source_name(const struct policies *p, enum user_source source)
{
	return source == USER_OF_DOCUMENT ? NULL : p->sources[source];
}

static void choose_of_user(
	const struct policies *p, const struct user *user, struct policy_choice *out)
{
	const struct group *group = user->group == USER_NONE ? NULL : &p->groups[user->group];

	*out = (struct policy_choice){&p->policies[user->policy], SCOPE_USER, NULL, user->line,
		source_name(p, (enum user_source)user->source)};
	if (!group)
		return;
	out->scope = SCOPE_GROUP;
	out->name = group->name;
	out->line = group->line;
	out->file = source_name(p, group->source);
}

void policies_of(const struct policies *p, struct view address, struct view domain,
	struct policy_choice *out)
{
	policies_of_hashed(p, address, user_index_hash(&p->by_user, address), domain, out);
}

void policies_of_hashed(const struct policies *p, struct view address, uint32_t hash,
	struct view domain, struct policy_choice *out)
{
	uint32_t listed = user_index_find_hashed(&p->by_user, p->users, address, hash);
	uint32_t site = listed == USER_NONE ? USER_NONE : p->users[listed].site;

	if (listed != USER_NONE && p->users[listed].policy != POLICY_INDEX_NONE) {
		choose_of_user(p, &p->users[listed], out);
		return;
	}
	if (site == POLICY_INDEX_NONE) {
		const struct site_domain *of = table_find(&p->by_site_domain, domain);

		site = of ? of->site : POLICY_INDEX_NONE;
	}
	if (site != POLICY_INDEX_NONE && p->sites[site].policy != POLICY_INDEX_NONE)
		*out = (struct policy_choice){&p->policies[p->sites[site].policy], SCOPE_SITE,
			p->sites[site].name, p->sites[site].line, NULL};
	else
		*out = (struct policy_choice){
			&p->policies[p->global], SCOPE_GLOBAL, NULL, p->global_line, NULL};
}

/* At most 127 labels. */
const struct provider *policies_provider(
	const struct policies *p, struct view domain, uint32_t *depth)
{
	struct view name = domain;

	if (p->provider_domain_count == 0)
		return NULL;
	for (;;) {
		const struct provider_domain *of = table_find(&p->by_provider_domain, name);
		int64_t dot = view_find(name, '.');

		if (of && (of->subtree || name.len == domain.len)) {
			*depth = name.len;
			return &p->providers[of->provider];
		}
		if (dot < 0)
			return NULL;
		name = view_sub(name, (uint32_t)dot + 1, name.len);
	}
}
