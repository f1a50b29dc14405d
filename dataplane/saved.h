/* SPDX-License-Identifier: BSD-3-Clause */
/* The last committed filter table on disk, DIR/filter.bin: what the dataplane starts with when no
 * control plane is around. Knows bytes, not their meaning. */
#pragma once

#include "rules/base/view.h"

enum { SAVED_MAX_BYTES = 64 * 1024 * 1024 };

/* Replace the file in one step: after a crash or power loss it is the old one or the new one, whole.
 * Makes the directory (not its parents). 0, -errno. */
int saved_write(const char *directory, struct view bytes);

/* Read the file into malloc'ed memory, which the caller frees. 0; -ENOENT: none was saved;
 * -EMSGSIZE: empty or longer than SAVED_MAX_BYTES; -errno. */
int saved_read(const char *directory, uint8_t **out, size_t *out_bytes);
