/* SPDX-License-Identifier: BSD-3-Clause */
/* Sending segments that the edge has made. */
#include "dataplane/made.h"

#include <rte_ether.h>

#include "dataplane/handoff.h"

static const struct packet segment = {.kind = PACKET_TCP};

static bool send_in(struct edge *edge, const struct made *made, struct rte_mbuf *m)
{
	if (made->tagged)
		rte_vlan_strip(m);
	leg_inward(edge->legs, made->leg, m);
	if (made->flow)
		handoff_frame(m, made->flow->mark | made->mark_bits);
	return edge_put_tap(edge, m, made->flow, true) == CAUSE_none;
}

static bool send_out(struct edge *edge, const struct made *made, struct rte_mbuf **m)
{
	leg_outward(&edge->legs->all[made->leg], *m, &segment);
	if (!made->tagged && made->flow && made->flow->flags & FLOW_VLAN) {
		(*m)->vlan_tci = made->flow->vlan_tci;
		if (rte_vlan_insert(m) != 0)
			return false;
	}
	return edge_put_leg(edge, *m, made->leg, true);
}

bool made_send(struct edge *edge, const struct made *made, const uint8_t *bytes, int len)
{
	struct rte_mbuf *m = len > 0 ? rte_pktmbuf_alloc(edge->config.pool) : NULL;
	char *room = m ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;
	bool sent = false;

	if (room) {
		memcpy(room, bytes, (size_t)len);
		sent = made->direction == DIRECTION_IN ? send_in(edge, made, m)
						       : send_out(edge, made, &m);
	}
	if (!sent)
		rte_pktmbuf_free(m);
	edge->counters.resets_lost += !sent;
	return sent;
}

void made_answer(struct edge *edge, struct frame *f, const uint8_t *bytes, int len)
{
	struct rte_mbuf *m = f->m;

	if (unlikely(len < 0 || len > m->data_len + rte_pktmbuf_tailroom(m))) {
		edge_drop(edge, f, CAUSE_no_buffer);
		return;
	}
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), bytes, (size_t)len);
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	leg_outward(&edge->legs->all[f->leg], m, &segment);
	if (unlikely(!edge_put_leg(edge, m, f->leg, true))) {
		edge_drop(edge, f, CAUSE_port_full);
		return;
	}
	edge->counters.fates[DIRECTION_IN].consumed++;
}

static void imitate(const struct edge *edge, const struct flow *flow, struct packet *p,
	uint8_t bytes[static REPLY_MIN_BYTES])
{
	bool tagged = flow->flags & FLOW_VLAN;
	uint8_t *type = bytes + 12;

	memset(bytes, 0, REPLY_MIN_BYTES);
	memcpy(bytes, edge->legs->mac, 6);
	memcpy(bytes + 6, flow->peer_mac, 6);
	if (tagged) {
		*type++ = 0x81;
		*type++ = 0x00;
		*type++ = (uint8_t)(flow->vlan_tci >> 8);
		*type++ = (uint8_t)flow->vlan_tci;
	}
	*type++ = flow->key.family == TUPLE_IPV4 ? 0x08 : 0x86;
	*type++ = flow->key.family == TUPLE_IPV4 ? 0x00 : 0xdd;
	*p = (struct packet){
		.tuple = flow->key,
		.kind = PACKET_TCP,
		.has_vlan = tagged,
		.vlan_tci = flow->vlan_tci,
		.l3_offset = (uint16_t)(type - bytes),
		.l3_bytes = flow->key.family == TUPLE_IPV4 ? 20 : 40,
		.l4_bytes = 20,
	};
	p->l4_offset = p->l3_offset + p->l3_bytes;
	p->payload_offset = p->l4_offset + p->l4_bytes;
	p->datagram_end = p->payload_offset;
}

void made_alone(const struct edge *edge, const struct flow *flow, struct made_alone *out)
{
	imitate(edge, flow, &out->packet, out->bytes);
	out->made = (struct made){
		.flow = flow,
		.leg = edge_leg(edge, flow, flow->peer_mac),
		.tagged = out->packet.has_vlan,
	};
}
