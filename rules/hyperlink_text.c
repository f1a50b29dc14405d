/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of a text with links. */
#include "rules/hyperlink.h"

/* A notice has no empty line, so that what is before the first one is a notice whole, or none. */
static bool paragraph_find(struct view text, uint32_t *len)
{
	for (uint32_t i = 0; i + 1 < text.len; i++)
		if (text.p[i] == '\n' && text.p[i + 1] == '\n') {
			*len = i;
			return true;
		}
	return false;
}

uint32_t hyperlink_notices(const struct hyperlink_rules *rules, struct view text)
{
	uint32_t at = 0;
	uint32_t len;

	while (rules->notice_count > 0 &&
		paragraph_find(view_sub(text, at, HYPERLINK_NOTICE_BYTES_MAX + 2), &len) &&
		hyperlink_list_has(rules->notices, rules->notice_count, view_sub(text, at, len)))
		at += len + 2;
	return at;
}

void hyperlink_find(
	const struct hyperlink_rules *rules, struct view text, struct hyperlink_findings *out)
{
	uint32_t top = hyperlink_notices(rules, text);
	struct hyperlink_search search =
		hyperlink_search_begin(rules, view_sub(text, top, UINT32_MAX));
	struct hyperlink link;

	while (hyperlink_next(&search, &link)) {
		out->count += !link.ignored;
		out->file = out->file || link.file;
	}
}

void hyperlink_put_defused(const struct hyperlink_rules *rules, struct view text, struct text *out)
{
	struct hyperlink_search search = hyperlink_search_begin(rules, text);
	uint32_t done = 0;
	struct hyperlink link;

	while (hyperlink_next(&search, &link)) {
		if (link.ignored || link.defused)
			continue;
		text_put(out, view_sub(text, done, link.start - done));
		text_putc(out, '_');
		done = link.start;
	}
	text_put(out, view_sub(text, done, UINT32_MAX));
}

uint32_t hyperlink_put(const struct hyperlink_rules *rules, struct view text, struct text *out)
{
	uint32_t top = hyperlink_notices(rules, text);
	struct view rest = view_sub(text, top, UINT32_MAX);
	uint32_t before = out->len;

	switch (rules->action) {
	case HYPERLINK_PASS:
	case HYPERLINK_BLOCK:
		break;
	case HYPERLINK_DEFUSE:
		text_put(out, view_sub(text, 0, top));
		hyperlink_put_defused(rules, rest, out);
		return top;
	case HYPERLINK_WARN:
		text_puts(out, rules->notice);
		text_puts(out, "\n\n");
		top = out->len - before;
		text_put(out, rest);
		return top;
	}
	text_put(out, text);
	return top;
}
