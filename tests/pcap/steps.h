/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens to an edge between frames, as a text: one step a line, "US VERB WORDS...", in the
 * order of their times.
 *
 *   config NAME=NUMBER...     first of all: vlan, mtu, flows, gathers of the worker, or
 *                             handoff=reqsk
 *   rules FILE | none         rules come into force, as a commit does it; partners keep their ids
 *   block TARGET SECONDS      a verdict about a source (address or prefix) or a domain
 *   unblock TARGET
 *   verdict REMOTE PORT LOCAL PORT verified|suspicious PARTNER_ID [DOMAIN]
 *   announce LOCAL PORT REMOTE PORT MARK MS    an outbound connection, for that time
 *   tap full|free, port full|free              whether it takes frames
 *   control down|up           whether somebody accepts connections
 *   frames whole|pieces|bare  how the next ones come: in two buffers; without room in front
 *   show                      print the counters here, too */
#pragma once

#include "tests/pcap/capture.h"

enum { STEP_WORDS = 8 };

struct step {
	uint64_t us;
	unsigned count; /* words */
	char *words[STEP_WORDS];
	char line[512];
};

struct steps {
	FILE *file;
	struct step next;
	bool any; /* a step is waiting in `next` */
};

void steps_open(struct steps *steps, const char *path);
void steps_advance(struct steps *steps);
void steps_close(struct steps *steps);
/* When the waiting step is to be done; UINT64_MAX: there is none. */
uint64_t steps_us(const struct steps *steps);

/* Do one, at the harness' time. What cannot be done ends the program. */
void step_do(const struct step *step);
/* Give a frame to the edge, in the way that `frames` said. */
void step_frame(bool from_port, const struct octets *frame);
/* Does it take frames? While not, there are none to be taken either. */
bool step_is_full(bool port);
/* Print the counters as one line of JSON. */
void steps_show(void);
/* Let everything take again, and forget the partners. */
void steps_finish(void);
