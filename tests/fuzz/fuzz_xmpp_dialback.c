/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet of dialback: what is read is written and read again, and an answer to it is one. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/xmpp/dialback.h"
#include "tests/unit/stanza.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void same(struct view a, struct view b)
{
	if (!view_equal(a, b))
		abort();
}

/* A question, written anew from what was read of it. */
static void write_again(const struct dialback *d)
{
	struct text out;
	struct reader *reader;
	const struct element *e;
	struct dialback again;
	const char *cause;

	text_init(&out, 65536);
	if (d->kind == DIALBACK_VERIFY)
		dialback_put_verify(&out, d->from_text, d->to_text, d->id, d->key);
	else
		dialback_put_result(&out, d->from_text, d->to_text, d->key);
	e = out.failed ? NULL : stanza_read(text_view(&out), NULL, &reader);
	if (!e || !dialback_read(e, &again, &cause) || again.kind != d->kind ||
		again.type != DIALBACK_REQUEST || strcmp(again.from, d->from) != 0 ||
		strcmp(again.to, d->to) != 0)
		abort();
	same(again.id, d->id);
	same(again.key, d->key);
	reader_free(reader);
	text_free(&out);
}

static void answer(const struct dialback *d, enum dialback_type type)
{
	struct text out;
	struct reader *reader;
	const struct element *e;
	struct dialback back;
	const char *cause;

	text_init(&out, 65536);
	dialback_put_answer(&out, d, type, DIALBACK_FORBIDDEN);
	e = out.failed ? NULL : stanza_read(text_view(&out), NULL, &reader);
	if (!e || !dialback_read(e, &back, &cause) || back.kind != d->kind || back.type != type ||
		strcmp(back.from, d->to) != 0 || strcmp(back.to, d->from) != 0 ||
		(type == DIALBACK_ERROR && back.error != DIALBACK_FORBIDDEN))
		abort();
	same(back.id, d->id);
	reader_free(reader);
	text_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct reader *reader = NULL;
	const struct element *e = stanza_read(view_make(data, len), NULL, &reader);
	struct dialback d;
	const char *cause = NULL;

	if (e && dialback_is(e)) {
		if (!dialback_read(e, &d, &cause)) {
			if (!cause)
				abort();
		} else if (d.type == DIALBACK_REQUEST) {
			write_again(&d);
			answer(&d, DIALBACK_VALID);
			answer(&d, DIALBACK_INVALID);
			answer(&d, DIALBACK_ERROR);
		}
	}
	reader_free(reader);
	return 0;
}
