/* SPDX-License-Identifier: BSD-3-Clause */
/* Is the kernel side as handing over needs it? Looks at settings and capabilities before anything is
 * opened, and says of each that is wrong what it is, what it must be, why, and how to set it: many a
 * wrong one would else show as connections that vanish. Pure: settings are read by the caller. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

enum { PREFLIGHT_FINDINGS_MAX = 32, PREFLIGHT_TEXT_BYTES = 384 };

struct preflight {
	enum handoff_mode mode;
	const char *netns;     /* name of the kernel side's namespace, for the remedies */
	const char *tap;       /* name of the TAP in it */
	uint32_t backlog;      /* of the listeners */
	uint64_t capabilities; /* effective ones: bit n is capability n (linux/capability.h) */
	/* Read the text of a file below /proc/sys of the namespace ("net/ipv4/tcp_sack") into out,
	 * with a NUL behind it. 0, -errno. */
	int (*read)(void *arg, const char *path, char *out, size_t cap_bytes);
	void *arg;
};

struct preflight_finding {
	int must; /* it will not work like this; else it is only advised */
	char text[PREFLIGHT_TEXT_BYTES];
};

struct preflight_report {
	uint32_t count;
	uint32_t musts; /* among them */
	struct preflight_finding findings[PREFLIGHT_FINDINGS_MAX];
};

/* Look at everything; the report is empty if all is well. Any thread. */
void preflight_check(const struct preflight *asked, struct preflight_report *out);
