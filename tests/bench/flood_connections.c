/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections by the hundred thousand from as many addresses, that say nothing, too little, or
 * nonsense. Several processes share them where one may not have so many descriptors. */
#include "tests/bench/flood.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
	EVENTS = 256,
	SAY_MAX_BYTES = 256,
	OPEN_BURST = 256,
	SPARE_DESCRIPTORS = 64,
	PROCESSES_MAX = 64
};

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

struct tally {
	uint64_t opened, established, refused, reset, closed, failed;
	uint64_t pending, held; /* now */
};

/* What one process does. */
struct crowd {
	const struct flood *flood;
	uint64_t count, rate; /* its share */
	uint64_t first, step; /* the numbers of its connections */
	int epoll_fd;
	uint8_t *established; /* by descriptor */
	uint32_t descriptors;
	uint8_t say[SAY_MAX_BYTES];
	uint32_t say_bytes;
	struct tally *tally; /* shared with the process that reports */
};

/* A ClientHello as far as its random number: 471 of its bytes never come. */
static const uint8_t hello[] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};

static void choose_words(struct crowd *crowd)
{
	const char *say = crowd->flood->say;

	if (strcmp(say, "nothing") == 0)
		return;
	if (strcmp(say, "hello") == 0) {
		memcpy(crowd->say, hello, sizeof(hello));
		crowd->say_bytes = sizeof(hello) + 30;
	} else if (strcmp(say, "garbage") == 0) {
		for (crowd->say_bytes = 0; crowd->say_bytes < 64; crowd->say_bytes++)
			crowd->say[crowd->say_bytes] = (uint8_t)(0x80 | flood_random());
	} else {
		crowd->say_bytes = (uint32_t)strnlen(say, SAY_MAX_BYTES);
		memcpy(crowd->say, say, crowd->say_bytes);
	}
}

/* The number spread over the bits behind the prefix, so that neighbours are far apart. */
static void source_number(const struct prefix *source, uint64_t number, uint8_t out[16])
{
	uint32_t family_bits = source->address.family_bits;
	uint32_t bits = family_bits - source->length_bits;
	uint32_t spread = (uint32_t)number * 2654435761u;

	if (bits > 32)
		bits = 32;
	memcpy(out, source->address.bytes, 16);
	for (uint32_t i = 0; i < bits; i++) {
		uint32_t at = source->length_bits + i;

		if (spread >> (31 - i) & 1)
			out[at / 8] |= (uint8_t)(0x80 >> at % 8);
	}
}

static int set_option(int fd, int level, int name)
{
	int one = 1;

	return setsockopt(fd, level, name, &one, sizeof(one));
}

static int connect_from(const struct flood *flood, const uint8_t address[16])
{
	struct sockaddr_in6 from6 = {.sin6_family = AF_INET6};
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(flood->port)};
	struct sockaddr_in from4 = {.sin_family = AF_INET};
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(flood->port)};
	bool v6 = flood->target.family_bits == 128;
	const struct sockaddr *from = v6 ? (void *)&from6 : (void *)&from4;
	const struct sockaddr *to = v6 ? (void *)&to6 : (void *)&to4;
	socklen_t len = v6 ? sizeof(from6) : sizeof(from4);
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(&from6.sin6_addr, address, 16);
	memcpy(&to6.sin6_addr, flood->target.bytes, 16);
	memcpy(&from4.sin_addr, address, 4);
	memcpy(&to4.sin_addr, flood->target.bytes, 4);
	/* When the time is over a hundred thousand end at once: by a reset each, not by FINs that the
	 * kernel would repeat for a minute. */
	setsockopt(
		fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
	set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
	set_option(fd, IPPROTO_IP, IP_FREEBIND);
	if (v6)
		set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND);
	if (bind(fd, from, len) < 0 || (connect(fd, to, len) < 0 && errno != EINPROGRESS)) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

static void open_one(struct crowd *crowd)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP};
	uint8_t address[16];
	int fd;

	source_number(&crowd->flood->source, crowd->first + crowd->step * crowd->tally->opened++,
		address);
	fd = connect_from(crowd->flood, address);
	event.data.fd = fd;
	if (fd < 0 || (uint32_t)fd >= crowd->descriptors ||
		epoll_ctl(crowd->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		crowd->tally->failed++;
		if (fd >= 0)
			close(fd);
		return;
	}
	crowd->established[fd] = 0;
	crowd->tally->pending++;
}

static void end_one(struct crowd *crowd, int fd)
{
	struct tally *tally = crowd->tally;
	socklen_t len = sizeof(int);
	int error = 0;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (crowd->established[fd])
		tally->held--;
	else
		tally->pending--;
	if (error == ECONNREFUSED)
		tally->refused++;
	else if (error == ECONNRESET || error == EPIPE)
		tally->reset++;
	else if (error)
		tally->failed++;
	else
		tally->closed++;
	close(fd);
}

static void take_event(struct crowd *crowd, const struct epoll_event *event)
{
	struct epoll_event from_now = {.events = EPOLLRDHUP, .data = event->data};
	int fd = event->data.fd;

	if (event->events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
		end_one(crowd, fd);
		return;
	}
	crowd->established[fd] = 1;
	crowd->tally->established++;
	crowd->tally->pending--;
	crowd->tally->held++;
	if (crowd->say_bytes)
		send(fd, crowd->say, crowd->say_bytes, MSG_NOSIGNAL);
	epoll_ctl(crowd->epoll_fd, EPOLL_CTL_MOD, fd, &from_now);
}

static void report(const struct tally *tallies, uint32_t processes, double since)
{
	struct tally t = {0};

	for (uint32_t i = 0; i < processes; i++) {
		t.opened += tallies[i].opened;
		t.established += tallies[i].established;
		t.held += tallies[i].held;
		t.pending += tallies[i].pending;
		t.refused += tallies[i].refused;
		t.reset += tallies[i].reset;
		t.closed += tallies[i].closed;
		t.failed += tallies[i].failed;
	}
	printf("{\"what\": \"connections\", \"seconds\": %.1f, \"opened\": %llu, "
	       "\"established\": %llu, \"held\": %llu, \"pending\": %llu, \"refused\": %llu, "
	       "\"reset\": %llu, \"closed\": %llu, \"failed\": %llu}\n",
		flood_now() - since, (unsigned long long)t.opened,
		(unsigned long long)t.established, (unsigned long long)t.held,
		(unsigned long long)t.pending, (unsigned long long)t.refused,
		(unsigned long long)t.reset, (unsigned long long)t.closed,
		(unsigned long long)t.failed);
	fflush(stdout);
}

static int crowd_init(struct crowd *crowd)
{
	crowd->descriptors = (uint32_t)crowd->count + SPARE_DESCRIPTORS;
	choose_words(crowd);
	crowd->established = calloc(crowd->descriptors, 1);
	crowd->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return crowd->established && crowd->epoll_fd >= 0 ? 0 : -ENOMEM;
}

/* Each that ended makes room for another, until the time is over. */
static void open_due(struct crowd *crowd, double start)
{
	const struct tally *t = crowd->tally;
	uint64_t allowed = UINT64_MAX;

	if (crowd->rate)
		allowed = (uint64_t)((flood_now() - start) * (double)crowd->rate);
	for (int i = 0; i < OPEN_BURST && t->opened < allowed; i++) {
		if (t->pending + t->held >= crowd->count)
			return;
		open_one(crowd);
	}
}

/* One process, to the end; the kernel closes what is open then. */
static void crowd_run(struct crowd *crowd, double start)
{
	struct epoll_event events[EVENTS];

	if (crowd_init(crowd) < 0) {
		crowd->tally->failed++;
		return;
	}
	while (flood_now() < start + crowd->flood->seconds) {
		int count;

		open_due(crowd, start);
		count = epoll_wait(crowd->epoll_fd, events, EVENTS, 1);
		for (int i = 0; i < count; i++)
			take_event(crowd, &events[i]);
	}
}

/* As many descriptors as allowed. How many connections one process can have. */
static uint64_t raise_limit(uint64_t wanted)
{
	struct rlimit limit = {wanted + SPARE_DESCRIPTORS, wanted + SPARE_DESCRIPTORS};

	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return wanted;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur - SPARE_DESCRIPTORS;
}

/* What is left over of a division by the processes is the first one's. */
static uint64_t share(uint64_t whole, uint32_t processes, uint32_t i)
{
	return whole / processes + (i == 0 ? whole % processes : 0);
}

static int start_process(const struct flood *flood, uint32_t processes, uint32_t i,
	struct tally *tally, double start)
{
	struct crowd crowd = {.flood = flood,
		.count = share(flood->count, processes, i),
		.rate = share(flood->rate, processes, i),
		.first = i,
		.step = processes,
		.tally = tally};
	pid_t pid = fork();

	if (pid != 0)
		return pid < 0 ? -errno : 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	crowd_run(&crowd, start);
	_exit(EXIT_SUCCESS);
}

int flood_connections(const struct flood *flood)
{
	uint64_t each = raise_limit(flood->count);
	uint32_t processes = (uint32_t)((flood->count + each - 1) / each);
	size_t bytes = PROCESSES_MAX * sizeof(struct tally);
	struct tally *tallies =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double start = flood_now();
	int error = processes > PROCESSES_MAX ? -E2BIG : 0;

	if (tallies == MAP_FAILED)
		error = -ENOMEM;
	for (uint32_t i = 0; i < processes && !error; i++)
		error = start_process(flood, processes, i, &tallies[i], start);
	for (double next = start + 1; !error && next < start + flood->seconds; next += 1) {
		struct timespec until = {.tv_sec = (time_t)next,
			.tv_nsec = (long)((next - (double)(time_t)next) * 1e9)};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		report(tallies, processes, start);
	}
	while (wait(NULL) > 0)
		;
	if (error)
		return flood_fail("connections", error);
	report(tallies, processes, start);
	return EXIT_SUCCESS;
}
