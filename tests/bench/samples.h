/* SPDX-License-Identifier: BSD-3-Clause */
/* CPU time, and what was measured as the line of JSON that scripts/bench reads. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The thread's own, so that neighbours on the machine do not count. */
static inline uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline int sample_compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline void samples_sort(double *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), sample_compare);
}

/* In the order in which they were taken, and their median. */
static inline void samples_print(
	const char *name, const char *unit, const double *samples, size_t count)
{
	double sorted[256];

	if (count == 0 || count > sizeof(sorted) / sizeof(sorted[0]))
		abort();
	printf("{\"name\": \"%s\", \"unit\": \"%s\", \"samples\": [", name, unit);
	for (size_t i = 0; i < count; i++)
		printf("%s%.6g", i > 0 ? ", " : "", samples[i]);
	memcpy(sorted, samples, count * sizeof(*samples));
	samples_sort(sorted, count);
	printf("], \"value\": %.6g}\n", sorted[count / 2]);
	fflush(stdout);
}
