/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of a flood, sent through a ring that is shared with the kernel (AF_PACKET). */
#include "tests/bench/flood.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
	SLOT_BYTES = 512,
	SLOTS = 4096,
	BLOCK_BYTES = 64 * 1024,
	KICK_FRAMES = 64, /* frames between two system calls */
};

struct ring {
	int fd;
	uint8_t *slots;
	uint32_t next;
};

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Words as they lie in memory, the last one filled up with zero. */
static uint32_t sum_words(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i += 2) {
		uint16_t word = 0;

		memcpy(&word, p + i, len - i < 2 ? 1 : 2);
		sum += word;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static int interface_mac(const struct flood *flood, uint8_t mac[6])
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = -errno;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", flood->interface);
	if (fd >= 0) {
		rc = ioctl(fd, SIOCGIFHWADDR, &request) < 0 ? -errno : 0;
		close(fd);
	}
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return rc;
}

static void plan_network(const struct flood *flood, struct flood_plan *plan, uint32_t tcp_bytes)
{
	uint8_t *ip = plan->frame + 14;

	put16(plan->frame + 12, plan->v6 ? 0x86dd : 0x0800);
	if (plan->v6) {
		ip[0] = 0x60;
		put16(ip + 4, tcp_bytes);
		ip[6] = 6;
		ip[7] = 64;
		memcpy(ip + 8, flood->source.address.bytes, 16);
		memcpy(ip + 24, flood->target.bytes, 16);
		return;
	}
	ip[0] = 0x45;
	put16(ip + 2, 20 + tcp_bytes);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, flood->source.address.bytes, 4);
	memcpy(ip + 16, flood->target.bytes, 4);
	plan->ip_sum = sum_words(0, ip, 20);
}

/* As Linux offers them, but for timestamps. */
static const uint8_t syn_options[] = {2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7};

int flood_plan_make(const struct flood *flood, struct flood_plan *plan)
{
	const uint8_t *more = flood->syn ? syn_options : (const uint8_t *)flood->data;
	uint32_t more_bytes = (uint32_t)(flood->syn ? sizeof(syn_options) : strlen(flood->data));
	uint32_t headers =
		flood->target.family_bits == 128 ? FLOOD_HEADERS_IPV6 : FLOOD_HEADERS_IPV4;
	uint8_t mask[16] = {0};
	uint8_t *tcp;
	int rc = 0;

	*plan = (struct flood_plan){.v6 = flood->target.family_bits == 128,
		.frame_bytes = headers + more_bytes,
		.draws_ack = !flood->syn,
		.ifindex = if_nametoindex(flood->interface)};
	if (plan->frame_bytes > sizeof(plan->frame))
		return -E2BIG;
	memcpy(plan->frame, flood->target_mac, 6);
	memcpy(plan->frame + 6, flood->source_mac, 6);
	if (!flood->has_source_mac)
		rc = interface_mac(flood, plan->frame + 6);
	plan_network(flood, plan, 20 + more_bytes);
	for (uint32_t bit = flood->source.length_bits; bit < flood->target.family_bits; bit++)
		mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	memcpy(plan->mask, mask, sizeof(mask));
	tcp = plan->frame + headers - 20;
	put16(tcp + 2, flood->port);
	tcp[12] = (uint8_t)((20 + (flood->syn ? more_bytes : 0)) / 4 << 4);
	tcp[13] = flood->syn ? 0x02 : 0x18;
	put16(tcp + 14, 0xfaf0);
	memcpy(tcp + 20, more, more_bytes);
	plan->tcp_sum = sum_words(0, tcp, 20 + more_bytes);
	plan->tcp_sum =
		sum_words(plan->tcp_sum, plan->frame + 14 + (plan->v6 ? 8 : 12), plan->v6 ? 32 : 8);
	plan->tcp_sum += htons((uint16_t)(20 + more_bytes)) + htons(6);
	return rc;
}

static int ring_open(struct ring *ring, const char *interface)
{
	struct sockaddr_ll where = {.sll_family = AF_PACKET, /* no protocol: nothing is received */
		.sll_ifindex = (int)if_nametoindex(interface)};
	struct tpacket_req request = {.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = SLOTS / (BLOCK_BYTES / SLOT_BYTES),
		.tp_frame_size = SLOT_BYTES,
		.tp_frame_nr = SLOTS};
	int version = TPACKET_V2;
	int one = 1;

	ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (ring->fd < 0 ||
		setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
		setsockopt(ring->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0 ||
		setsockopt(ring->fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof(request)) < 0)
		return -errno;
	ring->slots = mmap(NULL, (size_t)SLOTS * SLOT_BYTES, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, ring->fd, 0);
	if (ring->slots == MAP_FAILED ||
		bind(ring->fd, (struct sockaddr *)&where, sizeof(where)) < 0)
		return -errno;
	ring->next = 0;
	return 0;
}

/* A slot that the kernel has done with. */
static struct tpacket2_hdr *ring_slot(struct ring *ring)
{
	struct tpacket2_hdr *slot =
		(struct tpacket2_hdr *)(ring->slots + (size_t)(ring->next % SLOTS) * SLOT_BYTES);

	for (;;) {
		uint32_t status = __atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE);

		if (status == TP_STATUS_AVAILABLE || status & TP_STATUS_WRONG_FORMAT)
			break;
		send(ring->fd, NULL, 0, 0);
	}
	ring->next++;
	return slot;
}

static void put_frame(struct ring *ring, const struct flood_plan *plan)
{
	struct tpacket2_hdr *slot = ring_slot(ring);
	uint8_t *frame = (uint8_t *)slot + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);
	uint32_t draws[FLOOD_DRAWS + 1];

	for (int i = 0; i < FLOOD_DRAWS; i += 2) {
		uint64_t chance = flood_random();

		memcpy(draws + i, &chance, sizeof(chance));
	}
	memcpy(frame, plan->frame, plan->frame_bytes);
	if (plan->v6)
		flood_draw(frame, plan, 1, draws);
	else
		flood_draw(frame, plan, 0, draws);
	slot->tp_len = plan->frame_bytes;
	__atomic_store_n(&slot->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
}

/* How many are due; naps while none is. */
static uint64_t due(const struct flood *flood, double since, uint64_t sent)
{
	const struct timespec nap = {.tv_nsec = 50000};
	uint64_t count;

	if (flood->rate == 0)
		return KICK_FRAMES;
	count = (uint64_t)((flood_now() - since) * (double)flood->rate);
	if (count <= sent) {
		nanosleep(&nap, NULL);
		return 0;
	}
	return count - sent < KICK_FRAMES ? count - sent : KICK_FRAMES;
}

int flood_frames(const struct flood *flood)
{
	struct flood_plan plan;
	struct ring ring = {.fd = -1};
	uint64_t sent = 0;
	double start;
	int error = flood_plan_make(flood, &plan);

	if (!error)
		error = ring_open(&ring, flood->interface);
	if (error)
		return flood_fail(flood->interface, error);
	start = flood_now();
	while (flood_now() < start + flood->seconds) {
		uint64_t count = due(flood, start, sent);

		for (uint64_t i = 0; i < count; i++)
			put_frame(&ring, &plan);
		if (count)
			send(ring.fd, NULL, 0, MSG_DONTWAIT);
		sent += count;
	}
	printf("{\"what\": \"%s\", \"by\": \"ring\", \"sent\": %llu, \"pps\": %.0f}\n",
		flood->syn ? "syn" : "ack", (unsigned long long)sent,
		(double)sent / (flood_now() - start));
	close(ring.fd);
	return EXIT_SUCCESS;
}
