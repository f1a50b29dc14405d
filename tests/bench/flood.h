/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the files of the flood generator: flood.c reads the command line, flood_frames.c makes
 * frames, flood_kernel.c has the kernel make them, flood_connections.c opens true connections. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rules/prefix.h"
#include "tests/bench/flood_plan.h"

struct flood {
	bool syn;              /* frames: SYN, else ACK with a guessed number */
	const char *interface; /* or NULL */
	struct ip_address target;
	uint16_t port;
	struct prefix source;
	uint8_t source_mac[6], target_mac[6];
	bool has_source_mac; /* else the interface's */
	const char *data;    /* that ACKs carry */
	bool in_kernel;      /* who makes the frames */
	uint64_t rate;       /* frames or connections a second; 0: as many as go */
	uint64_t count;      /* connections */
	double seconds;
	const char *say; /* first bytes of connections: nothing, hello, garbage, or a text */
};

/* The frame to start from. 0, -errno with a message on standard error. */
int flood_plan_make(const struct flood *flood, struct flood_plan *plan);

/* Each runs to its end and prints its figures as JSON lines. Exit code. */
int flood_frames(const struct flood *flood);
int flood_kernel(const struct flood *flood);
int flood_sink(const struct flood *flood);
int flood_connections(const struct flood *flood);

double flood_now(void);                      /* seconds */
uint64_t flood_random(void);                 /* not for secrets */
int flood_fail(const char *what, int error); /* says it; EXIT_FAILURE */
