/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings of the kernel, for preflight.h. */
#pragma once

#include <stddef.h>

/* The file at `path` below /proc/sys, as the calling thread's namespace has it, into out with a NUL behind
 * it. 0, -errno. */
int setting_read(void *unused, const char *path, char *out, size_t cap_bytes);
