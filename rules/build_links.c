/* SPDX-License-Identifier: BSD-3-Clause */
/* What is said of links in messages. */
#include <stdio.h>
#include <stdlib.h>

#include "rules/build.h"

enum { KEY_BYTES = 96, ALL_HEADINGS = (1u << HEADING_COUNT) - 1 };

/* The word that stands for a list of ours. */
static bool is_default(const struct scalar *word)
{
	return word->ok && strcmp(word->text, "default") == 0;
}

static bool has_default(const struct schema_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (is_default(draft_scalar(list, i)))
			return true;
	return false;
}

/* --- complaints --- */

static const struct scalar *find_before(const struct schema_list *list, uint32_t i)
{
	const struct scalar *word = draft_scalar(list, i);

	for (uint32_t k = 0; k < i; k++)
		if (draft_scalar(list, k)->ok &&
			strcmp(draft_scalar(list, k)->text, word->text) == 0)
			return draft_scalar(list, k);
	return NULL;
}

static void check_texts(const struct schema_list *list, const char *const *standard,
	uint32_t standard_count, const char *key, const char *name, struct rules_errors *errors)
{
	bool with_standard = standard_count > 0 && has_default(list);
	char where[KEY_BYTES];

	for (uint32_t i = 0; i < list->count; i++) {
		const struct scalar *word = draft_scalar(list, i);
		const struct scalar *before = word->ok ? find_before(list, i) : NULL;
		struct quoted quoted;

		snprintf(where, sizeof(where), "%s.%s[%u]", key, name, i);
		if (before)
			rules_errors_add(errors, word->line, where,
				"'%s' is there twice, first in line %u: keep one",
				quote(view_of(word->text), &quoted), before->line);
		else if (word->ok && with_standard &&
			 hyperlink_list_has(standard, standard_count, view_of(word->text)))
			rules_errors_add(errors, word->line, where,
				"'%s' is among default: remove it",
				quote(view_of(word->text), &quoted));
	}
}

/* What stands in front of a text ends where the first empty line is. */
static void check_notice(
	const struct scalar *notice, const char *where, struct rules_errors *errors)
{
	struct view text = notice->ok ? view_of(notice->text) : (struct view){0};

	if (text.len > 0 &&
		(text.p[0] == '\n' || text.p[text.len - 1] == '\n' || strstr(notice->text, "\n\n")))
		rules_errors_add(errors, notice->line, where,
			"has an empty line, or a line end at its own begin or end: by the empty "
			"line behind it a notice is known again");
}

static void check_notices(
	const struct draft_links *draft, const char *key, struct rules_errors *errors)
{
	enum hyperlink_action action =
		draft->action.ok ? (enum hyperlink_action)draft->action.number : HYPERLINK_PASS;
	char where[KEY_BYTES];

	snprintf(where, sizeof(where), "%s.notice", key);
	check_notice(&draft->notice, where, errors);
	if (action == HYPERLINK_WARN && !draft->notice.line)
		rules_errors_add(errors, draft->action.line, where,
			"is missing: with warn, say what goes before the text");
	/* Of one that could not be read nobody knows what it means. */
	if (draft->action.line && !draft->action.ok)
		action = HYPERLINK_WARN;
	if (action != HYPERLINK_WARN && draft->notice.line)
		rules_errors_add(errors, draft->notice.line, where,
			"means nothing with %s: remove it, or write action: warn",
			hyperlink_action_words[action]);
	snprintf(where, sizeof(where), "%s.replaces", key);
	if (action != HYPERLINK_WARN && draft->replaces.line)
		rules_errors_add(errors, draft->replaces.line, where,
			"means nothing with %s: remove it, or write action: warn",
			hyperlink_action_words[action]);
	check_texts(&draft->replaces, NULL, 0, key, "replaces", errors);
	for (uint32_t i = 0; i < draft->replaces.count; i++) {
		snprintf(where, sizeof(where), "%s.replaces[%u]", key, i);
		check_notice(draft_scalar(&draft->replaces, i), where, errors);
	}
}

static const struct draft_link_name *draft_name(const struct draft_links *draft, uint32_t i)
{
	return (const struct draft_link_name *)draft->ignore.items + i;
}

static void check_names(
	const struct draft_links *draft, const char *key, struct rules_errors *errors)
{
	char where[KEY_BYTES];

	for (uint32_t i = 0; i < draft->ignore.count; i++) {
		const struct scalar *domain = &draft_name(draft, i)->domain;

		for (uint32_t k = 0; k < i && domain->ok; k++) {
			const struct scalar *other = &draft_name(draft, k)->domain;

			if (!other->ok || strcmp(domain->text, other->text) != 0)
				continue;
			snprintf(where, sizeof(where), "%s.ignore[%u]", key, i);
			rules_errors_add(errors, domain->line, where,
				"'%s' is there twice, first in line %u: keep one", domain->text,
				other->line);
			break;
		}
	}
}

void links_check(const struct draft_links *draft, const char *key, struct rules_errors *errors)
{
	char where[KEY_BYTES];

	check_notices(draft, key, errors);
	check_texts(&draft->prefixes, hyperlink_prefixes_default, hyperlink_prefixes_default_count,
		key, "prefixes", errors);
	check_texts(&draft->extensions, hyperlink_extensions_default,
		hyperlink_extensions_default_count, key, "extensions", errors);
	snprintf(where, sizeof(where), "%s.prefixes", key);
	if (draft->prefixes.line && draft->prefixes.count == 0)
		rules_errors_add(errors, draft->prefixes.line, where,
			"is empty, so that nothing is a link: write [default], or remove it");
	check_names(draft, key, errors);
	words_check(&draft->directions, key, "directions", errors);
	snprintf(where, sizeof(where), "%s.directions", key);
	if (draft->directions.line && draft->directions.count == 0)
		rules_errors_add(errors, draft->directions.line, where,
			"is empty: write in, out or both, or remove links");
}

/* --- taking it over --- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct hyperlink_name *)a)->domain,
		((const struct hyperlink_name *)b)->domain);
}

/* Sorted. Our list alone is not copied. */
static bool take_texts(const struct schema_list *list, const char *const *standard,
	uint32_t standard_count, struct string_pool *strings, const char *const **out,
	uint32_t *count)
{
	bool with_standard = standard_count > 0 && has_default(list);
	uint32_t most = list->count + (with_standard ? standard_count : 0);
	const char **texts;
	uint32_t n = 0;

	*count = 0;
	*out = standard;
	if (with_standard && list->count == 1)
		*count = standard_count;
	if (list->count == 0 || *count > 0)
		return true;
	texts = calloc(most, sizeof(*texts));
	if (!texts)
		return false;
	*out = texts;
	for (uint32_t i = 0; with_standard && i < standard_count; i++)
		texts[n++] = standard[i];
	for (uint32_t i = 0; i < list->count; i++) {
		const struct scalar *word = draft_scalar(list, i);

		if (!word->ok || (standard_count > 0 && is_default(word)))
			continue;
		texts[n] = string_pool_keep(strings, view_of(word->text));
		if (!texts[n++])
			return false;
	}
	qsort(texts, n, sizeof(*texts), compare_texts);
	*count = n;
	return true;
}

static bool take_names(
	const struct draft_links *draft, struct string_pool *strings, struct hyperlink_rules *out)
{
	struct hyperlink_name *names;

	if (draft->ignore.count == 0)
		return true;
	names = calloc(draft->ignore.count, sizeof(*names));
	if (!names)
		return false;
	out->ignored = names;
	for (uint32_t i = 0; i < draft->ignore.count; i++) {
		const struct draft_link_name *from = draft_name(draft, i);
		struct hyperlink_name *name = &names[out->ignored_count];

		if (!from->domain.ok)
			continue;
		*name = (struct hyperlink_name){
			string_pool_keep(strings, view_of(from->domain.text)), from->subtree.on};
		if (!name->domain)
			return false;
		out->ignored_count++;
	}
	qsort(names, out->ignored_count, sizeof(*names), compare_names);
	return true;
}

static bool take_lists(
	const struct draft_links *draft, struct string_pool *strings, struct hyperlink_rules *out)
{
	out->prefixes = hyperlink_prefixes_default;
	if (!take_texts(&draft->replaces, NULL, 0, strings, &out->replaces, &out->replace_count) ||
		!take_texts(&draft->extensions, hyperlink_extensions_default,
			hyperlink_extensions_default_count, strings, &out->extensions,
			&out->extension_count) ||
		!take_texts(&draft->prefixes, hyperlink_prefixes_default,
			hyperlink_prefixes_default_count, strings, &out->prefixes,
			&out->prefix_count) ||
		!take_names(draft, strings, out))
		return false;
	if (draft->prefixes.count == 0)
		out->prefix_count = hyperlink_prefixes_default_count;
	hyperlink_rules_index(out);
	return true;
}

bool links_take(const struct draft_links *draft, struct policies *policies,
	const struct hyperlink_rules **out)
{
	struct hyperlink_rules *links;

	if (!draft->line)
		return true;
	links = calloc(1, sizeof(*links));
	if (!links)
		return false;
	links->next = policies->hyperlink_rules;
	policies->hyperlink_rules = links;
	links->line = draft->line;
	links->action =
		draft->action.ok ? (enum hyperlink_action)draft->action.number : HYPERLINK_PASS;
	links->headings = words_take(&draft->directions, ALL_HEADINGS);
	links->links_max = draft->links_max.ok ? (uint32_t)draft->links_max.number : 0;
	*out = links;
	if (draft->notice.ok) {
		links->notice = string_pool_keep(&policies->strings, view_of(draft->notice.text));
		if (!links->notice)
			return false;
	}
	return take_lists(draft, &policies->strings, links);
}

/* --- what all know --- */

static uint32_t collect_notices(const struct policies *p, const char **out)
{
	uint32_t count = 0;

	for (const struct hyperlink_rules *l = p->hyperlink_rules; l; l = l->next) {
		if (l->notice && out)
			out[count] = l->notice;
		count += l->notice != NULL;
		for (uint32_t i = 0; i < l->replace_count; i++, count++)
			if (out)
				out[count] = l->replaces[i];
	}
	return count;
}

bool links_index(struct policies *p)
{
	uint32_t count = collect_notices(p, NULL);
	uint32_t kept = 0;

	free(p->notices);
	p->notices = NULL;
	if (count > 0) {
		p->notices = calloc(count, sizeof(*p->notices));
		if (!p->notices)
			return false;
		collect_notices(p, p->notices);
		qsort(p->notices, count, sizeof(*p->notices), compare_texts);
	}
	for (uint32_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(p->notices[i], p->notices[kept - 1]) != 0)
			p->notices[kept++] = p->notices[i];
	for (struct hyperlink_rules *l = p->hyperlink_rules; l; l = l->next) {
		l->notices = p->notices;
		l->notice_count = kept;
	}
	return true;
}

void links_free(struct policies *p)
{
	while (p->hyperlink_rules) {
		struct hyperlink_rules *l = p->hyperlink_rules;

		p->hyperlink_rules = l->next;
		free((const char **)l->replaces);
		if (l->prefixes != hyperlink_prefixes_default)
			free((const char **)l->prefixes);
		if (l->extensions != hyperlink_extensions_default)
			free((const char **)l->extensions);
		free((struct hyperlink_name *)l->ignored);
		free(l);
	}
	free(p->notices);
	p->notices = NULL;
}
