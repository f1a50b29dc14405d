/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads the tc program that stands between the TAP and the kernel, and reaches its maps. Knows the
 * program and its maps; nothing of namespaces: it works in the one of the calling thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"
#include "rules/prefix.h"

struct load;

/* Load the program for a mode, and its maps. Where it fails, `why` (at least 128 bytes) says what and
 * how to mend it. A program that was loaded for reqsk need not work: ask probe_handoff first
 * (bpf/probe.h). Needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN. 0, -errno. */
int load_open(struct load **out, enum handoff_mode mode, char *why, size_t why_bytes);

/* Detach, if attached, and free. NULL is fine. A program that is to go on without us (after a
 * crash it does) is held by the interface, and its maps with it. */
void load_close(struct load *load);

/* Put the program at the ingress of an interface of this thread's namespace, in the place of one
 * that an earlier run left there. 0, -errno with `why`. */
int load_attach(struct load *load, int ifindex, char *why, size_t why_bytes);

/* Take it away again. In the namespace of load_attach. 0, also if it was not attached; -errno. */
int load_detach(struct load *load);

/* Let SYNs to this address and port through to the listening socket fd, in the place of one that
 * was there. The map does not keep the socket open. Any thread. 0, -errno. */
int load_listener_put(struct load *load, const struct ip_address *address, uint16_t port, int fd);
/* 0, also if there was none; -errno. Any thread. */
int load_listener_remove(struct load *load, const struct ip_address *address, uint16_t port);

/* "syn", "reqsk". */
const char *load_mode_name(enum handoff_mode mode);

/* Frames by fate since load_open, summed over the CPUs. Any thread. 0, -errno. */
int load_counters(struct load *load, uint64_t out[static ABI_FATE_COUNT]);

/* Name of a fate, and whether it lets a frame pass. */
const char *load_fate_name(enum abi_fate fate);
bool load_fate_passes(enum abi_fate fate);

/* The program's descriptor, for tests. */
int load_program_fd(const struct load *load);
