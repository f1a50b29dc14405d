/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of the kernel's connections become flows again, first from values, then from this
 * machine's own sockets. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/adopt.h"
#include "rules/base/mark.h"

/* What the flow table was given, in its place. */
static struct flow_seed seen[64];
static uint32_t seen_count;
static int flow_adopt_result;

int flow_adopt(const struct flow_seed *seed)
{
	if (seen_count < sizeof(seen) / sizeof(seen[0]))
		seen[seen_count++] = *seed;
	return flow_adopt_result;
}

static struct ip_address address_of(const char *text)
{
	struct ip_address a = {.family_bits = strchr(text, ':') ? 128 : 32};

	assert_int_equal(inet_pton(a.family_bits == 32 ? AF_INET : AF_INET6, text, a.bytes), 1);
	return a;
}

static void make_services(struct service_list *list)
{
	list->count = 2;
	list->items[0] = (struct filter_service){
		.address = address_of("192.0.2.1"), .port = 5269, .protocol = FILTER_XMPP};
	list->items[1] = (struct filter_service){
		.address = address_of("2001:db8::1"), .port = 5061, .protocol = FILTER_SIP};
}

static void sockets_become_seeds(void **state)
{
	static const struct {
		const char *label, *local;
		uint16_t port;
		uint32_t mark;
		uint8_t tcp_state;
		bool ours, outbound;
		uint32_t seed_mark;
		uint8_t seed_state;
	} cases[] = {
		{"inbound", "192.0.2.1", 5269, 0x20000007, TCP_ESTABLISHED, true, false, 0x20000007,
			TCP_ESTABLISHED},
		{"inbound, IPv6", "2001:db8::1", 5061, 0x30000007, TCP_FIN_WAIT2, true, false,
			0x30000007, TCP_FIN_WAIT2},
		{"inbound in TIME_WAIT", "192.0.2.1", 5269, 0x10000000, TCP_TIME_WAIT, true, false,
			0x10000000, TCP_TIME_WAIT},
		{"inbound without a mark", "192.0.2.1", 5269, 0, TCP_ESTABLISHED, true, false, 0,
			TCP_ESTABLISHED},
		{"request", "192.0.2.1", 5269, 0x10000000, 12, true, false, 0x10000000,
			TCP_SYN_RECV},
		{"outbound", "192.0.2.1", 40000, 0, TCP_SYN_SENT, true, true, 0x50000000,
			TCP_SYN_SENT},
		{"outbound with a mark", "192.0.2.1", 5061, 0x50000003, TCP_ESTABLISHED, true, true,
			0x50000003, TCP_ESTABLISHED},
		{"inside leg", "10.0.0.1", 5269, 0, TCP_ESTABLISHED, false, false, 0, 0},
		{"loopback", "127.0.0.1", 5269, 0, TCP_ESTABLISHED, false, false, 0, 0},
		{"other family's port", "2001:db8::2", 5061, 0x10000000, TCP_ESTABLISHED, false,
			false, 0, 0},
	};
	struct service_list services;

	make_services(&services);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool v4 = !strchr(cases[i].local, ':');
		struct diag_socket s = {.local = address_of(cases[i].local),
			.remote = address_of(v4 ? "198.51.100.7" : "2001:db8::7"),
			.local_port = cases[i].port,
			.remote_port = 1234,
			.mark = cases[i].mark,
			.has_mark = true,
			.tcp_state = cases[i].tcp_state};
		struct flow_seed seed;

		if (adopt_seed(&s, &services, &seed) != cases[i].ours)
			fail_msg("%s", cases[i].label);
		if (!cases[i].ours)
			continue;
		if (seed.outbound != cases[i].outbound || seed.mark != cases[i].seed_mark ||
			seed.tcp_state != cases[i].seed_state)
			fail_msg("%s: outbound %d, mark %#x, state %u", cases[i].label,
				seed.outbound, seed.mark, seed.tcp_state);
		assert_int_equal(seed.tuple.family, v4 ? TUPLE_IPV4 : TUPLE_IPV6);
		assert_int_equal(seed.tuple.protocol, IPPROTO_TCP);
		assert_int_equal(seed.tuple.src_port, 1234);
		assert_int_equal(seed.tuple.dst_port, cases[i].port);
		assert_memory_equal(seed.tuple.src, s.remote.bytes, 16);
		assert_memory_equal(seed.tuple.dst, s.local.bytes, 16);
		assert_int_equal(seed.tuple.zero, 0);
	}
}

static int listen_on_loopback(struct sockaddr_in *where)
{
	socklen_t len = sizeof(*where);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*where = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	assert_true(fd >= 0);
	assert_return_code(bind(fd, (struct sockaddr *)where, len), errno);
	assert_return_code(listen(fd, 4), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)where, &len), errno);
	return fd;
}

/* The kernel tells marks to root only, and a mark can be set by root only; the way without one is
 * seen either way. */
static void the_kernel_is_asked(void **state)
{
	uint32_t mark = mark_make(CLASS_CLAIMED, 9);
	bool root = geteuid() == 0;
	struct adopt_count count;
	struct service_list services = {.count = 1};
	struct sockaddr_in where;
	char why[256];
	int listener = listen_on_loopback(&where);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int server;

	services.items[0] = (struct filter_service){
		.address = address_of("127.0.0.1"), .port = ntohs(where.sin_port)};
	assert_return_code(connect(client, (struct sockaddr *)&where, sizeof(where)), errno);
	server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	seen_count = 0;
	flow_adopt_result = 0;
	assert_int_equal(adopt_run(&services, &count, why, sizeof(why)), 0);
	assert_int_equal(count.unmarked, 1);
	/* The client's end is bound to a service address as well: an outbound connection. */
	assert_true(count.adopted >= 1);
	if (!root)
		goto out;
	assert_return_code(setsockopt(server, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), errno);
	seen_count = 0;
	assert_int_equal(adopt_run(&services, &count, why, sizeof(why)), 0);
	assert_int_equal(count.unmarked, 0);
	assert_true(count.adopted >= 2);
	for (uint32_t i = 0; i < seen_count; i++)
		if (!seen[i].outbound) {
			assert_int_equal(seen[i].mark, mark);
			assert_int_equal(seen[i].tcp_state, TCP_ESTABLISHED);
			assert_int_equal(seen[i].tuple.dst_port, ntohs(where.sin_port));
		}
	flow_adopt_result = -ENOSPC;
	assert_int_equal(adopt_run(&services, &count, why, sizeof(why)), 0);
	assert_int_equal(count.adopted, 0);
	assert_true(count.refused >= 2);
	/* Known already, so it goes on. */
	flow_adopt_result = -EEXIST;
	assert_int_equal(adopt_run(&services, &count, why, sizeof(why)), 0);
	assert_int_equal(count.refused, 0);
out:
	close(server);
	close(client);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_become_seeds),
		cmocka_unit_test(the_kernel_is_asked),
	};

	return cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
