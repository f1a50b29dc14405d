/* SPDX-License-Identifier: BSD-3-Clause */
/* Building policies: the order of things, complaints, names. */
#include "rules/build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "rules/build_int.h"
#include "rules/nearest.h"

const struct origin origin_document = {.source = USER_OF_DOCUMENT};

void build_complain(struct building *b, const struct origin *origin, unsigned line, const char *key,
	const char *format, ...)
{
	char text[sizeof(((struct rules_error *)0)->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!origin->name)
		rules_errors_add(b->errors, line, key, "%s", text);
	else if (line == 0)
		rules_errors_add(
			b->errors, origin->line, origin->key, "%s: %s", origin->name, text);
	else
		rules_errors_add(b->errors, origin->line, origin->key, "%s:%u: %s%s%s",
			origin->name, line, key, key[0] ? ": " : "", text);
}

void *build_array(struct building *b, size_t count, size_t each)
{
	void *array = calloc(count + 1, each);

	if (!array)
		b->failed = true;
	return array;
}

const char *build_text(struct building *b, const char *text)
{
	const char *kept = text ? string_pool_keep(&b->out->strings, view_of(text)) : NULL;

	if (text && !kept)
		b->failed = true;
	return kept;
}

/* --- names --- */

static int compare_named(const void *a, const void *b)
{
	const struct called *x = a;
	const struct called *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

void named_sort(struct building *b, void *things, uint32_t count, size_t each, const char *key,
	const char *name_key)
{
	char where[BUILD_KEY_BYTES];

	if (count == 0)
		return;
	qsort(things, count, each, compare_named);
	snprintf(where, sizeof(where), "%s[].%s", key, name_key);
	for (uint32_t i = 1; i < count; i++) {
		const struct called *at = (void *)((char *)things + i * each);
		const struct called *before = (void *)((char *)things + (i - 1) * each);

		if (strcmp(at->name, before->name) == 0)
			rules_errors_add(b->errors, at->line, where,
				"'%s' is there twice, first in line %u: keep one", at->name,
				before->line);
	}
}

uint32_t named_find(const void *things, uint32_t count, size_t each, struct view name)
{
	uint32_t low = 0;
	uint32_t high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct called *at = (const void *)((const char *)things + middle * each);
		struct view other = view_of(at->name);
		int order = memcmp(name.p, other.p, name.len < other.len ? name.len : other.len);

		order = order ? order : (name.len > other.len) - (name.len < other.len);
		if (order == 0)
			return middle;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return USER_NONE;
}

/* A list of mistakes that is full already wants no more words, whatever they cost to find. */
static bool may_suggest(const struct building *b)
{
	return b->errors->count < RULES_ERRORS_MAX;
}

const char *named_near(
	const struct building *b, const void *things, uint32_t count, size_t each, struct view name)
{
	struct nearest nearest;

	nearest_begin(&nearest, name);
	for (uint32_t i = 0; i < count && may_suggest(b); i++) {
		const struct called *at = (const void *)((const char *)things + i * each);

		nearest_offer(&nearest, view_of(at->name));
	}
	/* It is a whole string, as it was offered. */
	return (const char *)nearest.name.p;
}

void complain_none_of(struct building *b, const struct origin *origin, unsigned line,
	const char *key, struct view name, const char *things, const char *near)
{
	struct quoted quoted;

	quote(name, &quoted);
	if (near)
		build_complain(b, origin, line, key, "'%s' is none of the %s: did you mean '%s'?",
			quoted.text, things, near);
	else
		build_complain(b, origin, line, key,
			"'%s' is none of the %s: write one of their names, or add it", quoted.text,
			things);
}

const char *policy_near(const struct building *b, struct view name)
{
	const struct policies *p = b->out;

	return named_near(b, p->policies + 1, p->policy_count - 1, sizeof(*p->policies), name);
}

/* The first one has no name. */
uint32_t policy_find(const struct policies *policies, struct view name)
{
	uint32_t found = named_find(policies->policies + 1, policies->policy_count - 1,
		sizeof(*policies->policies), name);

	return found == USER_NONE ? found : found + 1;
}

uint32_t policy_of_scalar(struct building *b, const struct origin *origin,
	const struct scalar *scalar, const char *key)
{
	uint32_t found;

	if (!scalar->ok)
		return POLICY_INDEX_NONE;
	found = policy_find(b->out, view_of(scalar->text));
	if (found == USER_NONE)
		complain_none_of(b, origin, scalar->line, key, view_of(scalar->text), "policies",
			policy_near(b, view_of(scalar->text)));
	return found;
}

/* --- what is ours --- */

static void collect_locals(struct building *b)
{
	struct siphash_key key;

	if (siphash_key_random(&key)) {
		b->failed = true;
		return;
	}
	table_init(&b->locals, key);
	for (uint32_t i = 0; i < b->draft->locals.count; i++) {
		const struct scalar *domain = &draft_local(b->draft, i)->domain;

		if (domain->ok &&
			table_put(&b->locals, view_of(domain->text), (void *)domain) == -ENOMEM)
			b->failed = true;
	}
}

bool check_local(struct building *b, const struct origin *origin, unsigned line, const char *key,
	struct view domain)
{
	struct nearest nearest;
	struct quoted quoted;

	if (table_find(&b->locals, domain))
		return true;
	nearest_begin(&nearest, domain);
	for (uint32_t i = 0; i < b->draft->locals.count && may_suggest(b); i++)
		if (draft_local(b->draft, i)->domain.ok)
			nearest_offer(&nearest, view_of(draft_local(b->draft, i)->domain.text));
	quote(domain, &quoted);
	if (nearest.name.p)
		build_complain(b, origin, line, key,
			"'%s' is none of our domains: did you mean '%.80s'?", quoted.text,
			(const char *)nearest.name.p);
	else
		build_complain(b, origin, line, key,
			"'%s' is none of our domains: write one that stands in local", quoted.text);
	return false;
}

/* The first line is where mistakes are made: no names of columns in it, or other signs between them. */
static void complain_column(struct building *b, const struct origin *origin, unsigned line,
	struct view given, const char *const *columns)
{
	char known[128] = "";
	struct nearest nearest;
	struct quoted quoted;

	nearest_begin(&nearest, given);
	for (uint32_t k = 0; columns[k]; k++) {
		size_t used = strlen(known);

		nearest_offer(&nearest, view_of(columns[k]));
		snprintf(known + used, sizeof(known) - used, "%s%s", k > 0 ? "," : "", columns[k]);
	}
	quote(given, &quoted);
	if (nearest.name.p)
		build_complain(b, origin, line, "", "'%s' is no column: did you mean '%s'?",
			quoted.text, (const char *)nearest.name.p);
	else
		build_complain(b, origin, line, "",
			"'%s' is no column: the first line must name the columns, like %s",
			quoted.text, known);
}

void complain_csv(struct building *b, const struct origin *origin, const struct csv *csv,
	const char *const *columns, const struct fault *fault)
{
	uint32_t unknown = 0;

	if (strcmp(fault->cause, "csv_column_unknown") != 0) {
		build_complain(b, origin, csv->line, "", "%s", csv_cause_text(fault->cause));
		return;
	}
	while (unknown + 1 < csv->count &&
		csv_column(columns, csv->fields[unknown]) != CSV_NO_FIELD)
		unknown++;
	complain_column(b, origin, csv->line, csv->fields[unknown], columns);
}

/* --- what stands alone --- */

static uint32_t count_or_else(const struct scalar *scalar, uint32_t otherwise)
{
	return scalar->ok ? (uint32_t)scalar->number : otherwise;
}

static void build_switches(struct building *b)
{
	const struct draft *draft = b->draft;
	const struct draft_discovery *from = &draft->discovery;
	struct peer_terms otherwise = peer_terms_discovered();
	struct policies *out = b->out;

	out->federation = !draft->federation.ok || draft->federation.on;
	out->federation_line = draft->federation.line;
	if (draft->region.ok)
		(void)view_copy(view_of(draft->region.text), out->region, sizeof(out->region));
	out->discovery = from->enabled.on;
	out->discovery_line = from->line;
	terms_check(&from->terms, &otherwise, "discovery", b->errors);
	links_check(&draft->links, "links", b->errors);
	if (!terms_take(&from->terms, &otherwise, out, &out->discovered) ||
		!links_take(&draft->links, out, &out->links))
		b->failed = true;
	out->discovery_limits = (struct discovery_limits){
		count_or_else(&from->limits.connections, discovery_limits_default.connections),
		count_or_else(
			&from->limits.messages_per_s, discovery_limits_default.messages_per_s),
		count_or_else(&from->limits.users, discovery_limits_default.users)};
	out->limits_discovered = limits_discovered_default;
#define DISCOVERED_TAKE(name)                                                                      \
	if (from->limits.counted.value[LIMIT_##name].ok)                                           \
		out->limits_discovered.value[LIMIT_##name] =                                       \
			from->limits.counted.value[LIMIT_##name].number;
	DISCOVERED_KEYS(DISCOVERED_TAKE)
#undef DISCOVERED_TAKE
}

bool policies_build(const struct draft *draft, const struct rules_reader *reader,
	struct policies *out, struct rules_errors *errors)
{
	static void (*const builders[])(struct building * b) = {collect_locals, build_switches,
		build_policies, build_sources, build_groups, build_users, build_providers,
		build_agreements};
	struct building b = {.draft = draft, .reader = reader, .errors = errors, .out = out};

	for (size_t i = 0; i < sizeof(builders) / sizeof(builders[0]) && !b.failed; i++)
		builders[i](&b);
	table_free(&b.locals);
	for (uint32_t i = 0; i < USER_SOURCES; i++) {
		schema_free(draft_people_schema, &b.people[i]);
		free((uint8_t *)b.bytes[i].p);
	}
	if (b.failed)
		rules_errors_add(errors, 0, "", "no memory for the rules");
	return !b.failed;
}
