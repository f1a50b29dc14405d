/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is to say of a thing: keys and values, for telling two of them apart and for printing one. */
#include <stdlib.h>

#include "rules/diff_int.h"

struct text *fact_add(struct facts *facts, const char *key, bool list)
{
	if (facts->count == facts->cap) {
		uint32_t cap = facts->cap ? facts->cap * 2 : 32;
		struct fact *grown = realloc(facts->list, cap * sizeof(*grown));

		if (!grown) {
			facts->failed = true;
			return &facts->text;
		}
		facts->list = grown;
		facts->cap = cap;
	}
	if (facts->count > 0)
		text_putc(&facts->text, '\0');
	facts->list[facts->count++] = (struct fact){key, facts->text.len, list, false};
	return &facts->text;
}

struct text *fact_add_bare(struct facts *facts, const char *key, bool list)
{
	struct text *text = fact_add(facts, key, list);

	if (!facts->failed)
		facts->list[facts->count - 1].bare = true;
	return text;
}

void fact_text(struct facts *facts, const char *key, const char *value)
{
	if (value)
		text_puts(fact_add(facts, key, false), value);
}

void fact_number(struct facts *facts, const char *key, uint64_t value)
{
	text_printf(fact_add_bare(facts, key, false), "%llu", (unsigned long long)value);
}

void fact_word(struct facts *facts, const char *key, const char *value)
{
	text_puts(fact_add_bare(facts, key, false), value);
}

void fact_switch(struct facts *facts, const char *key, bool value)
{
	fact_word(facts, key, value ? "true" : "false");
}

void fact_date(struct facts *facts, const char *key, struct wall value)
{
	char date[DATE_TEXT_BYTES];

	date_print(value, date);
	fact_word(facts, key, date);
}

void fact_set(struct facts *facts, const char *key, uint32_t bits, const char *const *words)
{
	struct text *text = fact_add_bare(facts, key, false);
	const char *before = "";

	text_putc(text, '[');
	for (uint32_t i = 0; words[i]; i++)
		if (bits & UINT32_C(1) << i) {
			text_printf(text, "%s%s", before, words[i]);
			before = ", ";
		}
	text_putc(text, ']');
}

static void print_value(const struct facts *facts, const struct fact *fact, struct text *out)
{
	if (fact->bare)
		text_puts(out, fact_value(facts, fact));
	else
		print_scalar(out, fact_value(facts, fact));
}

/* "security: {tls: optional, sasl: required}": the facts from i on that are of the same map. */
static uint32_t print_map(
	const struct facts *facts, uint32_t i, int indent, size_t prefix, struct text *out)
{
	const char *key = facts->list[i].key;
	uint32_t end = i;

	text_printf(out, "%*s%.*s: {", indent, "", (int)prefix, key);
	for (; end < facts->count && strncmp(facts->list[end].key, key, prefix + 1) == 0; end++) {
		text_printf(out, "%s%s: ", end > i ? ", " : "", facts->list[end].key + prefix + 1);
		print_value(facts, &facts->list[end], out);
	}
	text_puts(out, "}\n");
	return end;
}

void facts_print(const struct facts *facts, int indent, struct text *out)
{
	/* Half of the facts would be another document. */
	if (facts->failed || facts->text.failed) {
		out->failed = true;
		return;
	}
	for (uint32_t i = 0; i < facts->count;) {
		const struct fact *fact = &facts->list[i];
		const char *dot = strchr(fact->key, '.');

		if (dot) {
			i = print_map(facts, i, indent, (size_t)(dot - fact->key), out);
			continue;
		}
		if (fact->list && (i == 0 || fact[-1].key != fact->key))
			text_printf(out, "%*s%s:\n", indent, "", fact->key);
		if (fact->list)
			text_printf(out, "%*s- ", indent + 2, "");
		else
			text_printf(out, "%*s%s: ", indent, "", fact->key);
		print_value(facts, fact, out);
		text_putc(out, '\n');
		i++;
	}
}

void facts_reset(struct facts *facts)
{
	facts->count = 0;
	text_reset(&facts->text);
}

void facts_free(struct facts *facts)
{
	text_free(&facts->text);
	free(facts->list);
	*facts = (struct facts){0};
}
