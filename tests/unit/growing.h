/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes given to a reader as they come: from blocks of exactly their size, so that a read past the end is seen, and a
 * byte more each time. */
#pragma once

#include <stdlib.h>

#include "rules/base/view.h"

/* *end: how many bytes it took, when it is done. */
typedef enum parse growing_read_h(struct view bytes, void *out, struct fault *fault, uint32_t *end);

static inline enum parse growing_exact(
	growing_read_h *read, struct view bytes, void *out, struct fault *fault, uint32_t *end)
{
	uint8_t *copy = malloc(bytes.len ? bytes.len : 1);
	enum parse result;

	assert_non_null(copy);
	if (bytes.len)
		memcpy(copy, bytes.p, bytes.len);
	result = read(view_make(copy, bytes.len), out, fault, end);
	free(copy);
	return result;
}

/* Every prefix: "more" up to some byte, and from there on the same answer for good. `other` is one more like
 * `whole`. */
static inline enum parse growing_read(const char *label, growing_read_h *read, struct view bytes,
	void *whole, void *other, struct fault *fault)
{
	uint32_t end = 0;
	enum parse final = growing_exact(read, bytes, whole, fault, &end);
	bool decided = false;

	for (uint32_t n = 0; n < bytes.len; n++) {
		struct fault early;
		uint32_t early_end = 0;
		enum parse result =
			growing_exact(read, view_sub(bytes, 0, n), other, &early, &early_end);

		if (result == PARSE_NEED_MORE && !decided)
			continue;
		decided = true;
		if (result != final ||
			(result == PARSE_BAD &&
				(strcmp(early.cause, fault->cause) != 0 ||
					early.offset_bytes != fault->offset_bytes)) ||
			(result == PARSE_DONE && early_end != end))
			fail_msg("%s: %u of %u bytes say %d (%s at %u), all %d (%s at %u)", label,
				n, bytes.len, result, early.cause ? early.cause : "-",
				early.offset_bytes, final, fault->cause ? fault->cause : "-",
				fault->offset_bytes);
	}
	return final;
}

/* `part` n times between head and tail. Until the next call. */
static inline struct view growing_repeat(
	const char *head, const char *part, size_t n, const char *tail)
{
	static char text[32 * 1024];
	size_t len = strlen(head);

	memcpy(text, head, len);
	for (size_t i = 0; i < n; i++) {
		memcpy(text + len, part, strlen(part));
		len += strlen(part);
	}
	memcpy(text + len, tail, strlen(tail));
	return view_make(text, len + strlen(tail));
}

/* Each byte of a text set to whatever could matter to readers of text. */
static inline void growing_change_each(
	growing_read_h *read, char *text, uint32_t len, void *whole, void *other)
{
	static const char values[] =
		"\0\x01\t\r\n !\"#&'-./09:;<=>?@ADX[]_flsx\x7f\x80\xa4\xc0\xc3\xed\xf4\xff";

	for (uint32_t at = 0; at < len; at++) {
		char was = text[at];

		for (size_t c = 0; c < sizeof(values) - 1; c++) {
			struct fault fault;

			text[at] = values[c];
			growing_read(text, read, view_make(text, len), whole, other, &fault);
		}
		text[at] = was;
	}
}
