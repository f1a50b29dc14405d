/* SPDX-License-Identifier: BSD-3-Clause */
/* Providers, and the domains that they serve. */
#include <stdio.h>

#include "rules/build_int.h"
#include "rules/nearest.h"

static const struct draft_provider *draft_provider(const struct draft *draft, uint32_t i)
{
	return (const struct draft_provider *)draft->providers.items + i;
}

/* --- its terms --- */

static const char *profile_near(struct view name)
{
	const struct provider_terms *profile;
	struct nearest nearest;

	nearest_begin(&nearest, name);
	for (uint32_t i = 0; (profile = provider_profile_at(i)); i++)
		nearest_offer(&nearest, view_of(profile->name));
	return (const char *)nearest.name.p;
}

static struct provider_terms profile_of(
	struct building *b, const struct draft_provider *from, const char *key)
{
	const struct provider_terms *profile = NULL;
	char where[BUILD_KEY_BYTES];
	const char *near;

	if (!from->profile.ok)
		return provider_terms_default();
	snprintf(where, sizeof(where), "%s.profile", key);
	profile = provider_profile(view_of(from->profile.text));
	near = profile ? NULL : profile_near(view_of(from->profile.text));
	if (near)
		rules_errors_add(b->errors, from->profile.line, where,
			"'%s' is no profile: did you mean '%s'?", from->profile.text, near);
	else if (!profile)
		rules_errors_add(b->errors, from->profile.line, where,
			"'%s' is no profile: write aol, google-talk, skype, windows-live or yahoo, "
			"or remove it",
			from->profile.text);
	else if (from->kind.ok && from->kind.number == PROVIDER_HOSTING)
		rules_errors_add(b->errors, from->profile.line, where,
			"is of a public provider, and this one is a hosting provider: remove one");
	return profile ? *profile : provider_terms_default();
}

static void take_dates(struct provider_terms *terms, const struct draft_provider *from)
{
	/* A word that is none is complained of; its agreements are not to blame. */
	if (from->licence.line)
		terms->need = from->licence.ok ? (enum licence_need)from->licence.number
					       : LICENCE_NEED_SEAT;
	if (from->service_begin.ok)
		terms->service_begin = from->service_begin.when;
	if (from->sell_until.ok)
		terms->sell_until = from->sell_until.when;
	if (from->new_domains_until.ok)
		terms->new_domains_until = from->new_domains_until.when;
	if (from->service_end.ok)
		terms->service_end = from->service_end.when;
	/* Who states an end means it everywhere. */
	if (from->service_end.ok)
		terms->exempt_region[0] = '\0';
}

static void check_dates(struct building *b, const struct draft_provider *from,
	const struct provider_terms *terms, const char *key)
{
	char begin[DATE_TEXT_BYTES];
	char end[DATE_TEXT_BYTES];
	char where[BUILD_KEY_BYTES];

	if (terms->service_begin.s < terms->service_end.s ||
		!(from->service_begin.line || from->service_end.line))
		return;
	date_print(terms->service_begin, begin);
	date_print(terms->service_end, end);
	snprintf(where, sizeof(where), "%s.service_end", key);
	rules_errors_add(b->errors,
		from->service_end.line ? from->service_end.line : from->service_begin.line, where,
		"'%s' is not after its begin, '%s': no day of service is left", end, begin);
}

/* What the profile cannot, no rule adds. */
static void check_capabilities(
	struct building *b, const struct draft_provider *from, uint32_t offered, const char *key)
{
	char where[BUILD_KEY_BYTES];

	for (uint32_t i = 0; i < from->terms.capabilities.count; i++) {
		const struct scalar *word = draft_scalar(&from->terms.capabilities, i);

		if (!word->ok || offered & UINT32_C(1) << word->number)
			continue;
		snprintf(where, sizeof(where), "%s.capabilities[%u]", key, i);
		rules_errors_add(b->errors, word->line, where,
			"'%s' is nothing that the profile %s offers: remove it",
			capability_words[word->number], from->profile.text);
	}
}

static struct peer_terms terms_otherwise(
	const struct provider_terms *terms, enum provider_kind kind)
{
	struct peer_terms otherwise = peer_terms_default();

	otherwise.capabilities = terms->capabilities;
	otherwise.preferred = terms->by_xmpp ? PROTOCOL_XMPP : PROTOCOL_SIP;
	otherwise.protocols = 1u << otherwise.preferred;
	if (kind == PROVIDER_PUBLIC)
		otherwise.type = PARTNER_PUBLIC_VERIFIED;
	return otherwise;
}

struct peer_terms provider_peer_default(const struct provider *provider)
{
	return terms_otherwise(&provider->terms, provider->kind);
}

/* --- name decoration --- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void take_decoration(
	struct building *b, const struct draft_decoration *from, struct decoration *out)
{
	const struct schema_list *list = &from->excluded;

	if (!from->routing_domain.ok)
		return;
	out->routing_domain = build_text(b, from->routing_domain.text);
	out->excluded = build_array(b, list->count, sizeof(*out->excluded));
	for (uint32_t i = 0; i < list->count && !b->failed; i++)
		if (draft_scalar(list, i)->ok)
			out->excluded[out->excluded_count++] =
				build_text(b, draft_scalar(list, i)->text);
	if (b->failed)
		return;
	qsort(out->excluded, out->excluded_count, sizeof(*out->excluded), compare_texts);
	for (uint32_t i = 1; i < out->excluded_count; i++)
		if (strcmp(out->excluded[i], out->excluded[i - 1]) == 0)
			rules_errors_add(b->errors, list->line,
				"providers[].name_decoration.excluded",
				"'%s' is there twice: keep one", out->excluded[i]);
}

/* Names come back decorated with the routing domain: it must be the provider's. */
static void check_decoration(struct building *b, const struct draft_provider *from, const char *key)
{
	const struct scalar *routing = &from->decoration.routing_domain;
	char where[BUILD_KEY_BYTES];
	struct nearest nearest;

	nearest_begin(&nearest, view_of(routing->text));
	for (uint32_t i = 0; i < from->domains.count; i++) {
		const struct draft_provider_domain *domain =
			(const struct draft_provider_domain *)from->domains.items + i;

		if (domain->domain.ok && strcmp(domain->domain.text, routing->text) == 0)
			return;
		if (domain->domain.ok)
			nearest_offer(&nearest, view_of(domain->domain.text));
	}
	snprintf(where, sizeof(where), "%s.name_decoration.routing_domain", key);
	if (nearest.name.p)
		rules_errors_add(b->errors, routing->line, where,
			"'%.80s' is none of the provider's domains: did you mean '%.80s'?",
			routing->text, (const char *)nearest.name.p);
	else
		rules_errors_add(b->errors, routing->line, where,
			"'%.150s' is none of the provider's domains: add it to them",
			routing->text);
}

/* --- one provider --- */

static void take_messages(const struct draft_provider_limits *from, struct provider *provider)
{
	for (uint32_t key = 0; key < MESSAGE_LIMIT_COUNT; key++) {
		if (!from->messages[key].ok)
			continue;
		provider->messages.value[key] = (uint32_t)from->messages[key].number;
		provider->messages_stated |= UINT32_C(1) << key;
	}
}

static void add_provider(struct building *b, const struct draft_provider *from, uint32_t i)
{
	struct provider *provider = &b->out->providers[b->out->provider_count];
	struct peer_terms otherwise;
	char key[BUILD_KEY_BYTES / 2];
	char where[BUILD_KEY_BYTES];

	if (!from->name.ok)
		return;
	b->out->provider_count++;
	snprintf(key, sizeof(key), "providers[%u]", i);
	snprintf(where, sizeof(where), "%s.port", key);
	provider->name = build_text(b, from->name.text);
	provider->line = from->line;
	provider->kind = from->kind.ok ? (enum provider_kind)from->kind.number : PROVIDER_PUBLIC;
	provider->enabled = from->enabled.on;
	provider->shared_address_space = from->shared_address_space.on;
	provider->host = from->host.ok ? build_text(b, from->host.text) : NULL;
	provider->port = from->port.port;
	provider->terms = profile_of(b, from, key);
	if (from->port.line && !from->host.line)
		rules_errors_add(b->errors, from->port.line, where,
			"a port without a host means nothing, DNS SRV has its own: add host, or "
			"remove port");
	if (from->profile.ok)
		check_capabilities(b, from, provider->terms.capabilities, key);
	otherwise = provider_peer_default(provider);
	take_dates(&provider->terms, from);
	check_dates(b, from, &provider->terms, key);
	terms_check(&from->terms, &otherwise, key, b->errors);
	if (!terms_take(&from->terms, &otherwise, b->out, &provider->peer))
		b->failed = true;
	snprintf(where, sizeof(where), "%s.shared_address_space", key);
	if (provider->shared_address_space && provider->kind == PROVIDER_PUBLIC)
		rules_errors_add(b->errors, from->shared_address_space.line, where,
			"is for hosting providers: write kind: hosting, or remove it");
	take_messages(&from->limits, provider);
	take_decoration(b, &from->decoration, &provider->decoration);
	if (from->decoration.routing_domain.ok)
		check_decoration(b, from, key);
}

/* --- the domains of all --- */

static int compare_provider_domains(const void *a, const void *b)
{
	return strcmp(((const struct provider_domain *)a)->domain,
		((const struct provider_domain *)b)->domain);
}

static void add_domains(struct building *b, const struct draft_provider *from)
{
	struct policies *out = b->out;
	uint32_t provider;

	if (!from->name.ok)
		return;
	provider = named_find(out->providers, out->provider_count, sizeof(*out->providers),
		view_of(from->name.text));
	for (uint32_t i = 0; i < from->domains.count; i++) {
		const struct draft_provider_domain *domain =
			(const struct draft_provider_domain *)from->domains.items + i;

		if (domain->domain.ok)
			out->provider_domains[out->provider_domain_count++] =
				(struct provider_domain){build_text(b, domain->domain.text),
					domain->line, provider, domain->subtree.on};
	}
}

static int compare_hosts(const void *a, const void *b)
{
	const struct provider *x = *(const struct provider *const *)a;
	const struct provider *y = *(const struct provider *const *)b;
	int order = strcmp(x->host, y->host);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Who connects from there must be one of them. */
static void check_hosts(struct building *b)
{
	struct policies *out = b->out;
	const struct provider **hosts = build_array(b, out->provider_count, sizeof(*hosts));
	uint32_t count = 0;

	for (uint32_t i = 0; hosts && i < out->provider_count; i++)
		if (out->providers[i].host)
			hosts[count++] = &out->providers[i];
	if (count > 0)
		qsort(hosts, count, sizeof(*hosts), compare_hosts);
	for (uint32_t i = 1; i < count; i++)
		if (strcmp(hosts[i]->host, hosts[i - 1]->host) == 0)
			rules_errors_add(b->errors, hosts[i]->line, "providers[].host",
				"'%s' is the host of provider %s in line %u already: a connection "
				"must tell which it is",
				hosts[i]->host, hosts[i - 1]->name, hosts[i - 1]->line);
	free(hosts);
}

void build_providers(struct building *b)
{
	const struct schema_list *list = &b->draft->providers;
	struct policies *out = b->out;
	size_t domains = 0;

	out->providers = build_array(b, list->count, sizeof(*out->providers));
	for (uint32_t i = 0; i < list->count && !b->failed; i++) {
		domains += draft_provider(b->draft, i)->domains.count;
		add_provider(b, draft_provider(b->draft, i), i);
	}
	if (b->failed)
		return;
	named_sort(b, out->providers, out->provider_count, sizeof(*out->providers), "providers",
		"name");
	check_hosts(b);
	out->provider_domains = build_array(b, domains, sizeof(*out->provider_domains));
	for (uint32_t i = 0; i < list->count && !b->failed; i++)
		add_domains(b, draft_provider(b->draft, i));
	if (!b->failed && out->provider_domain_count > 0)
		qsort(out->provider_domains, out->provider_domain_count,
			sizeof(*out->provider_domains), compare_provider_domains);
}
