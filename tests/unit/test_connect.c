/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening outbound connections, with a dataplane to announce them to. */
#include "tests/unit/test.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/connect.h"
#include "control/socket_address.h"
#include "rules/base/mark.h"
#include "tests/unit/fake_dataplane.h"

struct bench {
	struct loop *loop;
	struct timer *deadline;
	struct fake_dataplane fake;
	struct filter_client *client;
	bool late, ready;
	int reports;
	int fd;
	int partner; /* a listening socket of the other side */
	struct target target;
	struct target closed; /* nobody listens here */
};

static void on_ready(void *arg, const struct filter_listener *listeners, uint32_t count)
{
	struct bench *b = arg;

	b->ready = true;
	loop_stop(b->loop);
}

static void on_lost(void *arg)
{
}

static void on_refused(void *arg, const char *why)
{
	fail_msg("%s", why);
}

static void too_late(void *arg)
{
	struct bench *b = arg;

	b->late = true;
	loop_stop(b->loop);
}

static void connected(void *arg, int fd)
{
	struct bench *b = arg;

	b->reports++;
	b->fd = fd;
	loop_stop(b->loop);
}

static bool run(struct bench *b, uint64_t ms)
{
	b->late = false;
	timer_set_ms(b->deadline, ms);
	loop_run(b->loop);
	timer_clear(b->deadline);
	return !b->late;
}

/* A socket on 127.0.0.1 and the target that it is. */
static int partner_open(struct target *out, bool listening)
{
	struct sockaddr_storage address;
	struct ip_address bound;
	socklen_t len;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(ip_address_parse(VIEW("127.0.0.1"), &out->address));
	len = socket_address_make(&out->address, 0, &address);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
	if (listening)
		assert_int_equal(listen(fd, 16), 0);
	len = sizeof(address);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	assert_true(socket_address_read(&address, &bound, &out->port));
	return fd;
}

static void bench_open(struct bench *b)
{
	const struct filter_client_handlers handlers = {
		.arg = b, .ready = on_ready, .lost = on_lost, .refused = on_refused};

	*b = (struct bench){.loop = loop_new(), .fd = -1};
	b->deadline = timer_new(b->loop, too_late, b);
	fake_open(&b->fake, b->loop);
	b->partner = partner_open(&b->target, true);
	close(partner_open(&b->closed, false));
	b->client = filter_client_new(b->loop, b->fake.path, b->fake.rules, &handlers);
	assert_true(run(b, 5000));
	assert_true(b->ready);
}

static void bench_close(struct bench *b)
{
	if (b->fd >= 0)
		close(b->fd);
	close(b->partner);
	filter_client_free(b->client);
	fake_close(&b->fake);
	timer_free(b->deadline);
	loop_free(b->loop);
}

static struct connect *start(struct bench *b, enum connect_side side, const struct target *targets,
	uint32_t count, uint32_t timeout_ms)
{
	return connect_start(b->loop, b->client, b->fake.rules, side, 9, targets, count, timeout_ms,
		connected, b);
}

static void a_partner_is_announced_with_the_true_port_before_the_connect(void **state)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	struct ip_address from;
	uint16_t port = 0;
	int nodelay = 0;
	json_t *expect;
	struct bench b;

	bench_open(&b);
	assert_non_null(start(&b, CONNECT_PARTNER, &b.target, 1, 2000));
	assert_int_equal(b.reports, 0);
	assert_true(run(&b, 3000));
	assert_int_equal(b.reports, 1);
	assert_true(b.fd >= 0);
	assert_int_equal(getsockname(b.fd, (struct sockaddr *)&address, &len), 0);
	assert_true(socket_address_read(&address, &from, &port));
	expect = b.fake.last_expect;
	assert_int_equal(json_integer_value(json_object_get(expect, "from_port")), port);
	assert_string_equal(json_string_value(json_object_get(expect, "from")), "127.0.0.1");
	assert_int_equal(json_integer_value(json_object_get(expect, "to_port")), b.target.port);
	assert_int_equal(
		json_integer_value(json_object_get(expect, "mark")), mark_make(CLASS_OUTBOUND, 9));
	len = sizeof(nodelay);
	assert_int_equal(getsockopt(b.fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &len), 0);
	assert_true(nodelay);
	assert_true(recv(b.fd, &nodelay, 1, 0) < 0 && errno == EAGAIN);
	bench_close(&b);
}

static void our_own_servers_are_not_announced(void **state)
{
	struct bench b;

	bench_open(&b);
	start(&b, CONNECT_INSIDE, &b.target, 1, 2000);
	assert_true(run(&b, 3000));
	assert_true(b.fd >= 0);
	assert_int_equal(fake_count(&b.fake, "expect"), 0);
	bench_close(&b);
}

static void the_next_target_has_its_turn_after_a_failure(void **state)
{
	struct target targets[3];
	struct bench b;

	bench_open(&b);
	targets[0] = b.closed;
	/* No service address of this family. */
	assert_true(ip_address_parse(VIEW("2001:db8::1"), &targets[1].address));
	targets[1].port = 1;
	targets[2] = b.target;
	start(&b, CONNECT_PARTNER, targets, 3, 2000);
	assert_true(run(&b, 3000));
	assert_true(b.fd >= 0);
	assert_int_equal(fake_count(&b.fake, "expect"), 2);
	bench_close(&b);
}

static void the_last_error_is_reported_when_all_failed(void **state)
{
	struct target v6 = {.port = 1};
	struct bench b;

	bench_open(&b);
	start(&b, CONNECT_PARTNER, &b.closed, 1, 2000);
	assert_true(run(&b, 3000));
	assert_int_equal(b.fd, -ECONNREFUSED);
	start(&b, CONNECT_INSIDE, &b.closed, 1, 2000);
	assert_true(run(&b, 3000));
	assert_int_equal(b.fd, -ECONNREFUSED);
	assert_true(ip_address_parse(VIEW("2001:db8::1"), &v6.address));
	start(&b, CONNECT_PARTNER, &v6, 1, 2000);
	assert_true(run(&b, 3000));
	assert_int_equal(b.fd, -EAFNOSUPPORT);
	start(&b, CONNECT_PARTNER, NULL, 0, 2000);
	assert_int_equal(b.reports, 3);
	assert_true(run(&b, 3000));
	assert_int_equal(b.fd, -EHOSTUNREACH);
	assert_int_equal(b.reports, 4);
	bench_close(&b);
}

static void a_dataplane_that_refuses_or_is_gone_stops_the_connect(void **state)
{
	struct bench b;

	bench_open(&b);
	b.fake.error_type = "expect";
	b.fake.error_words = "no";
	start(&b, CONNECT_PARTNER, &b.target, 1, 2000);
	assert_true(run(&b, 3000));
	assert_int_equal(b.fd, -EACCES);
	fake_vanish(&b.fake);
	start(&b, CONNECT_PARTNER, &b.target, 1, 2000);
	assert_true(run(&b, 3000));
	assert_int_equal(b.fd, -ENOTCONN);
	bench_close(&b);
}

static void each_target_has_its_own_timeout(void **state)
{
	struct target targets[2];
	struct mono started;
	struct bench b;

	bench_open(&b);
	targets[0] = b.target;
	targets[1] = b.target;
	/* The announcement is never answered: as slow as a SYN that nobody answers. */
	b.fake.silent_type = "expect";
	started = loop_now(b.loop);
	start(&b, CONNECT_PARTNER, targets, 2, 150);
	assert_true(run(&b, 3000));
	assert_int_equal(b.fd, -ETIMEDOUT);
	assert_true(mono_since_ms(loop_now(b.loop), started) >= 298);
	assert_int_equal(fake_count(&b.fake, "expect"), 2);
	bench_close(&b);
}

static void a_cancelled_attempt_reports_nothing_and_leaves_nothing(void **state)
{
	struct bench b;
	struct connect *attempt;
	int probe;
	int after;

	bench_open(&b);
	probe = dup(0);
	close(probe);
	connect_cancel(NULL);
	connect_cancel(start(&b, CONNECT_PARTNER, &b.target, 1, 2000));
	b.fake.silent_type = "expect";
	attempt = start(&b, CONNECT_PARTNER, &b.target, 1, 2000);
	assert_false(run(&b, 100));
	assert_int_equal(fake_count(&b.fake, "expect"), 1);
	connect_cancel(attempt);
	assert_false(run(&b, 100));
	assert_int_equal(b.reports, 0);
	after = dup(0);
	close(after);
	assert_int_equal(after, probe);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partner_is_announced_with_the_true_port_before_the_connect),
		cmocka_unit_test(our_own_servers_are_not_announced),
		cmocka_unit_test(the_next_target_has_its_turn_after_a_failure),
		cmocka_unit_test(the_last_error_is_reported_when_all_failed),
		cmocka_unit_test(a_dataplane_that_refuses_or_is_gone_stops_the_connect),
		cmocka_unit_test(each_target_has_its_own_timeout),
		cmocka_unit_test(a_cancelled_attempt_reports_nothing_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
