/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of the addresses of partners, and when to ask for them again. */
#include "control/learn_book.h"

#include <errno.h>
#include <stdlib.h>

#include "control/counters.h"
#include "rules/base/log.h"
#include "rules/provided.h"

void learn_book_init(struct learn_book *book, random_h *random, void *random_arg)
{
	*book = (struct learn_book){.random = random, .random_arg = random_arg};
}

static struct mono after_s(struct mono t, uint64_t s)
{
	return mono_after_ms(t, s * 1000);
}

/* --- who is due: a heap by time --- */

static void heap_set(struct learn_book *book, uint32_t at, struct learn_partner *p)
{
	book->heap[at] = p;
	p->place = at + 1;
}

static void heap_up(struct learn_book *book, uint32_t at, struct learn_partner *p)
{
	while (at > 0 && book->heap[(at - 1) / 2]->due.ns > p->due.ns) {
		heap_set(book, at, book->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_set(book, at, p);
}

static void heap_down(struct learn_book *book, uint32_t at, struct learn_partner *p)
{
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= book->heap_count)
			break;
		if (child + 1 < book->heap_count &&
			book->heap[child + 1]->due.ns < book->heap[child]->due.ns)
			child++;
		if (book->heap[child]->due.ns >= p->due.ns)
			break;
		heap_set(book, at, book->heap[child]);
		at = child;
	}
	heap_set(book, at, p);
}

static void heap_add(struct learn_book *book, struct learn_partner *p)
{
	heap_up(book, book->heap_count++, p);
}

struct learn_partner *learn_book_due(struct learn_book *book, struct mono now)
{
	struct learn_partner *p = book->heap_count > 0 ? book->heap[0] : NULL;

	if (!p || !mono_reached(now, p->due))
		return NULL;
	p->place = 0;
	if (--book->heap_count > 0)
		heap_down(book, 0, book->heap[book->heap_count]);
	return p;
}

uint64_t learn_book_wait_ms(const struct learn_book *book, struct mono now)
{
	if (book->heap_count == 0)
		return UINT64_MAX;
	/* Rounded up: the timer must not come too early. */
	return mono_since_ms((struct mono){book->heap[0]->due.ns + NS_PER_MS - 1}, now);
}

/* In so many seconds and a little more, so that what was asked together does not stay together. */
static void ask_again(struct learn_book *book, struct learn_partner *p, uint64_t s, struct mono now)
{
	uint64_t later_ms = s * 1000 / 10;

	if (later_ms > (uint64_t)LEARN_LATER_MAX_S * 1000)
		later_ms = (uint64_t)LEARN_LATER_MAX_S * 1000;
	p->due = mono_after_ms(
		now, s * 1000 + book->random(book->random_arg, (uint32_t)later_ms + 1));
	heap_add(book, p);
}

/* --- addresses --- */

static bool starts(const uint8_t *bytes, uint8_t first, uint8_t second, uint8_t second_mask)
{
	return bytes[0] == first && (bytes[1] & second_mask) == second;
}

static const char *refusal_4(const uint8_t bytes[static 16])
{
	if (bytes[0] == 0)
		return "unspecified";
	if (bytes[0] == 127)
		return "loopback";
	if (starts(bytes, 169, 254, 0xff))
		return "link_local";
	if (bytes[0] >= 240)
		return "reserved";
	return bytes[0] >= 224 ? "multicast" : NULL;
}

static const char *refusal_6(const uint8_t bytes[static 16])
{
	static const uint8_t zero[15];
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(bytes, zero, sizeof(zero)) == 0 && bytes[15] <= 1)
		return bytes[15] == 0 ? "unspecified" : "loopback";
	/* A second name for an IPv4 address. */
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return "mapped";
	if (starts(bytes, 0xfe, 0x80, 0xc0))
		return "link_local";
	return bytes[0] == 0xff ? "multicast" : NULL;
}

const char *learn_refusal(const struct ruleset *rules, const struct ip_address *address)
{
	for (uint32_t i = 0; i < rules->service_count; i++)
		if (ip_address_equal(&rules->services[i].address, address))
			return "ours";
	return address->family_bits == 32 ? refusal_4(address->bytes) : refusal_6(address->bytes);
}

static bool list_has(
	const struct learn_address *list, uint32_t count, const struct ip_address *address)
{
	for (uint32_t i = 0; i < count; i++)
		if (ip_address_equal(&list[i].address, address))
			return true;
	return false;
}

static void partner_remove(struct learn_book *book, struct learn_partner *p, uint32_t i)
{
	free(p->list[i].host);
	p->list[i] = p->list[--p->count];
	book->address_count--;
	book->changed = true;
}

static void partner_free(struct learn_book *book, struct learn_partner *p)
{
	while (p->count > 0)
		partner_remove(book, p, p->count - 1);
	free(p->list);
	free(p);
}

void learn_book_free(struct learn_book *book)
{
	for (uint32_t i = 0; i < book->count; i++)
		partner_free(book, book->list[i]);
	free(book->list);
	free(book->heap);
	learn_book_init(book, book->random, book->random_arg);
}

/* --- rules --- */

/* The address that stands in the rules in place of a name. */
static bool rule_address(const struct partner *rule, struct ip_address *out)
{
	struct view host = view_of(rule->host);

	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		host = view_sub(host, 1, host.len - 2);
	return host.len > 0 && ip_address_parse(host, out);
}

/* Is anything to be learned about it, or is it one of many domains that a provider has at one host? */
static bool is_learned(const struct ruleset *rules, const struct partner *rule)
{
	struct ip_address address;

	return !rule_address(rule, &address) && !provided_by_host_of_another(rules, rule);
}

static struct learn_partner *partner_new(
	const struct ruleset *rules, const struct partner *rule, struct mono now)
{
	struct learn_partner *p = calloc(1, sizeof(*p));
	struct ip_address address;

	if (!p)
		return NULL;
	p->rule = rule;
	p->due = now;
	if (provided_by_host_of_another(rules, rule)) {
		p->state = LEARN_KNOWN;
		return p;
	}
	if (!rule_address(rule, &address))
		return p;
	p->list = calloc(1, sizeof(*p->list));
	if (!p->list) {
		free(p);
		return NULL;
	}
	p->list[0].address = address;
	p->state = LEARN_KNOWN;
	p->count = 1;
	return p;
}

/* Would the same questions be put about both? */
static bool same_questions(const struct partner *a, const struct partner *b)
{
	if (a->protocol != b->protocol || !a->host != !b->host)
		return false;
	if (a->host)
		return strcmp(a->host, b->host) == 0;
	return ((a->terms.srv_own ^ b->terms.srv_own) & 1u << a->protocol) == 0;
}

/* As they stand in the rules: first the partners, then the domains of providers, by name. */
static int rule_order(const struct partner *a, const struct partner *b)
{
	if (!a->provider != !b->provider)
		return a->provider ? 1 : -1;
	return strcmp(a->domain, b->domain);
}

/* The one that stays, among those before from *from on; both lists are in that order. */
static struct learn_partner *find_before(
	const struct learn_book *book, uint32_t *from, const struct partner *rule)
{
	while (*from < book->count) {
		struct learn_partner *p = book->list[*from];
		int order = rule_order(p->rule, rule);

		if (order == 0 && same_questions(p->rule, rule))
			return p;
		if (order >= 0)
			return NULL;
		(*from)++;
	}
	return NULL;
}

/* All that the new rules name: found, or made. Nothing of the book changes. */
static struct learn_partner **partners_take(
	const struct learn_book *book, const struct ruleset *rules, struct mono now)
{
	struct learn_partner **list =
		calloc(rules->partner_count + 1u, sizeof(struct learn_partner *));
	uint32_t from = 0;

	for (uint32_t i = 0; list && i < rules->partner_count; i++) {
		const struct partner *rule = &rules->partners[i];

		list[i] = find_before(book, &from, rule);
		if (list[i] && provided_by_host_of_another(book->rules, list[i]->rule) !=
				       provided_by_host_of_another(rules, rule))
			list[i] = NULL;
		if (!list[i])
			list[i] = partner_new(rules, rule, now);
		if (list[i])
			continue;
		while (i-- > 0)
			if (list[i]->rule == &rules->partners[i]) {
				free(list[i]->list);
				free(list[i]);
			}
		free(list);
		list = NULL;
		break;
	}
	return list;
}

bool learn_book_names(const struct ruleset *rules, const struct partner *partner)
{
	return rules && rules->partner_count > 0 && partner >= rules->partners &&
	       partner < rules->partners + rules->partner_count;
}

/* Its name in the new rules, which also makes it one that stays; or it is forgotten. */
static void partners_forget(struct learn_book *book, struct learn_partner **list,
	const struct ruleset *rules, void (*forget)(void *question))
{
	for (uint32_t i = 0; i < rules->partner_count; i++)
		list[i]->rule = &rules->partners[i];
	for (uint32_t i = 0; i < book->count; i++) {
		struct learn_partner *p = book->list[i];

		if (learn_book_names(rules, p->rule))
			continue;
		if (p->question)
			forget(p->question);
		partner_free(book, p);
	}
}

/* Addresses of services of ours may have come, or others have gone. */
static void partners_check(struct learn_book *book)
{
	for (uint32_t i = 0; i < book->count; i++) {
		struct learn_partner *p = book->list[i];

		for (uint32_t k = p->count; k-- > 0;) {
			const char *cause = learn_refusal(book->rules, &p->list[k].address);

			if (!cause)
				continue;
			counter_add("learn.refused", cause, 1);
			partner_remove(book, p, k);
			p->state = p->count > 0 ? LEARN_KNOWN : LEARN_NONE;
		}
	}
}

int learn_book_adopt(struct learn_book *book, const struct ruleset *rules, struct mono now,
	void (*forget)(void *question))
{
	struct learn_partner **heap =
		calloc(rules->partner_count + 1u, sizeof(struct learn_partner *));
	struct learn_partner **list = heap ? partners_take(book, rules, now) : NULL;

	if (!list) {
		free(heap);
		return -ENOMEM;
	}
	partners_forget(book, list, rules, forget);
	free(book->list);
	free(book->heap);
	book->rules = rules;
	book->list = list;
	book->count = rules->partner_count;
	book->heap = heap;
	book->heap_count = 0;
	book->address_count = 0;
	book->changed = true;
	for (uint32_t i = 0; i < book->count; i++) {
		struct learn_partner *p = list[i];

		book->address_count += p->count;
		if (!p->question && is_learned(rules, p->rule))
			heap_add(book, p);
	}
	partners_check(book);
	return 0;
}

/* --- answers --- */

bool learn_question(const struct partner *partner, unsigned step, const char **service)
{
	static const char *const xmpp[] = {"_xmpp-server._tcp", NULL};
	static const char *const sip[] = {"_sipfederationtls._tcp", "_sips._tcp", NULL};

	*service = NULL;
	if (partner->host)
		return step == 0;
	*service = partner->protocol == PROTOCOL_SIP ? sip[step] : xmpp[step];
	return *service != NULL;
}

void learn_draft_free(struct learn_draft *draft)
{
	for (uint32_t i = 0; i < draft->count; i++)
		free(draft->list[i].host);
	draft->count = 0;
}

static void draft_add(struct learn_draft *draft, const char *service, const char *host,
	const struct resolved_address *a, struct mono now)
{
	uint32_t ttl_s = a->ttl_s;
	char *copy;

	if (list_has(draft->list, draft->count, &a->address))
		return;
	if (draft->count == LEARN_ADDRESSES_MAX) {
		counter_add("learn.refused", "too_many_of_partner", 1);
		return;
	}
	copy = strdup(host);
	if (!copy) {
		draft->failed = true;
		return;
	}
	if (ttl_s < LEARN_TTL_MIN_S)
		ttl_s = LEARN_TTL_MIN_S;
	if (ttl_s > LEARN_TTL_MAX_S)
		ttl_s = LEARN_TTL_MAX_S;
	draft->list[draft->count++] = (struct learn_address){.address = a->address,
		.until = after_s(now, ttl_s),
		.service = service,
		.host = copy};
}

void learn_book_hear(const struct learn_book *book, struct learn_draft *draft, const char *service,
	const struct resolved *answer, struct mono now)
{
	if (answer->result == RESOLVE_FAILED || answer->incomplete)
		draft->failed = true;
	draft->conflict = draft->conflict || answer->result == RESOLVE_CONFLICT;
	if (answer->left_out > 0)
		counter_add("learn.refused", "too_many_of_partner", answer->left_out);
	for (uint32_t i = 0; i < answer->count; i++) {
		const struct resolved_address *a = &answer->addresses[i];
		const char *cause = learn_refusal(book->rules, &a->address);

		if (cause)
			counter_add("learn.refused", cause, 1);
		else
			draft_add(draft, answer->by_srv ? service : NULL, answer->hosts[a->host], a,
				now);
	}
}

/* Are the addresses in the draft those that were known? */
static bool draft_is_known(const struct learn_partner *p, const struct learn_draft *draft)
{
	if (draft->count != p->count)
		return false;
	for (uint32_t i = 0; i < draft->count; i++)
		if (!list_has(p->list, p->count, &draft->list[i].address))
			return false;
	return true;
}

/* Where something failed, what was known before and not said again may still be true. */
static void draft_keep(struct learn_draft *draft, struct learn_partner *p)
{
	for (uint32_t i = 0; i < p->count && draft->count < LEARN_ADDRESSES_MAX; i++) {
		if (list_has(draft->list, draft->count, &p->list[i].address))
			continue;
		draft->list[draft->count++] = p->list[i];
		p->list[i].host = NULL;
	}
}

/* The draft becomes what is known; it is empty then. */
static void partner_replace(
	struct learn_book *book, struct learn_partner *p, struct learn_draft *draft)
{
	uint32_t others = book->address_count - p->count;
	uint32_t room = others < CLAIMS_MAX ? CLAIMS_MAX - others : 0;
	uint32_t count = draft->count < room ? draft->count : room;
	bool same = draft_is_known(p, draft) && count == draft->count;
	struct learn_address *list = calloc(count + 1u, sizeof(*list));

	if (!list) {
		learn_draft_free(draft);
		return;
	}
	if (count < draft->count)
		counter_add("learn.refused", "too_many", draft->count - count);
	memcpy(list, draft->list, count * sizeof(*list));
	for (uint32_t i = 0; i < count; i++)
		draft->list[i].host = NULL;
	learn_draft_free(draft);
	for (uint32_t i = 0; i < p->count; i++)
		free(p->list[i].host);
	free(p->list);
	book->address_count += count - p->count;
	p->list = list;
	p->count = count;
	book->changed = book->changed || !same;
}

static uint64_t retry_s(uint32_t failures)
{
	uint64_t s = LEARN_RETRY_FIRST_S;

	while (failures-- > 1 && s < LEARN_RETRY_MAX_S)
		s *= 2;
	return s < LEARN_RETRY_MAX_S ? s : LEARN_RETRY_MAX_S;
}

/* Seconds until the first of its addresses is to be asked for again. */
static uint64_t soonest_s(const struct learn_partner *p, struct mono now)
{
	uint64_t soonest = LEARN_TTL_MAX_S;

	for (uint32_t i = 0; i < p->count; i++) {
		uint64_t left = mono_since_ms(p->list[i].until, now) / 1000;

		if (left < soonest)
			soonest = left;
	}
	return soonest;
}

void learn_book_conclude(struct learn_book *book, struct learn_partner *p,
	struct learn_draft *draft, struct mono now)
{
	p->question = NULL;
	if (draft->failed && draft->count == 0) {
		p->state = LEARN_FAILED;
		counter_add("learn", "failed", 1);
		ask_again(book, p, retry_s(++p->failures), now);
		return;
	}
	p->state = draft->count > 0 ? LEARN_KNOWN : LEARN_NONE;
	counter_add("learn", draft->failed ? "in_part" : draft->count > 0 ? "known" : "none", 1);
	if (draft->failed) {
		draft_keep(draft, p);
		partner_replace(book, p, draft);
		ask_again(book, p, retry_s(++p->failures), now);
		return;
	}
	p->failures = 0;
	partner_replace(book, p, draft);
	ask_again(book, p, p->count > 0 ? soonest_s(p, now) : LEARN_NONE_S, now);
}

void learn_book_expire(struct learn_book *book, struct mono now)
{
	for (uint32_t i = 0; i < book->count; i++) {
		struct learn_partner *p = book->list[i];
		uint32_t before = p->count;

		for (uint32_t k = p->count; k-- > 0;)
			if (p->list[k].until.ns != 0 &&
				mono_reached(now, after_s(p->list[k].until, LEARN_STALE_S)))
				partner_remove(book, p, k);
		if (before == p->count)
			continue;
		counter_add("learn", "forgotten", before - p->count);
		if (p->count == 0)
			log_warning("learn: DNS has not answered about %s for long: none of its "
				    "addresses is known any more",
				p->rule->domain);
	}
}

/* --- claims --- */

struct item {
	struct claim claim;
	struct learn_address *of;
};

static int by_address(const void *a, const void *b)
{
	return claim_compare_address(
		&((const struct item *)a)->claim.address, &((const struct item *)b)->claim.address);
}

/* Of partners with the same address: the only one, or the only one of the rules, or NULL. */
static struct item *owner_of(struct item *items, uint32_t count)
{
	struct item *stated = NULL;

	if (count == 1)
		return items;
	for (uint32_t i = 0; i < count; i++) {
		if (items[i].of->until.ns != 0)
			continue;
		if (stated)
			return NULL;
		stated = &items[i];
	}
	return stated;
}

static uint32_t items_take(struct learn_book *book, struct item *items)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < book->count; i++)
		for (uint32_t k = 0; k < book->list[i]->count; k++) {
			struct learn_address *of = &book->list[i]->list[k];

			items[count++] = (struct item){
				.claim = {of->address, book->list[i]->rule->id}, .of = of};
		}
	qsort(items, count, sizeof(*items), by_address);
	return count;
}

int learn_book_claims(struct learn_book *book, struct claim **out, uint32_t *count)
{
	struct item *items = calloc(book->address_count + 1u, sizeof(*items));
	struct claim *list = calloc(book->address_count + 1u, sizeof(*list));
	uint32_t total, last;

	if (!items || !list) {
		free(items);
		free(list);
		return -ENOMEM;
	}
	total = items_take(book, items);
	*count = 0;
	book->shared_count = 0;
	for (uint32_t first = 0; first < total; first = last) {
		struct item *owner;

		for (last = first + 1;
			last < total && by_address(&items[first], &items[last]) == 0;)
			last++;
		owner = owner_of(&items[first], last - first);
		for (uint32_t i = first; i < last; i++) {
			items[i].of->shared = &items[i] != owner;
			book->shared_count += items[i].of->shared;
		}
		/* Many partners with an address in the rules may be more than can be told. */
		if (owner && *count < CLAIMS_MAX)
			list[(*count)++] = owner->claim;
	}
	free(items);
	*out = list;
	return 0;
}
