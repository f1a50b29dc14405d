/* SPDX-License-Identifier: BSD-3-Clause */
/* The one thread that lives in the kernel side's network namespace, and work for it. Knows the
 * namespace; nothing of what the work is. */
#pragma once

#include <stddef.h>

enum { NETNS_WHY_BYTES = 256 };

/* Start the thread and let it enter the namespace `name` (below /run/netns) for life. Refused by
 * name: a namespace that does not exist, and the one that this process is in itself, where frames
 * of the port would reach the listeners past the filter. After rte_eal_init, which changes signal
 * handling. 0, -errno with `why` (NETNS_WHY_BYTES). Needs CAP_SYS_ADMIN; nothing later does. */
int netns_start(const char *name, char *why, size_t why_bytes);

/* Run work(arg) in the thread and wait for its end; returns what it returns. Any other thread,
 * several at once. -ESHUTDOWN without the thread. */
int netns_call(int (*work)(void *arg), void *arg);

/* End the thread after the work that was handed in. Fine without a thread. */
void netns_stop(void);
