/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens to an edge between frames. */
#include "tests/pcap/steps.h"

#include <stdlib.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "dataplane/report.h"
#include "dataplane/verdict.h"
#include "rules/partner_ids.h"
#include "rules/ruleset.h"
#include "tests/ring/ring.h"

enum { RULES_MAX_BYTES = 1024 * 1024 };

static struct partner_ids ids;
static bool has_ids;
static uint64_t generation;
static bool full[2]; /* TAP, port */
static enum { FRAMES_WHOLE, FRAMES_PIECES, FRAMES_BARE } manner;

void steps_advance(struct steps *steps)
{
	struct step *s = &steps->next;
	char *rest;

	s->count = 0;
	steps->any = fgets(s->line, sizeof(s->line), steps->file) != NULL;
	if (!steps->any)
		return;
	s->us = strtoull(s->line, &rest, 10);
	for (char *word = strtok(rest, " \n"); word; word = strtok(NULL, " \n")) {
		if (s->count == STEP_WORDS)
			die("step with too many words");
		s->words[s->count++] = word;
	}
	if (s->count == 0)
		die("step without a word");
}

void steps_open(struct steps *steps, const char *path)
{
	steps->file = fopen(path, "r");
	if (!steps->file)
		die("cannot read %s", path);
	steps_advance(steps);
}

void steps_close(struct steps *steps)
{
	fclose(steps->file);
}

uint64_t steps_us(const struct steps *steps)
{
	return steps->any ? steps->next.us : UINT64_MAX;
}

static uint64_t number_of(const char *text)
{
	char *end;
	uint64_t number = strtoull(text, &end, 0);

	if (end == text || *end)
		die("'%s' is no number", text);
	return number;
}

static bool is(const char *word, const char *yes, const char *no)
{
	if (strcmp(word, yes) != 0 && strcmp(word, no) != 0)
		die("'%s' is neither %s nor %s", word, yes, no);
	return strcmp(word, yes) == 0;
}

static void do_config(const struct step *s)
{
	const struct siphash_key seed = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	struct worker_config config = {0};

	for (unsigned i = 1; i < s->count; i++) {
		char *value = strchr(s->words[i], '=');

		if (!value)
			die("config: '%s'", s->words[i]);
		*value++ = '\0';
		if (strcmp(s->words[i], "vlan") == 0)
			config.ports[0].vlan_id = (uint16_t)number_of(value);
		else if (strcmp(s->words[i], "mtu") == 0)
			config.mtu = (uint16_t)number_of(value);
		else if (strcmp(s->words[i], "handoff") == 0)
			config.handoff = is(value, "reqsk", "syn") ? HANDOFF_REQSK : HANDOFF_SYN;
		else if (strcmp(s->words[i], "flows") == 0)
			config.flow_capacity = (uint32_t)number_of(value);
		else if (strcmp(s->words[i], "gathers") == 0)
			config.gather_capacity = (uint32_t)number_of(value);
		else
			die("config: '%s'", s->words[i]);
	}
	ring_restart(&config);
	/* One that the units know (shake.py). */
	cookie_jar_init(&edge->cookies, &seed, now);
}

static struct ruleset *rules_read(const char *path)
{
	static char text[RULES_MAX_BYTES];
	struct rules_errors errors = {0};
	struct ruleset *compiled;
	FILE *file = fopen(path, "rb");
	size_t bytes;

	if (!file)
		die("cannot read %s", path);
	bytes = fread(text, 1, sizeof(text), file);
	fclose(file);
	compiled = ruleset_compile(view_make(text, (uint32_t)bytes), NULL, &errors);
	if (!compiled)
		die("%s:%u: %s: %s", path, errors.list[0].line, errors.list[0].key,
			errors.list[0].text);
	return compiled;
}

/* What the control plane and command_filter_commit do: ids by name, a higher generation, tables in
 * force by one store, then the blocks that are about names. */
static void do_rules(const struct step *s)
{
	struct ruleset *compiled;

	if (strcmp(s->words[1], "none") == 0) {
		tables_publish(NULL);
		return;
	}
	compiled = rules_read(s->words[1]);
	if (!has_ids && partner_ids_init(&ids) < 0)
		die("no partner ids");
	has_ids = true;
	if (ruleset_assign_ids(compiled, &ids) < 0)
		die("no ids for the partners");
	compiled->generation = ++generation;
	ring_publish_compiled(compiled);
	verdict_rules_changed(now);
}

/* A prefix, a name, or a dot and a name for it and all below it. */
static struct block_target target_of(const char *text)
{
	bool subtree = text[0] == '.';
	struct view view = view_of(text);
	struct block_target target;
	struct ip_address address;
	struct prefix prefix;

	if (ip_address_parse(view, &address)) {
		prefix = (struct prefix){address, address.family_bits};
		return block_target_prefix(&prefix);
	}
	if (prefix_parse(view, &prefix))
		return block_target_prefix(&prefix);
	if (!block_target_name(view_sub(view, subtree, view.len), subtree, &target))
		die("'%s' cannot be blocked", text);
	return target;
}

static void do_block(const struct step *s)
{
	struct block block = {.target = target_of(s->words[1]),
		.expires = mono_after_ms(now, 1000 * number_of(s->words[2]))};

	if (verdict_block(&block, now) != 0)
		die("block %s is refused", s->words[1]);
}

static void do_unblock(const struct step *s)
{
	struct block_target target = target_of(s->words[1]);

	if (verdict_unblock(&target, now) != 0)
		die("unblock %s is refused", s->words[1]);
}

/* Two endpoints, four words. */
static struct tuple tuple_of(char *const *words)
{
	bool v6 = strchr(words[0], ':') != NULL;
	struct tuple t = {.family = v6 ? TUPLE_IPV6 : TUPLE_IPV4, .protocol = IPPROTO_TCP};

	if (inet_pton(v6 ? AF_INET6 : AF_INET, words[0], t.src) != 1 ||
		inet_pton(v6 ? AF_INET6 : AF_INET, words[2], t.dst) != 1)
		die("'%s' and '%s' are no addresses", words[0], words[2]);
	t.src_port = (uint16_t)number_of(words[1]);
	t.dst_port = (uint16_t)number_of(words[3]);
	return t;
}

static void do_verdict(const struct step *s)
{
	struct tuple key = tuple_of(s->words + 1);
	bool verified = is(s->words[5], "verified", "suspicious");

	if (verdict_say_flow(&key,
		    mark_make(verified ? CLASS_VERIFIED : CLASS_SUSPICIOUS,
			    (uint32_t)number_of(s->words[6])),
		    s->count > 7 ? view_of(s->words[7]) : (struct view){0}, now) != 0)
		die("verdict is refused");
}

static void do_announce(const struct step *s)
{
	struct tuple outbound = tuple_of(s->words + 1);

	if (expect_add(&outbound, (uint32_t)number_of(s->words[5]),
		    mono_after_ms(now, number_of(s->words[6]))) != 0)
		die("announcement is refused");
}

static struct rte_ring *ring_of(bool port)
{
	return rte_ring_lookup(port ? "port_tx0" : "tap_tx0");
}

/* Its queue is full of what is no frame. */
static void do_full(bool port, bool now_full)
{
	static char filler;
	void *taken;

	if (now_full == full[port])
		return;
	full[port] = now_full;
	if (now_full)
		while (rte_ring_enqueue(ring_of(port), &filler) == 0)
			;
	else
		while (rte_ring_dequeue(ring_of(port), &taken) == 0)
			;
}

static void do_frames(const struct step *s)
{
	if (strcmp(s->words[1], "pieces") == 0)
		manner = FRAMES_PIECES;
	else
		manner = is(s->words[1], "bare", "whole") ? FRAMES_BARE : FRAMES_WHOLE;
}

static json_t *partners_by_name(void)
{
	json_t *named = json_object();
	uint32_t total = 1;
	json_t *rows, *row;
	size_t i;

	for (uint32_t offset = 0; offset < total; offset += REPORT_PARTNERS_MAX) {
		rows = report_partners(offset, REPORT_PARTNERS_MAX, &total);
		json_array_foreach(rows, i, row) json_object_set(
			named, json_string_value(json_object_get(row, "partner")), row);
		json_decref(rows);
	}
	return named;
}

void steps_show(void)
{
	json_t *counters = report_counters();

	json_object_set_new(counters, "partners", partners_by_name());
	json_dumpf(counters, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(counters);
}

static void do_show(const struct step *s)
{
	steps_show();
}

static void do_tap(const struct step *s)
{
	do_full(false, is(s->words[1], "full", "free"));
}

static void do_port(const struct step *s)
{
	do_full(true, is(s->words[1], "full", "free"));
}

static void do_control(const struct step *s)
{
	crew_attend(is(s->words[1], "up", "down"));
}

void step_do(const struct step *step)
{
	static const struct {
		const char *verb;
		unsigned words; /* with the verb, at least */
		void (*perform)(const struct step *s);
	} verbs[] = {
		{"config", 1, do_config},
		{"rules", 2, do_rules},
		{"block", 3, do_block},
		{"unblock", 2, do_unblock},
		{"verdict", 7, do_verdict},
		{"announce", 7, do_announce},
		{"tap", 2, do_tap},
		{"port", 2, do_port},
		{"control", 2, do_control},
		{"frames", 2, do_frames},
		{"show", 1, do_show},
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(step->words[0], verbs[i].verb) == 0 && step->count >= verbs[i].words) {
			verbs[i].perform(step);
			return;
		}
	die("step '%s' with %u words is not known", step->words[0], step->count);
}

static void append(struct rte_mbuf *m, const uint8_t *bytes, uint32_t len)
{
	void *room = m ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;

	if (!room)
		die("no room for a frame");
	memcpy(room, bytes, len);
}

void step_frame(bool from_port, const struct octets *frame)
{
	uint32_t first = manner == FRAMES_PIECES ? frame->len / 2 : frame->len;
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m && manner == FRAMES_BARE)
		m->data_off = 0;
	append(m, frame->bytes, first);
	if (first < frame->len) {
		struct rte_mbuf *second = rte_pktmbuf_alloc(pool);

		append(second, frame->bytes + first, frame->len - first);
		if (rte_pktmbuf_chain(m, second) != 0)
			die("frame cannot be in pieces");
	}
	if (rte_ring_enqueue(rte_ring_lookup(from_port ? "port_rx0" : "tap_rx0"), m) != 0)
		die("no room for a frame");
}

bool step_is_full(bool port)
{
	return full[port];
}

void steps_finish(void)
{
	do_full(false, false);
	do_full(true, false);
	partner_ids_free(&ids);
}
