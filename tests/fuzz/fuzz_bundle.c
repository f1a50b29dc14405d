/* SPDX-License-Identifier: BSD-3-Clause */
/* A bundle of rules and certificates: refused, or all of it lies inside the block and makes the same
 * block again. */
#include <stdlib.h>
#include <string.h>

#include "control/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void within(struct view part, const uint8_t *data, size_t len)
{
	if (part.p < data || part.p + part.len > data + len)
		abort();
}

static void make_again(const struct bundle *bundle, const uint8_t *data, size_t len)
{
	struct bundle_file *files = calloc(bundle->file_count + 1, sizeof(*files));
	char **names = calloc(bundle->file_count + 1, sizeof(*names));
	struct view rest = bundle->files;
	uint8_t *again;
	size_t bytes;

	for (uint32_t i = 0; i < bundle->file_count; i++) {
		uint32_t name_len;
		uint32_t bytes_len;

		memcpy(&name_len, rest.p, 4);
		names[i] = view_dup(view_sub(rest, 4, name_len));
		files[i].name = names[i];
		rest = view_sub(rest, 4 + name_len, UINT32_MAX);
		memcpy(&bytes_len, rest.p, 4);
		rest = view_sub(rest, 4 + bytes_len, UINT32_MAX);
		if (!bundle_file(bundle, view_of(names[i]), &files[i].bytes) ||
			files[i].bytes.len != bytes_len)
			abort();
		within(files[i].bytes, data, len);
	}
	if (bundle_make(bundle->origin, bundle->document, files, bundle->file_count, &again,
		    &bytes) != 0 ||
		bytes != len || memcmp(again, data, len) != 0)
		abort();
	bundle_free(again, bytes);
	for (uint32_t i = 0; i < bundle->file_count; i++)
		free(names[i]);
	free(names);
	free(files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bundle bundle;
	struct fault fault = {0};

	if (len > 1024 * 1024)
		return 0;
	if (bundle_open(view_make(data, len), &bundle, &fault) == PARSE_DONE) {
		within(bundle.origin, data, len);
		within(bundle.document, data, len);
		make_again(&bundle, data, len);
	} else if (!fault.cause || fault.offset_bytes > len || bundle.document.p) {
		abort();
	}
	return 0;
}
