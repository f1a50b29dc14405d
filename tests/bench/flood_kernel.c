/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of a flood made in the kernel, several times as fast as through a ring; and their end. */
#include "tests/bench/flood.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "tests/bench/flood.object.h"

enum { REPEAT_FIRST = 1 << 16, REPEAT_MAX = 1 << 22, BATCH = 64 };

/* Long, because each call makes and frees its pages; short enough to end in time, also where the
 * receiver's work is done in these calls. */
static const double call_seconds = 0.4;

static int object_open(struct bpf_object **object, const char *program, int *fd)
{
	struct bpf_program *found;
	int error;

	*object = bpf_object__open_mem(flood_object, sizeof(flood_object), NULL);
	error = *object ? bpf_object__load(*object) : -errno;
	if (error)
		return error;
	found = bpf_object__find_program_by_name(*object, program);
	*fd = found ? bpf_program__fd(found) : -ENOENT;
	return *fd < 0 ? *fd : 0;
}

int flood_kernel(const struct flood *flood)
{
	struct bpf_object *object = NULL;
	struct xdp_md context = {0};
	struct flood_plan plan;
	uint64_t sent = 0;
	uint32_t zero = 0;
	double start;
	int program;
	int error = flood_plan_make(flood, &plan);
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = plan.frame, .ctx_in = &context,
		.ctx_size_in = sizeof(context), .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		.repeat = REPEAT_FIRST, .batch_size = BATCH);

	if (!error)
		error = object_open(&object, "send", &program);
	if (!error)
		error = bpf_map_update_elem(
			bpf_object__find_map_fd_by_name(object, "plans"), &zero, &plan, BPF_ANY);
	run.data_size_in = plan.frame_bytes;
	context.data_end = plan.frame_bytes;
	start = flood_now();
	while (!error && flood_now() < start + flood->seconds) {
		double then = flood_now();

		error = bpf_prog_test_run_opts(program, &run);
		sent += (uint64_t)run.repeat;
		if (flood_now() - then < call_seconds / 2 && run.repeat < REPEAT_MAX)
			run.repeat *= 2;
	}
	bpf_object__close(object);
	if (error)
		return flood_fail("frames made in the kernel", error);
	/* What the receiver's ring had no room for is lost, as at a card. */
	printf("{\"what\": \"%s\", \"by\": \"kernel\", \"sent\": %llu, \"pps\": %.0f}\n",
		flood->syn ? "syn" : "ack", (unsigned long long)sent,
		(double)sent / (flood_now() - start));
	return EXIT_SUCCESS;
}

static uint64_t count_received(struct bpf_object *object)
{
	uint64_t each[256] = {0};
	uint64_t sum = 0;
	uint32_t zero = 0;

	if (libbpf_num_possible_cpus() > 256)
		return 0;
	bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, "received"), &zero, each);
	for (int i = 0; i < 256; i++)
		sum += each[i];
	return sum;
}

int flood_sink(const struct flood *flood)
{
	int ifindex = (int)if_nametoindex(flood->interface);
	struct bpf_object *object = NULL;
	double start = flood_now();
	uint64_t before = 0;
	int program;
	int error = object_open(&object, "sink", &program);

	if (!error)
		error = bpf_xdp_attach(ifindex, program, XDP_FLAGS_DRV_MODE, NULL);
	while (!error && flood_now() < start + flood->seconds) {
		double then = flood_now();
		uint64_t now;

		sleep(1);
		now = count_received(object);
		printf("{\"what\": \"sink\", \"received\": %llu, \"pps\": %.0f}\n",
			(unsigned long long)now, (double)(now - before) / (flood_now() - then));
		fflush(stdout);
		before = now;
	}
	if (!error)
		bpf_xdp_detach(ifindex, XDP_FLAGS_DRV_MODE, NULL);
	bpf_object__close(object);
	return error ? flood_fail(flood->interface, error) : EXIT_SUCCESS;
}
