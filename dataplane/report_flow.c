/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections, one by one. */
#include <errno.h>
#include <stdio.h>

#include "dataplane/crew.h"
#include "dataplane/partner.h"
#include "dataplane/report_int.h"
#include "rules/base/mark.h"

enum { FLOWS_PAGE_MAX = 200, NS_PER_DS = 100000000 };

const char *report_class_name(enum source_class class)
{
	switch (class) {
	case CLASS_UNKNOWN:
		return "unknown";
	case CLASS_CLAIMED:
		return "claimed";
	case CLASS_VERIFIED:
		return "verified";
	case CLASS_SUSPICIOUS:
		return "suspicious";
	case CLASS_OUTBOUND:
		return "outbound";
	case CLASS_BLOCKED:
		return "blocked";
	case CLASS_NONE:
		break;
	}
	return "none";
}

static uint64_t elapsed_ms(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? (now_ns - then_ns) / NS_PER_MS : 0;
}

json_t *report_flow_json(const struct flow *flow, uint64_t now_ns)
{
	struct ip_address remote = tuple_src_address(&flow->key);
	struct ip_address local = tuple_dst_address(&flow->key);
	char remote_text[IP_TEXT_BYTES];
	char local_text[IP_TEXT_BYTES];

	ip_address_print(&remote, remote_text);
	ip_address_print(&local, local_text);
	return json_pack("{s:s, s:i, s:s, s:i, s:I, s:s, s:i, s:s, s:b, s:I, s:i, s:s}", "remote",
		remote_text, "remote_port", (int)flow->key.src_port, "local", local_text,
		"local_port", (int)flow->key.dst_port, "mark", (json_int_t)flow->mark, "class",
		report_class_name(mark_class(flow->mark)), "partner", (int)mark_partner(flow->mark),
		"state", flow_state_name((enum flow_state)flow->state), "outbound",
		(flow->flags & FLOW_OUTBOUND) != 0, "idle_ms",
		(json_int_t)elapsed_ms(now_ns, flow->seen_ns), "claimed",
		(int)flow->claimed_partner, "cause", cause_name((enum cause)flow->cause));
}

json_t *report_flows(uint32_t offset, uint32_t limit, uint32_t *total)
{
	uint32_t found = 0;
	struct flow flow;
	json_t *list;

	if (crew_size() == 0)
		return NULL;
	list = json_array();
	limit = RTE_MIN(limit, (uint32_t)FLOWS_PAGE_MAX);
	*total = 0;
	for (uint32_t w = 0; w < crew_size(); w++) {
		const struct edge *edge = crew_edge(w);
		uint64_t now_ns = __atomic_load_n(&edge->now.ns, __ATOMIC_RELAXED);

		*total += __atomic_load_n(&edge->flows.count, __ATOMIC_RELAXED);
		for (uint32_t i = 0; i < edge->flows.slots && json_array_size(list) < limit; i++)
			if (flow_copy(&edge->flows, i, &flow) && found++ >= offset)
				json_array_append_new(list, report_flow_json(&flow, now_ns));
	}
	return list;
}

/* --- one of them, with all that is known --- */

static json_t *rate_json(const struct inquiry_rate *rate)
{
	return json_pack("{s:I, s:I, s:I}", "left", (json_int_t)rate->left, "burst",
		(json_int_t)rate->burst, "per_s", (json_int_t)rate->per_s);
}

static json_t *connections_json(const struct inquiry_limits *l)
{
	json_t *o = json_pack("{s:I}", "open", (json_int_t)l->open);

	if (!l->by_domain || l->prefix_bits == 0)
		report_put(o, "most", l->most);
	return o;
}

/* By whose they are: "partner", "domain", or the prefix. New connections are no domain's. */
static json_t *limits_json(const struct inquiry_answer *answer)
{
	json_t *all = json_object();

	for (uint32_t i = 0; i < answer->limits_count; i++) {
		const struct inquiry_limits *l = &answer->limits[i];
		struct prefix prefix = {.length_bits = l->prefix_bits,
			.address = tuple_src_address(&answer->flow.key)};
		char whose[IP_TEXT_BYTES] = "partner";

		memset(prefix.address.bytes + l->prefix_bits / 8, 0,
			sizeof(prefix.address.bytes) - l->prefix_bits / 8);
		if (l->prefix_bits != 0)
			prefix_print(&prefix, whose);
		else if (l->by_domain)
			snprintf(whose, sizeof(whose), "domain");
		json_object_set_new(all, whose,
			json_pack("{s:o, s:o*, s:o, s:o}", "connections", connections_json(l),
				"new_connections",
				l->by_domain ? NULL : rate_json(&l->rates[RATE_CONNECTIONS]),
				"packets", rate_json(&l->rates[RATE_PACKETS]), "bytes",
				rate_json(&l->rates[RATE_BYTES])));
	}
	return all;
}

static void put_name(json_t *o, const char *key, uint32_t id)
{
	struct partner_entry entry;
	uint32_t slot = partner_find(id);

	if (slot == 0)
		return;
	partner_print(slot, &entry);
	json_object_set_new(o, key, json_string(entry.name));
}

static json_t *whole_json(const struct inquiry_answer *answer)
{
	const struct flow *flow = &answer->flow;
	json_t *o = report_flow_json(flow, answer->now.ns);

	put_name(o, "partner_name", mark_partner(flow->mark));
	put_name(o, "claimed_name", flow->claimed_partner);
	if (flow->cause != CAUSE_none)
		json_object_set_new(
			o, "cause_words", json_string(cause_text((enum cause)flow->cause)));
	report_put(o, "age_ms", elapsed_ms(answer->now.ns, flow->began_ds * (uint64_t)NS_PER_DS));
	report_put(o, "packets_in", flow->packets_in);
	report_put(o, "packets_out", flow->packets_out);
	report_put(o, "bytes_in", flow_bytes_in(flow));
	report_put(o, "bytes_out", flow_bytes_out(flow));
	json_object_set_new(o, "reset", json_boolean(flow->flags & FLOW_RESET));
	json_object_set_new(o, "fin_in", json_boolean(flow->flags & FLOW_FIN_IN));
	json_object_set_new(o, "fin_out", json_boolean(flow->flags & FLOW_FIN_OUT));
	json_object_set_new(o, "neighbour",
		json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", flow->peer_mac[0], flow->peer_mac[1],
			flow->peer_mac[2], flow->peer_mac[3], flow->peer_mac[4],
			flow->peer_mac[5]));
	if (flow->flags & FLOW_VLAN)
		report_put(o, "vlan", flow->vlan_tci & 0xfff);
	if (flow->gather != GATHER_NONE)
		json_object_set_new(o, "first_bytes",
			json_pack("{s:i, s:i, s:I}", "bytes", (int)answer->gathered_bytes,
				"segments", (int)answer->gathered_segments, "left_ms",
				(json_int_t)answer->gather_left_ms));
	json_object_set_new(o, "limits", limits_json(answer));
	return o;
}

/* Who is on the other side, and would it be let in? */
static json_t *why_source(const struct tables *tables, const struct tuple *key)
{
	struct ip_address address = tuple_src_address(key);
	struct partner_entry entry;
	struct source source;
	char remote[IP_TEXT_BYTES];
	uint64_t seconds;

	ip_address_print(&address, remote);
	tables_source(tables, key->family, key->src, &source);
	if (source.blocked)
		return json_sprintf("the rules block %s: it is refused (blocked_source)", remote);
	seconds = verdict_address_left_s(key->family, key->src, mono_now());
	if (seconds > 0)
		return json_sprintf("%s is blocked for %llu s more (blocked_by_verdict)", remote,
			(unsigned long long)seconds);
	if (source.partner_slot == 0)
		return json_sprintf(
			"no such connection: %s is no partner's address, and none of it "
			"with these ports was seen lately",
			remote);
	partner_print(source.partner_slot, &entry);
	return json_sprintf("no such connection: %s is an address of %s, but none of it with these "
			    "ports was seen lately",
		remote, entry.name);
}

static json_t *why_none(const struct tuple *key, bool announced)
{
	const struct tables *tables = tables_now();
	enum filter_protocol protocol;
	struct tuple other = tuple_reverse(key);

	if (announced)
		return json_string("announced by the control plane, not begun yet");
	if (!tables)
		return json_string("no rules are in force yet: nothing crosses");
	if (!tables_address(tables, key->family, key->dst)) {
		if (!tables_address(tables, other.family, other.dst))
			return json_string("neither address is one of ours");
		key = &other;
	}
	if (!tables_service(tables, key->family, key->dst, key->dst_port, &protocol))
		return json_sprintf("no such connection: port %u of ours is no service, so only we "
				    "could have opened it",
			key->dst_port);
	return why_source(tables, key);
}

/* The worker that owns it. 1: there it is. */
static int flow_ask(const struct tuple *key, struct inquiry_answer *answer)
{
	int rc = inquiry_ask(&crew_edge(steer_owner(key))->inquiry, key, answer);

	return rc == 0 ? answer->found : rc;
}

json_t *report_flow(const struct tuple *key)
{
	struct tuple back = tuple_reverse(key);
	struct inquiry_answer answer;
	bool announced = false;
	int found;

	if (crew_size() == 0)
		return NULL;
	found = flow_ask(key, &answer);
	if (found == 0) {
		announced = answer.announced;
		found = flow_ask(&back, &answer);
	}
	if (found < 0)
		return json_pack("{s:n, s:s}", "flow", "why",
			found == -EBUSY ? "the worker still looks for another one"
					: "the worker does not answer");
	if (found)
		return json_pack("{s:o}", "flow", whole_json(&answer));
	return json_pack("{s:n, s:o}", "flow", "why", why_none(key, announced || answer.announced));
}
