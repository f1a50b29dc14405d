/* SPDX-License-Identifier: BSD-3-Clause */
/* Learning where partners' connections come from: puts the questions, tells the dataplane. */
#include "control/learn.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/learn_int.h"
#include "dataplane/channel/sealed.h"
#include "rules/base/log.h"

enum {
	SWEEP_MS = 60000,     /* between looks for what is too old */
	PUSH_AGAIN_MS = 5000, /* after the dataplane refused a set */
};

/* One partner that is asked about. */
struct asking {
	struct learn *learn;
	struct learn_partner *partner;
	struct resolve *question;
	unsigned step;
	const char *service; /* of this step */
	struct learn_draft draft;
};

static void push_later(struct learn *learn);

/* --- asking --- */

static void ask_later(struct learn *learn)
{
	struct mono now = loop_now(learn->loop);
	uint64_t wait_ms = learn_book_wait_ms(&learn->book, now);
	uint64_t since_ms = mono_since_ms(now, learn->asked);

	/* With all under way, the end of one goes on. */
	if (wait_ms == UINT64_MAX || learn->under_way >= LEARN_UNDER_WAY_MAX) {
		timer_clear(learn->asker);
		return;
	}
	if (learn->asked.ns != 0 && since_ms < LEARN_SPACING_MS &&
		wait_ms < LEARN_SPACING_MS - since_ms)
		wait_ms = LEARN_SPACING_MS - since_ms;
	timer_set_ms(learn->asker, wait_ms);
}

static void asking_free(struct asking *a)
{
	a->learn->under_way--;
	resolve_cancel(a->question);
	learn_draft_free(&a->draft);
	free(a);
}

/* Its partner is in no rules any more. */
static void asking_forget(void *question)
{
	asking_free(question);
}

static void answered(void *arg, const struct resolved *answer);

/* The question of this step; if it cannot be put, that is an answer. */
static void asking_put(struct asking *a)
{
	const struct partner *rule = a->partner->rule;
	const char *next;
	/* RFC 6120 and RFC 3263: where there is no SRV record at all, the domain itself. */
	bool last = !learn_question(rule, a->step + 1, &next);
	bool fallback = last && a->draft.count == 0 && !a->draft.failed && !a->draft.conflict;

	a->question = resolve_all(a->learn->resolver, a->service,
		view_of(rule->host ? rule->host : rule->domain), fallback, answered, a);
	/* Where a connection to it would not go, none is expected from. */
	if (rule->terms.srv_own & 1u << rule->protocol)
		resolve_within(a->question, view_of(rule->domain));
}

static void asking_end(struct asking *a)
{
	struct learn *learn = a->learn;

	learn_book_conclude(&learn->book, a->partner, &a->draft, loop_now(learn->loop));
	asking_free(a);
	if (learn->book.changed)
		push_later(learn);
	ask_later(learn);
}

static void answered(void *arg, const struct resolved *answer)
{
	struct asking *a = arg;

	a->question = NULL;
	learn_book_hear(&a->learn->book, &a->draft, a->service, answer, loop_now(a->learn->loop));
	if (learn_question(a->partner->rule, a->step + 1, &a->service)) {
		a->step++;
		asking_put(a);
	}
	if (!a->question) {
		a->draft.failed = a->draft.failed || a->service;
		asking_end(a);
	}
}

static void ask_one(void *arg)
{
	struct learn *learn = arg;
	struct mono now = loop_now(learn->loop);
	struct learn_partner *p = learn_book_due(&learn->book, now);
	struct asking *a = p ? calloc(1, sizeof(*a)) : NULL;
	struct learn_draft nothing = {.failed = true};

	if (a) {
		*a = (struct asking){.learn = learn, .partner = p};
		p->question = a;
		learn->under_way++;
		learn->asked = now;
		counter_add("learn", "asked", 1);
		learn_question(p->rule, 0, &a->service);
		asking_put(a);
		if (!a->question) {
			a->draft.failed = true;
			asking_end(a);
		}
	} else if (p) {
		learn_book_conclude(&learn->book, p, &nothing, now);
	}
	ask_later(learn);
}

static void sweep(void *arg)
{
	struct learn *learn = arg;

	learn_book_expire(&learn->book, loop_now(learn->loop));
	if (learn->book.changed)
		push_later(learn);
	timer_set_ms(learn->sweeper, SWEEP_MS);
}

/* --- telling --- */

/* As soon as a set may follow the last one. */
static void push_later(struct learn *learn)
{
	uint64_t since_ms = mono_since_ms(loop_now(learn->loop), learn->pushed);

	if (learn->pushing)
		return;
	if (learn->pushed.ns == 0 || since_ms > LEARN_PUSH_MS)
		since_ms = LEARN_PUSH_MS;
	timer_set_ms(learn->pusher, LEARN_PUSH_MS - since_ms);
}

static void pushed(void *arg, int error, const json_t *answer)
{
	struct learn *learn = arg;
	const char *words = json_string_value(json_object_get(answer, "error"));

	learn->pushing = false;
	if (error == -ENOTCONN) {
		/* The next one will be told. */
		learn->ready = false;
		return;
	}
	if (error) {
		learn->told = false;
		counter_add("learn", "push_failed", 1);
		log_warning("learn: the dataplane did not take what was learned: %s",
			words ? words : strerror(-error));
		timer_set_ms(learn->pusher, PUSH_AGAIN_MS);
		return;
	}
	counter_add("learn", "pushed", 1);
	if (learn->book.changed)
		push_later(learn);
}

static void push_block(struct learn *learn, struct view block, uint32_t count)
{
	uint64_t digest = claims_digest(block);
	int fd;

	if (!learn->ready || (learn->told && digest == learn->digest))
		return;
	fd = sealed_make("picket-claims", block);
	if (fd < 0) {
		log_error("learn: %s", strerror(-fd));
		return;
	}
	log_debug("learn: %u addresses, %u of several partners", count, learn->book.shared_count);
	learn->pushing = true;
	learn->told = true;
	learn->digest = digest;
	learn->pushed = loop_now(learn->loop);
	filter_client_ask_with(learn->filter,
		json_pack("{s:s, s:I}", "type", "learned", "bytes", (json_int_t)block.len), fd,
		pushed, learn);
	close(fd);
}

static void push(void *arg)
{
	struct learn *learn = arg;
	struct claim *list;
	uint8_t *block;
	size_t bytes;
	uint32_t count;

	if (learn_book_claims(&learn->book, &list, &count) < 0)
		return;
	learn->book.changed = false;
	if (claims_write(list, count, &block, &bytes) == 0) {
		push_block(learn, view_make(block, bytes), count);
		free(block);
	}
	free(list);
}

void learn_connect(struct learn *learn, struct filter_client *filter)
{
	if (!learn)
		return;
	learn->filter = filter;
	learn->ready = false;
	learn->pushing = false;
}

void learn_ready(struct learn *learn)
{
	if (!learn || !learn->filter)
		return;
	learn->ready = true;
	learn->told = false;
	push_later(learn);
}

/* --- life --- */

struct learn *learn_new(struct loop *loop, struct resolver *resolver)
{
	struct learn *learn = calloc(1, sizeof(*learn));

	if (!learn)
		return NULL;
	learn->loop = loop;
	learn->resolver = resolver;
	learn_book_init(&learn->book, random_of_kernel, NULL);
	learn->asker = timer_new(loop, ask_one, learn);
	learn->pusher = timer_new(loop, push, learn);
	learn->sweeper = timer_new(loop, sweep, learn);
	if (!learn->asker || !learn->pusher || !learn->sweeper) {
		learn_free(learn);
		return NULL;
	}
	timer_set_ms(learn->sweeper, SWEEP_MS);
	return learn;
}

void learn_free(struct learn *learn)
{
	if (!learn)
		return;
	for (uint32_t i = 0; i < learn->book.count; i++)
		if (learn->book.list[i]->question)
			asking_free(learn->book.list[i]->question);
	learn_book_free(&learn->book);
	timer_free(learn->asker);
	timer_free(learn->pusher);
	timer_free(learn->sweeper);
	generation_drop(learn->generation);
	free(learn);
}

int learn_adopt(struct learn *learn, struct generation *generation)
{
	int rc;

	if (!learn)
		return 0;
	rc = learn_book_adopt(
		&learn->book, generation->rules, loop_now(learn->loop), asking_forget);
	if (rc < 0)
		return rc;
	generation_hold(generation);
	generation_drop(learn->generation);
	learn->generation = generation;
	push_later(learn);
	ask_later(learn);
	return 0;
}
