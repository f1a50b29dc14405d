/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream reader: the first byte says how the rest is cut, whether the reader may sleep between
 * the pieces and which limits hold. However cut, the outcome must be the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "control/xmpp/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
	uint32_t headers, stanzas, elements, text_bytes;
	enum reader_event last;
	enum stream_condition condition;
};

static void count(const struct element *e, struct outcome *out)
{
	out->elements++;
	out->text_bytes += e->text.len;
	for (const struct element *c = e->first_child; c; c = c->next) {
		if (c->parent != e)
			abort();
		count(c, out);
	}
}

static enum reader_event take(struct reader *r, struct view piece, struct outcome *out)
{
	enum reader_event event;

	while ((event = reader_next(r, &piece)) != READER_MORE) {
		out->last = event;
		if (event == READER_HEADER)
			out->headers++;
		if (event == READER_STANZA) {
			out->stanzas++;
			count(reader_stanza(r), out);
		}
		if (event == READER_ERROR)
			out->condition = reader_condition(r);
		if (event == READER_ERROR || event == READER_END)
			return event;
	}
	if (piece.len)
		abort();
	return READER_MORE;
}

static void run(struct view all, uint32_t piece, bool sleepy, const struct reader_limits *limits,
	struct outcome *out)
{
	struct reader *r = reader_new(limits);

	*out = (struct outcome){0};
	if (!r)
		abort();
	for (uint32_t at = 0; at < all.len; at += piece) {
		if (take(r, view_sub(all, at, piece), out) != READER_MORE)
			break;
		if (sleepy)
			reader_sleep(r);
		if (reader_memory_bytes(r) > limits->memory_bytes)
			abort();
	}
	reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outcome whole;
	struct outcome cut;
	struct view all;
	const struct reader_limits *limits;

	/* Above this, many small pieces are a refusal of their own. */
	if (len < 1 || len > 2048)
		return 0;
	all = view_make(data + 1, len - 1);
	limits = data[0] & 0x80 ? &reader_limits_partner : &reader_limits_stranger;
	run(all, UINT32_MAX / 2, false, limits, &whole);
	run(all, 1 + (data[0] & 0x3f), (data[0] & 0x40) != 0, limits, &cut);
	if (whole.condition == STREAM_POLICY_VIOLATION || cut.condition == STREAM_POLICY_VIOLATION)
		return 0;
	if (whole.headers != cut.headers || whole.stanzas != cut.stanzas ||
		whole.elements != cut.elements || whole.text_bytes != cut.text_bytes ||
		whole.last != cut.last)
		abort();
	/* Half a character that is wrong where it stands may be refused as the one or the other. */
	if (whole.condition != cut.condition && whole.condition != STREAM_UNSUPPORTED_ENCODING &&
		cut.condition != STREAM_UNSUPPORTED_ENCODING)
		abort();
	return 0;
}
