/* SPDX-License-Identifier: BSD-3-Clause */
/* A text with links: what becomes of it is a text again, is bounded, and comes out the same when it is done
 * again. The first octet chooses the rules. */
#include <stdlib.h>

#include <unistr.h>

#include "rules/ruleset.h"

enum { TEXT_BYTES = 1 << 20, RULES = 4, NOTICE_BYTES = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define BASE                                                                                       \
	"service: {addresses: [198.51.100.1]}\n"                                                   \
	"local:\n"                                                                                 \
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: h.example}}\n"

static const char *const documents[RULES] = {
	BASE "links: {action: defuse, extensions: [default]}\n",
	BASE "links: {action: defuse, ignore: [{domain: corp.example, subtree: true}]}\n",
	BASE "links: {action: warn, notice: Careful, replaces: [Caution, \"http://n.example\"],\n"
	     "  extensions: [exe], prefixes: [default, \"x:\"]}\n",
	BASE "links: {action: block, extensions: [default], ignore: [a.example]}\n",
};

static const struct hyperlink_rules *rules_of(uint8_t which)
{
	static struct ruleset *rules[RULES];
	static struct rules_errors errors;

	if (!rules[which])
		rules[which] = ruleset_compile(view_of(documents[which]), NULL, &errors);
	if (!rules[which])
		abort();
	return rules[which]->policies.links;
}

static struct text put(const struct hyperlink_rules *rules, struct view text)
{
	struct text out;

	text_init(&out, 4 * TEXT_BYTES);
	hyperlink_put(rules, text, &out);
	if (out.failed)
		abort();
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct hyperlink_findings found = {0};
	const struct hyperlink_rules *rules;
	struct text once, twice;
	struct view text;

	if (len < 1 || len > TEXT_BYTES)
		return 0;
	rules = rules_of(data[0] % RULES);
	text = view_make(data + 1, len - 1);
	hyperlink_find(rules, text, &found);
	once = put(rules, text);
	twice = put(rules, text_view(&once));
	if (!view_equal(text_view(&once), text_view(&twice)) ||
		once.len > text.len + found.count + NOTICE_BYTES)
		abort();
	if (text.len > 0 && !u8_check(text.p, text.len) && once.len > 0 &&
		u8_check((const uint8_t *)once.p, once.len))
		abort();
	text_free(&once);
	text_free(&twice);
	return 0;
}
