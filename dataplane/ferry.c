/* SPDX-License-Identifier: BSD-3-Clause */
/* The lcore of the TAP. */
#include "dataplane/ferry.h"

#include <errno.h>

#include <rte_malloc.h>

#include "dataplane/crew.h"

enum {
	FERRY_BURST = 32,
	/* Taken of one worker in a turn: all that its ring holds, so that whoever has little finds
	 * room in a queue of its own and not in a ring that somebody else has filled. */
	FERRY_TAKE = CROSSING_FRAMES,
};

int ferry_init(struct ferry *ferry, uint32_t workers)
{
	int rc;

	*ferry = (struct ferry){.workers = workers};
	ferry->counters.partners =
		rte_zmalloc("counters", PARTNER_SLOTS * sizeof(struct partner_counters), 64);
	ferry->counters.blame = blame_new();
	rc = ferry->counters.partners && ferry->counters.blame
		     ? exception_init(&ferry->exception, 0)
		     : -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < workers; i++)
		rc = crossing_init(&ferry->to_workers[i], workers, i);
	return rc == 0 ? tables_reader_join(workers) : rc;
}

void ferry_fini(struct ferry *ferry)
{
	for (uint32_t i = 0; i < ferry->workers; i++)
		crossing_fini(&ferry->to_workers[i]);
	exception_fini(&ferry->exception);
	rte_free(ferry->counters.partners);
	ferry->counters.partners = NULL;
	blame_free(ferry->counters.blame);
	ferry->counters.blame = NULL;
	tables_reader_leave(ferry->workers);
}

/* slot: whose it is; FRAME_OF_ANYBODY: by its address. */
static void drop(struct ferry *ferry, struct rte_mbuf *frame, enum direction way, enum cause cause,
	uint32_t slot)
{
	struct view bytes =
		view_make(rte_pktmbuf_mtod(frame, const uint8_t *), rte_pktmbuf_data_len(frame));
	struct remote remote = remote_of_frame(bytes, way == DIRECTION_IN);

	if (slot == FRAME_OF_ANYBODY)
		slot = remote_partner(tables_now(), &remote);
	blame_dropped(ferry->counters.blame, cause, slot, &remote, ferry->now);
	ferry->counters.fates[way].dropped++;
	ferry->counters.dropped[cause]++;
	rte_pktmbuf_free(frame);
}

/* From the kernel to whom it concerns. */
static void carry_out(struct ferry *ferry, struct rte_mbuf *frame)
{
	struct fates *fates = &ferry->counters.fates[DIRECTION_OUT];
	struct view bytes =
		view_make(rte_pktmbuf_mtod(frame, const uint8_t *), rte_pktmbuf_data_len(frame));
	uint32_t owner = frame->nb_segs == 1 ? steer_frame(bytes, true) : STEER_ANY;

	if (owner == STEER_ANY)
		owner = 0;
	if (crossing_put(&ferry->to_workers[owner], frame))
		fates->passed_on++;
	else
		drop(ferry, frame, DIRECTION_OUT, CAUSE_lcore_full, FRAME_OF_ANYBODY);
}

/* From a worker towards the kernel. */
static void carry_in(struct ferry *ferry, struct rte_mbuf *frame)
{
	uint32_t queue = crossing_queue(frame);
	bool made = crossing_made(frame);
	enum cause cause = exception_put(&ferry->exception, frame, queue, made);

	ferry->counters.fates[DIRECTION_IN].taken_over += !made;
	if (cause == CAUSE_none)
		return;
	if (made) {
		ferry->counters.resets_lost++;
		rte_pktmbuf_free(frame);
		return;
	}
	drop(ferry, frame, DIRECTION_IN, cause,
		queue == 0 ? FRAME_OF_ANYBODY : exception_slot(queue));
}

uint32_t ferry_step(struct ferry *ferry, struct mono now)
{
	struct rte_mbuf *frames[FERRY_BURST];
	uint32_t total = exception_receive(&ferry->exception, frames, FERRY_BURST);
	uint16_t count;

	ferry->now = now;
	ferry->counters.fates[DIRECTION_OUT].received += total;
	for (uint32_t i = 0; i < total; i++)
		carry_out(ferry, frames[i]);
	for (uint32_t w = 0; w < ferry->workers; w++) {
		crossing_flush(&ferry->to_workers[w]);
		for (uint32_t taken = 0; taken < FERRY_TAKE; taken += count) {
			count = crossing_take(ferry->from_workers[w], frames, FERRY_BURST);
			if (count == 0)
				break;
			for (uint16_t i = 0; i < count; i++)
				carry_in(ferry, frames[i]);
			total += count;
		}
	}
	exception_flush(&ferry->exception, &ferry->counters.fates[DIRECTION_IN]);
	tables_quiescent(ferry->workers);
	return total;
}

int ferry_run(void *ferry)
{
	struct ferry *f = ferry;
	struct pace pace = pace_begin(f->idle, f->realtime_priority, mono_now());

	while (!crew_stopping()) {
		struct mono now = mono_now();

		pace_turn(&pace, ferry_step(f, now) > 0, now);
	}
	return 0;
}
