/* SPDX-License-Identifier: BSD-3-Clause */
/* replay STEPS SEND_PORT SEND_TAP OUT_PORT OUT_TAP UNTIL_US: steps (steps.h) and the frames of two
 * captures through the packet stages, in the order and at the times that they are stamped with; what
 * leaves goes into two more. Prints the counters as JSON at each step that says so, and at the end.
 * Its clock is the captures': nothing waits. After every turn each frame must have had one fate.
 * replay --causes: all causes there are, one a line. */
#include "tests/ring/ring.h"

#include <stdio.h>
#include <stdlib.h>

#include "dataplane/report.h"
#include "tests/pcap/capture.h"
#include "tests/pcap/steps.h"

static const struct mono start = {1000 * UINT64_C(1000000000)};

static struct {
	struct capture send[DIRECTIONS];
	FILE *out[DIRECTIONS]; /* of what went in that direction */
	struct steps steps;
	uint64_t given[DIRECTIONS], taken[DIRECTIONS];
} play;

static uint64_t now_us(void)
{
	return (now.ns - start.ns) / 1000;
}

/* What was given was received, what was forwarded or made here came out, and the causes add up. */
static void check_fates(void)
{
	const struct counters *c = &edge->counters;

	if (!report_balance(c))
		die("at %llu us received frames and their fates differ",
			(unsigned long long)now_us());
	for (int d = 0; d < DIRECTIONS; d++) {
		const struct fates *f = &c->fates[d];

		if (f->received != play.given[d])
			die("at %llu us, direction %d: %llu frames received of %llu",
				(unsigned long long)now_us(), d, (unsigned long long)f->received,
				(unsigned long long)play.given[d]);
		if (f->forwarded + f->made != play.taken[d])
			die("at %llu us, direction %d: %llu frames came out, not %llu + %llu resets",
				(unsigned long long)now_us(), d, (unsigned long long)play.taken[d],
				(unsigned long long)f->forwarded, (unsigned long long)f->made);
	}
}

static void collect(enum direction direction)
{
	bool port = direction == DIRECTION_OUT;
	struct taken t;

	if (step_is_full(port))
		return;
	while ((t = port ? ring_taken_by_port() : ring_taken_by_tap()).any) {
		capture_write(play.out[direction], now_us(), &t.frame);
		play.taken[direction]++;
	}
}

static void turn(void)
{
	ring_step();
	collect(DIRECTION_OUT);
	collect(DIRECTION_IN);
	check_fates();
}

/* Turn by turn, a millisecond each, up to a time. */
static void pass_until(uint64_t us)
{
	const uint64_t target_ns = start.ns + us * 1000;

	while (now.ns + 1000000 < target_ns) {
		now.ns += 1000000;
		turn();
	}
	now.ns = target_ns;
	turn();
}

/* What comes next: at one time first a step, then a frame from the port. False: nothing is left. */
static bool play_next(void)
{
	struct capture *port = &play.send[DIRECTION_IN];
	struct capture *tap = &play.send[DIRECTION_OUT];
	bool inward = capture_us(port) <= capture_us(tap);
	struct capture *c = inward ? port : tap;

	if (play.steps.any && steps_us(&play.steps) <= capture_us(c)) {
		pass_until(steps_us(&play.steps));
		step_do(&play.steps.next);
		steps_advance(&play.steps);
	} else if (c->any) {
		pass_until(capture_us(c));
		step_frame(inward, &c->frame);
		play.given[inward ? DIRECTION_IN : DIRECTION_OUT]++;
		capture_advance(c);
	} else {
		return false;
	}
	turn();
	return true;
}

static int print_causes(void)
{
	for (int cause = CAUSE_none + 1; cause < CAUSE_COUNT; cause++)
		puts(cause_name((enum cause)cause));
	return 0;
}

int main(int argc, char **argv)
{
	int rc;

	if (argc == 2 && strcmp(argv[1], "--causes") == 0)
		return print_causes();
	if (argc != 7)
		die("usage: replay STEPS SEND_PORT SEND_TAP OUT_PORT OUT_TAP UNTIL_US");
	if (ring_start(NULL) != 0 || ring_setup(NULL) != 0)
		die("cannot start");
	tables_publish(NULL);
	steps_open(&play.steps, argv[1]);
	capture_open(&play.send[DIRECTION_IN], argv[2]);
	capture_open(&play.send[DIRECTION_OUT], argv[3]);
	play.out[DIRECTION_OUT] = capture_create(argv[4]);
	play.out[DIRECTION_IN] = capture_create(argv[5]);
	now = start;
	/* A config step makes a new worker, which must not have had a turn with another clock. */
	if (play.steps.any && strcmp(play.steps.next.words[0], "config") == 0) {
		step_do(&play.steps.next);
		steps_advance(&play.steps);
	}
	while (play_next())
		;
	pass_until(strtoull(argv[6], NULL, 10));
	steps_show();
	steps_finish();
	steps_close(&play.steps);
	for (int d = 0; d < DIRECTIONS; d++) {
		capture_close(&play.send[d]);
		fclose(play.out[d]);
	}
	rc = ring_teardown(NULL);
	return rc == 0 ? 0 : 1;
}
