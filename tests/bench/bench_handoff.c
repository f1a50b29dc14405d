/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_handoff MODE FAMILY TAP CONNECTIONS: what a new connection costs the kernel when it comes by
 * its first segment (reqsk), and by its SYN (syn). Frames are written straight into the TAP of the
 * calling network namespace (bench_handoff.py makes it); a thread accepts, reads the first bytes and
 * closes with RST. One JSON line: connections a second, and CPU time of the writing thread inside
 * the writes, per connection: that is where the kernel receives. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpf/load.h"
#include "dataplane/checksum.h"
#include "dataplane/cookie.h"
#include "dataplane/packet.h"
#include "rules/base/clock.h"
#include "rules/base/mark.h"

enum {
	WINDOW = 64, /* connections begun together */
	PORT = 5269,
	PAYLOAD_BYTES = 517, /* a ClientHello of OpenSSL 3.0 */
	FRAME_MAX = 14 + 40 + 40 + PAYLOAD_BYTES,
	STALL_MS = 5000,
};

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t len;
};

static struct {
	enum handoff_mode mode;
	bool v6;
	int tap_fd;
	uint8_t mac[6];
	int listener;
	uint32_t begun; /* connections; also says whose is whose */
	uint32_t cookies[WINDOW];
	struct cookie_jar jar;
	struct frame frames[2 * WINDOW];
} bench;

static atomic_uint served;

static const struct cookie_options agreed = {1460, true, true, 7};

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench_handoff: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static struct tuple tuple_of(uint32_t number)
{
	struct tuple t = {.src_port = (uint16_t)(1024 + number % 60000),
		.dst_port = PORT,
		.family = bench.v6 ? TUPLE_IPV6 : TUPLE_IPV4,
		.protocol = PROTOCOL_NUMBER_TCP};
	const uint8_t net4[4] = {10, 100, (uint8_t)(number >> 8), (uint8_t)number};
	const uint8_t ours4[4] = {10, 99, 0, 1};
	const uint8_t net6[2] = {0xfd, 0x99};

	memcpy(t.src, bench.v6 ? net6 : net4, bench.v6 ? 2 : 4);
	memcpy(t.dst, bench.v6 ? net6 : ours4, bench.v6 ? 2 : 4);
	if (bench.v6) {
		t.src[13] = 1;
		t.src[14] = (uint8_t)(number >> 8);
		t.src[15] = (uint8_t)number;
		t.dst[15] = 1;
	}
	return t;
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, sizeof(v));
}

static void put16(uint8_t *p, uint16_t v)
{
	v = htons(v);
	memcpy(p, &v, sizeof(v));
}

static size_t put_ip(const struct tuple *t, size_t tcp_bytes, uint8_t *ip)
{
	memset(ip, 0, 40);
	if (bench.v6) {
		ip[0] = 0x60;
		put16(ip + 4, (uint16_t)tcp_bytes);
		ip[6] = PROTOCOL_NUMBER_TCP;
		ip[7] = 64;
		memcpy(ip + 8, t->src, 16);
		memcpy(ip + 24, t->dst, 16);
		return 40;
	}
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(20 + tcp_bytes));
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = PROTOCOL_NUMBER_TCP;
	memcpy(ip + 12, t->src, 4);
	memcpy(ip + 16, t->dst, 4);
	put16(ip + 10, checksum_bytes(view_make(ip, 20)));
	return 20;
}

static void put_segment(struct frame *f, const struct tuple *t, uint8_t flags, uint32_t seq,
	uint32_t ack, uint32_t payload_bytes)
{
	static const uint8_t options[] = {2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7};
	uint32_t options_bytes = flags & TCP_SYN ? sizeof(options) : 0;
	uint32_t tcp_bytes = 20 + options_bytes + payload_bytes;
	uint8_t *ip = f->bytes + 14;
	uint8_t *tcp;

	memcpy(f->bytes, bench.mac, 6);
	mark_to_mac(
		mark_make(CLASS_CLAIMED, 7) | (bench.mode == HANDOFF_REQSK ? ABI_MARK_FIRST : 0),
		f->bytes + 6);
	put16(f->bytes + 12, bench.v6 ? 0x86dd : 0x0800);
	tcp = ip + put_ip(t, tcp_bytes, ip);
	memset(tcp, 'x', tcp_bytes);
	put16(tcp, t->src_port);
	put16(tcp + 2, t->dst_port);
	put32(tcp + 4, seq);
	put32(tcp + 8, ack);
	tcp[12] = (uint8_t)((20 + options_bytes) / 4 << 4);
	tcp[13] = flags;
	put16(tcp + 14, 0x2000);
	put32(tcp + 16, 0);
	memcpy(tcp + 20, options, options_bytes);
	put16(tcp + 16, checksum_l4(t, PROTOCOL_NUMBER_TCP, view_make(tcp, tcp_bytes)));
	f->len = (size_t)(tcp + tcp_bytes - f->bytes);
}

/* CPU time of writing that many frames. */
static uint64_t write_frames(uint32_t count)
{
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	for (uint32_t i = 0; i < count; i++) {
		const struct frame *f = &bench.frames[i];

		if (write(bench.tap_fd, f->bytes, f->len) != (ssize_t)f->len)
			die("write to the TAP");
	}
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
}

/* What the kernel said; the numbers of its SYN-ACKs are remembered. Returns how many those were. */
static uint32_t drain(uint32_t first)
{
	uint8_t bytes[2048];
	uint32_t answers = 0;
	ssize_t len;

	while ((len = read(bench.tap_fd, bytes, sizeof(bytes))) > 0) {
		struct packet p;
		uint32_t number;

		if (packet_parse(view_make(bytes, (size_t)len), &p) || p.kind != PACKET_TCP ||
			(p.tcp.flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK))
			continue;
		number = p.tcp.ack - 1 - first;
		if (number < WINDOW) {
			bench.cookies[number] = p.tcp.seq;
			answers++;
		}
	}
	return answers;
}

static void wait_for_answers(uint32_t first)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + STALL_MS * NS_PER_MS;
	uint32_t answers = 0;

	while ((answers += drain(first)) < WINDOW)
		if (clock_ns(CLOCK_MONOTONIC) > end)
			die("the kernel did not answer every SYN");
}

static void wait_until_served(uint32_t count)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + STALL_MS * NS_PER_MS;

	while (atomic_load(&served) < count) {
		if (clock_ns(CLOCK_MONOTONIC) > end)
			die("not every connection was accepted");
		sched_yield();
	}
}

/* A window of connections: with mode reqsk one segment each, with mode syn three, as a remote sends
 * them. The ISN is the connection's number. Returns the CPU time of the writes. */
static uint64_t begin_window(void)
{
	uint32_t first = bench.begun;
	uint64_t spent = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < WINDOW; i++) {
		struct tuple t = tuple_of(first + i);

		if (bench.mode == HANDOFF_SYN)
			put_segment(&bench.frames[i], &t, TCP_SYN, first + i, 0, 0);
		else
			bench.cookies[i] = cookie_make(&bench.jar, &t, first + i, &agreed);
	}
	if (bench.mode == HANDOFF_SYN) {
		spent += write_frames(WINDOW);
		wait_for_answers(first);
	}
	for (uint32_t i = 0; i < WINDOW; i++) {
		struct tuple t = tuple_of(first + i);
		uint32_t ack = bench.cookies[i] + 1;

		if (bench.mode == HANDOFF_SYN)
			put_segment(&bench.frames[count++], &t, TCP_ACK, first + i + 1, ack, 0);
		put_segment(&bench.frames[count++], &t, TCP_ACK | TCP_PSH, first + i + 1, ack,
			PAYLOAD_BYTES);
	}
	spent += write_frames(count);
	bench.begun += WINDOW;
	wait_until_served(bench.begun);
	drain(first);
	return spent;
}

static void *serve(void *unused)
{
	const struct linger at_once = {.l_onoff = 1};
	char bytes[2048];

	for (;;) {
		int fd = accept4(bench.listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			die("accept");
		if (recv(fd, bytes, sizeof(bytes), 0) != PAYLOAD_BYTES)
			die("first bytes");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(fd);
		atomic_fetch_add(&served, 1);
	}
	return NULL;
}

static void open_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	struct ifreq hardware = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	snprintf(hardware.ifr_name, sizeof(hardware.ifr_name), "%s", name);
	bench.tap_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (bench.tap_fd < 0 || ioctl(bench.tap_fd, TUNSETIFF, &request) < 0 ||
		ioctl(bench.tap_fd, SIOCGIFHWADDR, &hardware) < 0)
		die(name);
	memcpy(bench.mac, hardware.ifr_hwaddr.sa_data, 6);
}

static void open_listener(struct load *load)
{
	struct tuple t = tuple_of(0);
	struct ip_address ours = tuple_dst_address(&t);
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};

	bench.listener = socket(bench.v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(bench.listener, bench.v6 ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4,
		    bench.v6 ? sizeof(a6) : sizeof(a4)) < 0 ||
		listen(bench.listener, 4 * WINDOW) < 0 ||
		load_listener_put(load, &ours, PORT, bench.listener) < 0)
		die("listener");
}

static void set_up(char **argv)
{
	static const struct siphash_key seed = {1, 2};
	struct load *load;
	pthread_t thread;
	char why[256];

	bench.mode = strcmp(argv[1], "reqsk") == 0 ? HANDOFF_REQSK : HANDOFF_SYN;
	bench.v6 = strcmp(argv[2], "6") == 0;
	cookie_jar_init(&bench.jar, &seed, mono_now());
	open_tap(argv[3]);
	if (load_open(&load, bench.mode, why, sizeof(why)) < 0 ||
		load_attach(load, (int)if_nametoindex(argv[3]), why, sizeof(why)) < 0) {
		fprintf(stderr, "bench_handoff: %s\n", why);
		exit(EXIT_FAILURE);
	}
	open_listener(load);
	if (pthread_create(&thread, NULL, serve, NULL) != 0)
		die("thread");
}

int main(int argc, char **argv)
{
	uint64_t spent = 0;
	uint64_t start;
	double seconds;
	uint32_t warm;
	uint32_t connections = argc == 5 ? (uint32_t)atoi(argv[4]) : 0;

	if (connections == 0) {
		fputs("usage: bench_handoff syn|reqsk 4|6 TAP CONNECTIONS\n", stderr);
		return 2;
	}
	set_up(argv);
	while (bench.begun < 10 * WINDOW)
		begin_window();
	warm = bench.begun;
	start = clock_ns(CLOCK_MONOTONIC);
	while (bench.begun < warm + connections)
		spent += begin_window();
	seconds = (double)(clock_ns(CLOCK_MONOTONIC) - start) / 1e9;
	connections = bench.begun - warm;
	printf("{\"per_second\": %.0f, \"receive_us\": %.3f}\n", connections / seconds,
		(double)spent / 1e3 / connections);
	return EXIT_SUCCESS;
}
