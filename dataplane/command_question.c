/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions of dataplane.sock, one function each (docs/channel.md). */
#include "dataplane/command_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataplane/channel/sealed.h"
#include "dataplane/expect.h"
#include "dataplane/report.h"
#include "dataplane/saved.h"
#include "dataplane/tables.h"
#include "dataplane/verdict.h"
#include "rules/base/clock.h"
#include "rules/base/log.h"
#include "rules/base/mark.h"

enum { FLOWS_LIMIT = 200 };

void command_filter_free(struct command_filter *filter)
{
	if (!filter)
		return;
	tables_free(filter->tables);
	free(filter->block);
	free(filter);
}

struct command_filter *command_filter_make(struct view block, char *why, size_t why_bytes)
{
	struct command_filter *made = calloc(1, sizeof(*made));
	struct filter filter;

	snprintf(why, why_bytes, "no memory");
	if (!made)
		return NULL;
	made->block = malloc(block.len);
	if (!made->block)
		goto refuse;
	/* Read from our copy: what is checked is what is saved. */
	memcpy(made->block, block.p, block.len);
	made->block_bytes = block.len;
	if (filter_open(view_make(made->block, block.len), &filter, why, why_bytes) < 0)
		goto refuse;
	made->generation = filter.generation;
	if (service_list_read(&filter, &made->services) < 0) {
		snprintf(why, why_bytes, "%u services, at most %d are possible",
			filter.service_count, SERVICES_MAX);
		goto refuse;
	}
	made->tables = tables_build(&filter, why, why_bytes);
	if (!made->tables)
		goto refuse;
	return made;
refuse:
	command_filter_free(made);
	return NULL;
}

void command_filter_commit(struct command_state *state, struct command_filter *filter)
{
	tables_publish(filter->tables);
	filter->tables = NULL;
	verdict_rules_changed(mono_now());
	state->generation = filter->generation;
	state->services = filter->services;
	log_info("rules of generation %llu are in force: %u services",
		(unsigned long long)state->generation, state->services.count);
	command_filter_free(filter);
}

/* A listener that the control plane says it holds. One that is of no use is its mistake, not a
 * reason to stop: it is closed here and opened anew when it is asked for. */
static void take_listener(struct command_state *state, const json_t *place,
	struct channel_packet *question, uint32_t i)
{
	int fd = channel_packet_take(question, i);
	struct ip_address address;
	char text[IP_TEXT_BYTES];
	uint16_t port;
	int error;

	if (!command_get_address(place, "address", &address) ||
		!command_get_port(place, "port", &port)) {
		log_warning("hello: listener %u has no address and port", i);
		close(fd);
		return;
	}
	error = state->border.offer(&address, port, fd);
	if (!error || error == -EEXIST)
		return;
	ip_address_print(&address, text);
	log_warning("hello: the listener said to be at %s port %u is not taken: %s", text, port,
		error == -EINVAL ? "it does not listen there" : strerror(-error));
}

static int answer_hello(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	const json_t *listeners = json_object_get(question->message, "listeners");
	int64_t version, generation;
	size_t count = json_array_size(listeners);

	if (!command_get_integer(question->message, "version", 0, INT64_MAX, &version))
		return REFUSE(answer, "hello: 'version' is missing");
	if (version != CHANNEL_VERSION)
		return REFUSE(answer,
			"hello: version %lld is not spoken here, only %d; install control plane and "
			"dataplane of the same release",
			(long long)version, CHANNEL_VERSION);
	if (!command_get_integer(question->message, "generation", 0, INT64_MAX, &generation))
		return REFUSE(answer, "hello: 'generation' is missing");
	if (count != question->fd_count || (listeners && !json_is_array(listeners)))
		return REFUSE(answer, "hello: %zu listeners, but %u descriptors", count,
			question->fd_count);
	for (size_t i = 0; i < count; i++)
		take_listener(state, json_array_get(listeners, i), question, (uint32_t)i);
	log_info("control plane has come, rules of generation %lld, %zu listeners",
		(long long)generation, count);
	json_object_set_new(answer->members, "version", json_integer(CHANNEL_VERSION));
	json_object_set_new(
		answer->members, "generation", json_integer((json_int_t)state->generation));
	json_object_set_new(answer->members, "handoff", json_string(state->border.handoff));
	json_object_set_new(answer->members, "handoff_why", json_string(state->border.handoff_why));
	json_object_set_new(
		answer->members, "program", json_string("picket-dataplane " PICKET_VERSION));
	return 0;
}

static int answer_prepare(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	const char *digest = json_string_value(json_object_get(question->message, "digest"));
	char ours[17];
	struct command_filter *filter;
	struct view block = {0};
	int64_t generation, bytes;
	struct filter checked;
	int error;

	if (!command_get_integer(question->message, "generation", 1, INT64_MAX, &generation))
		return REFUSE(answer, "prepare: 'generation' is missing");
	if (!command_get_integer(question->message, "bytes", 1, SAVED_MAX_BYTES, &bytes))
		return REFUSE(answer, "prepare: 'bytes' must be 1 to %d", SAVED_MAX_BYTES);
	if (!digest)
		return REFUSE(answer, "prepare: 'digest' is missing");
	if (question->fd_count != 1)
		return REFUSE(answer, "prepare: %u descriptors, need the filter table's",
			question->fd_count);
	error = sealed_map(question->fds[0], (uint64_t)bytes, SAVED_MAX_BYTES, &block);
	if (error)
		return REFUSE(answer, "prepare: the filter table cannot be mapped: %s",
			command_map_words(error));
	filter = command_filter_make(block, answer->why, sizeof(answer->why));
	sealed_unmap(&block);
	if (!filter)
		return -EINVAL;
	/* Checked already; this only brings its numbers back. */
	filter_open(view_make(filter->block, filter->block_bytes), &checked, answer->why,
		sizeof(answer->why));
	snprintf(ours, sizeof(ours), "%016llx", (unsigned long long)checked.digest);
	if (filter->generation != (uint64_t)generation || strcmp(digest, ours) != 0) {
		error = REFUSE(answer,
			"prepare: the table is generation %llu, digest %s, not generation %lld, digest "
			"%.20s",
			(unsigned long long)filter->generation, ours, (long long)generation,
			digest);
		command_filter_free(filter);
		return error;
	}
	command_filter_free(state->prepared);
	state->prepared = filter;
	json_object_set_new(answer->members, "generation", json_integer(generation));
	return 0;
}

static int answer_commit(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	struct command_filter *filter = state->prepared;
	int64_t generation;
	int error;

	if (!command_get_integer(question->message, "generation", 1, INT64_MAX, &generation))
		return REFUSE(answer, "commit: 'generation' is missing");
	if (!filter)
		return REFUSE(answer, "commit: nothing is prepared");
	if (filter->generation != (uint64_t)generation)
		return REFUSE(answer, "commit: generation %llu is prepared, not %lld",
			(unsigned long long)filter->generation, (long long)generation);
	/* A full disk must not keep a stricter rule from coming into force. */
	error = saved_write(state->directory, view_make(filter->block, filter->block_bytes));
	if (error) {
		log_error("rules of generation %lld are not saved in %s: %s; a restart without a "
			  "control plane goes back to older ones",
			(long long)generation, state->directory, strerror(-error));
		json_object_set_new(answer->members, "warning",
			json_sprintf("in force, but not saved: %s", strerror(-error)));
	}
	state->prepared = NULL;
	command_filter_commit(state, filter);
	json_object_set_new(answer->members, "generation", json_integer(generation));
	return 0;
}

static int answer_listeners(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	json_t *list;

	if (!state->generation)
		return REFUSE(answer, "listeners: no rules are committed yet");
	if (state->border.listeners(
		    &state->services, answer->fds, answer->why, sizeof(answer->why)) < 0)
		return -EINVAL;
	list = json_array();
	for (uint32_t i = 0; i < state->services.count; i++) {
		const struct filter_service *service = &state->services.items[i];
		char text[IP_TEXT_BYTES];

		ip_address_print(&service->address, text);
		json_array_append_new(list,
			json_pack("{s:s, s:i, s:s}", "address", text, "port", service->port,
				"protocol", service->protocol == FILTER_SIP ? "sip" : "xmpp"));
	}
	json_object_set_new(answer->members, "listeners", list);
	answer->fd_count = state->services.count;
	return 0;
}

static int answer_expect(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	struct tuple tuple = {.protocol = IPPROTO_TCP};
	struct ip_address from, to;
	int64_t mark, ttl_ms;
	int error;

	if (!command_get_address(question->message, "from", &from) ||
		!command_get_address(question->message, "to", &to) ||
		from.family_bits != to.family_bits)
		return REFUSE(answer, "expect: 'from' and 'to' must be addresses of one family");
	if (!command_get_port(question->message, "from_port", &tuple.src_port) ||
		!command_get_port(question->message, "to_port", &tuple.dst_port))
		return REFUSE(answer, "expect: 'from_port' and 'to_port' must be 1 to 65535");
	if (!command_get_integer(question->message, "mark", 0, UINT32_MAX, &mark) ||
		mark_class((uint32_t)mark) == CLASS_NONE ||
		mark_class((uint32_t)mark) == CLASS_BLOCKED)
		return REFUSE(answer, "expect: 'mark' has no class that may pass");
	if (!command_get_integer(question->message, "ttl_ms", 1, COMMAND_TTL_MAX_MS, &ttl_ms))
		return REFUSE(answer, "expect: 'ttl_ms' must be 1 to %d", COMMAND_TTL_MAX_MS);
	tuple.family = from.family_bits == 32 ? TUPLE_IPV4 : TUPLE_IPV6;
	memcpy(tuple.src, from.bytes, sizeof(tuple.src));
	memcpy(tuple.dst, to.bytes, sizeof(tuple.dst));
	error = expect_add(&tuple, (uint32_t)mark, mono_after_ms(mono_now(), (uint64_t)ttl_ms));
	if (error == -ENOSPC)
		return REFUSE(answer, "expect: too many announced connections wait");
	if (error)
		return REFUSE(answer, "expect: %s", strerror(-error));
	return 0;
}

static int answer_counters(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	json_t *counters = report_counters();
	json_t *kernel;

	if (!counters)
		return REFUSE(answer, "counters: there are none yet");
	kernel = state->border.counters();
	if (kernel)
		json_object_set_new(counters, "kernel", kernel);
	json_object_set_new(answer->members, "counters", counters);
	return 0;
}

static int answer_flows(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	int64_t offset, limit;
	uint32_t total = 0;
	json_t *flows;

	if (command_get_page(question->message, "flows", FLOWS_LIMIT, &offset, &limit, answer) < 0)
		return -EINVAL;
	flows = report_flows((uint32_t)offset, (uint32_t)limit, &total);
	if (!flows)
		return REFUSE(answer, "flows: there are none yet");
	/* Long partner names: fewer in one answer; the asker goes on behind the last it got. */
	command_shorten(flows);
	json_object_set_new(answer->members, "flows", flows);
	json_object_set_new(answer->members, "total", json_integer(total));
	return 0;
}

static const struct {
	const char *type;
	int (*answer)(struct command_state *state, struct channel_packet *question,
		struct command_answer *answer);
	bool needs_hello; /* changes something, so the asker must be a control plane */
} questions[] = {
	{"hello", answer_hello, false},
	{"prepare", answer_prepare, true},
	{"commit", answer_commit, true},
	{"listeners", answer_listeners, true},
	{"expect", answer_expect, true},
	{"learned", command_answer_learned, true},
	{"counters", answer_counters, false},
	{"flows", answer_flows, false},
	{"verdict", command_answer_verdict, true},
	{"block", command_answer_block, true},
	{"unblock", command_answer_unblock, true},
	{"suspects", command_answer_suspects, true},
	{"verdicts", command_answer_verdicts, false},
	{"drops", command_answer_drops, false},
	{"partners", command_answer_partners, false},
	{"flow", command_answer_flow, false},
	{"hitters", command_answer_hitters, false},
};

static int find_answer(struct command_state *state, struct channel_packet *question, bool *greeted,
	struct command_answer *answer)
{
	const char *type = json_string_value(json_object_get(question->message, "type"));

	if (!type)
		return REFUSE(answer, "'type' is missing");
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		int error;

		if (strcmp(type, questions[i].type) != 0)
			continue;
		if (questions[i].needs_hello && !*greeted)
			return REFUSE(answer, "%s: say hello first", type);
		error = questions[i].answer(state, question, answer);
		if (!error && questions[i].answer == answer_hello)
			*greeted = true;
		return error;
	}
	return REFUSE(answer, "unknown type '%.40s'", type);
}

void command_handle(struct command_state *state, struct channel_packet *question, bool *greeted,
	struct command_answer *answer)
{
	json_t *id = json_object_get(question->message, "id");
	int error;

	answer->members = json_object();
	answer->fd_count = 0;
	answer->why[0] = '\0';
	error = json_is_integer(id) ? find_answer(state, question, greeted, answer)
				    : REFUSE(answer, "'id' must be an integer");
	if (error) {
		json_object_clear(answer->members);
		json_object_set_new(answer->members, "error", json_string(answer->why));
		answer->fd_count = 0;
		log_warning("refused a question of the control plane: %s", answer->why);
	} else {
		json_object_set_new(answer->members, "ok", json_true());
	}
	if (json_is_integer(id))
		json_object_set(answer->members, "id", id);
}
