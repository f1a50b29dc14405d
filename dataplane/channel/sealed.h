/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes too large for a packet: a memfd that nobody can change any more, whoever holds it. The
 * receiver trusts the seals, not the sender. */
#pragma once

#include "rules/base/view.h"

/* A sealed (write, grow, shrink, seal), close-on-exec memfd holding these bytes. The descriptor, or
 * -errno. name shows up in /proc only. */
int sealed_make(const char *name, struct view bytes);

/* Map a received descriptor read-only. bytes: the size the sender announced; 1 to max_bytes. 0,
 * -EPERM (not sealed, or no memfd), -EMSGSIZE (size differs from the announced one or is outside
 * the bounds), or -errno of mmap. The descriptor stays the caller's and may be closed at once. */
int sealed_map(int fd, uint64_t bytes, uint64_t max_bytes, struct view *out);

/* Fine on an empty view. */
void sealed_unmap(struct view *mapped);
