/* SPDX-License-Identifier: BSD-3-Clause */
/* Going before all ordinary threads while one is rested. */
#include "rules/base/realtime.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>

static int go(int priority)
{
	const struct sched_param param = {.sched_priority = priority};
	/* The flag may be set by everybody and taken away by the privileged alone. */
	int policy = (priority > 0 ? SCHED_RR : SCHED_OTHER) | SCHED_RESET_ON_FORK;

	return sched_setscheduler(0, policy, &param) < 0 ? -errno : 0;
}

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_usec * NS_PER_US;
}

static struct realtime_use use_now(void)
{
	struct rusage usage = {0};

	(void)getrusage(RUSAGE_THREAD, &usage);
	return (struct realtime_use){
		ns_of(usage.ru_utime) + ns_of(usage.ru_stime), (uint64_t)usage.ru_nvcsw};
}

int realtime_allow(int priority)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_RTPRIO, &limit) < 0)
		return -errno;
	limit.rlim_cur = (rlim_t)priority;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	return setrlimit(RLIMIT_RTPRIO, &limit) < 0 ? -errno : 0;
}

int realtime_try(int priority)
{
	int rc = go(priority);

	return rc < 0 ? rc : go(0);
}

int realtime_begin(struct realtime *r, int priority, bool one_way, struct mono now)
{
	int rc = priority > 0 ? go(priority) : 0;

	*r = (struct realtime){0};
	if (rc < 0 || priority == 0)
		return rc;
	r->priority = priority;
	r->first = true;
	r->one_way = one_way;
	r->looked = now;
	r->used = use_now();
	return 0;
}

bool realtime_judge(struct realtime *r, struct mono now, const struct realtime_use *used)
{
	uint64_t passed_ns = now.ns - r->looked.ns;
	uint64_t worked_ns = used->cpu_ns - r->used.cpu_ns;
	/* One that others kept from working has little time and much to do. */
	bool rested = used->rests != r->used.rests;
	uint32_t most = r->one_way ? REALTIME_ONE_WAY_LOOKS : 1;

	r->looked = now;
	r->used = *used;
	if (r->first) {
		bool busy = worked_ns * 100 >= passed_ns * REALTIME_BUSY_PERCENT;

		r->busy_looks = busy ? r->busy_looks + 1 : 0;
		return r->busy_looks < most;
	}
	return rested && worked_ns * 100 < passed_ns * REALTIME_RESTED_PERCENT;
}

bool realtime_look(struct realtime *r, struct mono now)
{
	struct realtime_use used;
	bool first;

	if (r->priority == 0 || mono_since_ms(now, r->looked) < REALTIME_LOOK_MS)
		return false;
	used = use_now();
	first = realtime_judge(r, now, &used);
	if (first == r->first || go(first ? r->priority : 0) < 0)
		return false;
	r->first = first;
	r->busy_looks = 0;
	return true;
}

void realtime_lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t kind;

	pthread_mutexattr_init(&kind);
	if (pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT) != 0 ||
		pthread_mutex_init(lock, &kind) != 0)
		pthread_mutex_init(lock, NULL);
	pthread_mutexattr_destroy(&kind);
}
