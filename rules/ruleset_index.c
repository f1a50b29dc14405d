/* SPDX-License-Identifier: BSD-3-Clause */
/* The lookups of a ruleset. */
#include "rules/ruleset_index.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/base/name.h"
#include "rules/domain.h"
#include "rules/ruleset.h"

static void index_free(struct ruleset_index *index)
{
	if (!index)
		return;
	table_free(&index->partners);
	table_free(&index->partner_ids);
	table_free(&index->locals);
	table_free(&index->blocked_domains);
	free(index->certificate_names);
	free(index);
}

static struct view id_view(const uint32_t *id)
{
	return view_make(id, sizeof(*id));
}

static int compare_names(struct view a, struct view b)
{
	int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_certificate_names(const void *a, const void *b)
{
	const struct certificate_name *x = a;
	const struct certificate_name *y = b;
	int order = compare_names(x->name, y->name);

	return order ? order : (x->partner > y->partner) - (x->partner < y->partner);
}

/* Few partners have any. */
static int fill_certificate_names(struct ruleset_index *index, const struct ruleset *rules)
{
	uint32_t count = 0;
	struct view name;

	for (uint32_t i = 0; i < rules->partner_count; i++)
		for (const char *names = rules->partners[i].terms.certificate_names;
			certificate_names_next(&names, &name);)
			count++;
	if (count == 0)
		return 0;
	index->certificate_names = calloc(count, sizeof(*index->certificate_names));
	if (!index->certificate_names)
		return -ENOMEM;
	for (uint32_t i = 0; i < rules->partner_count; i++)
		for (const char *names = rules->partners[i].terms.certificate_names;
			certificate_names_next(&names, &name);)
			index->certificate_names[index->certificate_name_count++] =
				(struct certificate_name){name, &rules->partners[i]};
	qsort(index->certificate_names, count, sizeof(*index->certificate_names),
		compare_certificate_names);
	return 0;
}

static int fill(struct ruleset_index *index, const struct ruleset *rules)
{
	int error = fill_certificate_names(index, rules);

	for (uint32_t i = 0; i < rules->partner_count && !error; i++) {
		struct partner *partner = &rules->partners[i];

		error = table_put(&index->partners, view_of(partner->domain), partner);
		if (!error)
			error = table_put(&index->partner_ids, id_view(&partner->id), partner);
	}
	for (uint32_t i = 0; i < rules->local_count && !error; i++)
		error = table_put(
			&index->locals, view_of(rules->locals[i].domain), &rules->locals[i]);
	for (uint32_t i = 0; i < rules->blocked_domain_count && !error; i++)
		error = table_put(&index->blocked_domains,
			view_of(rules->blocked_domains[i].domain), &rules->blocked_domains[i]);
	return error;
}

int ruleset_index_build(struct ruleset *rules)
{
	struct ruleset_index *index = calloc(1, sizeof(*index));
	struct siphash_key key;
	int error;

	if (!index)
		return -ENOMEM;
	error = siphash_key_random(&key);
	if (!error) {
		table_init(&index->partners, key);
		table_init(&index->partner_ids, key);
		table_init(&index->locals, key);
		table_init(&index->blocked_domains, key);
		error = fill(index, rules);
	}
	if (error) {
		index_free(index);
		return error;
	}
	index_free(rules->index);
	rules->index = index;
	return 0;
}

void ruleset_index_free(struct ruleset *rules)
{
	index_free(rules->index);
	rules->index = NULL;
}

/* The name in lower case, in the caller's buffer; empty if it is too long for a domain. */
static struct view fold(struct view domain, char buffer[static DOMAIN_ASCII_BYTES])
{
	if (domain.len >= DOMAIN_ASCII_BYTES)
		return (struct view){0};
	for (uint32_t i = 0; i < domain.len; i++)
		buffer[i] = (char)ascii_lower(domain.p[i]);
	return view_make(buffer, domain.len);
}

/* Cut the first label off. False: it was the last one. */
static bool step_up(struct view *name)
{
	int64_t dot = view_find(*name, '.');

	*name = dot < 0 ? (struct view){0} : view_sub(*name, (uint32_t)dot + 1, name->len);
	return name->len > 0;
}

const struct partner *ruleset_partner(const struct ruleset *rules, struct view domain)
{
	char buffer[DOMAIN_ASCII_BYTES];
	struct view whole = fold(domain, buffer);
	struct view name = whole;

	if (!rules->index || name.len == 0)
		return NULL;
	/* At most 127 labels. */
	do {
		const struct partner *partner = table_find(&rules->index->partners, name);

		if (partner && name.len == whole.len)
			return partner;
		/* What stands before the partner's domain comes from outside. */
		if (partner && partner->subtree && name_is_canonical(whole))
			return partner;
		if (table_find(&rules->index->locals, name))
			return NULL;
	} while (step_up(&name));
	return NULL;
}

uint64_t ruleset_expect(const struct ruleset *rules, struct view domain)
{
	return rules->index ? table_expect(&rules->index->partners, domain) : 0;
}

void ruleset_expect_partner(const struct ruleset *rules, uint64_t hash)
{
	if (rules->index)
		table_expect_value(&rules->index->partners, hash);
}

const struct partner *ruleset_partner_by_id(const struct ruleset *rules, uint32_t id)
{
	return rules->index ? table_find(&rules->index->partner_ids, id_view(&id)) : NULL;
}

const struct partner *ruleset_certificate_partner(
	const struct ruleset *rules, struct view name, uint32_t nth)
{
	char buffer[DOMAIN_ASCII_BYTES];
	struct view folded = fold(name, buffer);
	const struct certificate_name *all = rules->index ? rules->index->certificate_names : NULL;
	uint32_t low = 0, high = all ? rules->index->certificate_name_count : 0;
	uint32_t end = high;

	/* The first that is not before it. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_names(all[middle].name, folded) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (nth >= end - low || compare_names(all[low + nth].name, folded) != 0)
		return NULL;
	return all[low + nth].partner;
}

const struct local_domain *ruleset_local(const struct ruleset *rules, struct view domain)
{
	char buffer[DOMAIN_ASCII_BYTES];

	return rules->index ? table_find(&rules->index->locals, fold(domain, buffer)) : NULL;
}

const struct local_domain *ruleset_local_above(const struct ruleset *rules, struct view domain)
{
	char buffer[DOMAIN_ASCII_BYTES];
	struct view name = fold(domain, buffer);

	if (!rules->index || name.len == 0)
		return NULL;
	/* At most 127 labels. */
	do {
		const struct local_domain *local = table_find(&rules->index->locals, name);

		if (local)
			return local;
	} while (step_up(&name));
	return NULL;
}

const struct blocked_domain *ruleset_blocking(const struct ruleset *rules, struct view domain)
{
	char buffer[DOMAIN_ASCII_BYTES];
	struct view whole = fold(domain, buffer);
	struct view name = whole;

	if (!rules->index || name.len == 0 || rules->index->blocked_domains.count == 0)
		return NULL;
	/* At most 127 labels. */
	do {
		const struct blocked_domain *blocked =
			table_find(&rules->index->blocked_domains, name);

		if (blocked && (blocked->subtree || name.len == whole.len))
			return blocked;
	} while (step_up(&name));
	return NULL;
}

bool ruleset_blocks_domain(const struct ruleset *rules, struct view domain)
{
	return ruleset_blocking(rules, domain);
}
