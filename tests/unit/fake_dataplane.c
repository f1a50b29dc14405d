/* SPDX-License-Identifier: BSD-3-Clause */
/* The other end of dataplane.sock for tests. */
#include "tests/unit/test.h"

#include "tests/unit/fake_dataplane.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/socket_address.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/sealed.h"
#include "rules/base/text.h"
#include "rules/claims.h"
#include "rules/filter.h"

static json_t *listeners_entries(const struct fake_dataplane *f)
{
	json_t *entries = json_array();

	for (int i = 0; i < FAKE_SERVICES; i++)
		if (f->served & 1U << i)
			json_array_append_new(
				entries, json_pack("{s:s, s:i, s:s}", "address", "127.0.0.1",
						 "port", (int)f->service_list[i].port, "protocol",
						 i == 1 ? "sip" : "xmpp"));
	return entries;
}

/* Bit of each service of ours that the table has. */
static unsigned table_services(const struct fake_dataplane *f, const struct filter *filter)
{
	unsigned found = 0;

	for (uint32_t s = 0; s < filter->service_count; s++) {
		struct filter_service service;

		filter_service(filter, s, &service);
		for (int i = 0; i < FAKE_SERVICES; i++)
			if (service.port == f->service_list[i].port)
				found |= 1U << i;
	}
	return found;
}

/* A table that is not whole fails the test. */
static void table_check(struct fake_dataplane *f, struct channel_packet *packet)
{
	json_t *message = packet->message;
	json_int_t bytes = json_integer_value(json_object_get(message, "bytes"));
	const char *digest = json_string_value(json_object_get(message, "digest"));
	struct view table;
	struct filter filter;
	char why[256] = "";
	char expected[17];

	assert_int_equal(packet->fd_count, 1);
	assert_int_equal(sealed_map(packet->fds[0], (uint64_t)bytes, 1 << 20, &table), 0);
	if (filter_open(table, &filter, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	snprintf(expected, sizeof(expected), "%016" PRIx64, filter.digest);
	assert_string_equal(digest, expected);
	assert_int_equal(
		json_integer_value(json_object_get(message, "generation")), filter.generation);
	f->prepared = filter.generation;
	f->prepared_services = table_services(f, &filter);
	sealed_unmap(&table);
}

/* Claims that are not whole fail the test. */
static void claims_keep(struct fake_dataplane *f, struct channel_packet *packet)
{
	json_int_t bytes = json_integer_value(json_object_get(packet->message, "bytes"));
	struct claims claims;
	struct view block;
	struct text t;
	char why[128];

	assert_int_equal(packet->fd_count, 1);
	assert_int_equal(
		sealed_map(packet->fds[0], (uint64_t)bytes, CLAIMS_BLOCK_BYTES_MAX, &block), 0);
	if (claims_open(block, &claims, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	text_fixed(&t, f->learned, sizeof(f->learned));
	for (uint32_t i = 0; i < claims.count; i++) {
		char address[IP_TEXT_BYTES];
		struct claim claim;

		claims_at(&claims, i, &claim);
		ip_address_print(&claim.address, address);
		text_printf(&t, "%s%s=%u", i ? " " : "", address, claim.partner_id);
	}
	if (claims.count == 0)
		f->learned[0] = '\0';
	sealed_unmap(&block);
}

/* Everybody else and a thousand partners, of which the odd ids exist; a page has at most a hundred. */
static json_t *partners_answer(const json_t *question)
{
	const json_t *ids = json_object_get(question, "ids");
	json_int_t offset = json_integer_value(json_object_get(question, "offset"));
	json_int_t limit = json_integer_value(json_object_get(question, "limit"));
	json_t *rows = json_array();
	const json_t *id;
	size_t k;

	json_array_foreach(ids, k, id)
	{
		if (json_integer_value(id) % 2 == 1)
			json_array_append_new(
				rows, json_pack("{s:s, s:O, s:i, s:{s:i}}", "partner", "p", "id",
					      id, "flows", 3, "classes", "verified", 3));
	}
	for (json_int_t i = offset; !ids && i < 1001 && i < offset + limit && i < offset + 100; i++)
		json_array_append_new(
			rows, json_pack("{s:o, s:I}", "partner",
				      json_sprintf("p%lld.example", (long long)i), "id", i));
	return json_pack("{s:b, s:o, s:I}", "ok", 1, "partners", rows, "total",
		ids ? (json_int_t)json_array_size(rows) : (json_int_t)1001);
}

static json_t *answer_to(struct fake_dataplane *f, const char *type, struct channel_packet *packet)
{
	json_t *generation = json_object_get(packet->message, "generation");

	if (strcmp(type, "hello") == 0) {
		json_t *held = json_object_get(packet->message, "listeners");

		f->hello_listeners = (uint32_t)json_array_size(held);
		assert_int_equal(packet->fd_count, f->hello_listeners);
		return json_pack("{s:b, s:I, s:I, s:s, s:s}", "ok", 1, "version",
			(json_int_t)f->version, "generation", (json_int_t)f->generation, "handoff",
			"syn", "program", "fake 1");
	}
	if (strcmp(type, "prepare") == 0) {
		table_check(f, packet);
		return json_pack("{s:b, s:O}", "ok", 1, "generation", generation);
	}
	if (strcmp(type, "commit") == 0) {
		assert_int_equal(json_integer_value(generation), f->prepared);
		f->generation = f->prepared;
		f->served = f->prepared_services;
		return json_pack("{s:b, s:O}", "ok", 1, "generation", generation);
	}
	if (strcmp(type, "listeners") == 0)
		return json_pack("{s:b, s:o}", "ok", 1, "listeners", listeners_entries(f));
	if (strcmp(type, "expect") == 0) {
		json_decref(f->last_expect);
		f->last_expect = json_incref(packet->message);
		return json_pack("{s:b}", "ok", 1);
	}
	if (strcmp(type, "counters") == 0)
		return json_pack("{s:b, s:{s:i, s:{s:i}}}", "ok", 1, "counters", "received", 5,
			"drop", "fragment", 2);
	if (strcmp(type, "block") == 0 || strcmp(type, "unblock") == 0 ||
		strcmp(type, "verdict") == 0) {
		json_array_append(f->verdicts, packet->message);
		return json_pack("{s:b}", "ok", 1);
	}
	if (strcmp(type, "suspects") == 0) {
		json_array_append(f->suspects, packet->message);
		return json_pack("{s:b}", "ok", 1);
	}
	if (strcmp(type, "learned") == 0) {
		claims_keep(f, packet);
		return json_pack("{s:b}", "ok", 1);
	}
	if (strcmp(type, "drops") == 0)
		return json_pack("{s:b, s:[{s:s, s:i}]}", "ok", 1, "drops", "cause", "no_flow",
			"dropped", 3);
	if (strcmp(type, "partners") == 0)
		return partners_answer(packet->message);
	if (strcmp(type, "hitters") == 0)
		return json_pack("{s:b, s:[{s:s, s:O*}], s:i}", "ok", 1, "hitters", "source",
			"192.0.2.9", "cause", json_object_get(packet->message, "cause"), "total",
			1);
	if (strcmp(type, "flow") == 0)
		return json_integer_value(json_object_get(packet->message, "remote_port")) == 40000
			       ? json_pack("{s:b, s:{s:s, s:s}}", "ok", 1, "flow", "state",
					 "established", "class", "verified")
			       : json_pack("{s:b, s:n, s:s}", "ok", 1, "flow", "why",
					 "no such connection");
	if (strcmp(type, "flows") == 0 || strcmp(type, "verdicts") == 0) {
		json_int_t offset = json_integer_value(json_object_get(packet->message, "offset"));

		/* Three rows in all, one at a time. */
		return json_pack(
			"{s:b, s:[{s:I}], s:i}", "ok", 1, type, "number", offset, "total", 3);
	}
	return json_pack("{s:s}", "error", "unknown type");
}

static void fake_asked(evutil_socket_t fd, short what, void *arg)
{
	struct fake_dataplane *f = arg;
	struct channel_packet packet;
	const char *type;
	json_t *answer;
	bool listeners;
	int fds[FAKE_SERVICES];
	uint32_t fd_count = 0;
	int rc;

	if (channel_receive(fd, &packet) < 0) {
		fake_hang_up(f);
		return;
	}
	type = json_string_value(json_object_get(packet.message, "type"));
	assert_non_null(type);
	if (f->question_count < FAKE_QUESTIONS_MAX)
		snprintf(f->questions[f->question_count++], 16, "%s", type);
	listeners = strcmp(type, "listeners") == 0;
	if (f->silent_type && strcmp(f->silent_type, type) == 0) {
		channel_packet_free(&packet);
		return;
	}
	if (f->error_type && strcmp(f->error_type, type) == 0)
		answer = json_pack("{s:s}", "error", f->error_words);
	else
		answer = answer_to(f, type, &packet);
	if (f->lossy_type && strcmp(f->lossy_type, type) == 0) {
		json_decref(answer);
		channel_packet_free(&packet);
		fake_hang_up(f);
		return;
	}
	json_object_set(answer, "id", json_object_get(packet.message, "id"));
	for (int i = 0; listeners && i < FAKE_SERVICES; i++)
		if (f->served & 1U << i)
			fds[fd_count++] = f->services[i];
	if (listeners && f->wrong_listeners)
		fd_count--;
	rc = channel_send(fd, answer, fds, fd_count);
	/* A client may go without waiting for its answer. */
	assert_true(rc == 0 || rc == -EPIPE);
	json_decref(answer);
	channel_packet_free(&packet);
}

static void fake_accept(evutil_socket_t listener, short what, void *arg)
{
	struct fake_dataplane *f = arg;

	fake_hang_up(f);
	f->connection = channel_accept(listener);
	assert_true(f->connection >= 0);
	f->readable =
		event_new(loop_base(f->loop), f->connection, EV_READ | EV_PERSIST, fake_asked, f);
	event_add(f->readable, NULL);
}

static void service_open(struct fake_dataplane *f, int i)
{
	struct service *service = &f->service_list[i];
	struct sockaddr_storage address;
	struct ip_address bound;
	socklen_t len;

	service->protocol = i == 1 ? PROTOCOL_SIP : PROTOCOL_XMPP;
	assert_true(ip_address_parse(VIEW("127.0.0.1"), &service->address));
	len = socket_address_make(&service->address, 0, &address);
	f->services[i] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(f->services[i], (const struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(f->services[i], 16), 0);
	len = sizeof(address);
	assert_int_equal(getsockname(f->services[i], (struct sockaddr *)&address, &len), 0);
	assert_true(socket_address_read(&address, &bound, &service->port));
}

struct generation *fake_rules(
	const struct fake_dataplane *f, uint64_t generation, unsigned services)
{
	struct ruleset *rules = calloc(1, sizeof(*rules));

	rules->generation = generation;
	rules->services = calloc(FAKE_SERVICES, sizeof(*rules->services));
	for (int i = 0; i < FAKE_SERVICES; i++)
		if (services & 1U << i)
			rules->services[rules->service_count++] = f->service_list[i];
	assert_int_equal(ruleset_index_build(rules), 0);
	return generation_new(rules, NULL);
}

void fake_open(struct fake_dataplane *f, struct loop *loop)
{
	*f = (struct fake_dataplane){
		.loop = loop, .listener = -1, .connection = -1, .version = CHANNEL_VERSION};
	snprintf(f->directory, sizeof(f->directory), "/tmp/picket-fake-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->path, sizeof(f->path), "%s/dataplane.sock", f->directory);
	f->verdicts = json_array();
	f->suspects = json_array();
	for (int i = 0; i < FAKE_SERVICES; i++)
		service_open(f, i);
	f->served = FAKE_FIRST;
	f->rules = fake_rules(f, 7, FAKE_FIRST);
	fake_return(f);
}

void fake_hang_up(struct fake_dataplane *f)
{
	if (f->connection < 0)
		return;
	event_free(f->readable);
	close(f->connection);
	f->connection = -1;
	f->prepared = 0;
}

void fake_vanish(struct fake_dataplane *f)
{
	fake_hang_up(f);
	if (f->listener < 0)
		return;
	event_free(f->acceptable);
	close(f->listener);
	f->listener = -1;
	unlink(f->path);
}

void fake_return(struct fake_dataplane *f)
{
	f->listener = channel_listen(f->path, 0600);
	assert_true(f->listener >= 0);
	f->acceptable =
		event_new(loop_base(f->loop), f->listener, EV_READ | EV_PERSIST, fake_accept, f);
	event_add(f->acceptable, NULL);
}

void fake_close(struct fake_dataplane *f)
{
	fake_vanish(f);
	for (int i = 0; i < FAKE_SERVICES; i++)
		close(f->services[i]);
	generation_drop(f->rules);
	json_decref(f->last_expect);
	json_decref(f->verdicts);
	json_decref(f->suspects);
	rmdir(f->directory);
}

uint32_t fake_count(const struct fake_dataplane *f, const char *type)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < f->question_count; i++)
		if (strcmp(f->questions[i], type) == 0)
			count++;
	return count;
}
