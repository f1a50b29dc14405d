/* SPDX-License-Identifier: BSD-3-Clause */
/* dataplane.sock from the control plane's side: the real thread, channel and filter tables, with
 * stand-ins for what lies behind (tables of packets, flows, the kernel). */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/channel/channel.h"
#include "dataplane/channel/sealed.h"
#include "dataplane/command.h"
#include "dataplane/expect.h"
#include "dataplane/report.h"
#include "dataplane/saved.h"
#include "dataplane/tables.h"
#include "dataplane/verdict.h"
#include "rules/base/mark.h"
#include "rules/ruleset.h"

enum { ANSWER_MS = 5000 };

/* ---- stand-ins ---------------------------------------------------------------------------- */

struct tables {
	uint64_t generation;
};

static struct {
	atomic_int alive;     /* tables built and not freed */
	atomic_int published; /* times */
	_Atomic uint64_t generation;
	bool refuse_build;
	int expect_result;
	struct tuple expected;
	uint32_t expected_mark;
	uint64_t expected_ttl_ms;
	uint32_t flows_offset, flows_limit;
	atomic_int names_found; /* times that verdicts heard of new rules */
	uint32_t offers;
	struct ip_address offered;
	uint16_t offered_port;
	int offer_result;
	int listeners_result;
	int listener_fd; /* handed out for every service */
	atomic_int silenced;
} world;

struct tables *tables_build(const struct filter *filter, char *why, size_t why_bytes)
{
	struct tables *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	if (world.refuse_build) {
		free(t);
		snprintf(why, why_bytes, "no room for tables");
		return NULL;
	}
	t->generation = filter->generation;
	world.alive++;
	return t;
}

void tables_publish(struct tables *tables)
{
	world.generation = tables->generation;
	world.published++;
	world.alive--;
	free(tables);
}

void tables_free(struct tables *tables)
{
	if (tables)
		world.alive--;
	free(tables);
}

uint32_t tables_reclaim(void)
{
	return 0;
}

int expect_add(const struct tuple *outbound, uint32_t mark, struct mono expires)
{
	world.expected = *outbound;
	world.expected_mark = mark;
	world.expected_ttl_ms = mono_since_ms(expires, mono_now());
	return world.expect_result;
}

json_t *report_counters(void)
{
	return json_pack("{s:i}", "flows", 1);
}

json_t *report_flows(uint32_t offset, uint32_t limit, uint32_t *total)
{
	json_t *flows = json_array();

	world.flows_offset = offset;
	world.flows_limit = limit;
	*total = 1000;
	for (uint32_t i = 0; i < limit; i++)
		json_array_append_new(flows, json_pack("{s:i}", "number", (int)(offset + i)));
	return flows;
}

void verdict_rules_changed(struct mono now)
{
	world.names_found++;
}

static int offer(const struct ip_address *address, uint16_t port, int fd)
{
	world.offers++;
	world.offered = *address;
	world.offered_port = port;
	close(fd);
	return world.offer_result;
}

static int listeners(const struct service_list *services, int fds[static SERVICES_MAX], char *why,
	size_t why_bytes)
{
	if (world.listeners_result) {
		snprintf(why, why_bytes, "cannot listen at the moment");
		return world.listeners_result;
	}
	for (uint32_t i = 0; i < services->count; i++)
		fds[i] = world.listener_fd;
	return 0;
}

static void silence(void)
{
	world.silenced++;
}

static json_t *kernel_counters(void)
{
	return json_pack("{s:i}", "seen", 5);
}

/* ---- the server and its client ------------------------------------------------------------- */

static const struct command_border border = {
	offer, listeners, silence, kernel_counters, "reqsk", "it works here"};

static char parent[64], socket_path[96], state_path[96];
static struct service_list restored;

static void start(void)
{
	char why[COMMAND_WHY_BYTES] = "";

	if (command_open(socket_path, getegid(), why, sizeof(why)) < 0)
		fail_msg("%s", why);
	command_restore(state_path, &restored);
	assert_int_equal(command_start(state_path, &border, why, sizeof(why)), 0);
}

static int set_up(void **state)
{
	memset(&world, 0, sizeof(world));
	world.listener_fd = open("/dev/null", O_RDONLY);
	strcpy(parent, "/tmp/picket-command-XXXXXX");
	if (!mkdtemp(parent))
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/run/dataplane.sock", parent);
	snprintf(state_path, sizeof(state_path), "%s/state", parent);
	start();
	return 0;
}

static int tear_down(void **state)
{
	char path[160];

	command_stop();
	close(world.listener_fd);
	snprintf(path, sizeof(path), "%s/filter.bin", state_path);
	unlink(path);
	rmdir(state_path);
	unlink(state_path);
	snprintf(path, sizeof(path), "%s/run", parent);
	rmdir(path);
	return rmdir(parent);
}

static int client(void)
{
	int fd = channel_connect(socket_path);

	assert_true(fd >= 0);
	return fd;
}

static int await(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	return poll(&waiting, 1, ANSWER_MS);
}

/* Send, wait, receive. Takes over question. */
static json_t *ask_with(
	int fd, json_t *question, const int *fds, uint32_t fd_count, struct channel_packet *packet)
{
	static int64_t id;

	assert_non_null(question);
	json_object_set_new(question, "id", json_integer(++id));
	assert_int_equal(channel_send(fd, question, fds, fd_count), 0);
	json_decref(question);
	assert_int_equal(await(fd), 1);
	assert_int_equal(channel_receive(fd, packet), 0);
	assert_int_equal(json_integer_value(json_object_get(packet->message, "id")), id);
	return packet->message;
}

/* Ask and expect ok. */
static void ask(int fd, json_t *question)
{
	struct channel_packet packet;
	json_t *answer = ask_with(fd, question, NULL, 0, &packet);

	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("%s", json_dumps(answer, 0));
	channel_packet_free(&packet);
}

/* Ask and expect an error with these words; the channel goes on. */
static void refused_with(
	int fd, json_t *question, const int *fds, uint32_t count, const char *words)
{
	struct channel_packet packet;
	json_t *answer = ask_with(fd, question, fds, count, &packet);
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (!error || !strstr(error, words) || json_object_get(answer, "ok"))
		fail_msg("expected '%s', got %s", words, json_dumps(answer, 0));
	channel_packet_free(&packet);
}

static void refused(int fd, json_t *question, const char *words)
{
	refused_with(fd, question, NULL, 0, words);
}

static json_t *question(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static json_t *hello(void)
{
	return json_pack("{s:s, s:i, s:i}", "type", "hello", "version", 1, "generation", 7);
}

struct table_bytes {
	uint8_t *bytes;
	size_t len;
	char digest[17];
	uint64_t generation;
};

static struct table_bytes make_table(uint64_t generation)
{
	static struct rules_errors errors;
	struct ruleset *rules = ruleset_compile(
		VIEW("service: {addresses: [198.51.100.1, \"2001:db8::1\"], ports: {xmpp: [5269]}}\n"
		     "local:\n"
		     "  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, "
		     "host: h}}\n"),
		NULL, &errors);
	struct table_bytes table = {.generation = generation};
	struct filter filter;
	char why[128];

	assert_non_null(rules);
	rules->generation = generation;
	assert_int_equal(filter_write(rules, &table.bytes, &table.len), 0);
	ruleset_free(rules);
	assert_int_equal(
		filter_open(view_make(table.bytes, table.len), &filter, why, sizeof(why)), 0);
	snprintf(table.digest, sizeof(table.digest), "%016llx", (unsigned long long)filter.digest);
	return table;
}

static json_t *prepare_question(const struct table_bytes *table)
{
	return json_pack("{s:s, s:I, s:I, s:s}", "type", "prepare", "generation",
		(json_int_t)table->generation, "bytes", (json_int_t)table->len, "digest",
		table->digest);
}

static void prepare(int fd, const struct table_bytes *table)
{
	int memfd = sealed_make("filter", view_make(table->bytes, table->len));
	struct channel_packet packet;
	json_t *answer;

	assert_true(memfd >= 0);
	answer = ask_with(fd, prepare_question(table), &memfd, 1, &packet);
	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("%s", json_dumps(answer, 0));
	channel_packet_free(&packet);
	close(memfd);
}

static json_t *commit_question(uint64_t generation)
{
	return json_pack("{s:s, s:I}", "type", "commit", "generation", (json_int_t)generation);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void hello_tells_who_is_here(void **state)
{
	struct channel_packet packet;
	struct stat status;
	int fd = client();
	json_t *answer = ask_with(fd, hello(), NULL, 0, &packet);

	assert_int_equal(json_integer_value(json_object_get(answer, "version")), 1);
	assert_int_equal(json_integer_value(json_object_get(answer, "generation")), 0);
	assert_string_equal(json_string_value(json_object_get(answer, "handoff")), "reqsk");
	assert_non_null(json_object_get(answer, "handoff_why"));
	assert_non_null(
		strstr(json_string_value(json_object_get(answer, "program")), "picket-dataplane"));
	channel_packet_free(&packet);
	assert_int_equal(stat(socket_path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
	close(fd);
}

static void hello_hands_over_listeners(void **state)
{
	struct channel_packet packet;
	int fd = client();
	int fds[2] = {world.listener_fd, world.listener_fd};
	json_t *q = hello();
	json_t *answer;

	json_object_set_new(q, "listeners",
		json_pack("[{s:s, s:i}, {s:s}]", "address", "198.51.100.1", "port", 5269, "address",
			"198.51.100.1"));
	answer = ask_with(fd, q, fds, 2, &packet);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	channel_packet_free(&packet);
	/* The second has no port: it is closed, not believed. */
	assert_int_equal(world.offers, 1);
	assert_int_equal(world.offered.bytes[3], 1);
	assert_int_equal(world.offered_port, 5269);
	q = hello();
	json_object_set_new(
		q, "listeners", json_pack("[{s:s, s:i}]", "address", "198.51.100.1", "port", 5269));
	refused(fd, q, "1 listeners, but 0 descriptors");
	refused_with(fd, hello(), fds, 1, "0 listeners, but 1 descriptors");
	close(fd);
}

static void questions_that_are_none_are_refused_in_words(void **state)
{
	struct channel_packet packet;
	int fd = client();
	json_t *no_id = question("hello");

	assert_int_equal(channel_send(fd, no_id, NULL, 0), 0);
	json_decref(no_id);
	assert_int_equal(await(fd), 1);
	assert_int_equal(channel_receive(fd, &packet), 0);
	assert_non_null(
		strstr(json_string_value(json_object_get(packet.message, "error")), "'id'"));
	channel_packet_free(&packet);
	assert_int_equal(write(fd, "{\"type\":", 8), 8);
	assert_int_equal(await(fd), 1);
	assert_int_equal(channel_receive(fd, &packet), 0);
	assert_non_null(json_object_get(packet.message, "error"));
	channel_packet_free(&packet);
	refused(fd, json_object(), "'type' is missing");
	refused(fd, question("dance"), "unknown type 'dance'");
	refused(fd, question("prepare"), "say hello first");
	refused(fd, question("commit"), "say hello first");
	refused(fd, question("listeners"), "say hello first");
	refused(fd, question("expect"), "say hello first");
	refused(fd, question("hello"), "'version' is missing");
	refused(fd, json_pack("{s:s, s:i}", "type", "hello", "version", 2), "only 1");
	refused(fd, json_pack("{s:s, s:i}", "type", "hello", "version", 1), "'generation'");
	refused(fd, question("prepare"), "say hello first");
	close(fd);
}

static void a_table_is_prepared_committed_saved_and_served(void **state)
{
	struct table_bytes table = make_table(7);
	struct channel_packet packet;
	json_t *answer, *list;
	uint8_t *saved;
	size_t len;
	int fd = client();

	ask(fd, hello());
	refused(fd, question("listeners"), "no rules are committed");
	refused(fd, commit_question(7), "nothing is prepared");
	prepare(fd, &table);
	assert_int_equal(world.names_found, world.published);
	assert_int_equal(world.published, 0);
	assert_int_equal(saved_read(state_path, &saved, &len), -ENOENT);
	refused(fd, commit_question(8), "generation 7 is prepared, not 8");
	ask(fd, commit_question(7));
	assert_int_equal(world.published, 1);
	assert_int_equal(world.generation, 7);
	assert_int_equal(world.alive, 0);
	refused(fd, commit_question(7), "nothing is prepared");
	assert_int_equal(saved_read(state_path, &saved, &len), 0);
	assert_int_equal(len, table.len);
	assert_memory_equal(saved, table.bytes, len);
	free(saved);

	answer = ask_with(fd, question("listeners"), NULL, 0, &packet);
	list = json_object_get(answer, "listeners");
	assert_int_equal(json_array_size(list), 4); /* two addresses, ports of both protocols */
	assert_int_equal(packet.fd_count, 4);
	answer = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(answer, "address")), "198.51.100.1");
	assert_int_equal(json_integer_value(json_object_get(answer, "port")), 5269);
	assert_string_equal(json_string_value(json_object_get(answer, "protocol")), "xmpp");
	channel_packet_free(&packet);
	world.listeners_result = -EADDRINUSE;
	refused(fd, question("listeners"), "cannot listen at the moment");
	close(fd);
	free(table.bytes);
}

static void a_restart_takes_up_what_was_saved(void **state)
{
	struct table_bytes table = make_table(9);
	struct channel_packet packet;
	int fd = client();

	ask(fd, hello());
	prepare(fd, &table);
	ask(fd, commit_question(9));
	close(fd);
	command_stop();
	assert_int_equal(access(socket_path, F_OK), -1);
	world.generation = 0;
	start();
	assert_int_equal(world.generation, 9);
	assert_int_equal(restored.count, 4);
	fd = client();
	assert_int_equal(json_integer_value(json_object_get(
				 ask_with(fd, hello(), NULL, 0, &packet), "generation")),
		9);
	channel_packet_free(&packet);
	close(fd);
	command_stop();

	/* A table that was spoiled on disk is not. */
	table.bytes[table.len / 2] ^= 1;
	assert_int_equal(saved_write(state_path, view_make(table.bytes, table.len)), 0);
	world.generation = 0;
	start();
	assert_int_equal(world.generation, 0);
	assert_int_equal(restored.count, 0);
	free(table.bytes);
}

static void a_second_prepare_replaces_the_first(void **state)
{
	struct table_bytes first = make_table(1), second = make_table(2);
	int fd = client();

	ask(fd, hello());
	prepare(fd, &first);
	prepare(fd, &second);
	assert_int_equal(world.alive, 1);
	refused(fd, commit_question(1), "generation 2 is prepared");
	ask(fd, commit_question(2));
	assert_int_equal(world.alive, 0);
	close(fd);
	free(first.bytes);
	free(second.bytes);
}

static void a_table_that_cannot_be_trusted_is_refused(void **state)
{
	struct table_bytes table = make_table(3);
	int plain = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int memfd = sealed_make("filter", view_make(table.bytes, table.len));
	int both[2] = {memfd, memfd};
	struct table_bytes wrong = table;
	int fd = client();

	ask(fd, hello());
	refused_with(fd, question("prepare"), &memfd, 1, "'generation'");
	refused_with(fd, prepare_question(&table), NULL, 0, "0 descriptors");
	refused_with(fd, prepare_question(&table), both, 2, "2 descriptors");
	assert_int_equal(write(plain, table.bytes, table.len), (ssize_t)table.len);
	refused_with(fd, prepare_question(&table), &plain, 1, "sealed");
	refused_with(fd, prepare_question(&table), &world.listener_fd, 1, "sealed");
	wrong.len = table.len + 8;
	refused_with(fd, prepare_question(&wrong), &memfd, 1, "size");
	wrong = table;
	wrong.len = 0;
	refused_with(fd, prepare_question(&wrong), &memfd, 1, "'bytes'");
	wrong = table;
	wrong.generation = 4;
	refused_with(fd, prepare_question(&wrong), &memfd, 1, "not generation 4");
	wrong = table;
	wrong.digest[0] = wrong.digest[0] == '0' ? '1' : '0';
	refused_with(fd, prepare_question(&wrong), &memfd, 1, "digest");
	world.refuse_build = true;
	refused_with(fd, prepare_question(&table), &memfd, 1, "no room for tables");
	close(memfd);
	table.bytes[60] ^= 0x40;
	memfd = sealed_make("filter", view_make(table.bytes, table.len));
	world.refuse_build = false;
	refused_with(fd, prepare_question(&table), &memfd, 1, "");
	refused(fd, commit_question(3), "nothing is prepared");
	assert_int_equal(world.published, 0);
	assert_int_equal(world.alive, 0);
	close(memfd);
	close(plain);
	close(fd);
	free(table.bytes);
}

static void rules_come_into_force_even_if_they_cannot_be_saved(void **state)
{
	struct table_bytes table = make_table(5);
	struct channel_packet packet;
	json_t *answer;
	int fd = client();
	int file = open(state_path, O_CREAT | O_WRONLY, 0600); /* where the directory should be */

	assert_true(file >= 0);
	close(file);
	ask(fd, hello());
	prepare(fd, &table);
	answer = ask_with(fd, commit_question(5), NULL, 0, &packet);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "warning")), "not saved"));
	assert_int_equal(world.generation, 5);
	channel_packet_free(&packet);
	close(fd);
	free(table.bytes);
}

static json_t *expect_question(
	const char *from, int from_port, const char *to, int to_port, int64_t mark, int ttl_ms)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:i, s:I, s:i}", "type", "expect", "from", from,
		"from_port", from_port, "to", to, "to_port", to_port, "mark", (json_int_t)mark,
		"ttl_ms", ttl_ms);
}

static void announcements_are_passed_on(void **state)
{
	uint32_t mark = mark_make(CLASS_OUTBOUND, 7);
	int fd = client();

	ask(fd, hello());
	ask(fd, expect_question("198.51.100.1", 40000, "203.0.113.5", 5269, mark, 5000));
	assert_int_equal(world.expected.family, TUPLE_IPV4);
	assert_int_equal(world.expected.protocol, 6);
	assert_int_equal(world.expected.src[0], 198);
	assert_int_equal(world.expected.dst[0], 203);
	assert_int_equal(world.expected.src_port, 40000);
	assert_int_equal(world.expected.dst_port, 5269);
	assert_int_equal(world.expected_mark, mark);
	assert_in_range(world.expected_ttl_ms, 3000, 5000);
	ask(fd, expect_question("2001:db8::1", 1, "2001:db8::2", 65535, mark, 1));
	assert_int_equal(world.expected.family, TUPLE_IPV6);
	world.expect_result = -ENOSPC;
	refused(fd, expect_question("198.51.100.1", 1, "203.0.113.5", 2, mark, 5), "too many");
	close(fd);
}

static void announcements_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *from, *to, *words;
		int64_t mark;
		int from_port, to_port, ttl_ms;
	} cases[] = {
		{"198.51.100.1", "2001:db8::2", "one family", 0x50000000, 1, 2, 5},
		{"198.51.100.01", "203.0.113.5", "one family", 0x50000000, 1, 2, 5},
		{"", "203.0.113.5", "one family", 0x50000000, 1, 2, 5},
		{"198.51.100.1", "host.example", "one family", 0x50000000, 1, 2, 5},
		{"198.51.100.1", "203.0.113.5", "1 to 65535", 0x50000000, 0, 2, 5},
		{"198.51.100.1", "203.0.113.5", "1 to 65535", 0x50000000, 1, 65536, 5},
		{"198.51.100.1", "203.0.113.5", "'mark'", 0, 1, 2, 5},
		{"198.51.100.1", "203.0.113.5", "'mark'", 7, 1, 2, 5},
		{"198.51.100.1", "203.0.113.5", "'mark'", 0xf0000001, 1, 2, 5},
		{"198.51.100.1", "203.0.113.5", "'mark'", -1, 1, 2, 5},
		{"198.51.100.1", "203.0.113.5", "'mark'", 0x150000000, 1, 2, 5},
		{"198.51.100.1", "203.0.113.5", "'ttl_ms'", 0x50000000, 1, 2, 0},
		{"198.51.100.1", "203.0.113.5", "'ttl_ms'", 0x50000000, 1, 2, 60001},
	};
	int fd = client();

	ask(fd, hello());
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(fd,
			expect_question(cases[i].from, cases[i].from_port, cases[i].to,
				cases[i].to_port, cases[i].mark, cases[i].ttl_ms),
			cases[i].words);
	assert_int_equal(world.expected_mark, 0);
	close(fd);
}

static void counters_are_those_of_packets_and_of_the_kernel(void **state)
{
	struct channel_packet packet;
	json_t *counters;
	int fd = client();

	counters =
		json_object_get(ask_with(fd, question("counters"), NULL, 0, &packet), "counters");
	assert_int_equal(json_integer_value(json_object_get(counters, "flows")), 1);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(counters, "kernel"), "seen")),
		5);
	channel_packet_free(&packet);
	close(fd);
}

static void flows_are_paged(void **state)
{
	struct channel_packet packet;
	json_t *answer;
	int fd = client();

	answer = ask_with(fd,
		json_pack("{s:s, s:i, s:i}", "type", "flows", "offset", 40, "limit", 2), NULL, 0,
		&packet);
	assert_int_equal(json_integer_value(json_object_get(answer, "total")), 1000);
	assert_int_equal(json_array_size(json_object_get(answer, "flows")), 2);
	assert_int_equal(world.flows_offset, 40);
	assert_int_equal(world.flows_limit, 2);
	channel_packet_free(&packet);
	ask(fd, question("flows"));
	assert_int_equal(world.flows_offset, 0);
	assert_int_equal(world.flows_limit, 200);
	refused(fd, json_pack("{s:s, s:i}", "type", "flows", "limit", 201), "1 to 200");
	refused(fd, json_pack("{s:s, s:i}", "type", "flows", "limit", 0), "1 to 200");
	refused(fd, json_pack("{s:s, s:i}", "type", "flows", "offset", -1), "'offset'");
	refused(fd, json_pack("{s:s, s:s}", "type", "flows", "offset", "1"), "'offset'");
	close(fd);
}

static void a_connection_that_says_nothing_disturbs_nobody(void **state)
{
	int first = client();
	int silent;

	ask(first, hello());
	silent = client();
	ask(first, question("flows"));
	close(silent);
	ask(first, question("flows"));
	/* Nor does one that comes and waits. */
	silent = client();
	silent = client();
	ask(first, question("flows"));
	close(silent);
	close(first);
}

static void the_second_connection_takes_over(void **state)
{
	struct table_bytes table = make_table(4);
	struct channel_packet packet;
	int first = client();
	int second;

	ask(first, hello());
	prepare(first, &table);
	second = client();
	ask(second, hello());
	assert_int_equal(await(first), 1);
	assert_int_equal(channel_receive(first, &packet), -EPIPE);
	/* What the first prepared went with it. */
	refused(second, commit_question(4), "nothing is prepared");
	assert_int_equal(world.alive, 0);
	close(first);
	close(second);
	free(table.bytes);
}

static void listeners_are_closed_when_the_control_plane_stays_away(void **state)
{
	int fd = client();

	/* One that never said hello leaves nothing behind. */
	close(fd);
	fd = client();
	ask(fd, hello());
	close(fd);
	usleep(COMMAND_RETURN_MS * 1000 / 2);
	assert_int_equal(world.silenced, 0);
	/* Back in time. */
	fd = client();
	ask(fd, hello());
	usleep(COMMAND_RETURN_MS * 1000 * 3 / 4);
	assert_int_equal(world.silenced, 0);
	close(fd);
	for (int i = 0; i < 100 && !world.silenced; i++)
		usleep(COMMAND_RETURN_MS * 1000 / 50);
	assert_int_equal(world.silenced, 1);
	/* Nor does one come after a start. */
	command_stop();
	start();
	for (int i = 0; i < 100 && world.silenced < 2; i++)
		usleep(COMMAND_RETURN_MS * 1000 / 50);
	assert_int_equal(world.silenced, 2);
}

static void a_second_dataplane_is_refused_by_name(void **state)
{
	char why[COMMAND_WHY_BYTES];
	int fd = client();

	ask(fd, hello());
	/* What command_open does first. */
	assert_int_equal(channel_listen(socket_path, COMMAND_MODE), -EADDRINUSE);
	ask(fd, question("flows"));
	close(fd);
	command_stop();
	fd = channel_listen("/tmp/picket-command-other.sock", 0600);
	assert_true(fd >= 0);
	assert_int_equal(
		command_open("/tmp/picket-command-other.sock", getegid(), why, sizeof(why)),
		-EADDRINUSE);
	assert_non_null(strstr(why, "another dataplane serves /tmp/picket-command-other.sock"));
	/* The living one keeps its socket. */
	command_stop();
	assert_int_equal(access("/tmp/picket-command-other.sock", F_OK), 0);
	close(fd);
	unlink("/tmp/picket-command-other.sock");
	assert_int_equal(command_open("/nowhere/at/all/x", getegid(), why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "/nowhere/at/all/x"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(hello_tells_who_is_here),
		CASE(hello_hands_over_listeners),
		CASE(questions_that_are_none_are_refused_in_words),
		CASE(a_table_is_prepared_committed_saved_and_served),
		CASE(a_restart_takes_up_what_was_saved),
		CASE(a_second_prepare_replaces_the_first),
		CASE(a_table_that_cannot_be_trusted_is_refused),
		CASE(rules_come_into_force_even_if_they_cannot_be_saved),
		CASE(announcements_are_passed_on),
		CASE(announcements_that_make_no_sense_are_refused),
		CASE(counters_are_those_of_packets_and_of_the_kernel),
		CASE(flows_are_paged),
		CASE(a_connection_that_says_nothing_disturbs_nobody),
		CASE(the_second_connection_takes_over),
		CASE(listeners_are_closed_when_the_control_plane_stays_away),
		CASE(a_second_dataplane_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
