/* SPDX-License-Identifier: BSD-3-Clause */
/* Root at start, little afterwards. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Reserve the signal by which other threads are told. Before the first thread is made (so before
 * rte_eal_init), else those threads cannot be told. */
void privilege_prepare(void);

/* Keep in every thread of the process only the capabilities that the running dataplane needs, and
 * no way to gain others. Kernel-wide, capabilities belong to threads, not to processes. 0, -errno
 * with `why` (at least 128 bytes). */
int privilege_drop(char *why, size_t why_bytes);

/* The calling thread's effective capabilities: bit n is capability n (linux/capability.h). */
uint64_t privilege_effective(void);
