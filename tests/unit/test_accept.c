/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking connections off listening sockets. */
#include "tests/unit/test.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/accept.h"
#include "control/counters.h"
#include "control/socket_address.h"
#include "rules/base/mark.h"

enum { TAKEN_MAX = 256 };

struct bench {
	struct loop *loop;
	struct timer *deadline;
	struct acceptor *acceptor;
	struct filter_listener listener;
	int taken[TAKEN_MAX];
	int count;
	int wanted; /* stop after this many */
	uint32_t mark;
	bool has_service;
	struct service service;
	struct ip_address peer;
};

static void on_accept(void *arg, int fd, const struct ip_address *peer, uint32_t mark,
	const struct service *service)
{
	struct bench *b = arg;

	assert_true(b->count < TAKEN_MAX);
	b->taken[b->count++] = fd;
	b->mark = mark;
	b->has_service = service != NULL;
	if (service)
		b->service = *service;
	b->peer = *peer;
	if (b->count == b->wanted)
		loop_stop(b->loop);
}

static void time_over(void *arg)
{
	struct bench *b = arg;

	loop_stop(b->loop);
}

static void run(struct bench *b, uint64_t ms)
{
	timer_set_ms(b->deadline, ms);
	loop_run(b->loop);
	timer_clear(b->deadline);
}

static void bench_open(struct bench *b)
{
	struct sockaddr_storage address;
	struct ip_address bound;
	socklen_t len;

	counters_clear();
	*b = (struct bench){.loop = loop_new()};
	b->deadline = timer_new(b->loop, time_over, b);
	b->acceptor = acceptor_new(b->loop, on_accept, b);
	assert_non_null(b->acceptor);
	assert_true(ip_address_parse(VIEW("127.0.0.1"), &b->listener.service.address));
	b->listener.service.protocol = PROTOCOL_SIP;
	b->listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	len = socket_address_make(&b->listener.service.address, 0, &address);
	assert_int_equal(bind(b->listener.fd, (const struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(b->listener.fd, 512), 0);
	len = sizeof(address);
	assert_int_equal(getsockname(b->listener.fd, (struct sockaddr *)&address, &len), 0);
	assert_true(socket_address_read(&address, &bound, &b->listener.service.port));
}

static void bench_close(struct bench *b)
{
	for (int i = 0; i < b->count; i++)
		close(b->taken[i]);
	acceptor_free(b->acceptor);
	close(b->listener.fd);
	timer_free(b->deadline);
	loop_free(b->loop);
}

static int client(uint16_t port)
{
	struct sockaddr_storage address;
	struct ip_address loopback;
	socklen_t len;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(ip_address_parse(VIEW("127.0.0.1"), &loopback));
	len = socket_address_make(&loopback, port, &address);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, len), 0);
	return fd;
}

/* Was it closed by the other side? */
static bool is_closed(int fd)
{
	char byte;
	struct timeval second = {.tv_sec = 1};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	return recv(fd, &byte, 1, 0) == 0 || errno == ECONNRESET;
}

/* Children inherit the listener's mark; setting one is for CAP_NET_ADMIN. */
static bool mark_set(struct bench *b, uint32_t mark)
{
	return setsockopt(b->listener.fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;
}

static void a_connection_without_a_mark_is_closed_and_counted(void **state)
{
	struct bench b;
	int fd;

	bench_open(&b);
	assert_int_equal(acceptor_federation(b.acceptor, &b.listener, 1), 0);
	fd = client(b.listener.service.port);
	run(&b, 100);
	assert_int_equal(b.count, 0);
	assert_true(is_closed(fd));
	assert_int_equal(counter_get("accept.refused", "no_mark"), 1);
	close(fd);
	bench_close(&b);
}

static void a_connection_with_a_mark_arrives_with_it(void **state)
{
	static const struct {
		enum source_class class;
		bool fine;
	} cases[] = {
		{CLASS_UNKNOWN, true},
		{CLASS_CLAIMED, true},
		{CLASS_VERIFIED, true},
		{CLASS_SUSPICIOUS, true},
		{CLASS_OUTBOUND, false},
		{CLASS_BLOCKED, false},
		{(enum source_class)9, false},
	};
	struct bench b;
	int bad = 0;

	bench_open(&b);
	if (!mark_set(&b, 1)) {
		bench_close(&b);
		print_message("without CAP_NET_ADMIN no socket can be marked\n");
		skip();
	}
	assert_int_equal(acceptor_federation(b.acceptor, &b.listener, 1), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t mark = mark_make(cases[i].class, 77);
		int nodelay = 0;
		socklen_t len = sizeof(nodelay);
		int before = b.count;
		int fd;

		assert_true(mark_set(&b, mark));
		fd = client(b.listener.service.port);
		b.wanted = before + 1;
		run(&b, 100);
		if ((b.count > before) != cases[i].fine)
			fail_msg("class %d", cases[i].class);
		if (!cases[i].fine) {
			assert_true(is_closed(fd));
			assert_int_equal(counter_get("accept.refused", "bad_mark"), ++bad);
			close(fd);
			continue;
		}
		assert_int_equal(b.mark, mark);
		assert_true(b.has_service);
		assert_int_equal(b.service.port, b.listener.service.port);
		assert_true(ip_address_equal(&b.peer, &b.listener.service.address));
		getsockopt(b.taken[before], IPPROTO_TCP, TCP_NODELAY, &nodelay, &len);
		assert_true(nodelay);
		close(fd);
	}
	bench_close(&b);
}

static void the_inside_listener_asks_for_no_mark(void **state)
{
	struct ip_address loopback;
	struct acceptor *other;
	struct bench b;
	int fd;

	bench_open(&b);
	assert_true(ip_address_parse(VIEW("127.0.0.1"), &loopback));
	assert_int_equal(acceptor_inside_port(b.acceptor), 0);
	assert_int_equal(acceptor_inside(b.acceptor, &loopback, 0), 0);
	assert_true(acceptor_inside_port(b.acceptor) != 0);
	fd = client(acceptor_inside_port(b.acceptor));
	b.wanted = 1;
	run(&b, 1000);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.mark, 0);
	assert_false(b.has_service);
	/* The place is taken. */
	other = acceptor_new(b.loop, on_accept, &b);
	assert_int_equal(
		acceptor_inside(other, &loopback, acceptor_inside_port(b.acceptor)), -EADDRINUSE);
	acceptor_free(other);
	acceptor_free(NULL);
	close(fd);
	bench_close(&b);
}

static void a_crowd_is_taken_in_batches_to_the_last(void **state)
{
	struct ip_address loopback;
	int clients[200];
	struct bench b;

	bench_open(&b);
	assert_true(ip_address_parse(VIEW("127.0.0.1"), &loopback));
	assert_int_equal(acceptor_inside(b.acceptor, &loopback, 0), 0);
	for (int i = 0; i < 120; i++)
		clients[i] = client(acceptor_inside_port(b.acceptor));
	b.wanted = 120;
	run(&b, 2000);
	assert_int_equal(b.count, 120);
	for (int i = 0; i < 120; i++)
		close(clients[i]);
	bench_close(&b);
}

static void running_out_of_descriptors_refuses_pauses_and_goes_on(void **state)
{
	struct ip_address loopback;
	struct rlimit kept;
	struct rlimit few;
	struct bench b;
	int first;
	int second;
	int next;

	bench_open(&b);
	assert_true(ip_address_parse(VIEW("127.0.0.1"), &loopback));
	assert_int_equal(acceptor_inside(b.acceptor, &loopback, 0), 0);
	first = client(acceptor_inside_port(b.acceptor));
	second = client(acceptor_inside_port(b.acceptor));
	next = dup(0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
	few = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = kept.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	run(&b, 50);
	/* The first was told at once, the second waits until the pause is over. */
	assert_int_equal(b.count, 0);
	assert_int_equal(counter_get("accept.refused", "no_descriptor"), 1);
	assert_int_equal(counter_get("accept", "paused"), 1);
	assert_true(is_closed(first));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
	b.wanted = 1;
	run(&b, 1000);
	assert_int_equal(b.count, 1);
	close(first);
	close(second);
	bench_close(&b);
}

static void a_new_set_of_listeners_takes_the_place_of_the_old(void **state)
{
	struct bench b;
	int fd;

	bench_open(&b);
	assert_int_equal(acceptor_federation(b.acceptor, &b.listener, 1), 0);
	assert_int_equal(acceptor_federation(b.acceptor, NULL, 0), 0);
	fd = client(b.listener.service.port);
	run(&b, 100);
	assert_int_equal(counter_get("accept.refused", "no_mark"), 0);
	assert_int_equal(acceptor_federation(b.acceptor, &b.listener, 1), 0);
	run(&b, 100);
	assert_int_equal(counter_get("accept.refused", "no_mark"), 1);
	close(fd);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_without_a_mark_is_closed_and_counted),
		cmocka_unit_test(a_connection_with_a_mark_arrives_with_it),
		cmocka_unit_test(the_inside_listener_asks_for_no_mark),
		cmocka_unit_test(a_crowd_is_taken_in_batches_to_the_last),
		cmocka_unit_test(running_out_of_descriptors_refuses_pauses_and_goes_on),
		cmocka_unit_test(a_new_set_of_listeners_takes_the_place_of_the_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
