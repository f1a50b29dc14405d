/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses that travel under another domain. */
#include "control/policy/rename.h"

#include "rules/decoration.h"

/* Take a bare address apart again. */
static bool split(struct view bare, struct address *out)
{
	int64_t at = view_find(bare, '@');
	struct view local = view_sub(bare, 0, at > 0 ? (uint32_t)at : 0);
	struct view domain = view_sub(bare, local.len + 1, UINT32_MAX);

	if (at <= 0 || local.len >= sizeof(out->local) || domain.len >= sizeof(out->domain))
		return false;
	return view_copy(local, out->local, sizeof(out->local)) &&
	       view_copy(domain, out->domain, sizeof(out->domain));
}

bool rename_by_verdict(const struct verdict *verdict, struct address *theirs)
{
	char before_bytes[RENAME_BYTES];
	char after_bytes[2 * RENAME_BYTES];
	struct text before, after;

	if (!verdict->decorate && !verdict->undecorate)
		return true;
	text_fixed(&before, before_bytes, sizeof(before_bytes));
	address_put_bare_jid(theirs, &before);
	text_fixed(&after, after_bytes, sizeof(after_bytes));
	if (verdict->decorate)
		decoration_put(text_view(&before), verdict->decorate, &after);
	else
		decoration_remove(text_view(&before), &after);
	return !before.failed && !after.failed && split(text_view(&after), theirs);
}

struct view rename_known_as(
	const struct ruleset *rules, const struct party *theirs, char out[static RENAME_BYTES])
{
	const struct provider *provider;
	const char *routing;
	struct view inner;
	struct text text;

	if (decoration_read(theirs->address, &inner) != DECORATION_WHOLE)
		return theirs->address;
	provider = other_side_of(rules, theirs->domain).provider;
	routing = provider ? provider->decoration.routing_domain : NULL;
	if (!routing || !view_equal(view_of(routing), theirs->domain) ||
		other_side_of(rules, inner).provider != provider)
		return theirs->address;
	text_fixed(&text, out, RENAME_BYTES);
	decoration_remove(theirs->address, &text);
	return text.failed ? theirs->address : text_view(&text);
}
