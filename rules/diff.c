/* SPDX-License-Identifier: BSD-3-Clause */
/* What is different between two rulesets: sorted things side by side, then their facts. */
#include "rules/diff.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/diff_int.h"

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024, NAME_BYTES = 512 };

/* One comparison under way. */
struct diff {
	const struct ruleset *from, *to;
	diff_line_h *handler;
	void *arg;
	struct facts before, after;
	struct text all; /* all facts of what came or went, on one line */
	char name[NAME_BYTES];
	bool failed;
};

static void facts_read(struct diff *d, const struct diff_things *things,
	const struct ruleset *rules, uint32_t i, struct facts *out)
{
	struct text name;

	text_fixed(&name, d->name, sizeof(d->name));
	d->name[0] = '\0';
	things->name_print(rules, i, &name);
	facts_reset(out);
	if (things->facts)
		things->facts(rules, i, out);
	if (out->failed || out->text.failed || name.failed)
		d->failed = true;
}

/* "protocol xmpp, sources [192.0.2.0/24]" */
static const char *facts_as_line(const struct facts *facts, struct text *out)
{
	text_reset(out);
	for (uint32_t i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->list[i];
		bool goes_on = i > 0 && fact->list && fact[-1].key == fact->key;
		bool ends = i + 1 == facts->count || fact[1].key != fact->key;

		text_puts(out, i > 0 ? ", " : "");
		if (!goes_on)
			text_printf(out, "%s %s", fact->key, fact->list ? "[" : "");
		text_puts(out, fact_value(facts, fact));
		text_puts(out, fact->list && ends ? "]" : "");
	}
	return out->len > 0 ? out->p : NULL;
}

static void whole_say(struct diff *d, const struct diff_things *things, enum diff_sign sign,
	const struct ruleset *rules, uint32_t i)
{
	struct diff_line line = {.sign = sign, .area = things->area, .name = d->name};
	const char *all;

	facts_read(d, things, rules, i, &d->after);
	if (d->failed)
		return;
	all = facts_as_line(&d->after, &d->all);
	*(sign == DIFF_ADDED ? &line.to : &line.from) = all;
	if (d->all.failed)
		d->failed = true;
	else
		d->handler(d->arg, &line);
}

static void change_say(struct diff *d, const struct diff_things *things, const char *key,
	const char *from, const char *to)
{
	d->handler(d->arg, &(struct diff_line){.sign = DIFF_CHANGED,
				   .area = things->area,
				   .name = d->name,
				   .key = key,
				   .from = from,
				   .to = to});
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The values of the facts from *i on that have this key, sorted; moves *i behind them. */
static const char **values_of(
	struct diff *d, const struct facts *facts, uint32_t *i, const char *key, uint32_t *count)
{
	uint32_t begin = *i;
	const char **values;

	while (*i < facts->count && facts->list[*i].key == key)
		++*i;
	*count = *i - begin;
	values = calloc(*count + 1, sizeof(*values));
	if (!values) {
		d->failed = true;
		*count = 0;
		return NULL;
	}
	for (uint32_t k = 0; k < *count; k++)
		values[k] = fact_value(facts, &facts->list[begin + k]);
	qsort(values, *count, sizeof(*values), compare_texts);
	return values;
}

static void values_compare(
	struct diff *d, const struct diff_things *things, const char *key, uint32_t *i, uint32_t *k)
{
	bool list = *i < d->before.count && d->before.list[*i].key == key ? d->before.list[*i].list
									  : d->after.list[*k].list;
	uint32_t from_count;
	uint32_t to_count;
	const char **from = values_of(d, &d->before, i, key, &from_count);
	const char **to = values_of(d, &d->after, k, key, &to_count);
	uint32_t x = 0;
	uint32_t y = 0;

	if (!list && from_count == 1 && to_count == 1) {
		if (strcmp(from[0], to[0]) != 0)
			change_say(d, things, key, from[0], to[0]);
		x = y = 1;
	}
	while (x < from_count || y < to_count) {
		int order = x == from_count ? 1 : y == to_count ? -1 : strcmp(from[x], to[y]);

		if (order < 0)
			change_say(d, things, key, from[x], NULL);
		else if (order > 0)
			change_say(d, things, key, NULL, to[y]);
		x += order <= 0;
		y += order >= 0;
	}
	free(from);
	free(to);
}

/* Keys come in one order on both sides, so one that is not there next on the one side but somewhere
 * behind was left out on the other. */
static bool has_key_from(const struct facts *facts, uint32_t i, const char *key)
{
	for (; i < facts->count; i++)
		if (facts->list[i].key == key)
			return true;
	return false;
}

static void facts_compare(struct diff *d, const struct diff_things *things)
{
	uint32_t i = 0;
	uint32_t k = 0;

	while (!d->failed && (i < d->before.count || k < d->after.count)) {
		const char *before = i < d->before.count ? d->before.list[i].key : NULL;
		const char *after = k < d->after.count ? d->after.list[k].key : NULL;
		bool before_first = before && (!after || before == after ||
						      !has_key_from(&d->after, k, before));

		values_compare(d, things, before_first ? before : after, &i, &k);
	}
}

/* Most things are as they were: that shows without looking at their facts one by one. */
static bool facts_alike(const struct diff *d)
{
	if (d->before.count != d->after.count ||
		!view_equal(text_view(&d->before.text), text_view(&d->after.text)))
		return false;
	for (uint32_t i = 0; i < d->before.count; i++)
		if (d->before.list[i].key != d->after.list[i].key)
			return false;
	return true;
}

static void thing_compare(struct diff *d, const struct diff_things *things, uint32_t i, uint32_t k)
{
	facts_read(d, things, d->from, i, &d->before);
	facts_read(d, things, d->to, k, &d->after);
	if (!d->failed && !facts_alike(d))
		facts_compare(d, things);
}

static void things_compare(struct diff *d, const struct diff_things *things)
{
	uint32_t from_count = things->count(d->from);
	uint32_t to_count = things->count(d->to);
	uint32_t i = 0;
	uint32_t k = 0;

	while (!d->failed && (i < from_count || k < to_count)) {
		int order = i == from_count ? 1
			    : k == to_count ? -1
					    : things->compare(d->from, i, d->to, k);

		if (order < 0)
			whole_say(d, things, DIFF_REMOVED, d->from, i);
		else if (order > 0)
			whole_say(d, things, DIFF_ADDED, d->to, k);
		else
			thing_compare(d, things, i, k);
		i += order <= 0;
		k += order >= 0;
	}
}

/* Of `count` areas from `first` on. */
static int areas_diff(const struct ruleset *from, const struct ruleset *to, int first, int count,
	diff_line_h *handler, void *arg)
{
	struct diff d = {.from = from, .to = to, .handler = handler, .arg = arg};

	text_init(&d.before.text, TEXT_BYTES_MAX);
	text_init(&d.after.text, TEXT_BYTES_MAX);
	text_init(&d.all, TEXT_BYTES_MAX);
	for (int area = first; area < first + count && !d.failed; area++)
		things_compare(&d, &diff_things[area]);
	facts_free(&d.before);
	facts_free(&d.after);
	text_free(&d.all);
	return d.failed ? -ENOMEM : 0;
}

int ruleset_diff(
	const struct ruleset *from, const struct ruleset *to, diff_line_h *handler, void *arg)
{
	return areas_diff(from, to, 0, DIFF_AREAS, handler, arg);
}

struct counting {
	struct diff_counts counts;
	char changed[NAME_BYTES]; /* the partner whose changes come just now */
};

static void line_count(void *arg, const struct diff_line *line)
{
	struct counting *counting = arg;

	if (line->sign == DIFF_ADDED) {
		counting->counts.added++;
	} else if (line->sign == DIFF_REMOVED) {
		counting->counts.removed++;
	} else if (strcmp(counting->changed, line->name) != 0) {
		counting->counts.changed++;
		(void)view_copy(view_of(line->name), counting->changed, sizeof(counting->changed));
	}
}

int ruleset_diff_partners(
	const struct ruleset *from, const struct ruleset *to, struct diff_counts *out)
{
	struct counting counting = {0};
	int rc = areas_diff(from, to, DIFF_PARTNER, 1, line_count, &counting);

	*out = counting.counts;
	return rc;
}

const char *diff_area_name(enum diff_area area)
{
	return diff_things[area].name;
}

void diff_line_print(const struct diff_line *line, struct text *out)
{
	const char *all = line->sign == DIFF_ADDED ? line->to : line->from;

	text_printf(out, "%c %s", (char)line->sign, diff_area_name(line->area));
	if (line->name[0])
		text_printf(out, " %s", line->name);
	if (line->sign != DIFF_CHANGED) {
		if (all)
			text_printf(out, ": %s", all);
		return;
	}
	text_printf(out, ": %s: ", line->key);
	if (line->from && line->to)
		text_printf(out, "%s -> %s", line->from, line->to);
	else
		text_printf(out, "%c %s", line->to ? '+' : '-', line->to ? line->to : line->from);
}
