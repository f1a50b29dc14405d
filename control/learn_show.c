/* SPDX-License-Identifier: BSD-3-Clause */
/* What was learned, for people: a row for each prefix by which a partner is known. */
#include "control/learn_int.h"

#include <stdlib.h>

#include "rules/base/text.h"

enum { ORIGIN_BYTES = 640 };

/* The rows that are wanted. */
struct page {
	json_t *rows;
	uint32_t offset, limit;
	uint32_t total;
	struct mono now;
};

/* Is the next row on the page? */
static bool page_wants(struct page *page)
{
	uint32_t number = page->total++;

	return number >= page->offset && number - page->offset < page->limit;
}

static void row_add(struct page *page, const char *prefix, const struct partner *partner,
	const char *origin, json_t *seconds, const char *state)
{
	json_array_append_new(page->rows,
		json_pack("{s:s?, s:s, s:s, s:o, s:s}", "prefix", prefix, "partner",
			partner->domain, "origin", origin, "seconds", seconds, "state", state));
}

static void add_source(
	struct page *page, const struct partner *partner, const struct prefix *prefix)
{
	char text[IP_TEXT_BYTES];

	if (!page_wants(page))
		return;
	prefix_print(prefix, text);
	row_add(page, text, partner, "rules", json_null(), "fixed");
}

static void origin_print(
	const struct partner *partner, const struct learn_address *a, char out[static ORIGIN_BYTES])
{
	struct text t;

	text_fixed(&t, out, ORIGIN_BYTES);
	if (a->until.ns == 0)
		text_puts(&t, "host");
	else if (a->service)
		text_printf(
			&t, "srv %s.%s -> %s", a->service, partner->domain, a->host ? a->host : "");
	else
		text_printf(&t, "%s %s", partner->host ? "host" : "domain", a->host ? a->host : "");
}

static void add_address(
	struct page *page, const struct partner *partner, const struct learn_address *a)
{
	struct prefix prefix = {a->address, a->address.family_bits};
	bool fixed = a->until.ns == 0;
	bool fresh = fixed || !mono_reached(page->now, a->until);
	char origin[ORIGIN_BYTES];
	char text[IP_TEXT_BYTES];

	if (!page_wants(page))
		return;
	prefix_print(&prefix, text);
	origin_print(partner, a, origin);
	row_add(page, text, partner, origin,
		fixed ? json_null()
		      : json_integer((json_int_t)(mono_since_ms(a->until, page->now) / 1000)),
		a->shared ? "shared"
		: fixed   ? "fixed"
		: fresh   ? "fresh"
			  : "stale");
}

/* Of a partner whose addresses nobody knows: why. */
static void add_nothing(struct page *page, const struct learn_partner *p)
{
	static const char *const states[] = {
		[LEARN_WAITING] = "waiting", [LEARN_NONE] = "none", [LEARN_FAILED] = "failed"};
	const struct partner *partner = p->rule;
	char origin[ORIGIN_BYTES];
	const char *service;
	struct text t;

	if (p->count > 0 || p->state == LEARN_KNOWN || !page_wants(page))
		return;
	text_fixed(&t, origin, sizeof(origin));
	learn_question(partner, 0, &service);
	if (service)
		text_printf(&t, "srv %s.%s", service, partner->domain);
	else
		text_printf(&t, "host %s", partner->host);
	row_add(page, NULL, partner, origin, json_null(), states[p->state]);
}

/* Who shares an address is found out when the dataplane is to be told; that may still come. */
static void find_shared(struct learn_book *book)
{
	struct claim *list;
	uint32_t count;

	if (book->changed && learn_book_claims(book, &list, &count) == 0)
		free(list);
}

json_t *learn_json(struct learn *learn, uint32_t offset, uint32_t limit, uint32_t *total)
{
	struct page page = {.rows = json_array(), .offset = offset, .limit = limit};

	*total = 0;
	if (!learn)
		return page.rows;
	page.now = loop_now(learn->loop);
	find_shared(&learn->book);
	for (uint32_t i = 0; i < learn->book.count; i++) {
		const struct learn_partner *p = learn->book.list[i];

		for (uint32_t k = 0; k < p->rule->source_count; k++)
			add_source(&page, p->rule, &p->rule->sources[k]);
		for (uint32_t k = 0; k < p->count; k++)
			add_address(&page, p->rule, &p->list[k]);
		add_nothing(&page, p);
	}
	*total = page.total;
	return page.rows;
}

uint32_t learn_count(const struct learn *learn, const struct partner *partner)
{
	if (!learn || !learn_book_names(learn->book.rules, partner))
		return 0;
	/* Both stand in the order of the rules. */
	return learn->book.list[partner - learn->book.rules->partners]->count;
}
