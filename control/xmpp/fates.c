/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of stanzas. */
#include "control/xmpp/fates.h"

#include <stdlib.h>

enum { BUCKETS = 4096 };

struct sent {
	uint64_t cookie;
	struct sent **slot; /* whoever holds it while it waits */
	bool in_list;       /* of a stream */
	bool due;           /* in the queue of what is to be told */
	bool written_due, final_due;
	enum xmpp_fate fate;
	LIST_ENTRY(sent) bucket, stream;
	TAILQ_ENTRY(sent) queue;
};

struct fates {
	void (*tell)(void *arg, uint64_t cookie, enum xmpp_fate fate);
	void *arg;
	struct timer *timer;
	uint32_t count;
	struct sent_list buckets[BUCKETS];
	TAILQ_HEAD(, sent) due;
};

static void tell_due(void *arg);

struct fates *fates_new(
	struct loop *loop, void (*tell)(void *arg, uint64_t cookie, enum xmpp_fate fate), void *arg)
{
	struct fates *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->tell = tell;
	f->arg = arg;
	TAILQ_INIT(&f->due);
	f->timer = timer_new(loop, tell_due, f);
	if (f->timer)
		return f;
	free(f);
	return NULL;
}

/* Out of every list, and freed. */
static void drop(struct fates *f, struct sent *s)
{
	LIST_REMOVE(s, bucket);
	if (s->in_list)
		LIST_REMOVE(s, stream);
	if (s->due)
		TAILQ_REMOVE(&f->due, s, queue);
	if (s->slot)
		*s->slot = NULL;
	f->count--;
	free(s);
}

void fates_free(struct fates *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (!LIST_EMPTY(&f->buckets[i]))
			drop(f, LIST_FIRST(&f->buckets[i]));
	timer_free(f->timer);
	free(f);
}

/* Cookies are our own numbers. */
static struct sent_list *bucket_of(struct fates *f, uint64_t cookie)
{
	return &f->buckets[(cookie ^ cookie >> 12) % BUCKETS];
}

static struct sent *add(struct fates *f, uint64_t cookie, struct sent **slot)
{
	struct sent *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->cookie = cookie;
	s->slot = slot;
	LIST_INSERT_HEAD(bucket_of(f, cookie), s, bucket);
	f->count++;
	return s;
}

struct sent *fates_add(struct fates *f, uint64_t cookie, struct sent **slot)
{
	return f->count < FATES_MAX ? add(f, cookie, slot) : NULL;
}

static void make_due(struct fates *f, struct sent *s)
{
	if (s->due)
		return;
	if (TAILQ_EMPTY(&f->due))
		timer_set_ms(f->timer, 0);
	s->due = true;
	TAILQ_INSERT_TAIL(&f->due, s, queue);
}

static void leave_slot(struct sent *s)
{
	if (s->slot)
		*s->slot = NULL;
	s->slot = NULL;
}

void fates_written(struct fates *f, struct sent *s, struct sent_list *list)
{
	leave_slot(s);
	s->in_list = true;
	s->written_due = true;
	LIST_INSERT_HEAD(list, s, stream);
	make_due(f, s);
}

void fates_final(struct fates *f, struct sent *s, enum xmpp_fate fate)
{
	leave_slot(s);
	if (s->in_list)
		LIST_REMOVE(s, stream);
	s->in_list = false;
	s->final_due = true;
	s->fate = fate;
	make_due(f, s);
}

void fates_final_all(struct fates *f, struct sent_list *list, enum xmpp_fate fate)
{
	while (!LIST_EMPTY(list))
		fates_final(f, LIST_FIRST(list), fate);
}

void fates_at_once(struct fates *f, uint64_t cookie, enum xmpp_fate fate)
{
	/* Not bounded: it stays no longer than to the next round, and somebody waits for it. */
	struct sent *s = cookie ? add(f, cookie, NULL) : NULL;

	if (s)
		fates_final(f, s, fate);
}

/* Only as many as were due when it started: a handler that sends again is told in the next round.
 * The handler may forget any cookie, this one too. */
static void tell_due(void *arg)
{
	struct fates *f = arg;
	struct sent *s;
	uint32_t count = 0;

	TAILQ_FOREACH(s, &f->due, queue)
	count++;
	while (count-- && !TAILQ_EMPTY(&f->due)) {
		uint64_t cookie;
		enum xmpp_fate fate = XMPP_WRITTEN;

		s = TAILQ_FIRST(&f->due);
		TAILQ_REMOVE(&f->due, s, queue);
		s->due = false;
		cookie = s->cookie;
		if (s->written_due) {
			s->written_due = false;
			/* Lost in the same round: both are told, in that order. */
			if (s->final_due)
				make_due(f, s);
		} else {
			fate = s->fate;
			drop(f, s);
		}
		f->tell(f->arg, cookie, fate);
	}
	if (!TAILQ_EMPTY(&f->due))
		timer_set_ms(f->timer, 0);
}

void fates_forget(struct fates *f, uint64_t cookie)
{
	struct sent *s;
	struct sent *next;

	for (s = LIST_FIRST(bucket_of(f, cookie)); s; s = next) {
		next = LIST_NEXT(s, bucket);
		if (s->cookie == cookie)
			drop(f, s);
	}
}

uint32_t fates_count(const struct fates *f)
{
	return f->count;
}
