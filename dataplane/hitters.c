/* SPDX-License-Identifier: BSD-3-Clause */
/* Who causes most of something. */
#include "dataplane/hitters.h"

#include <stdio.h>
#include <stdlib.h>

enum { READ_TRIES = 64 };

#define WINDOW_NS (HITTERS_WINDOW_S * NS_PER_S)

struct hitter_source hitter_source_of(const struct remote *remote)
{
	struct hitter_source source = {.kind = (uint8_t)remote->kind};
	uint32_t bytes = remote->kind == REMOTE_IPV4 ? 4 : remote->kind == REMOTE_MAC ? 6 : 8;

	for (uint32_t i = 0; i < bytes; i++)
		source.key = source.key << 8 | remote->address[i];
	return source;
}

/* The version is odd while windows are exchanged: then a reader begins again. */
static void windows_turn(struct hitters *hitters, struct mono now)
{
	struct hitters_window *w = &hitters->now;
	bool recent = w->begun_ns != 0 && now.ns - w->begun_ns < 2 * WINDOW_NS;

	__atomic_store_n(&hitters->version, hitters->version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	hitters->before = recent ? *w : (struct hitters_window){0};
	*w = (struct hitters_window){.begun_ns = now.ns};
	__atomic_store_n(&hitters->version, hitters->version + 1, __ATOMIC_RELEASE);
}

/* While its kind is none an entry is not read: key and numbers belong together again behind it. */
static void entry_replace(
	struct hitters_window *w, uint32_t i, struct hitter_source source, uint64_t floor)
{
	__atomic_store_n(&w->kinds[i], REMOTE_NONE, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	w->keys[i] = source.key;
	w->errors[i] = floor;
	w->counts[i] = floor + 1;
	__atomic_store_n(&w->kinds[i], source.kind, __ATOMIC_RELEASE);
}

void hitters_count(struct hitters *hitters, struct hitter_source source, struct mono now)
{
	struct hitters_window *w = &hitters->now;
	uint32_t least = 0;

	if (source.kind == REMOTE_NONE)
		return;
	if (w->begun_ns == 0 || now.ns - w->begun_ns >= WINDOW_NS)
		windows_turn(hitters, now);
	w->total++;
	for (uint32_t i = 0; i < HITTERS_MAX; i++)
		if (w->keys[i] == source.key && w->kinds[i] == source.kind) {
			w->counts[i]++;
			return;
		}
	/* An empty entry counts 0 and is the least. */
	for (uint32_t i = 1; i < HITTERS_MAX; i++)
		if (w->counts[i] < w->counts[least])
			least = i;
	entry_replace(w, least, source, w->counts[least]);
}

/* --- reading --- */

static int by_count(const void *a, const void *b)
{
	const struct hitter *x = a;
	const struct hitter *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (x->source.kind != y->source.kind)
		return x->source.kind < y->source.kind ? -1 : 1;
	return x->source.key < y->source.key ? -1 : x->source.key > y->source.key;
}

static bool entry_read(const struct hitters_window *w, uint32_t i, struct hitter *out)
{
	for (int tries = 0; tries < READ_TRIES; tries++) {
		out->source.kind = __atomic_load_n(&w->kinds[i], __ATOMIC_ACQUIRE);
		out->source.key = __atomic_load_n(&w->keys[i], __ATOMIC_RELAXED);
		out->count = __atomic_load_n(&w->counts[i], __ATOMIC_RELAXED);
		out->error = __atomic_load_n(&w->errors[i], __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (out->source.kind == REMOTE_NONE && out->count == 0)
			return false;
		if (out->source.kind != REMOTE_NONE &&
			__atomic_load_n(&w->kinds[i], __ATOMIC_RELAXED) == out->source.kind &&
			__atomic_load_n(&w->keys[i], __ATOMIC_RELAXED) == out->source.key)
			return true;
	}
	return false;
}

static void window_read(const struct hitters_window *w, struct hitters_list *out)
{
	*out = (struct hitters_list){
		.total = __atomic_load_n(&w->total, __ATOMIC_RELAXED),
		.begun_ns = __atomic_load_n(&w->begun_ns, __ATOMIC_RELAXED),
	};
	for (uint32_t i = 0; i < HITTERS_MAX; i++)
		out->count += entry_read(w, i, &out->of[out->count]);
	qsort(out->of, out->count, sizeof(out->of[0]), by_count);
	if (out->count == HITTERS_MAX)
		out->floor = out->of[HITTERS_MAX - 1].count;
}

void hitters_read(const struct hitters *hitters, struct mono now, struct hitters_list *out)
{
	struct hitters_list before;

	for (int tries = 0; tries < READ_TRIES; tries++) {
		uint32_t version = __atomic_load_n(&hitters->version, __ATOMIC_ACQUIRE);

		window_read(&hitters->now, out);
		window_read(&hitters->before, &before);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (version % 2 == 0 &&
			__atomic_load_n(&hitters->version, __ATOMIC_RELAXED) == version)
			break;
	}
	/* The windows are exchanged when something is counted: here they may be old already. */
	if (out->begun_ns != 0 && now.ns > out->begun_ns + 2 * WINDOW_NS)
		*out = (struct hitters_list){0};
	else if (before.begun_ns != 0 && now.ns < out->begun_ns + WINDOW_NS)
		hitters_merge(out, &before);
}

static const struct hitter *list_find(
	const struct hitters_list *list, const struct hitter_source *source)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->of[i].source.key == source->key &&
			list->of[i].source.kind == source->kind)
			return &list->of[i];
	return NULL;
}

/* Who is missing in one of them may have up to its floor there. */
void hitters_merge(struct hitters_list *into, const struct hitters_list *other)
{
	struct hitter all[2 * HITTERS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < into->count; i++) {
		const struct hitter *same = list_find(other, &into->of[i].source);

		all[count] = into->of[i];
		all[count].count += same ? same->count : other->floor;
		all[count++].error += same ? same->error : other->floor;
	}
	for (uint32_t i = 0; i < other->count; i++) {
		if (list_find(into, &other->of[i].source))
			continue;
		all[count] = other->of[i];
		all[count].count += into->floor;
		all[count++].error += into->floor;
	}
	qsort(all, count, sizeof(all[0]), by_count);
	into->floor += other->floor;
	into->total += other->total;
	if (into->begun_ns == 0 || (other->begun_ns != 0 && other->begun_ns < into->begun_ns))
		into->begun_ns = other->begun_ns;
	if (count > HITTERS_MAX && all[HITTERS_MAX].count > into->floor)
		into->floor = all[HITTERS_MAX].count;
	into->count = count < HITTERS_MAX ? count : HITTERS_MAX;
	memcpy(into->of, all, into->count * sizeof(all[0]));
}

void hitter_print(const struct hitter_source *source, char out[static IP_TEXT_BYTES])
{
	uint32_t bytes = source->kind == REMOTE_IPV4 ? 4 : source->kind == REMOTE_MAC ? 6 : 8;
	struct prefix prefix = {.length_bits = 64, .address.family_bits = 128};
	uint8_t *b = prefix.address.bytes;

	for (uint32_t i = 0; i < bytes; i++)
		b[i] = (uint8_t)(source->key >> (8 * (bytes - 1 - i)));
	if (source->kind == REMOTE_IPV6)
		prefix_print(&prefix, out);
	else if (source->kind == REMOTE_IPV4)
		snprintf(out, IP_TEXT_BYTES, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	else
		snprintf(out, IP_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2],
			b[3], b[4], b[5]);
}
