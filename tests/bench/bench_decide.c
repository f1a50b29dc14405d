/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_decide: rules of full size (64,000 domains, 100,000 users): how long they take to compile, how
 * much memory they hold, and nanoseconds and allocations of one decision over users and partners at random. One
 * JSON line per measurement. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/base/text.h"
#include "rules/diff_decide.h"
#include "tests/bench/samples.h"

enum {
	DOMAINS = 64 * 1000,
	USERS = 100 * 1000,
	QUESTIONS = 1 << 16,
	ROUNDS = 9,
	COMPILE_ROUNDS = 5,
	DOCUMENT_BYTES_MAX = 64 * 1024 * 1024,
};

/* --- what is allocated --- */

static uint64_t allocations;

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t each);
extern void *__libc_realloc(void *p, size_t bytes);

void *malloc(size_t bytes)
{
	allocations++;
	return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t each)
{
	allocations++;
	return __libc_calloc(count, each);
}

void *realloc(void *p, size_t bytes)
{
	allocations++;
	return __libc_realloc(p, bytes);
}

/* --- the rules --- */

static uint32_t dice(uint32_t sides)
{
	static uint64_t seed = 1;

	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((seed >> 33) % sides);
}

static void put_rules(struct text *t)
{
	text_puts(t,
		"service: {addresses: [198.51.100.1]}\n"
		"local:\n"
		"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: "
		"h.example}}\n"
		"policy: {global: p0}\n"
		"policies:\n");
	for (int i = 0; i < 20; i++)
		text_printf(
			t, "  - {name: p%d, in: [federation, xmpp], out: [federation, xmpp]}\n", i);
	text_puts(t, "groups:\n");
	for (int i = 0; i < 50; i++)
		text_printf(t, "  - {name: g%d, policy: p%d}\n", i, i % 20);
	text_puts(t, "partners:\n");
	for (int i = 0; i < DOMAINS; i++)
		text_printf(t, "  - {domain: partner%d.example, protocol: %s}\n", i,
			i % 2 ? "sip" : "xmpp");
}

static void put_users(struct text *t)
{
	text_puts(t, "users:\n");
	for (int i = 0; i < USERS; i++)
		text_printf(t,
			i % 2 ? "  - {address: user%d@corp.example, policy: p%d}\n"
			      : "  - {address: user%d@corp.example, groups: [g%d]}\n",
			i, i % 20);
}

static void put_list(struct text *t)
{
	text_puts(t, "address,policy,groups\n");
	for (int i = 0; i < USERS; i++)
		text_printf(t, i % 2 ? "user%d@corp.example,p%d,\n" : "user%d@corp.example,,g%d\n",
			i, i % 20);
}

static int read_list(
	void *arg, enum rules_source_kind kind, const char *name, uint8_t **bytes, size_t *len)
{
	const struct text *list = arg;

	*len = list->len;
	*bytes = malloc(list->len);
	memcpy(*bytes, list->p, list->len);
	return 0;
}

/* --- measuring --- */

static struct ruleset *compile(const char *name, const struct text *document, struct text *list)
{
	static struct rules_errors errors;
	struct rules_reader reader = {read_list, list};
	struct ruleset *rules = NULL;
	double samples[COMPILE_ROUNDS];
	double kept[COMPILE_ROUNDS];

	for (int round = 0; round < COMPILE_ROUNDS; round++) {
		uint64_t start = cpu_ns();
		size_t before;

		ruleset_free(rules);
		before = mallinfo2().uordblks + mallinfo2().hblkhd;
		start = cpu_ns();
		rules = ruleset_compile_with(text_view(document), NULL, &reader, &errors);
		samples[round] = (double)(cpu_ns() - start) / (double)NS_PER_S;
		if (!rules) {
			fprintf(stderr, "%u: %s: %s\n", errors.list[0].line, errors.list[0].key,
				errors.list[0].text);
			exit(1);
		}
		kept[round] = (double)(mallinfo2().uordblks + mallinfo2().hblkhd - before) /
			      (1024.0 * 1024.0);
	}
	samples_print(name, "s", samples, COMPILE_ROUNDS);
	samples_print("memory of these rules", "MiB", kept, COMPILE_ROUNDS);
	return rules;
}

static struct question questions[QUESTIONS];
static char addresses[QUESTIONS][2][48];

static bool usage_has(
	const void *arg, const struct agreement *agreement, struct view user, int32_t month)
{
	return false;
}

static uint32_t usage_count(const void *arg, const struct agreement *agreement, int32_t month)
{
	return 0;
}

static const struct licence_usage usage = {NULL, usage_has, usage_count};

/* One in sixteen is about a domain that nobody knows. */
static void make_questions(void)
{
	for (int i = 0; i < QUESTIONS; i++) {
		uint32_t partner = dice(DOMAINS);
		struct view ours = {0};
		struct view theirs = {0};

		snprintf(addresses[i][0], sizeof(addresses[i][0]), "user%u@corp.example",
			dice(USERS));
		snprintf(addresses[i][1], sizeof(addresses[i][1]), "somebody@%s%u.example",
			dice(16) ? "partner" : "nobody", partner);
		ours = view_of(addresses[i][0]);
		theirs = view_of(addresses[i][1]);
		questions[i] = (struct question){
			.ours = {ours, user_domain(ours)},
			.theirs = {theirs, user_domain(theirs)},
			.heading = (enum heading)dice(2),
			.protocol = partner % 2 ? PROTOCOL_SIP : PROTOCOL_XMPP,
			.now = {1700000000},
			.usage = &usage,
		};
	}
}

static void measure_decide(const struct ruleset *rules)
{
	double samples[ROUNDS];
	double each[1];
	uint64_t allowed = 0;
	uint64_t before;

	make_questions();
	before = allocations;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = cpu_ns();

		for (int i = 0; i < QUESTIONS; i++) {
			struct verdict verdict;

			decide(rules, &questions[i], &verdict);
			allowed += verdict.reason == REASON_none;
		}
		samples[round] = (double)(cpu_ns() - start) / QUESTIONS;
	}
	each[0] = (double)(allocations - before) / ((double)ROUNDS * QUESTIONS);
	if (allowed < (uint64_t)ROUNDS * QUESTIONS / 2) {
		fprintf(stderr, "only %llu were allowed\n", (unsigned long long)allowed);
		exit(1);
	}
	samples_print("decision, 64,000 domains and 100,000 users", "ns", samples, ROUNDS);
	samples_print("allocations of a decision", "", each, 1);
}

static void ignore(void *arg, const struct decision_change *change)
{
}

static void measure_difference(const struct ruleset *from, const struct ruleset *to)
{
	double samples[COMPILE_ROUNDS];

	for (int round = 0; round < COMPILE_ROUNDS; round++) {
		uint64_t start = cpu_ns();

		if (ruleset_diff_decisions(from, to, (struct wall){1700000000}, ignore, NULL) < 0)
			exit(1);
		samples[round] = (double)(cpu_ns() - start) / (double)NS_PER_S;
	}
	samples_print(
		"whose decisions differ between two such rulesets", "s", samples, COMPILE_ROUNDS);
}

int main(void)
{
	struct text document;
	struct text list;
	struct ruleset *rules;
	struct ruleset *other;

	text_init(&document, DOCUMENT_BYTES_MAX);
	text_init(&list, DOCUMENT_BYTES_MAX);
	put_rules(&document);
	put_list(&list);
	text_puts(&document, "directory: {file: users.csv}\n");
	rules = compile("rules with users in a file", &document, &list);
	measure_decide(rules);
	text_reset(&document);
	put_rules(&document);
	put_users(&document);
	text_puts(&document, "discovery: {enabled: true}\n");
	other = compile("rules with users in the document", &document, &list);
	measure_difference(rules, other);
	ruleset_free(rules);
	ruleset_free(other);
	text_free(&document);
	text_free(&list);
	return 0;
}
