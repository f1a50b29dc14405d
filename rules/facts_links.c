/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is to say of links. */
#include "rules/diff_int.h"

enum key {
	KEY_ACTION,
	KEY_NOTICE,
	KEY_REPLACES,
	KEY_PREFIXES,
	KEY_EXTENSIONS,
	KEY_IGNORE,
	KEY_LINKS_MAX,
	KEY_DIRECTIONS,
	KEYS,
};

static const char *const keys[2][KEYS] = {
	{"action", "notice", "replaces", "prefixes", "extensions", "ignore", "links_max",
		"directions"},
	{"links.action", "links.notice", "links.replaces", "links.prefixes", "links.extensions",
		"links.ignore", "links.links_max", "links.directions"},
};

static bool has_all(const char *const *list, uint32_t count, const char *const *standard,
	uint32_t standard_count)
{
	for (uint32_t i = 0; i < standard_count; i++)
		if (!hyperlink_list_has(list, count, view_of(standard[i])))
			return false;
	return true;
}

/* "[default, iso]" */
static void list_fact(struct facts *facts, const char *key, const char *const *list, uint32_t count,
	const char *const *standard, uint32_t standard_count)
{
	struct text *text = fact_add_bare(facts, key, false);
	bool whole = standard_count > 0 && has_all(list, count, standard, standard_count);
	const char *before = whole ? ", " : "";

	text_puts(text, whole ? "[default" : "[");
	for (uint32_t i = 0; i < count; i++) {
		if (whole && hyperlink_list_has(standard, standard_count, view_of(list[i])))
			continue;
		text_puts(text, before);
		print_scalar(text, list[i]);
		before = ", ";
	}
	text_putc(text, ']');
}

static void ignore_fact(struct facts *facts, const char *key, const struct hyperlink_rules *links)
{
	struct text *text = fact_add_bare(facts, key, false);

	for (uint32_t i = 0; i < links->ignored_count; i++) {
		const struct hyperlink_name *name = &links->ignored[i];

		text_puts(text, i == 0 ? "[" : ", ");
		text_puts(text, name->subtree ? "{domain: " : "");
		print_scalar(text, name->domain);
		text_puts(text, name->subtree ? ", subtree: true}" : "");
	}
	text_putc(text, ']');
}

void hyperlink_facts(const struct hyperlink_rules *links, bool of_terms, struct facts *out)
{
	const char *const *key = keys[of_terms];

	/* Always: somebody's own rules hold whole, also when they say nothing but this. */
	fact_word(out, key[KEY_ACTION], hyperlink_action_words[links->action]);
	fact_text(out, key[KEY_NOTICE], links->notice);
	if (links->replace_count > 0)
		list_fact(out, key[KEY_REPLACES], links->replaces, links->replace_count, NULL, 0);
	if (links->prefix_count != hyperlink_prefixes_default_count ||
		!has_all(links->prefixes, links->prefix_count, hyperlink_prefixes_default,
			hyperlink_prefixes_default_count))
		list_fact(out, key[KEY_PREFIXES], links->prefixes, links->prefix_count,
			hyperlink_prefixes_default, hyperlink_prefixes_default_count);
	if (links->extension_count > 0)
		list_fact(out, key[KEY_EXTENSIONS], links->extensions, links->extension_count,
			hyperlink_extensions_default, hyperlink_extensions_default_count);
	if (links->ignored_count > 0)
		ignore_fact(out, key[KEY_IGNORE], links);
	if (links->links_max)
		fact_number(out, key[KEY_LINKS_MAX], links->links_max);
	if (links->headings != (1u << HEADING_COUNT) - 1)
		fact_set(out, key[KEY_DIRECTIONS], links->headings, heading_words);
}

void links_facts(const struct ruleset *rules, uint32_t i, struct facts *out)
{
	if (rules->policies.links)
		hyperlink_facts(rules->policies.links, false, out);
}
