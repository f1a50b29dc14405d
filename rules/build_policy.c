/* SPDX-License-Identifier: BSD-3-Clause */
/* Policies, and sites that have them. */
#include <stdio.h>

#include "rules/build_int.h"

static const struct draft_policy *draft_policy(const struct draft *draft, uint32_t i)
{
	return (const struct draft_policy *)draft->policies.items + i;
}

static const struct draft_site *draft_site(const struct draft *draft, uint32_t i)
{
	return (const struct draft_site *)draft->sites.items + i;
}

static void check_twice(
	struct building *b, const struct schema_list *list, const char *name, uint32_t policy)
{
	uint64_t seen = 0;
	char where[BUILD_KEY_BYTES];

	for (uint32_t i = 0; i < list->count; i++) {
		const struct scalar *word = draft_scalar(list, i);

		if (!word->ok)
			continue;
		snprintf(where, sizeof(where), "policies[%u].%s[%u]", policy, name, i);
		if (seen & UINT64_C(1) << word->number)
			rules_errors_add(b->errors, word->line, where, "is there twice: keep one");
		seen |= UINT64_C(1) << word->number;
	}
}

static void build_global(struct building *b)
{
	const struct scalar *global = &b->draft->policy.global;
	uint32_t found = policy_of_scalar(b, &origin_document, global, "policy.global");

	b->out->global_line = global->line;
	if (found != POLICY_INDEX_NONE)
		b->out->global = found;
}

static int compare_site_domains(const void *a, const void *b)
{
	const struct site_domain *x = a;
	const struct site_domain *y = b;
	int order = strcmp(x->domain, y->domain);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void add_site_domains(struct building *b, const struct draft_site *from, uint32_t i)
{
	struct policies *out = b->out;
	uint32_t site = named_find(
		out->sites, out->site_count, sizeof(*out->sites), view_of(from->name.text));
	char where[BUILD_KEY_BYTES];

	for (uint32_t k = 0; k < from->domains.count; k++) {
		const struct scalar *domain = draft_scalar(&from->domains, k);

		snprintf(where, sizeof(where), "sites[%u].domains[%u]", i, k);
		if (domain->ok && check_local(b, &origin_document, domain->line, where,
					  view_of(domain->text)))
			out->site_domains[out->site_domain_count++] = (struct site_domain){
				build_text(b, domain->text), domain->line, site};
	}
}

static void build_site_domains(struct building *b)
{
	struct policies *out = b->out;
	size_t most = 0;

	for (uint32_t i = 0; i < b->draft->sites.count; i++)
		most += draft_site(b->draft, i)->domains.count;
	out->site_domains = build_array(b, most, sizeof(*out->site_domains));
	for (uint32_t i = 0; i < b->draft->sites.count && !b->failed; i++)
		if (draft_site(b->draft, i)->name.ok)
			add_site_domains(b, draft_site(b->draft, i), i);
	if (b->failed)
		return;
	qsort(out->site_domains, out->site_domain_count, sizeof(*out->site_domains),
		compare_site_domains);
	for (uint32_t i = 1; i < out->site_domain_count; i++) {
		const struct site_domain *at = &out->site_domains[i];

		if (strcmp(at->domain, at[-1].domain) == 0)
			rules_errors_add(b->errors, at->line, "sites[].domains",
				"'%s' belongs to a site in line %u already: keep one", at->domain,
				at[-1].line);
	}
}

static void build_sites(struct building *b)
{
	const struct schema_list *list = &b->draft->sites;
	struct policies *out = b->out;
	char where[BUILD_KEY_BYTES];

	out->sites = build_array(b, list->count, sizeof(*out->sites));
	for (uint32_t i = 0; i < list->count && !b->failed; i++) {
		const struct draft_site *from = draft_site(b->draft, i);

		snprintf(where, sizeof(where), "sites[%u].policy", i);
		if (from->name.ok)
			out->sites[out->site_count++] = (struct site){
				build_text(b, from->name.text), from->line,
				policy_of_scalar(b, &origin_document, &from->policy, where)};
	}
	if (b->failed)
		return;
	named_sort(b, out->sites, out->site_count, sizeof(*out->sites), "sites", "name");
	build_site_domains(b);
}

void build_policies(struct building *b)
{
	const struct schema_list *list = &b->draft->policies;
	struct policies *out = b->out;

	out->policies = build_array(b, (size_t)list->count + 1, sizeof(*out->policies));
	if (b->failed)
		return;
	out->policies[out->policy_count++] = policy_default();
	for (uint32_t i = 0; i < list->count && !b->failed; i++) {
		const struct draft_policy *from = draft_policy(b->draft, i);

		check_twice(b, &from->in, "in", i);
		check_twice(b, &from->out, "out", i);
		check_twice(b, &from->capabilities, "capabilities", i);
		if (from->name.ok)
			out->policies[out->policy_count++] =
				(struct policy){build_text(b, from->name.text), from->line,
					{words_take(&from->in, 0), words_take(&from->out, 0)},
					words_take(&from->capabilities, CAPABILITIES_ALL)};
	}
	if (b->failed)
		return;
	named_sort(b, out->policies + 1, out->policy_count - 1, sizeof(*out->policies), "policies",
		"name");
	build_global(b);
	build_sites(b);
}
