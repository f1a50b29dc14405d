/* SPDX-License-Identifier: BSD-3-Clause */
/* A change of the rules, step by step. */
#include "control/change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void change_init(struct change *change, const struct change_steps *steps)
{
	*change = (struct change){.steps = *steps};
}

bool change_says(const struct change *change, struct mono now, char *words, size_t words_bytes)
{
	const struct change_asker *asker = &change->asker;

	if (change->phase == CHANGE_IDLE)
		return false;
	snprintf(words, words_bytes, "%s of %s by uid %u, pid %d, since %llu s", asker->what,
		asker->file, (unsigned)asker->uid, (int)asker->pid,
		(unsigned long long)(mono_since_ms(now, change->since) / 1000));
	return true;
}

bool change_begin(struct change *change, const struct change_asker *asker, bool dataplane,
	struct mono now, char *words, size_t words_bytes)
{
	char busy[CHANGE_WORDS_BYTES];

	if (change_says(change, now, busy, sizeof(busy))) {
		snprintf(words, words_bytes, "busy: %s", busy);
		return false;
	}
	if (!dataplane) {
		snprintf(words, words_bytes,
			"there is no dataplane that could take them; nothing was changed");
		return false;
	}
	change->asker = *asker;
	change->since = now;
	change->phase = CHANGE_COMPILING;
	change->steps.compile(change->steps.arg);
	return true;
}

static void finish(struct change *change, const char *error, const char *note)
{
	change->phase = CHANGE_IDLE;
	change->steps.finish(change->steps.arg, error, note);
}

/* Nobody waits any more for what would be decided now. */
static bool is_late(const struct change *change, struct mono now)
{
	return mono_since_ms(now, change->since) > CHANGE_PATIENCE_MS;
}

static const char late[] = "it took too long; nothing was changed";

void change_compiled(struct change *change, const char *error, struct mono now)
{
	if (!error && is_late(change, now))
		error = late;
	if (error) {
		finish(change, error, NULL);
		return;
	}
	change->phase = CHANGE_PREPARING;
	change->steps.prepare(change->steps.arg);
}

/* What a dataplane that did not do it said or left unsaid. */
static const char *words_of(int error, const char *words)
{
	if (error == -ENOTCONN)
		return "it went away";
	if (error == -ETIMEDOUT)
		return "it did not answer";
	return words ? words : strerror(-error);
}

void change_prepared(struct change *change, int error, const char *words, struct mono now)
{
	char said[CHANGE_WORDS_BYTES];

	if (error == 0 && !is_late(change, now)) {
		change->phase = CHANGE_WRITING;
		change->steps.write(change->steps.arg);
		return;
	}
	change->steps.abandon(change->steps.arg);
	if (error)
		snprintf(said, sizeof(said), "the dataplane: %s; nothing was changed",
			words_of(error, words));
	finish(change, error ? said : late, NULL);
}

void change_written(struct change *change, const char *error)
{
	if (error) {
		change->steps.abandon(change->steps.arg);
		finish(change, error, NULL);
		return;
	}
	change->phase = CHANGE_COMMITTING;
	change->steps.commit(change->steps.arg);
}

void change_committed(struct change *change, int error, const char *words)
{
	char note[CHANGE_WORDS_BYTES];

	if (error)
		snprintf(note, sizeof(note),
			"the dataplane: %s; it is brought to the new rules as soon as it can be",
			words_of(error, words));
	else if (words)
		snprintf(note, sizeof(note), "the dataplane: %s", words);
	change->steps.adopt(change->steps.arg);
	finish(change, NULL, error || words ? note : NULL);
}
