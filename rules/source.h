/* SPDX-License-Identifier: BSD-3-Clause */
/* What a rules document names and does not hold: lists of users and of seats. Who compiles it says how
 * they are read; reading them is all that compiling does with the world outside. */
#pragma once

#include "rules/base/view.h"

enum rules_source_kind {
	RULES_FILE,    /* its name as the document has it: absolute or relative to the document */
	RULES_COMMAND, /* what it prints; nobody but the operator's tool runs one */
};

enum { RULES_SOURCE_BYTES_MAX = 64 * 1024 * 1024 };

/* 0 with *bytes, which the caller frees, or -errno and nothing to free: -ENOTSUP where this kind is not read, -EFBIG for more
 * than RULES_SOURCE_BYTES_MAX. */
typedef int rules_read_h(
	void *arg, enum rules_source_kind kind, const char *name, uint8_t **bytes, size_t *len);

struct rules_reader {
	rules_read_h *read;
	void *arg;
};

/* Reads files from the disk, those with relative names in `arg`, a directory (const char *); refuses
 * commands. */
int rules_read_disk(
	void *arg, enum rules_source_kind kind, const char *name, uint8_t **bytes, size_t *len);
/* All of an open file or pipe, up to max_bytes. 0, -EFBIG, -errno. */
int rules_read_fd(int fd, size_t max_bytes, uint8_t **bytes, size_t *len);
