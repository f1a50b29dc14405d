/* SPDX-License-Identifier: BSD-3-Clause */
/* Octets that a test keeps in a file under tests/unit/data. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "rules/base/view.h"

enum { DATA_FILE_MAX_BYTES = 64 * 1024 };

/* The whole file, malloc'ed, the caller frees; ends the test if it is not there. */
static inline struct view data_file_read(const char *name)
{
	uint8_t *bytes = malloc(DATA_FILE_MAX_BYTES);
	char path[512];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA_DIR, name);
	file = fopen(path, "rb");
	if (!file || !bytes) {
		fail_msg("cannot read %s", path);
		abort(); /* fail_msg does not return, which not every compiler knows */
	}
	len = fread(bytes, 1, DATA_FILE_MAX_BYTES, file);
	fclose(file);
	return view_make(bytes, len);
}
