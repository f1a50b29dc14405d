/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of the operators' blocks: what is accepted prints and reads the same again. */
#include <stdlib.h>
#include <string.h>

#include "control/blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_again(const struct blocks *blocks, const char *boot, struct mono now)
{
	struct blocks again;
	struct fault fault;
	struct text text;

	text_init(&text, BLOCKS_FILE_BYTES_MAX);
	blocks_print(blocks, boot, now, &text);
	if (text.failed || blocks_parse(text_view(&text), boot, now, &again, &fault) != PARSE_DONE)
		abort();
	/* Ends are kept in milliseconds: one of less than that may be over. */
	if (again.count > blocks->count)
		abort();
	for (uint32_t i = 0; i < again.count; i++)
		if (!blocks_find(blocks, again.list[i].what, again.list[i].subtree))
			abort();
	blocks_free(&again);
	text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char boot[] = "11111111-2222-3333-4444-555555555555";
	const struct mono now = {60 * NS_PER_S};
	struct blocks blocks;
	struct fault fault = {0};

	if (len > 64 * 1024)
		return 0;
	if (blocks_parse(view_make(data, len), boot, now, &blocks, &fault) == PARSE_DONE) {
		read_again(&blocks, boot, now);
		blocks_free(&blocks);
	} else if (!fault.cause || fault.offset_bytes > len || blocks.count != 0) {
		abort();
	}
	return 0;
}
