/* SPDX-License-Identifier: BSD-3-Clause */
/* Which way of handing connections over works on this kernel, found out by doing it: a connection is
 * handed over in a network namespace of its own, which is gone afterwards. No version is asked:
 * distributions carry features back, and settings take them away. */
#pragma once

#include <stddef.h>

#include "bpf/abi.h"

/* HANDOFF_REQSK if a listener accepted a connection, with its first bytes, whose handshake the kernel
 * never saw, over IPv4 and, where the kernel has it, over IPv6. Else HANDOFF_SYN, and `why` (at
 * least 256 bytes) says what did not work and what would mend it; it is empty with HANDOFF_REQSK.
 * Takes some milliseconds, at most three seconds. Needs /dev/net/tun, CAP_SYS_ADMIN and what
 * load_open needs. Any thread, which stays where it is. */
enum handoff_mode probe_handoff(char *why, size_t why_bytes);
