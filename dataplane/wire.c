/* SPDX-License-Identifier: BSD-3-Clause */
/* What crosses as on a wire. */
#include "dataplane/wire.h"

static void wire_pass(struct edge *edge, struct frame *f)
{
	/* An error is not the connection's traffic: its source must not show in marks or counts. */
	f->flow = NULL;
	if (f->direction == DIRECTION_IN)
		edge_to_tap(edge, f);
	else
		edge_to_port(edge, f);
}

/* Within the limit? Only what comes from outside is limited. */
static bool wire_allows(struct edge *edge, const struct frame *f, enum police_kind kind)
{
	return f->direction == DIRECTION_OUT || police_allow(&edge->police, kind, edge->now);
}

/* Neighbours talk to us on the link where we are: its port and tag are those to answer with. */
static void wire_learn(struct edge *edge, const struct frame *f)
{
	if (f->direction != DIRECTION_IN)
		return;
	leg_learn_tag(&edge->legs->all[f->leg],
		f->packet.has_vlan && (f->packet.vlan_tci & 0xfff) != 0, f->packet.vlan_tci);
	legs_learn(edge->legs, rte_pktmbuf_mtod(f->m, const uint8_t *) + 6, f->leg);
}

static void wire_arp(struct edge *edge, struct frame *f)
{
	const struct tuple *t = &f->packet.tuple;
	const uint8_t *ours = f->direction == DIRECTION_IN ? t->dst : t->src;
	/* A probe for a duplicate of our address (RFC 5227) has no sender address yet. */
	bool probe = f->direction == DIRECTION_OUT && edge_owns(edge, TUPLE_IPV4, t->dst);

	if (!edge_owns(edge, TUPLE_IPV4, ours) && !probe) {
		edge_drop(edge, f, CAUSE_arp_not_ours);
	} else if (!wire_allows(edge, f, POLICE_ARP)) {
		edge_drop(edge, f, CAUSE_arp_over_limit);
	} else {
		wire_learn(edge, f);
		wire_pass(edge, f);
	}
}

static bool nd_is_ours(const struct edge *edge, const uint8_t address[static 16])
{
	return edge_owns(edge, TUPLE_IPV6, address) ||
	       (edge->legs->has_mac && memcmp(address, edge->legs->link_local, 16) == 0);
}

/* A solicitation is about its target; an advertisement from outside answers one of ours, so it comes
 * to us or, unsolicited, to all nodes (ff02::1). */
static bool nd_concerns_us(const struct edge *edge, const struct frame *f)
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 0x01};
	const struct packet *p = &f->packet;

	if (f->direction == DIRECTION_OUT)
		return nd_is_ours(edge, p->tuple.src) || nd_is_ours(edge, p->icmp.nd_target);
	if (p->icmp.type == ICMP6_TYPE_NEIGHBOUR_SOLICIT)
		return nd_is_ours(edge, p->icmp.nd_target);
	return nd_is_ours(edge, p->tuple.dst) || memcmp(p->tuple.dst, all_nodes, 16) == 0;
}

static void wire_discovery(struct edge *edge, struct frame *f)
{
	if (!nd_concerns_us(edge, f)) {
		edge_drop(edge, f, CAUSE_nd_not_ours);
	} else if (!wire_allows(edge, f, POLICE_ND)) {
		edge_drop(edge, f, CAUSE_nd_over_limit);
	} else {
		wire_learn(edge, f);
		wire_pass(edge, f);
	}
}

static void wire_echo(struct edge *edge, struct frame *f)
{
	const struct tuple *t = &f->packet.tuple;

	if (!edge_owns(edge, t->family, f->direction == DIRECTION_IN ? t->dst : t->src))
		edge_drop(edge, f, CAUSE_echo_not_ours);
	else if (!wire_allows(edge, f, POLICE_ECHO))
		edge_drop(edge, f, CAUSE_echo_over_limit);
	else
		wire_pass(edge, f);
}

static void wire_error(struct edge *edge, struct frame *f)
{
	if (!f->flow || f->flow->state > FLOW_closing || f->flow->state == FLOW_held)
		edge_drop(edge, f, CAUSE_icmp_no_flow);
	else if (!wire_allows(edge, f, POLICE_ICMP_ERROR))
		edge_drop(edge, f, CAUSE_icmp_over_limit);
	else
		wire_pass(edge, f);
}

static void wire_icmp(struct edge *edge, struct frame *f)
{
	uint8_t type = f->packet.icmp.type;
	bool six = f->packet.kind == PACKET_ICMP6;

	if (f->packet.icmp.is_error)
		wire_error(edge, f);
	else if (six &&
		 (type == ICMP6_TYPE_NEIGHBOUR_SOLICIT || type == ICMP6_TYPE_NEIGHBOUR_ADVERT))
		wire_discovery(edge, f);
	else if (six ? type == ICMP6_TYPE_ECHO || type == ICMP6_TYPE_ECHO_REPLY
		     : type == ICMP4_TYPE_ECHO || type == ICMP4_TYPE_ECHO_REPLY)
		wire_echo(edge, f);
	else
		edge_drop(edge, f,
			f->direction == DIRECTION_IN ? CAUSE_icmp_type
						     : CAUSE_outbound_not_allowed);
}

void wire_frame(struct edge *edge, struct frame *f)
{
	if (f->packet.kind == PACKET_ARP)
		wire_arp(edge, f);
	else if (f->packet.kind == PACKET_ICMP || f->packet.kind == PACKET_ICMP6)
		wire_icmp(edge, f);
	else
		edge_drop(edge, f,
			f->direction == DIRECTION_IN ? CAUSE_udp_not_allowed
						     : CAUSE_outbound_not_allowed);
}
