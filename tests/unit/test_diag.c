/* SPDX-License-Identifier: BSD-3-Clause */
/* sock_diag's answers, octet by octet. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "dataplane/diag.h"

enum { SEQUENCE = 7, DATAGRAM_BYTES = 1024 };

struct datagram {
	uint8_t bytes[DATAGRAM_BYTES];
	uint32_t len;
};

/* Begin a message; message_end sets its length. Returns where it begins. */
static uint32_t message_begin(struct datagram *d, uint16_t type, uint32_t sequence)
{
	struct nlmsghdr header = {.nlmsg_type = type, .nlmsg_seq = sequence};
	uint32_t at = d->len;

	memcpy(d->bytes + at, &header, sizeof(header));
	d->len += sizeof(header);
	return at;
}

static void message_end(struct datagram *d, uint32_t at)
{
	uint32_t len = d->len - at;

	memcpy(d->bytes + at, &len, sizeof(len));
	while (d->len % 4)
		d->bytes[d->len++] = 0;
}

static void put(struct datagram *d, const void *bytes, uint32_t len)
{
	assert_true(d->len + len <= sizeof(d->bytes));
	memcpy(d->bytes + d->len, bytes, len);
	d->len += len;
}

static void put_attribute(struct datagram *d, uint16_t type, const void *value, uint16_t len)
{
	struct rtattr attribute = {.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(len)};

	put(d, &attribute, sizeof(attribute));
	put(d, value, len);
	while (d->len % 4)
		d->bytes[d->len++] = 0;
}

static struct inet_diag_msg socket4(uint8_t state)
{
	struct inet_diag_msg m = {.idiag_family = AF_INET, .idiag_state = state};

	m.id.idiag_sport = htons(5269);
	m.id.idiag_dport = htons(40000);
	inet_pton(AF_INET, "192.0.2.1", m.id.idiag_src);
	inet_pton(AF_INET, "198.51.100.7", m.id.idiag_dst);
	return m;
}

static struct inet_diag_msg socket6(const char *local, const char *remote)
{
	struct inet_diag_msg m = {.idiag_family = AF_INET6, .idiag_state = TCP_TIME_WAIT};

	m.id.idiag_sport = htons(5061);
	m.id.idiag_dport = htons(1);
	inet_pton(AF_INET6, local, m.id.idiag_src);
	inet_pton(AF_INET6, remote, m.id.idiag_dst);
	return m;
}

static void put_socket(struct datagram *d, const struct inet_diag_msg *m, const uint32_t *mark)
{
	uint32_t at = message_begin(d, SOCK_DIAG_BY_FAMILY, SEQUENCE);

	put(d, m, sizeof(*m));
	/* What the kernel sends around it. */
	put_attribute(d, INET_DIAG_SHUTDOWN, "\0", 1);
	if (mark)
		put_attribute(d, INET_DIAG_MARK, mark, sizeof(*mark));
	message_end(d, at);
}

/* From a heap copy of exactly its length, so that a read past the end is seen. */
static enum diag_next first(const struct datagram *d, uint32_t len, struct diag_socket *socket,
	int *error, struct fault *fault)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct view rest = view_make(copy, len);
	enum diag_next next;

	assert_non_null(copy);
	memcpy(copy, d->bytes, len);
	next = diag_next(&rest, SEQUENCE, socket, error, fault);
	free(copy);
	return next;
}

static void assert_address(const struct ip_address *address, uint8_t bits, const char *text)
{
	uint8_t want[16] = {0};

	assert_int_equal(address->family_bits, bits);
	inet_pton(bits == 32 ? AF_INET : AF_INET6, text, want);
	assert_memory_equal(address->bytes, want, 16);
}

static void sockets_of_both_families_are_read(void **state)
{
	struct inet_diag_msg a = socket4(TCP_ESTABLISHED);
	struct inet_diag_msg b = socket6("2001:db8::1", "2001:db8::7");
	uint32_t mark = 0x20000005;
	struct datagram d = {.len = 0};
	struct diag_socket s;
	struct fault fault;
	struct view rest;
	int error;

	put_socket(&d, &a, &mark);
	put_socket(&d, &b, NULL);
	rest = view_make(d.bytes, d.len);
	assert_int_equal(diag_next(&rest, SEQUENCE, &s, &error, &fault), DIAG_SOCKET);
	assert_address(&s.local, 32, "192.0.2.1");
	assert_address(&s.remote, 32, "198.51.100.7");
	assert_int_equal(s.local_port, 5269);
	assert_int_equal(s.remote_port, 40000);
	assert_int_equal(s.tcp_state, TCP_ESTABLISHED);
	assert_true(s.has_mark);
	assert_int_equal(s.mark, mark);
	assert_int_equal(diag_next(&rest, SEQUENCE, &s, &error, &fault), DIAG_SOCKET);
	assert_address(&s.local, 128, "2001:db8::1");
	assert_address(&s.remote, 128, "2001:db8::7");
	assert_int_equal(s.tcp_state, TCP_TIME_WAIT);
	assert_false(s.has_mark);
	assert_int_equal(s.mark, 0);
	assert_int_equal(diag_next(&rest, SEQUENCE, &s, &error, &fault), DIAG_END);
	assert_int_equal(diag_next(&rest, SEQUENCE, &s, &error, &fault), DIAG_END);
}

static void ipv4_on_an_ipv6_socket_is_ipv4(void **state)
{
	struct inet_diag_msg m = socket6("::ffff:192.0.2.1", "::ffff:198.51.100.7");
	struct datagram d = {.len = 0};
	struct diag_socket s;
	struct fault fault;
	int error;

	put_socket(&d, &m, NULL);
	assert_int_equal(first(&d, d.len, &s, &error, &fault), DIAG_SOCKET);
	assert_address(&s.local, 32, "192.0.2.1");
	assert_address(&s.remote, 32, "198.51.100.7");
	/* One end of each kind is no conversation. */
	m = socket6("::ffff:192.0.2.1", "2001:db8::7");
	d.len = 0;
	put_socket(&d, &m, NULL);
	assert_int_equal(first(&d, d.len, &s, &error, &fault), DIAG_BAD);
	assert_string_equal(fault.cause, "families_differ");
}

static void messages_of_others_are_passed_over(void **state)
{
	struct inet_diag_msg m = socket4(TCP_ESTABLISHED);
	struct datagram d = {.len = 0};
	struct diag_socket s;
	struct fault fault;
	uint32_t at;
	int error;

	at = message_begin(&d, NLMSG_DONE, SEQUENCE - 1);
	message_end(&d, at);
	at = message_begin(&d, NLMSG_NOOP, SEQUENCE);
	put(&d, "abc", 3); /* padded to 4 */
	message_end(&d, at);
	put_socket(&d, &m, NULL);
	assert_int_equal(first(&d, d.len, &s, &error, &fault), DIAG_SOCKET);
	assert_int_equal(s.local_port, 5269);
}

static void the_end_and_a_refusal_are_told(void **state)
{
	static const struct {
		const char *label;
		uint16_t type;
		int32_t code;
		uint32_t code_bytes;
		enum diag_next next;
	} cases[] = {
		{"end", NLMSG_DONE, 0, 4, DIAG_DONE},
		{"end of an old kernel", NLMSG_DONE, 0, 0, DIAG_DONE},
		{"end with an error", NLMSG_DONE, -EINTR, 4, DIAG_REFUSED},
		{"acknowledgement", NLMSG_ERROR, 0, 4, DIAG_DONE},
		{"error", NLMSG_ERROR, -ENOENT, 4, DIAG_REFUSED},
		{"error without a code", NLMSG_ERROR, 0, 3, DIAG_BAD},
		{"positive code", NLMSG_ERROR, 5, 4, DIAG_BAD},
		{"no errno", NLMSG_ERROR, INT32_MIN, 4, DIAG_BAD},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct datagram d = {.len = 0};
		uint32_t at = message_begin(&d, cases[i].type, SEQUENCE);
		struct diag_socket s;
		struct fault fault;
		int error = 0;

		put(&d, &cases[i].code, cases[i].code_bytes);
		message_end(&d, at);
		if (first(&d, d.len, &s, &error, &fault) != cases[i].next)
			fail_msg("%s", cases[i].label);
		if (cases[i].next == DIAG_REFUSED && error != cases[i].code)
			fail_msg("%s: error %d", cases[i].label, error);
	}
}

static void every_lie_about_lengths_is_bad(void **state)
{
	struct inet_diag_msg m = socket4(TCP_ESTABLISHED);
	uint32_t mark = 1;
	struct datagram whole = {.len = 0};
	static const struct {
		const char *cause;
		uint32_t at;
		uint16_t value; /* written there */
	} lies[] = {
		{"message_length", 0, 15},
		{"message_length", 0, 2000},
		{"socket_truncated", 0, 16 + 71},
		{"attribute_truncated", 0, 16 + 72 + 3},
		{"attribute_length", 16 + 72, 3},
		{"attribute_length", 16 + 72, 200},
		{"mark_length", 16 + 72 + 8, 4 + 3},
		{"message_type", 4, 99},
		{"family", 16, AF_UNIX},
	};

	put_socket(&whole, &m, &mark);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct datagram d = whole;
		struct fault fault = {0};
		struct diag_socket s;
		int error;

		memcpy(d.bytes + lies[i].at, &lies[i].value, i == 8 ? 1 : 2);
		if (first(&d, d.len, &s, &error, &fault) != DIAG_BAD ||
			strcmp(fault.cause, lies[i].cause) != 0)
			fail_msg("case %zu: %s, expected %s", i, fault.cause ? fault.cause : "none",
				lies[i].cause);
	}
	/* Cut anywhere it is no socket. */
	for (uint32_t len = 1; len < whole.len; len++) {
		struct diag_socket s;
		struct fault fault;
		int error;

		if (first(&whole, len, &s, &error, &fault) != DIAG_BAD)
			fail_msg("cut to %u", len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_of_both_families_are_read),
		cmocka_unit_test(ipv4_on_an_ipv6_socket_is_ipv4),
		cmocka_unit_test(messages_of_others_are_passed_over),
		cmocka_unit_test(the_end_and_a_refusal_are_told),
		cmocka_unit_test(every_lie_about_lengths_is_bad),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
