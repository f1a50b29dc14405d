/* SPDX-License-Identifier: BSD-3-Clause */
/* An address with a domain in brackets: what is whole comes off and goes on again as it was, what fits goes on and
 * comes off. */
#include <stdlib.h>

#include "rules/base/name.h"
#include "rules/decoration.h"

enum { TEXT_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool same(struct view a, struct text *b)
{
	return !b->failed && view_equal(a, text_view(b));
}

static void check_whole(struct view address, struct view domain)
{
	struct view routing = view_sub(address, (uint32_t)view_find(address, '@') + 1, UINT32_MAX);
	struct text bare, again;
	char *name = view_dup(routing);

	text_init(&bare, TEXT_BYTES);
	text_init(&again, TEXT_BYTES);
	decoration_remove(address, &bare);
	if (!name || bare.failed || !name_is_canonical(domain))
		abort();
	/* A name with a NUL in it is no C string. */
	if (strlen(name) == routing.len) {
		decoration_put(text_view(&bare), name, &again);
		if (!same(address, &again))
			abort();
	}
	free(name);
	text_free(&bare);
	text_free(&again);
}

static void check_fitting(struct view address)
{
	struct view domain = view_sub(address, (uint32_t)view_find(address, '@') + 1, UINT32_MAX);
	struct text whole, again;
	struct view inner;

	if (!name_is_canonical(domain))
		return;
	text_init(&whole, TEXT_BYTES);
	text_init(&again, TEXT_BYTES);
	decoration_put(address, "routing.example", &whole);
	if (whole.failed || view_find(text_view(&whole), '@') > DECORATION_LOCAL_BYTES ||
		decoration_read(text_view(&whole), &inner) != DECORATION_WHOLE ||
		!view_equal(inner, domain))
		abort();
	decoration_remove(text_view(&whole), &again);
	if (!same(address, &again))
		abort();
	text_free(&whole);
	text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct view address = view_make(data, len);
	struct view domain;

	if (len > TEXT_BYTES / 4)
		return 0;
	if (decoration_read(address, &domain) == DECORATION_WHOLE)
		check_whole(address, domain);
	if (decoration_fits(address))
		check_fitting(address);
	return 0;
}
