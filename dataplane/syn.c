/* SPDX-License-Identifier: BSD-3-Clause */
/* The short way of a SYN. */
#include "dataplane/syn.h"

#include "dataplane/admit.h"
#include "dataplane/judge.h"
#include "dataplane/word.h"

static_assert((int)WORKER_BURST <= (int)LANES_MAX, "a burst fits into the lanes");

/* For us, and from somebody who does not bring a mark. A group address would be answered from it. */
static bool link_is_plain(const struct leg *leg, const uint8_t *frame)
{
	return (leg->has_mac ? memcmp(frame, leg->mac, 6) == 0 : !(frame[0] & 1)) &&
	       !(frame[6] & 1) && !mark_in_mac(frame + 6);
}

/* edge_service, as a flood asks it: always for the same. */
static bool is_for_service(struct edge *edge, const uint8_t *frame, const struct plain_syn *said)
{
	const struct service_asked *last = &edge->service_asked;
	const uint8_t *dst = plain_syn_dst(frame, said->family);
	struct tuple to = {.dst_port = (uint16_t)said->ports, .family = said->family};
	uint32_t bytes = tuple_address_bytes(&to);
	enum filter_protocol protocol;

	if (last->found && last->serial == edge->serial && last->port == to.dst_port &&
		last->family == to.family &&
		(bytes == 4 ? memcmp(last->address, dst, 4) : memcmp(last->address, dst, 16)) == 0)
		return true;
	memcpy(to.dst, dst, bytes);
	return edge_service(edge, &to, &protocol);
}

/* What its cookie is sealed over, whose budget it asks if it is nobody's, where its flow would be. */
static void note_ipv4(struct edge *edge, struct syns *syns, struct syn *syn, const uint8_t *frame,
	uint64_t last_word)
{
	uint32_t src = word32(plain_syn_src(frame, TUPLE_IPV4));
	uint32_t dst = word32(plain_syn_dst(frame, TUPLE_IPV4));
	uint64_t(*words)[LANES_MAX] = syns->ipv4.words.words;
	const struct plain_syn *said = &syn->said;
	uint32_t lane = syns->ipv4.count++;

	syn->lane = (uint8_t)lane;
	syn->trace = flow_trace_ipv4(&edge->flows, src, dst, said->ports);
	syns->remotes4[lane] = rte_be_to_cpu_32(src);
	words[0][lane] = src | (uint64_t)dst << 32;
	words[1][lane] = cookie_word_numbers(
		(uint16_t)(said->ports >> 16), (uint16_t)said->ports, said->isn);
	words[2][lane] = last_word;
	syns->budget_words.words[0][syns->count] = budget_net(TUPLE_IPV4, src);
}

static void note_ipv6(struct edge *edge, struct syns *syns, struct syn *syn, const uint8_t *frame,
	uint64_t last_word)
{
	const uint8_t *src = plain_syn_src(frame, TUPLE_IPV6);
	const uint8_t *dst = plain_syn_dst(frame, TUPLE_IPV6);
	uint64_t from[2] = {word64(src), word64(src + 8)};
	uint64_t to[2] = {word64(dst), word64(dst + 8)};
	uint64_t(*words)[LANES_MAX] = syns->ipv6.words.words;
	const struct plain_syn *said = &syn->said;
	uint32_t lane = syns->ipv6.count++;

	syn->lane = (uint8_t)lane;
	syn->trace = flow_trace_ipv6(&edge->flows, from, to, said->ports);
	memcpy(syns->remotes6[lane], src, 16);
	words[0][lane] = from[0];
	words[1][lane] = from[1];
	words[2][lane] = to[0];
	words[3][lane] = to[1];
	words[4][lane] = cookie_word_numbers(
		(uint16_t)(said->ports >> 16), (uint16_t)said->ports, said->isn);
	words[5][lane] = last_word;
	syns->budget_words.words[0][syns->count] = budget_net(TUPLE_IPV6, from[0]);
}

static void note(
	struct edge *edge, struct syns *syns, struct rte_mbuf *m, uint32_t leg, uint64_t last_word)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct syn *syn = &syns->list[syns->count];

	syn->m = m;
	syn->leg = (uint8_t)leg;
	if (syn->said.family == TUPLE_IPV4)
		note_ipv4(edge, syns, syn, frame, last_word);
	else
		note_ipv6(edge, syns, syn, frame, last_word);
	syns->budget_words.words[1][syns->count] = UINT64_C(8) << 56;
	__builtin_prefetch(&edge->flows.traces[syn->trace]);
	syns->count++;
}

static uint64_t last_word(const struct edge *edge, const struct plain_syn *said)
{
	return cookie_word_last(
		said->family, cookie_attributes(&edge->cookies, said->family, &said->offered));
}

/* The shape that the frame has, of those that are known; or NULL. */
static struct shape_known *shape_of(
	struct edge *edge, const uint8_t *frame, uint32_t bytes, uint32_t leg)
{
	for (uint32_t i = 0; i < SHAPES_KNOWN; i++) {
		uint32_t at = (edge->shape_last + i) % SHAPES_KNOWN;
		struct shape_known *known = &edge->shapes[at];

		if (known->serial != edge->serial || known->leg != leg ||
			!syn_shape_fits(&known->shape, frame, bytes))
			continue;
		edge->shape_last = at;
		if (known->slot != edge->cookies.slot) {
			known->slot = edge->cookies.slot;
			known->last_word = last_word(edge, &known->shape.like);
		}
		return known;
	}
	return NULL;
}

/* In the place of the one that was not used for longest, or nearly so. */
static void shape_keep(struct edge *edge, const uint8_t *frame, uint32_t bytes, uint32_t leg,
	const struct plain_syn *said)
{
	struct shape_known *known;

	edge->shape_last = (edge->shape_last + SHAPES_KNOWN - 1) % SHAPES_KNOWN;
	known = &edge->shapes[edge->shape_last];
	syn_shape_learn(&known->shape, frame, bytes, said, edge->mtu);
	known->serial = edge->serial;
	known->leg = leg;
	known->slot = edge->cookies.slot;
	known->last_word = last_word(edge, said);
}

static bool take(struct edge *edge, struct syns *syns, struct rte_mbuf *m, uint32_t leg)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t bytes = rte_pktmbuf_data_len(m);
	struct syn *syn = &syns->list[syns->count];
	const struct leg *from = &edge->legs->all[leg];
	struct shape_known *known;

	if (m->nb_segs != 1 || bytes > PLAIN_SYN_MAX_BYTES || bytes > edge->frame_max)
		return false;
	known = shape_of(edge, frame, bytes, leg);
	if (likely(known)) {
		syns->shaped = true;
		syn->shape = &known->shape;
		if (!syn_shape_read(&known->shape, frame, &syn->said))
			return false;
		note(edge, syns, m, leg, known->last_word);
		return true;
	}
	if (!plain_syn_read(frame, bytes, &syn->said) || !link_is_plain(from, frame) ||
		from->config.vlan_id != 0 || !is_for_service(edge, frame, &syn->said))
		return false;
	syn->shape = NULL;
	note(edge, syns, m, leg, last_word(edge, &syn->said));
	/* Those of this burst that have one still need it. */
	if (!syns->shaped)
		shape_keep(edge, frame, bytes, leg, &syn->said);
	syns->shaped = true;
	return true;
}

/* One of our own addresses, or blocked for a time, itself or its partner? `suspect`: the former cannot be
 * excluded. */
static bool is_refused(const struct edge *edge, const struct syn *syn, bool suspect)
{
	uint8_t family = syn->said.family;
	uint8_t address[16] = {0};

	if (syn->partner_slot != 0 && verdict_blocks_partner(syn->partner_slot, edge->now))
		return true;
	if (likely(!suspect && !block_has_addresses(&edge->verdicts.blocks)))
		return false;
	memcpy(address, plain_syn_src(rte_pktmbuf_mtod(syn->m, const uint8_t *), family),
		family == TUPLE_IPV4 ? 4 : 16);
	return tables_address(edge->tables, family, address) ||
	       block_finds_address(&edge->verdicts.blocks, family, address, edge->now);
}

/* As classify_source and judge_blocks. */
static void judge(struct edge *edge, struct syns *syns)
{
	uint64_t tails4 = tables_tails(edge->tables, TUPLE_IPV4);
	uint64_t tails6 = tables_tails(edge->tables, TUPLE_IPV6);

	tables_sources_ipv4(edge->tables, syns->remotes4, syns->ipv4.count, syns->ipv4.sources);
	tables_sources_ipv6(edge->tables, syns->remotes6, syns->ipv6.count, syns->ipv6.sources);
	for (uint32_t i = 0; i < syns->count; i++) {
		struct syn *syn = &syns->list[i];
		bool v4 = syn->said.family == TUPLE_IPV4;
		const struct source *source = &(v4 ? &syns->ipv4 : &syns->ipv6)->sources[syn->lane];
		uint8_t tail =
			v4 ? (uint8_t)syns->remotes4[syn->lane] : syns->remotes6[syn->lane][15];

		syn->partner_slot = source->partner_slot;
		syn->refused = source->blocked ||
			       is_refused(edge, syn, (v4 ? tails4 : tails6) >> tail % 64 & 1);
		if (syn->partner_slot != 0)
			syns->budget_words.words[0][i] = budget_partner(syn->partner_slot);
	}
}

static void compute(struct edge *edge, struct syns *syns)
{
	cookie_seal(&edge->cookies, TUPLE_IPV4, &syns->ipv4.words, syns->ipv4.count,
		syns->ipv4.cookies);
	cookie_seal(&edge->cookies, TUPLE_IPV6, &syns->ipv6.words, syns->ipv6.count,
		syns->ipv6.cookies);
	lanes_siphash_1_3(edge->secret.word[0], edge->secret.word[1], &syns->budget_words, 2,
		syns->count, syns->budgets);
	for (uint32_t i = 0; i < syns->count; i++)
		budget_prefetch(edge->answers, syns->budgets[i]);
}

uint16_t syns_take(struct edge *edge, struct syns *syns, struct rte_mbuf **frames, uint16_t count,
	uint32_t leg)
{
	uint16_t others = 0;

	syns->count = syns->next = 0;
	syns->shaped = false;
	syns->ipv4.count = syns->ipv6.count = 0;
	if (!edge->tables || __atomic_load_n(&edge->unattended, __ATOMIC_RELAXED))
		return count;
	for (uint16_t i = 0; i < count; i++)
		__builtin_prefetch(rte_pktmbuf_mtod(frames[i], void *));
	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *m = frames[i];

		if (take(edge, syns, m, leg == BURST_LEG_OF_FRAME ? m->port : leg))
			syns->list[syns->count - 1].before = (uint8_t)others;
		else
			frames[others++] = m;
	}
	if (syns->count > 0) {
		judge(edge, syns);
		compute(edge, syns);
	}
	return others;
}

static bool answer(struct edge *edge, const struct syns *syns, const struct syn *syn)
{
	const struct syn_lanes *lanes = syn->said.family == TUPLE_IPV4 ? &syns->ipv4 : &syns->ipv6;
	uint32_t cookie = lanes->cookies[syn->lane];
	struct rte_mbuf *m = syn->m;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t bytes;

	if (syn->refused || flow_may_be(&edge->flows, syn->trace) ||
		edge->to_legs[syn->leg].count == OUTLET_MAX ||
		!admit_answer(edge, syns->budgets[syn - syns->list], syn->partner_slot))
		return false;
	bytes = likely(syn->shape) ? syn_shape_answer(syn->shape, frame, &syn->said, cookie)
				   : plain_syn_answer(frame, &syn->said, cookie, edge->mtu);
	m->data_len = (uint16_t)bytes;
	m->pkt_len = bytes;
	edge_put_leg(edge, m, syn->leg, true);
	return true;
}

const struct syn *syns_answer(struct edge *edge, struct syns *syns, uint32_t number)
{
	uint32_t begun = syns->next;
	const struct syn *stopped = NULL;

	while (!stopped && syns->next < syns->count && syns->list[syns->next].before <= number) {
		const struct syn *syn = &syns->list[syns->next++];

		if (unlikely(!answer(edge, syns, syn)))
			stopped = syn;
	}
	edge->counters.fates[DIRECTION_IN].consumed += syns->next - begun - (stopped != NULL);
	return stopped;
}
