/* SPDX-License-Identifier: BSD-3-Clause */
/* Trying a hand-over. */
#include "bpf/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpf/load.h"
#include "rules/base/mark.h"

enum {
	PORT = 5269,
	TRIES = 70,
	TRY_MS = 10,
	FRAME_BYTES = 14 + 40 + 20 + 4,
	COOKIE = 0x12345600 | 3 << ABI_COOKIE_MSS_SHIFT | ABI_COOKIE_SACK | 7,
	REMOTE_ISN = 1000,
};

static const char tap_name[] = "probe0";
static const char first_bytes[] = "ping"; /* four of them */

/* For documentation (RFC 5737, RFC 3849): ours ends in 1, the remote's in 2. */
static const uint8_t net4[4] = {192, 0, 2, 0};
static const uint8_t net6[16] = {0x20, 0x01, 0x0d, 0xb8};

struct probe {
	struct load *load;
	int tap_fd;
	int control_fd; /* a socket to ask about interfaces */
	const char *step;
	bool works;
	char *why;
	size_t why_bytes;
};

static uint64_t sum_bytes(uint64_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint64_t)p[i] << 8;
	return sum;
}

static void put_checksum(uint8_t *field, uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	field[0] = (uint8_t)(~sum >> 8);
	field[1] = (uint8_t)~sum;
}

static size_t put_ipv4(uint8_t *ip, size_t payload_bytes)
{
	const uint8_t header[20] = {0x45, 0, 0, (uint8_t)(20 + payload_bytes), 0, 0, 0x40, 0, 64,
		IPPROTO_TCP, 0, 0, net4[0], net4[1], net4[2], 2, net4[0], net4[1], net4[2], 1};

	memcpy(ip, header, sizeof(header));
	put_checksum(ip + 10, sum_bytes(0, ip, sizeof(header)));
	return sizeof(header);
}

static size_t put_ipv6(uint8_t *ip, size_t payload_bytes)
{
	const uint8_t header[8] = {0x60, 0, 0, 0, 0, (uint8_t)payload_bytes, IPPROTO_TCP, 64};

	memcpy(ip, header, sizeof(header));
	memcpy(ip + 8, net6, sizeof(net6));
	memcpy(ip + 24, net6, sizeof(net6));
	ip[23] = 2;
	ip[39] = 1;
	return 40;
}

/* A first segment as the dataplane writes it into the TAP. */
static size_t put_frame(bool v6, const void *mac, uint8_t out[static FRAME_BYTES])
{
	const uint32_t ack = COOKIE + 1;
	const uint32_t seq = REMOTE_ISN + 1;
	const size_t tcp_bytes = 20 + 4;
	const uint8_t tcp[20] = {0x9c, 0x40, PORT >> 8, PORT & 0xff, (uint8_t)(seq >> 24),
		(uint8_t)(seq >> 16), (uint8_t)(seq >> 8), (uint8_t)seq, (uint8_t)(ack >> 24),
		(uint8_t)(ack >> 16), (uint8_t)(ack >> 8), (uint8_t)ack, 0x50, 0x18, 0x20};
	uint8_t *ip = out + 14;
	size_t ip_bytes;

	memcpy(out, mac, 6);
	mark_to_mac(mark_make(CLASS_UNKNOWN, PARTNER_NONE) | ABI_MARK_FIRST, out + 6);
	out[12] = v6 ? 0x86 : 0x08;
	out[13] = v6 ? 0xdd : 0x00;
	ip_bytes = v6 ? put_ipv6(ip, tcp_bytes) : put_ipv4(ip, tcp_bytes);
	memcpy(ip + ip_bytes, tcp, sizeof(tcp));
	memcpy(ip + ip_bytes + sizeof(tcp), first_bytes, 4);
	put_checksum(ip + ip_bytes + 16,
		sum_bytes(sum_bytes(IPPROTO_TCP + tcp_bytes, ip + (v6 ? 8 : 12), v6 ? 32 : 8),
			ip + ip_bytes, tcp_bytes));
	return 14 + ip_bytes + tcp_bytes;
}

/* No address resolution: without neighbours the kernel sends to whatever MAC. */
static int make_tap(struct probe *probe)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	probe->step = "make a TAP (/dev/net/tun)";
	memcpy(request.ifr_name, tap_name, sizeof(tap_name));
	probe->tap_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (probe->tap_fd < 0 || ioctl(probe->tap_fd, TUNSETIFF, &request) < 0)
		return -errno;
	probe->control_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	request.ifr_flags = IFF_UP | IFF_NOARP;
	if (probe->control_fd < 0 || ioctl(probe->control_fd, SIOCSIFFLAGS, &request) < 0)
		return -errno;
	return 0;
}

static int add_address(const struct probe *probe, bool v6)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct ifreq request = {0};
	struct in6_ifreq request6 = {
		.ifr6_prefixlen = 64, .ifr6_ifindex = (int)if_nametoindex(tap_name)};
	int fd;
	int rc;

	memcpy(request.ifr_name, tap_name, sizeof(tap_name));
	if (!v6) {
		memcpy(&address.sin_addr, net4, 4);
		address.sin_addr.s_addr |= htonl(1);
		memcpy(&request.ifr_addr, &address, sizeof(address));
		return ioctl(probe->control_fd, SIOCSIFADDR, &request) < 0 ? -errno : 0;
	}
	memcpy(&request6.ifr6_addr, net6, 16);
	request6.ifr6_addr.s6_addr[15] = 1;
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	rc = ioctl(fd, SIOCSIFADDR, &request6) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int open_listener(bool v6)
{
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0)
		return -errno;
	/* So that the one of IPv6 leaves the port of IPv4 alone. */
	if ((v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
		bind(fd, v6 ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4,
			v6 ? sizeof(a6) : sizeof(a4)) < 0 ||
		listen(fd, 1) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* Write the frame, again and again as a remote would: an address of IPv6 is not there at once. */
static int send_frame(const struct probe *probe, const uint8_t *frame, size_t len, int listener)
{
	struct pollfd ready = {.fd = listener, .events = POLLIN};

	for (int i = 0; i < TRIES; i++) {
		if (write(probe->tap_fd, frame, len) != (ssize_t)len)
			return -EIO;
		if (poll(&ready, 1, TRY_MS) > 0)
			return 0;
	}
	return -ETIMEDOUT;
}

/* Did the listener get a connection, and the connection its first bytes? */
static int take_connection(int listener)
{
	char got[8];
	ssize_t len;
	int fd;

	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return -errno;
	len = recv(fd, got, sizeof(got), 0);
	close(fd);
	return len == 4 && memcmp(got, first_bytes, 4) == 0 ? 0 : -EPROTO;
}

static int hand_over(struct probe *probe, bool v6)
{
	struct ip_address ours = {.family_bits = v6 ? 128 : 32};
	struct ifreq request = {0};
	uint8_t frame[FRAME_BYTES];
	size_t len;
	int listener;
	int error;

	probe->step = v6 ? "hand over a connection of IPv6" : "hand over a connection of IPv4";
	memcpy(request.ifr_name, tap_name, sizeof(tap_name));
	if (ioctl(probe->control_fd, SIOCGIFHWADDR, &request) < 0)
		return -errno;
	len = put_frame(v6, request.ifr_hwaddr.sa_data, frame);
	memcpy(ours.bytes, v6 ? net6 : net4, v6 ? 16 : 4);
	ours.bytes[v6 ? 15 : 3] = 1;
	error = add_address(probe, v6);
	if (error)
		return error;
	listener = open_listener(v6);
	if (listener < 0)
		return listener;
	error = load_listener_put(probe->load, &ours, PORT, listener);
	if (!error)
		error = send_frame(probe, frame, len, listener);
	if (!error)
		error = take_connection(listener);
	close(listener);
	return error;
}

static bool have_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Why the connection did not come: what the program counted says where it went. */
static void explain(struct probe *probe, int error)
{
	uint64_t fates[ABI_FATE_COUNT] = {0};
	const char *reason = strerror(-error);

	if (probe->load && load_counters(probe->load, fates) == 0) {
		if (fates[ABI_FATE_not_handed_over])
			reason = "the kernel does not offer bpf_sk_assign_tcp_reqsk, or not to us; "
				 "Linux 6.9 with CONFIG_SYN_COOKIES has it";
		else if (fates[ABI_FATE_handed_over])
			reason = "the kernel took the first segment and made no connection of it";
	}
	snprintf(probe->why, probe->why_bytes, "cannot %s: %s", probe->step, reason);
}

static int try_all(struct probe *probe)
{
	int error;

	probe->step = "enter a network namespace of its own (CAP_SYS_ADMIN)";
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	error = make_tap(probe);
	if (error)
		return error;
	error = load_open(&probe->load, HANDOFF_REQSK, probe->why, probe->why_bytes);
	if (!error)
		error = load_attach(
			probe->load, (int)if_nametoindex(tap_name), probe->why, probe->why_bytes);
	if (error) {
		probe->step = NULL; /* it is said already */
		return error;
	}
	error = hand_over(probe, false);
	if (!error && have_ipv6())
		error = hand_over(probe, true);
	return error;
}

static void *probe_main(void *arg)
{
	struct probe *probe = arg;
	int error = try_all(probe);

	probe->works = !error;
	if (error && probe->step)
		explain(probe, error);
	load_close(probe->load);
	if (probe->tap_fd >= 0)
		close(probe->tap_fd);
	if (probe->control_fd >= 0)
		close(probe->control_fd);
	return NULL;
}

enum handoff_mode probe_handoff(char *why, size_t why_bytes)
{
	struct probe probe = {.tap_fd = -1, .control_fd = -1, .why = why, .why_bytes = why_bytes};
	pthread_t thread;
	int error;

	why[0] = '\0';
	/* A thread, because it does not come back from its namespace. */
	error = pthread_create(&thread, NULL, probe_main, &probe);
	if (error) {
		snprintf(why, why_bytes, "cannot start a thread: %s", strerror(error));
		return HANDOFF_SYN;
	}
	pthread_join(thread, NULL);
	if (!probe.works)
		return HANDOFF_SYN;
	why[0] = '\0';
	return HANDOFF_REQSK;
}
