/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose a name is: the ruleset, the tables that packets ask, and a slow reading of the manual agree. */
#include "tests/ring/ring.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/base/text.h"
#include "rules/filter.h"
#include "rules/ruleset.h"

enum { ENTRIES = 40, NAMES = 1500, DOCUMENTS = 24, NAME_BYTES = 256 };

enum role { ROLE_LOCAL, ROLE_PARTNER, ROLE_BLOCKED };

struct entry {
	char name[NAME_BYTES];
	enum role role;
	bool subtree;
};

struct document {
	struct entry entries[ENTRIES];
	int count;
	struct ruleset *rules;
	struct tables *tables;
};

/* Small and repeatable. */
static uint32_t draw(uint32_t below)
{
	static uint64_t state = 42;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33) % below;
}

/* Of few labels, so that names are often above, below or beside each other. */
static void draw_name(char out[static NAME_BYTES], uint32_t labels_max)
{
	/* Two of the long ones are more than a record holds by itself. */
	static const char *const labels[] = {
		"a", "b", "aa", "xn--bcher-kva", "a-label-of-thirty-letters-long"};
	uint32_t labels_count = 1 + draw(labels_max);

	out[0] = '\0';
	for (uint32_t i = 0; i < labels_count; i++) {
		strcat(out, labels[draw(RTE_DIM(labels))]);
		strcat(out, ".");
	}
	strcat(out, draw(3) ? "example" : "test");
}

/* --- the slow reading --- */

static bool is_below(const char *name, const char *above)
{
	size_t len = strlen(name);
	size_t part = strlen(above);

	return len > part && strcmp(name + len - part, above) == 0 && name[len - part - 1] == '.';
}

static bool is_held_blocked(const struct document *d, const char *name)
{
	for (int i = 0; i < d->count; i++) {
		const struct entry *e = &d->entries[i];

		if (e->role == ROLE_BLOCKED &&
			(strcmp(e->name, name) == 0 || (e->subtree && is_below(name, e->name))))
			return true;
	}
	return false;
}

/* The partner's domain, or NULL. */
static const char *is_held_by(const struct document *d, const char *name)
{
	const struct entry *nearest = NULL;

	for (int i = 0; i < d->count; i++) {
		const struct entry *e = &d->entries[i];
		bool reaches = e->role == ROLE_LOCAL || (e->role == ROLE_PARTNER && e->subtree);

		if (e->role == ROLE_BLOCKED ||
			(strcmp(e->name, name) != 0 && !(reaches && is_below(name, e->name))))
			continue;
		if (!nearest || strlen(e->name) > strlen(nearest->name))
			nearest = e;
	}
	return nearest && nearest->role == ROLE_PARTNER ? nearest->name : NULL;
}

/* --- documents --- */

static bool has_entry(const struct document *d, const char *name)
{
	for (int i = 0; i < d->count; i++)
		if (strcmp(d->entries[i].name, name) == 0)
			return true;
	return false;
}

/* A document may not have it: what can never be served. */
static bool is_contradicted(const struct document *d, const struct entry *e)
{
	if (has_entry(d, e->name) || (e->role != ROLE_BLOCKED && is_held_blocked(d, e->name)))
		return true;
	for (int i = 0; i < d->count; i++)
		if (e->role == ROLE_BLOCKED && e->subtree && d->entries[i].role != ROLE_BLOCKED &&
			is_below(d->entries[i].name, e->name))
			return true;
	return false;
}

static void draw_entries(struct document *d)
{
	uint32_t bias = 1 + draw(8);

	d->count = 1;
	d->entries[0] = (struct entry){.name = "home.example", .role = ROLE_LOCAL};
	for (int tries = 0; tries < 400 && d->count < ENTRIES; tries++) {
		struct entry *e = &d->entries[d->count];
		uint32_t kind = draw(10);

		e->role = kind == 0 ? ROLE_LOCAL : kind < 6 ? ROLE_PARTNER : ROLE_BLOCKED;
		e->subtree = e->role != ROLE_LOCAL && draw(bias) == 0;
		draw_name(e->name, 4);
		d->count += !is_contradicted(d, e);
	}
}

static void put_role(const struct document *d, enum role role, struct text *out)
{
	for (int i = 0; i < d->count; i++) {
		const struct entry *e = &d->entries[i];

		if (e->role != role)
			continue;
		if (role == ROLE_BLOCKED && !e->subtree && draw(2)) {
			text_printf(out, "    - %s\n", e->name);
			continue;
		}
		text_printf(out, "  %s- {domain: %s", role == ROLE_BLOCKED ? "  " : "", e->name);
		if (role == ROLE_LOCAL)
			text_puts(
				out, ", certificate: c, key: k, inside: {protocol: sip, host: h}");
		if (role == ROLE_PARTNER)
			text_puts(out, ", protocol: xmpp");
		if (e->subtree || (role != ROLE_LOCAL && draw(2)))
			text_printf(out, ", subtree: %s", e->subtree ? "true" : "false");
		text_puts(out, "}\n");
	}
}

static void compile(struct document *d, struct view yaml)
{
	static struct rules_errors errors;
	struct filter filter;
	size_t block_bytes;
	uint8_t *block;
	char why[256];

	d->rules = ruleset_compile(yaml, NULL, &errors);
	if (!d->rules)
		fail_msg("line %u: %s\n%.*s", errors.list[0].line, errors.list[0].text,
			VIEW_ARG(yaml));
	assert_int_equal(filter_write(d->rules, &block, &block_bytes), 0);
	if (filter_open(view_make(block, block_bytes), &filter, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	d->tables = tables_build(&filter, why, sizeof(why));
	if (!d->tables)
		fail_msg("%s", why);
	free(block);
}

static void document_compile(struct document *d)
{
	struct text yaml;

	text_init(&yaml, 1024 * 1024);
	text_puts(&yaml, "service: {addresses: [198.51.100.1]}\nlocal:\n");
	put_role(d, ROLE_LOCAL, &yaml);
	text_puts(&yaml, "partners:\n");
	put_role(d, ROLE_PARTNER, &yaml);
	text_puts(&yaml, "blocked:\n  domains:\n");
	put_role(d, ROLE_BLOCKED, &yaml);
	compile(d, text_view(&yaml));
	text_free(&yaml);
}

static void document_free(struct document *d)
{
	tables_free(d->tables);
	ruleset_free(d->rules);
}

/* --- comparison --- */

/* As XMPP may write it: U-labels, some capital letters, a dot at the end. */
static void spell(const char *name, char out[static 2 * NAME_BYTES])
{
	size_t used = 0;

	while (*name) {
		if (strncmp(name, "xn--bcher-kva", 13) == 0) {
			used += (size_t)sprintf(out + used, "b\xc3\xbc"
							    "cher");
			name += 13;
			continue;
		}
		out[used++] = (char)(draw(4) ? *name : *name >= 'a' ? *name - 32 : *name);
		name++;
	}
	out[used] = '\0';
	if (draw(2))
		strcat(out, ".");
}

static void assert_agrees(const struct document *d, const char *name)
{
	const char *holder = is_held_by(d, name);
	bool blocked = is_held_blocked(d, name);
	const struct partner *partner = ruleset_partner(d->rules, view_of(name));
	uint32_t id = partner ? partner->id : PARTNER_NONE;
	char spelled[2 * NAME_BYTES];

	spell(name, spelled);
	if (ruleset_blocks_domain(d->rules, view_of(name)) != blocked)
		fail_msg("%s: ruleset, blocked is not %d", name, blocked);
	if ((partner != NULL) != (holder != NULL) ||
		(holder && strcmp(partner->domain, holder) != 0))
		fail_msg("%s: ruleset, %s is not %s", name, partner ? partner->domain : "nobody",
			holder ? holder : "nobody");
	if (tables_blocked(d->tables, view_of(name)) != blocked ||
		tables_blocked(d->tables, view_of(spelled)) != blocked)
		fail_msg("%s: tables, blocked is not %d", spelled, blocked);
	if (tables_partner(d->tables, view_of(name)) != id ||
		tables_partner(d->tables, view_of(spelled)) != id)
		fail_msg("%s: tables, %u is not %u", spelled,
			tables_partner(d->tables, view_of(spelled)), id);
}

static void all_readings_of_random_rules_agree(void **state)
{
	uint32_t held_below = 0;
	uint32_t blocked_below = 0;

	for (int i = 0; i < DOCUMENTS; i++) {
		struct document d = {0};
		char name[NAME_BYTES];

		draw_entries(&d);
		document_compile(&d);
		for (int k = 0; k < NAMES; k++) {
			const char *holder;

			draw_name(name, 7);
			assert_agrees(&d, name);
			holder = is_held_by(&d, name);
			held_below += holder && strcmp(holder, name) != 0;
			blocked_below += is_held_blocked(&d, name) && !has_entry(&d, name);
		}
		for (int k = 0; k < d.count; k++)
			assert_agrees(&d, d.entries[k].name);
		document_free(&d);
	}
	/* It was worth the asking. */
	assert_true(held_below > NAMES);
	assert_true(blocked_below > NAMES);
}

static void what_cannot_be_a_name_belongs_to_nobody(void **state)
{
	static const char *const names[] = {"", ".", "..", "example", ".a.example", "x..a.example",
		"x y.a.example", "*.a.example", "x@a.example", "xa.example", "a.example.x"};
	struct document d = {.count = 2,
		.entries = {
			{"home.example", ROLE_LOCAL, false}, {"a.example", ROLE_PARTNER, true}}};
	uint8_t labels[253];

	document_compile(&d);
	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (ruleset_partner(d.rules, view_of(names[i])))
			fail_msg("'%s'", names[i]);
	for (size_t i = 0; i < sizeof(labels); i++)
		labels[i] = i % 2 ? '.' : 'x';
	memcpy(labels + sizeof(labels) - 9, "a.example", 9);
	assert_non_null(ruleset_partner(d.rules, view_make(labels, sizeof(labels))));
	assert_int_equal(tables_partner(d.tables, view_make(labels, sizeof(labels))), 1);
	document_free(&d);
}

/* Every second one with its subtree. */
static void put_many(struct text *out, int count)
{
	text_puts(out, "service: {addresses: [198.51.100.1]}\nlocal:\n"
		       "  - {domain: home.example, certificate: c, key: k,\n"
		       "     inside: {protocol: sip, host: h}}\npartners:\n");
	for (int i = 0; i < count; i++)
		text_printf(out, "  - {domain: p%d.allowed.example, protocol: xmpp, subtree: %s}\n",
			i, i % 2 ? "true" : "false");
	text_puts(out, "blocked:\n  domains:\n");
	for (int i = 0; i < count; i++)
		text_printf(out,
			i % 2 ? "    - {domain: b%d.allowed.example, subtree: true}\n"
			      : "    - b%d.allowed.example\n",
			i);
}

static void four_thousand_allowed_and_four_thousand_blocked_are_told_apart(void **state)
{
	enum { COUNT = 4000 };
	struct document d = {0};
	struct text yaml;

	text_init(&yaml, 4 * 1024 * 1024);
	put_many(&yaml, COUNT);
	assert_false(yaml.failed);
	compile(&d, text_view(&yaml));
	text_free(&yaml);
	assert_int_equal(d.rules->partner_count, COUNT);
	assert_int_equal(d.rules->blocked_domain_count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		static const char *const forms[] = {"%c%d.allowed.example",
			"x.y.%c%d.allowed.example", "x%c%d.allowed.example"};

		for (uint32_t form = 0; form < RTE_DIM(forms); form++) {
			bool covered = form == 0 || (form == 1 && i % 2);
			const struct partner *partner;
			char allowed[64], blocked[64];

			snprintf(allowed, sizeof(allowed), forms[form], 'p', i);
			snprintf(blocked, sizeof(blocked), forms[form], 'b', i);
			partner = ruleset_partner(d.rules, view_of(allowed));
			if ((partner != NULL) != covered ||
				ruleset_partner(d.rules, view_of(blocked)))
				fail_msg("%s, %s: partner", allowed, blocked);
			if (tables_partner(d.tables, view_of(allowed)) !=
				(partner ? partner->id : PARTNER_NONE))
				fail_msg("%s: partner of the tables", allowed);
			if (ruleset_blocks_domain(d.rules, view_of(blocked)) != covered ||
				tables_blocked(d.tables, view_of(blocked)) != covered ||
				ruleset_blocks_domain(d.rules, view_of(allowed)) ||
				tables_blocked(d.tables, view_of(allowed)))
				fail_msg("%s, %s: blocked", allowed, blocked);
		}
	}
	document_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_readings_of_random_rules_agree),
		cmocka_unit_test(what_cannot_be_a_name_belongs_to_nobody),
		cmocka_unit_test(four_thousand_allowed_and_four_thousand_blocked_are_told_apart),
	};

	return cmocka_run_group_tests(tests, ring_start, ring_stop);
}
