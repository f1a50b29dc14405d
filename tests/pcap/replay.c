/* SPDX-License-Identifier: BSD-3-Clause */
/* replay RULES SEND_PORT SEND_TAP OUT_PORT OUT_TAP UNTIL_MS: frames of two captures through the packet
 * stages, in the order and at the times that they are stamped with; what leaves goes into two more.
 * Prints the counters as JSON. Its clock is the captures': nothing waits. */
#include "tests/ring/ring.h"

#include <stdio.h>
#include <stdlib.h>

#include "dataplane/report.h"

/* The classic format, microseconds, in this machine's byte order. */
struct pcap_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, longest, link;
};

struct pcap_record {
	uint32_t s, us, kept, whole;
};

struct capture {
	FILE *file;
	struct pcap_record next;
	struct octets frame;
	bool any; /* a frame is waiting in `frame` */
};

static const struct mono start = {1000 * UINT64_C(1000000000)};

static void die(const char *what)
{
	fprintf(stderr, "replay: %s\n", what);
	exit(2);
}

static void capture_advance(struct capture *c)
{
	c->any = fread(&c->next, sizeof(c->next), 1, c->file) == 1;
	if (!c->any)
		return;
	c->frame.len = c->next.kept;
	if (c->next.kept > sizeof(c->frame.bytes) ||
		fread(c->frame.bytes, 1, c->next.kept, c->file) != c->next.kept)
		die("capture with a frame cut or too long");
}

static void capture_open(struct capture *c, const char *path)
{
	struct pcap_header h;

	c->file = fopen(path, "rb");
	if (!c->file || fread(&h, sizeof(h), 1, c->file) != 1 || h.magic != 0xa1b2c3d4)
		die(path);
	capture_advance(c);
}

static FILE *output_open(const char *path)
{
	const struct pcap_header h = {0xa1b2c3d4, 2, 4, 0, 0, 65535, 1};
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(&h, sizeof(h), 1, file) != 1)
		die(path);
	return file;
}

static void output_frame(FILE *file, const struct octets *frame)
{
	uint64_t us = (now.ns - start.ns) / 1000;
	const struct pcap_record r = {
		(uint32_t)(us / 1000000), (uint32_t)(us % 1000000), frame->len, frame->len};

	if (fwrite(&r, sizeof(r), 1, file) != 1 ||
		fwrite(frame->bytes, 1, frame->len, file) != frame->len)
		die("cannot write");
}

static void collect(FILE *port, FILE *tap)
{
	struct taken t;

	ring_step();
	while ((t = ring_taken_by_port()).any)
		output_frame(port, &t.frame);
	while ((t = ring_taken_by_tap()).any)
		output_frame(tap, &t.frame);
}

/* Turn by turn, a millisecond each, up to a time. */
static void pass_until(uint64_t us, FILE *port, FILE *tap)
{
	const uint64_t target_ns = start.ns + us * 1000;

	while (now.ns + 1000000 < target_ns) {
		now.ns += 1000000;
		collect(port, tap);
	}
	now.ns = target_ns;
	collect(port, tap);
}

static uint64_t capture_us(const struct capture *c)
{
	return c->any ? c->next.s * UINT64_C(1000000) + c->next.us : UINT64_MAX;
}

static char *read_text(const char *path)
{
	static char text[64 * 1024];
	FILE *file = fopen(path, "rb");

	if (!file)
		die(path);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	struct capture in = {0}, out = {0};
	FILE *port, *tap;
	json_t *counters;

	if (argc != 7)
		die("usage: replay RULES SEND_PORT SEND_TAP OUT_PORT OUT_TAP UNTIL_MS");
	if (ring_start(NULL) != 0 || ring_setup(NULL) != 0)
		die("cannot start");
	ring_publish(read_text(argv[1]));
	capture_open(&in, argv[2]);
	capture_open(&out, argv[3]);
	port = output_open(argv[4]);
	tap = output_open(argv[5]);
	now = start;
	while (in.any || out.any) {
		bool inward = capture_us(&in) <= capture_us(&out);
		struct capture *c = inward ? &in : &out;

		pass_until(capture_us(c), port, tap);
		if (inward)
			ring_from_port(c->frame);
		else
			ring_from_tap(c->frame);
		collect(port, tap);
		capture_advance(c);
	}
	pass_until(strtoull(argv[6], NULL, 10) * 1000, port, tap);
	fclose(port);
	fclose(tap);
	counters = report_counters();
	json_dumpf(counters, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(counters);
	return ring_teardown(NULL) == 0 ? 0 : 1;
}
