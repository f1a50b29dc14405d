/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures in the classic format, microseconds, in this machine's byte order, of Ethernet. What is wrong
 * with a file ends the program. */
#pragma once

#include <stdio.h>

#include "tests/ring/frames.h"

struct capture_record {
	uint32_t s, us, kept, whole;
};

/* One that is read. */
struct capture {
	FILE *file;
	struct capture_record next;
	struct octets frame;
	bool any; /* a frame is waiting in `frame` */
};

void capture_open(struct capture *c, const char *path);
void capture_advance(struct capture *c);
/* When the waiting frame was sent; UINT64_MAX: there is none. */
uint64_t capture_us(const struct capture *c);
void capture_close(struct capture *c);

/* One that is written. */
FILE *capture_create(const char *path);
void capture_write(FILE *file, uint64_t us, const struct octets *frame);

/* Say what is wrong and end. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
