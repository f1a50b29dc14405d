/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of one domain that travel under another. */
#include "rules/decoration.h"

#include "rules/base/name.h"

bool decoration_needed(const struct decoration *decoration, struct view domain)
{
	uint32_t low = 0;
	uint32_t high = decoration->excluded_count;

	if (!decoration->routing_domain || view_equal(domain, view_of(decoration->routing_domain)))
		return false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct view other = view_of(decoration->excluded[middle]);
		int order =
			memcmp(domain.p, other.p, domain.len < other.len ? domain.len : other.len);

		order = order ? order : (domain.len > other.len) - (domain.len < other.len);
		if (order == 0)
			return false;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return true;
}

bool decoration_find(struct view address, struct view *domain)
{
	int64_t at = view_find(address, '@');
	uint32_t open = at > 0 ? (uint32_t)at - 1 : 0;

	if (at < 4 || address.p[at - 1] != ')')
		return false;
	while (open > 0 && address.p[open] != '(')
		open--;
	if (open == 0)
		return false;
	*domain = view_sub(address, open + 1, (uint32_t)at - open - 2);
	return name_is_canonical(*domain);
}

/* Brackets in the localpart. */
static uint32_t count_brackets(struct view local)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < local.len; i++)
		count += local.p[i] == '(' || local.p[i] == ')';
	return count;
}

enum decoration_form decoration_read(struct view address, struct view *domain)
{
	int64_t at = view_find(address, '@');
	uint32_t brackets = count_brackets(view_sub(address, 0, at > 0 ? (uint32_t)at : 0));

	if (brackets == 0)
		return DECORATION_NONE;
	return brackets == 2 && decoration_find(address, domain) ? DECORATION_WHOLE
								 : DECORATION_BROKEN;
}

bool decoration_fits(struct view address)
{
	int64_t at = view_find(address, '@');

	/* Two brackets, and no '@' between the two. */
	return at > 0 && count_brackets(view_sub(address, 0, (uint32_t)at)) == 0 &&
	       address.len + 1 <= DECORATION_LOCAL_BYTES;
}

void decoration_put(struct view address, const char *routing_domain, struct text *out)
{
	int64_t at = view_find(address, '@');

	if (at < 0) {
		out->failed = true;
		return;
	}
	text_put(out, view_sub(address, 0, (uint32_t)at));
	text_putc(out, '(');
	text_put(out, view_sub(address, (uint32_t)at + 1, UINT32_MAX));
	text_puts(out, ")@");
	text_puts(out, routing_domain);
}

void decoration_remove(struct view address, struct text *out)
{
	struct view domain;

	if (!decoration_find(address, &domain)) {
		out->failed = true;
		return;
	}
	text_put(out, view_make(address.p, (size_t)(domain.p - address.p) - 1));
	text_putc(out, '@');
	text_put(out, domain);
}
