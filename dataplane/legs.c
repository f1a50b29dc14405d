/* SPDX-License-Identifier: BSD-3-Clause */
/* The outside ports as workers see them. */
#include "dataplane/legs.h"

#include <errno.h>
#include <sys/random.h>

#include <rte_ethdev.h>

#include "dataplane/checksum.h"

enum { VLAN_ID_MAX = 4094 };

int legs_init(struct legs *legs, const struct leg_config *configs, uint32_t count)
{
	*legs = (struct legs){.count = count};
	if (count == 0 || count > LEGS_MAX)
		return -EINVAL;
	if (getrandom(&legs->secret, sizeof(legs->secret), 0) != (ssize_t)sizeof(legs->secret))
		return -EIO;
	for (uint32_t i = 0; i < count; i++) {
		struct leg *leg = &legs->all[i];

		leg->config = configs[i];
		if (leg->config.rx_queues == 0)
			leg->config.rx_queues = 1;
		if (leg->config.tx_queues == 0)
			leg->config.tx_queues = 1;
		if (leg->config.rx_queues > STEER_WORKERS_MAX ||
			leg->config.tx_queues > STEER_WORKERS_MAX ||
			leg->config.vlan_id > VLAN_ID_MAX)
			return -EINVAL;
		if (leg->config.vlan_id != 0)
			leg->tag = LEG_TAGGED | leg->config.vlan_id;
	}
	return 0;
}

/* RFC 4291 appendix A, as the kernel does it. */
static void make_link_local(uint8_t out[static 16], const uint8_t mac[static 6])
{
	memset(out, 0, 16);
	out[0] = 0xfe;
	out[1] = 0x80;
	memcpy(out + 8, mac, 3);
	out[8] ^= 0x02;
	out[11] = 0xff;
	out[12] = 0xfe;
	memcpy(out + 13, mac + 3, 3);
}

void legs_set_mac(struct legs *legs, uint32_t number, const uint8_t mac[static 6])
{
	struct leg *leg = &legs->all[number];

	leg->has_mac = true;
	memcpy(leg->mac, mac, 6);
	if (number == 0) {
		legs->has_mac = true;
		memcpy(legs->mac, mac, 6);
		make_link_local(legs->link_local, mac);
	}
	legs->rewrites = false;
	for (uint32_t i = 1; i < legs->count; i++) {
		legs->all[i].foreign = legs->has_mac && legs->all[i].has_mac &&
				       memcmp(legs->all[i].mac, legs->mac, 6) != 0;
		legs->rewrites = legs->rewrites || legs->all[i].foreign;
	}
}

void legs_learn_macs(struct legs *legs)
{
	struct rte_ether_addr mac;

	for (uint32_t i = 0; i < legs->count; i++)
		if (rte_eth_macaddr_get(legs->all[i].config.port_id, &mac) == 0 &&
			!rte_is_zero_ether_addr(&mac))
			legs_set_mac(legs, i, mac.addr_bytes);
}

void leg_learn_tag(struct leg *leg, bool tagged, uint16_t tci)
{
	if (leg->config.vlan_id == 0)
		__atomic_store_n(
			&leg->tag, tagged ? LEG_TAGGED | (uint32_t)tci : 0, __ATOMIC_RELAXED);
}

static uint64_t mac_word(const uint8_t mac[static 6])
{
	uint64_t word = 0;

	for (int i = 0; i < 6; i++)
		word = word << 8 | mac[i];
	return word << 16;
}

static uint32_t place_of(const struct legs *legs, const uint8_t mac[static 6])
{
	return (uint32_t)hash_bytes(&legs->secret, mac, 6) % LEGS_NEIGHBOURS;
}

void legs_learn(struct legs *legs, const uint8_t mac[static 6], uint32_t number)
{
	uint64_t *entry;
	uint64_t word;

	if (legs->count == 1)
		return;
	entry = &legs->neighbours[place_of(legs, mac)];
	word = mac_word(mac) | number << 8 | 1;
	/* Mostly known: then the line stays with those that read it. */
	if (__atomic_load_n(entry, __ATOMIC_RELAXED) != word)
		__atomic_store_n(entry, word, __ATOMIC_RELAXED);
}

uint32_t legs_find(const struct legs *legs, const uint8_t mac[static 6])
{
	uint64_t word;

	if (legs->count == 1)
		return 0;
	if (mac[0] & 1)
		return LEG_ALL;
	word = __atomic_load_n(&legs->neighbours[place_of(legs, mac)], __ATOMIC_RELAXED);
	if (word == 0 || word >> 16 != mac_word(mac) >> 16)
		return LEG_NONE;
	return word >> 8 & 0xff;
}

void leg_rewrite_inward(const struct legs *legs, const struct leg *leg, struct rte_mbuf *frame)
{
	uint8_t *target = rte_pktmbuf_mtod(frame, uint8_t *);

	if (leg->foreign && memcmp(target, leg->mac, 6) == 0)
		memcpy(target, legs->mac, 6);
}

/* The link-layer address that a neighbour solicitation or advertisement of ours tells (RFC 4861
 * section 4.6.1), and the checksum over it. */
static void tell_mac(const struct leg *leg, uint8_t *bytes, const struct packet *p)
{
	uint8_t wanted = p->icmp.type == ICMP6_TYPE_NEIGHBOUR_SOLICIT ? 1 : 2;
	uint8_t *l4 = bytes + p->l4_offset;
	uint32_t at = p->l4_offset + 24u;
	struct view segment = view_make(l4, p->datagram_end - p->l4_offset);
	uint16_t sum;

	while (at + 8 <= p->datagram_end && bytes[at + 1] != 0) {
		if (bytes[at] == wanted)
			memcpy(bytes + at + 2, leg->mac, 6);
		at += bytes[at + 1] * 8u;
	}
	l4[2] = 0;
	l4[3] = 0;
	sum = checksum_l4(&p->tuple, PROTOCOL_NUMBER_ICMP6, segment);
	l4[2] = (uint8_t)(sum >> 8);
	l4[3] = (uint8_t)sum;
}

void leg_rewrite_outward(const struct leg *leg, struct rte_mbuf *frame, const struct packet *packet)
{
	uint8_t *bytes = rte_pktmbuf_mtod(frame, uint8_t *);

	memcpy(bytes + 6, leg->mac, 6);
	if (packet->kind == PACKET_ARP)
		memcpy(bytes + packet->l3_offset + 8, leg->mac, 6);
	else if (packet->kind == PACKET_ICMP6 && !packet->icmp.is_error &&
		 (packet->icmp.type == ICMP6_TYPE_NEIGHBOUR_SOLICIT ||
			 packet->icmp.type == ICMP6_TYPE_NEIGHBOUR_ADVERT))
		tell_mac(leg, bytes, packet);
}
