/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter table's writer. Lays the sections out first, then fills one buffer of exactly that
 * size. */
#include "rules/filter.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "rules/base/mark.h"
#include "rules/base/octets.h"
#include "rules/ruleset.h"

static_assert(FILTER_XMPP == (int)PROTOCOL_XMPP && FILTER_SIP == (int)PROTOCOL_SIP,
	"the table carries enum protocol as it is");

enum { KINDS = FILTER_SECTION_KINDS - 1, ALIGN_BYTES = 8 };

/* A local or blocked domain, on its way into the order of the table. */
struct named {
	const char *name;
	bool subtree;
};

struct writer {
	uint8_t *block;
	uint64_t at[FILTER_SECTION_KINDS]; /* next byte to write, by section */
	uint64_t names_start;
};

static uint8_t *next_element(struct writer *w, enum filter_section section)
{
	uint8_t *p = w->block + w->at[section];

	w->at[section] += filter_element_bytes(section);
	return p;
}

/* The name into the names section; its offset and length at p. Domains have at most 253 bytes. */
static void put_name(struct writer *w, uint8_t *p, const char *name)
{
	size_t len = strlen(name);

	put32(p, (uint32_t)(w->at[FILTER_NAMES] - w->names_start));
	p[4] = (uint8_t)len;
	memcpy(w->block + w->at[FILTER_NAMES], name, len);
	w->at[FILTER_NAMES] += len;
}

static void put_source(uint8_t *p, const struct prefix *prefix, uint32_t partner_id)
{
	memcpy(p, prefix->address.bytes, sizeof(prefix->address.bytes));
	p[16] = prefix->address.family_bits;
	p[17] = prefix->length_bits;
	put32(p + 20, partner_id);
}

static int compare_ids(const void *a, const void *b)
{
	const struct partner *const *x = a;
	const struct partner *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static int compare_sources(const void *a, const void *b)
{
	const uint8_t *x = a;
	const uint8_t *y = b;
	int order = memcmp(x, y, 16);

	if (x[16] != y[16])
		return x[16] < y[16] ? -1 : 1;
	return order ? order : (x[17] > y[17]) - (x[17] < y[17]);
}

static int compare_domains(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static uint64_t count_names_bytes(const struct ruleset *rules)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < rules->partner_count; i++)
		bytes += strlen(rules->partners[i].domain);
	for (uint32_t i = 0; i < rules->local_count; i++)
		bytes += strlen(rules->locals[i].domain);
	for (uint32_t i = 0; i < rules->blocked_domain_count; i++)
		bytes += strlen(rules->blocked_domains[i].domain);
	return bytes;
}

/* A ruleset filled by hand may say nothing of limits: then the defaults hold. */
static bool has_limits(const struct ruleset *rules)
{
	return rules->handshakes.handshakes_per_s != 0;
}

static void count_elements(const struct ruleset *rules, uint64_t counts[FILTER_SECTION_KINDS])
{
	counts[FILTER_SERVICES] = rules->service_count;
	counts[FILTER_PARTNERS] = rules->partner_count;
	counts[FILTER_SOURCES] = rules->blocked_prefix_count;
	for (uint32_t i = 0; i < rules->partner_count; i++)
		counts[FILTER_SOURCES] += rules->partners[i].source_count;
	counts[FILTER_LOCALS] = rules->local_count;
	counts[FILTER_BLOCKED_DOMAINS] = rules->blocked_domain_count;
	counts[FILTER_NAMES] = count_names_bytes(rules);
	counts[FILTER_CONTROL] = rules->control_down_hold;
	if (!has_limits(rules))
		return;
	counts[FILTER_LIMITS] = 2;
	for (uint32_t i = 0; i < rules->partner_count; i++)
		counts[FILTER_LIMITS] += rules->partners[i].limits_stated != 0;
	counts[FILTER_HANDSHAKES] = 1;
	counts[FILTER_SUSPICIOUS] = 1;
	counts[FILTER_DISCOVERED] = rules->policies.discovery;
}

/* Allocate the block and write header and section table. */
static int lay_out(struct writer *w, const struct ruleset *rules, size_t *block_bytes)
{
	uint64_t counts[FILTER_SECTION_KINDS] = {0};
	uint64_t end = FILTER_HEADER_BYTES + KINDS * FILTER_SECTION_BYTES;

	count_elements(rules, counts);
	for (unsigned kind = 1; kind < FILTER_SECTION_KINDS; kind++) {
		w->at[kind] = end;
		end += counts[kind] * filter_element_bytes(kind);
		end += -end & (ALIGN_BYTES - 1);
		if (end > UINT32_MAX)
			return -E2BIG;
	}
	w->names_start = w->at[FILTER_NAMES];
	w->block = calloc(1, end);
	if (!w->block)
		return -ENOMEM;
	memcpy(w->block, FILTER_MAGIC, 8);
	put32(w->block + 8, FILTER_VERSION);
	put32(w->block + 12, (uint32_t)end);
	put64(w->block + 24, rules->generation);
	put32(w->block + 32, KINDS);
	for (unsigned kind = 1; kind < FILTER_SECTION_KINDS; kind++) {
		uint8_t *row = w->block + FILTER_HEADER_BYTES + (kind - 1) * FILTER_SECTION_BYTES;

		put32(row, filter_kind(kind));
		put32(row + 4, (uint32_t)w->at[kind]);
		put32(row + 8, (uint32_t)counts[kind]);
		put32(row + 12, filter_element_bytes(kind));
	}
	*block_bytes = end;
	return 0;
}

static void write_services(struct writer *w, const struct ruleset *rules)
{
	for (uint32_t i = 0; i < rules->service_count; i++) {
		const struct service *service = &rules->services[i];
		uint8_t *p = next_element(w, FILTER_SERVICES);

		p[0] = service->address.family_bits;
		p[1] = (uint8_t)service->protocol;
		put16(p + 2, service->port);
		memcpy(p + 4, service->address.bytes, sizeof(service->address.bytes));
	}
}

static void put_values(uint8_t *p, const struct limits *limits)
{
	for (uint32_t key = 0; key < LIMIT_COUNT; key++)
		put64(p + 8 * key, limits->value[key]);
}

static void put_limits(
	struct writer *w, enum source_class class, uint32_t partner_id, const struct limits *limits)
{
	uint8_t *p = next_element(w, FILTER_LIMITS);

	put32(p, partner_id);
	p[4] = (uint8_t) class;
	put_values(p + 8, limits);
}

/* What is not counted by them stands there as it is. */
static struct limits limits_discovered(const struct ruleset *rules)
{
	static const enum limit_key begin[] = {
		LIMIT_new_connections_per_s, LIMIT_new_connections_burst};
	struct limits limits = rules->policies.limits_discovered;

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		limits.value[begin[i]] = rules->limits_unknown.value[begin[i]];
	limits.value[LIMIT_connections] = rules->policies.discovery_limits.connections;
	return limits;
}

/* Of the classes; those of partners stand behind them. */
static void write_limits(struct writer *w, const struct ruleset *rules)
{
	struct limits discovered = limits_discovered(rules);
	uint8_t *p;

	if (!has_limits(rules))
		return;
	p = next_element(w, FILTER_HANDSHAKES);
	put_limits(w, CLASS_UNKNOWN, PARTNER_NONE, &rules->limits_unknown);
	put_limits(w, CLASS_CLAIMED, PARTNER_NONE, &rules->limits_partner);
	put_values(next_element(w, FILTER_SUSPICIOUS), &rules->limits_suspicious);
	if (rules->policies.discovery)
		put_values(next_element(w, FILTER_DISCOVERED), &discovered);
#define HANDSHAKE_PUT(name, value)                                                                 \
	put64(p, rules->handshakes.name);                                                          \
	p += 8;
	HANDSHAKE_KEYS(HANDSHAKE_PUT)
#undef HANDSHAKE_PUT
}

static int write_partners(struct writer *w, const struct ruleset *rules)
{
	const struct partner **by_id = calloc(rules->partner_count + 1u, sizeof(*by_id));

	if (!by_id)
		return -ENOMEM;
	for (uint32_t i = 0; i < rules->partner_count; i++)
		by_id[i] = &rules->partners[i];
	qsort(by_id, rules->partner_count, sizeof(*by_id), compare_ids);
	for (uint32_t i = 0; i < rules->partner_count; i++) {
		uint8_t *p = next_element(w, FILTER_PARTNERS);

		put32(p, by_id[i]->id);
		put_name(w, p + 4, by_id[i]->domain);
		p[9] = (uint8_t)by_id[i]->protocol;
		p[10] = by_id[i]->subtree;
		if (has_limits(rules) && by_id[i]->limits_stated)
			put_limits(w, CLASS_CLAIMED, by_id[i]->id, &by_id[i]->limits);
	}
	free(by_id);
	return 0;
}

static void write_sources(struct writer *w, const struct ruleset *rules)
{
	uint32_t each = filter_element_bytes(FILTER_SOURCES);
	uint8_t *first = w->block + w->at[FILTER_SOURCES];

	for (uint32_t i = 0; i < rules->blocked_prefix_count; i++)
		put_source(
			next_element(w, FILTER_SOURCES), &rules->blocked_prefixes[i], PARTNER_NONE);
	for (uint32_t i = 0; i < rules->partner_count; i++)
		for (uint32_t k = 0; k < rules->partners[i].source_count; k++)
			put_source(next_element(w, FILTER_SOURCES), &rules->partners[i].sources[k],
				rules->partners[i].id);
	qsort(first, (size_t)(w->block + w->at[FILTER_SOURCES] - first) / each, each,
		compare_sources);
}

/* An element of local and of blocked domains is the same but for the flag. */
static void put_domains(
	struct writer *w, enum filter_section section, struct named *domains, uint32_t count)
{
	qsort(domains, count, sizeof(*domains), compare_domains);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *p = next_element(w, section);

		put_name(w, p, domains[i].name);
		p[5] = domains[i].subtree;
	}
}

static int write_domains(struct writer *w, const struct ruleset *rules)
{
	uint32_t most = rules->local_count > rules->blocked_domain_count
				? rules->local_count
				: rules->blocked_domain_count;
	struct named *domains = calloc(most + 1u, sizeof(*domains));

	if (!domains)
		return -ENOMEM;
	for (uint32_t i = 0; i < rules->local_count; i++)
		domains[i].name = rules->locals[i].domain;
	put_domains(w, FILTER_LOCALS, domains, rules->local_count);
	for (uint32_t i = 0; i < rules->blocked_domain_count; i++)
		domains[i] = (struct named){
			rules->blocked_domains[i].domain, rules->blocked_domains[i].subtree};
	put_domains(w, FILTER_BLOCKED_DOMAINS, domains, rules->blocked_domain_count);
	free(domains);
	return 0;
}

int filter_write(const struct ruleset *rules, uint8_t **out, size_t *out_bytes)
{
	struct writer w = {0};
	size_t bytes = 0;
	int error = lay_out(&w, rules, &bytes);

	if (error)
		return error;
	write_services(&w, rules);
	write_sources(&w, rules);
	write_limits(&w, rules);
	if (rules->control_down_hold)
		next_element(&w, FILTER_CONTROL)[0] = 1;
	error = write_partners(&w, rules);
	if (!error)
		error = write_domains(&w, rules);
	if (error) {
		free(w.block);
		return error;
	}
	put64(w.block + FILTER_DIGEST_AT, filter_digest(view_make(w.block, bytes)));
	*out = w.block;
	*out_bytes = bytes;
	return 0;
}
