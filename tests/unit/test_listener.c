/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening sockets: opened once, believed only after a look. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/listener.h"

static const struct ip_address loopback = {.family_bits = 32, .bytes = {127, 0, 0, 1}};
static const struct ip_address loopback6 = {.family_bits = 128, .bytes = {[15] = 1}};

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 where;
	socklen_t len = sizeof(where);

	assert_return_code(getsockname(fd, (struct sockaddr *)&where, &len), errno);
	return ntohs(where.sin6_port); /* at the same place in sockaddr_in */
}

static int open_any(const struct ip_address *address, uint16_t *port)
{
	char why[192];
	int fd = listener_open(address, 0, why, sizeof(why));

	if (fd < 0)
		fail_msg("%s", why);
	*port = port_of(fd);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_listener_is_bound_where_asked(void **state)
{
	uint16_t port;
	int fd = open_any(&loopback, &port);
	char why[192];

	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(listener_open(&loopback, port, why, sizeof(why)), -EADDRINUSE);
	assert_non_null(strstr(why, "127.0.0.1 port"));
	close(fd);
}

static void an_address_that_is_not_ours_is_named_with_the_remedy(void **state)
{
	static const struct ip_address foreign = {.family_bits = 32, .bytes = {192, 0, 2, 99}};
	char why[192];

	assert_int_equal(listener_open(&foreign, 5269, why, sizeof(why)), -EADDRNOTAVAIL);
	assert_non_null(strstr(why, "192.0.2.99 port 5269"));
	assert_non_null(strstr(why, "scripts/netns up --address"));
}

static void only_a_listener_at_that_place_serves(void **state)
{
	uint16_t port, port6;
	int fd = open_any(&loopback, &port);
	int fd6 = open_any(&loopback6, &port6);
	int plain = socket(AF_INET, SOCK_STREAM, 0);
	int file = open("/dev/null", O_RDONLY);

	/* The kernel tells a socket's namespace to those only who may change it. */
	if (geteuid() == 0) {
		assert_true(listener_serves(fd, &loopback, port));
		assert_true(listener_serves(fd6, &loopback6, port6));
	}
	assert_false(listener_serves(fd, &loopback, (uint16_t)(port + 1)));
	assert_false(listener_serves(fd, &loopback6, port));
	assert_false(listener_serves(fd6, &loopback, port6));
	assert_false(listener_serves(plain, &loopback, port));
	assert_false(listener_serves(file, &loopback, port));
	assert_false(listener_serves(-1, &loopback, port));
	close(fd);
	close(fd6);
	close(plain);
	close(file);
}

static void offers_are_checked_and_never_leak(void **state)
{
	static struct listener_set set;
	uint16_t port;
	int fd, wrong, again;

	if (geteuid() != 0) {
		print_message("skipped: the kernel tells a socket's namespace only to root\n");
		skip();
	}
	fd = open_any(&loopback, &port);
	again = dup(fd);
	wrong = dup(fd);
	assert_int_equal(listener_offer(&set, &loopback, (uint16_t)(port ^ 1), wrong), -EINVAL);
	assert_false(is_open(wrong));
	assert_int_equal(listener_offer(&set, &loopback, port, fd), 0);
	assert_int_equal(listener_offer(&set, &loopback, port, again), -EEXIST);
	assert_false(is_open(again));
	assert_int_equal(set.count, 1);
	listener_close_all(&set);
	assert_int_equal(set.count, 0);
	assert_false(is_open(fd));
}

static void make_service(struct service_list *list, const struct ip_address *address, uint16_t port)
{
	list->items[list->count++] = (struct filter_service){.address = *address, .port = port};
}

static void the_set_becomes_what_the_services_need(void **state)
{
	static struct listener_set set;
	struct service_list services = {.count = 0};
	char why[192];
	uint16_t first, second;
	int fd, kept;

	/* Two free ports. */
	fd = open_any(&loopback, &first);
	kept = open_any(&loopback6, &second);
	close(fd);
	close(kept);
	make_service(&services, &loopback, first);
	assert_int_equal(listener_complete(&set, &services, why, sizeof(why)), 0);
	assert_int_equal(set.count, 1);
	kept = set.items[0].fd;

	/* A second service in front: the first one's listener stays the same socket. */
	services.count = 0;
	make_service(&services, &loopback6, second);
	make_service(&services, &loopback, first);
	assert_int_equal(listener_complete(&set, &services, why, sizeof(why)), 0);
	assert_int_equal(set.count, 2);
	assert_int_equal(set.items[1].fd, kept);
	assert_int_equal(port_of(set.items[0].fd), second);

	/* And goes when it is no longer needed. */
	services.count = 1;
	assert_int_equal(listener_complete(&set, &services, why, sizeof(why)), 0);
	assert_int_equal(set.count, 1);
	assert_false(is_open(kept));
	listener_close_all(&set);
}

static void a_service_that_fails_changes_nothing(void **state)
{
	static const struct ip_address foreign = {.family_bits = 32, .bytes = {192, 0, 2, 99}};
	static struct listener_set set;
	struct service_list services = {.count = 0};
	char why[192];
	uint16_t first, second;
	int fd, other;

	fd = open_any(&loopback, &first);
	other = open_any(&loopback, &second);
	close(fd);
	close(other);
	make_service(&services, &loopback, first);
	assert_int_equal(listener_complete(&set, &services, why, sizeof(why)), 0);
	fd = set.items[0].fd;
	make_service(&services, &loopback, second);
	make_service(&services, &foreign, 5269);
	assert_int_equal(listener_complete(&set, &services, why, sizeof(why)), -EADDRNOTAVAIL);
	assert_non_null(strstr(why, "192.0.2.99"));
	assert_int_equal(set.count, 1);
	assert_int_equal(set.items[0].fd, fd);
	assert_true(is_open(fd));
	/* The one that was opened on the way is closed again. */
	other = listener_open(&loopback, second, why, sizeof(why));
	assert_true(other >= 0);
	close(other);
	listener_close_all(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_bound_where_asked),
		cmocka_unit_test(an_address_that_is_not_ours_is_named_with_the_remedy),
		cmocka_unit_test(only_a_listener_at_that_place_serves),
		cmocka_unit_test(offers_are_checked_and_never_leak),
		cmocka_unit_test(the_set_becomes_what_the_services_need),
		cmocka_unit_test(a_service_that_fails_changes_nothing),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
