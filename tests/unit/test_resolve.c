/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding servers by DNS, against a nameserver that is a table. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/resolve.h"
#include "rules/base/text.h"

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, TYPE_SRV = 33 };
enum { RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_SILENT = 255 };

/* One record, or what else the nameserver says to a question of that name and type. */
struct zone_row {
	const char *name;
	int type;
	int rcode;
	const char *data; /* address, name, or "priority weight port target" */
};

static const struct zone_row zone[] = {
	{"_xmpp-server._tcp.two.example", TYPE_SRV, 0, "20 5 5269 far.example"},
	{"_xmpp-server._tcp.two.example", TYPE_SRV, 0, "10 5 5270 near.example"},
	{"_xmpp-server._tcp.inner.example", TYPE_SRV, 0, "10 5 5269 near.example"},
	{"_xmpp-server._tcp.inner.example", TYPE_SRV, 0, "20 5 5269 A.Inner.example"},
	{"_xmpp-server._tcp.inner.example", TYPE_SRV, 0, "30 5 5270 inner.example"},
	{"_xmpp-server._tcp.inner.example", TYPE_SRV, 0, "5 5 5270 a.inner.example.near.example"},
	{"_xmpp-server._tcp.inner.example", TYPE_SRV, 0, "5 5 5270 thinner.example"},
	{"a.inner.example", TYPE_A, 0, "192.0.2.61"},
	{"inner.example", TYPE_A, 0, "192.0.2.62"},
	{"_xmpp-server._tcp.outer.example", TYPE_SRV, 0, "10 5 5269 near.example"},
	{"_xmpp-server._tcp.outer.example", TYPE_SRV, 0, "10 5 5269 gone.example"},
	{"outer.example", TYPE_A, 0, "192.0.2.63"},
	{"near.example", TYPE_A, 0, "192.0.2.1"},
	{"near.example", TYPE_AAAA, 0, "2001:db8::1"},
	{"far.example", TYPE_A, 0, "192.0.2.2"},
	{"_xmpp-server._tcp.equal.example", TYPE_SRV, 0, "1 10 1 near.example"},
	{"_xmpp-server._tcp.equal.example", TYPE_SRV, 0, "1 90 2 far.example"},
	{"_xmpp-server._tcp.plain.example", TYPE_SRV, RCODE_NXDOMAIN, NULL},
	{"plain.example", TYPE_A, 0, "192.0.2.3"},
	{"_xmpp-server._tcp.nodata.example", TYPE_SRV, RCODE_OK, NULL},
	{"nodata.example", TYPE_AAAA, 0, "2001:db8::3"},
	{"_xmpp-server._tcp.closed.example", TYPE_SRV, 0, "0 0 0 ."},
	{"closed.example", TYPE_A, 0, "192.0.2.4"},
	{"_xmpp-server._tcp.dangling.example", TYPE_SRV, 0, "0 0 1 gone.example"},
	{"dangling.example", TYPE_A, 0, "192.0.2.5"},
	{"gone.example", TYPE_A, RCODE_NXDOMAIN, NULL},
	{"gone.example", TYPE_AAAA, RCODE_NXDOMAIN, NULL},
	{"_xmpp-server._tcp.broken.example", TYPE_SRV, RCODE_SERVFAIL, NULL},
	{"broken.example", TYPE_A, 0, "192.0.2.6"},
	{"half.example", TYPE_A, 0, "192.0.2.7"},
	{"half.example", TYPE_AAAA, RCODE_SERVFAIL, NULL},
	{"alias.example", TYPE_CNAME, 0, "near.example"},
	{"odd.example", TYPE_A, 0, "224.0.0.1"},
	{"odd.example", TYPE_A, 0, "0.0.0.0"},
	{"odd.example", TYPE_AAAA, 0, "::ffff:192.0.2.9"},
	{"odd.example", TYPE_AAAA, 0, "ff02::1"},
	{"_xmpp-server._tcp.self.test", TYPE_SRV, 0, "0 0 5269 near.example"},
	/* SIP: the first service, else the second. */
	{"_first._tcp.both.example", TYPE_SRV, 0, "0 0 5061 a.inner.example"},
	{"_second._tcp.both.example", TYPE_SRV, 0, "0 0 5062 near.example"},
	{"_second._tcp.second.example", TYPE_SRV, 0, "0 0 5062 a.inner.example"},
	{"_first._tcp.astray.example", TYPE_SRV, 0, "0 0 5061 near.example"},
	{"_second._tcp.astray.example", TYPE_SRV, 0, "0 0 5062 in.astray.example"},
	{"in.astray.example", TYPE_A, 0, "192.0.2.71"},
	{"_first._tcp.lost.example", TYPE_SRV, 0, "0 0 5061 near.example"},
	{"lost.example", TYPE_A, 0, "192.0.2.72"},
	{"_first._tcp.shut.example", TYPE_SRV, 0, "0 0 0 ."},
	{"shut.example", TYPE_A, 0, "192.0.2.73"},
	{"_second._tcp.late.example", TYPE_SRV, RCODE_SERVFAIL, NULL},
	{"late.example", TYPE_A, 0, "192.0.2.74"},
	{"_first._tcp.early.example", TYPE_SRV, RCODE_SERVFAIL, NULL},
	{"_second._tcp.early.example", TYPE_SRV, 0, "0 0 5062 near.example"},
	/* Names with a number live that many seconds, all others 0. */
	{"_xmpp-server._tcp.ttl600.example", TYPE_SRV, 0, "10 5 5269 ttl300.example"},
	{"_xmpp-server._tcp.ttl600.example", TYPE_SRV, 0, "20 5 5269 ttl900.example"},
	{"_xmpp-server._tcp.ttl600.example", TYPE_SRV, 0, "30 5 5269 gone.example"},
	{"ttl300.example", TYPE_A, 0, "192.0.2.30"},
	{"ttl300.example", TYPE_AAAA, 0, "2001:db8::30"},
	{"ttl900.example", TYPE_A, 0, "127.0.0.1"},
	{"ttl1200.example", TYPE_CNAME, 0, "ttl900.example"},
	{"ttl50.example", TYPE_CNAME, 0, "ttl900.example"},
	{"_xmpp-server._tcp.ttl700.example", TYPE_SRV, 0, "0 0 5269 ttl300.example"},
	{"_xmpp-server._tcp.ttl700.example", TYPE_SRV, 0, "0 0 5269 half.example"},
	{"silent.example", TYPE_A, RCODE_SILENT, NULL},
	{"silent.example", TYPE_AAAA, RCODE_SILENT, NULL},
};

struct bench {
	struct loop *loop;
	struct resolver *resolver;
	struct timer *deadline;
	struct event *asked;
	int fd;
	char nameserver[32];
	uint32_t dice; /* what the random numbers are */
	int answers;
	bool late;
	enum resolve_result result;
	struct target targets[RESOLVE_TARGETS_MAX];
	uint32_t count;
};

/* --- the nameserver --- */

static size_t name_write(uint8_t *out, const char *name)
{
	size_t len = 0;

	while (*name && strcmp(name, ".") != 0) {
		size_t label = strcspn(name, ".");

		out[len++] = (uint8_t)label;
		memcpy(out + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	out[len++] = 0;
	return len;
}

static size_t name_read(const uint8_t *p, char out[256])
{
	size_t at = 0;

	out[0] = '\0';
	while (p[at]) {
		snprintf(out + strlen(out), 256 - strlen(out), "%s%.*s", out[0] ? "." : "", p[at],
			(const char *)p + at + 1);
		at += p[at] + 1u;
	}
	return at + 1;
}

static void put16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static size_t rdata_write(uint8_t *out, const struct zone_row *row)
{
	char target[256];
	unsigned n[3];

	switch (row->type) {
	case TYPE_A:
		assert_int_equal(inet_pton(AF_INET, row->data, out), 1);
		return 4;
	case TYPE_AAAA:
		assert_int_equal(inet_pton(AF_INET6, row->data, out), 1);
		return 16;
	case TYPE_CNAME:
		return name_write(out, row->data);
	default:
		assert_int_equal(
			sscanf(row->data, "%u %u %u %255s", &n[0], &n[1], &n[2], target), 4);
		for (int i = 0; i < 3; i++)
			put16(out + 2 * i, n[i]);
		return 6 + name_write(out + 6, target);
	}
}

static size_t record_write(uint8_t *out, const struct zone_row *row)
{
	size_t len = name_write(out, row->name);
	const char *ttl = strstr(row->name, "ttl");
	size_t data;

	put16(out + len, (unsigned)row->type);
	put16(out + len + 2, 1);
	memset(out + len + 4, 0, 4);
	put16(out + len + 6, ttl ? (unsigned)atoi(ttl + 3) : 0);
	data = rdata_write(out + len + 10, row);
	put16(out + len + 8, (unsigned)data);
	return len + 10 + data;
}

static void nameserver_asked(evutil_socket_t fd, short what, void *arg)
{
	uint8_t packet[2048] = {0};
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	char name[256];
	size_t end;
	int type;
	unsigned answers = 0;
	int rcode = RCODE_OK;
	ssize_t got = recvfrom(fd, packet, 512, 0, (struct sockaddr *)&from, &from_len);

	if (got < 17)
		return;
	end = 12 + name_read(packet + 12, name);
	type = packet[end] << 8 | packet[end + 1];
	end += 4;
	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++) {
		bool same = strcasecmp(zone[i].name, name) == 0;

		if (!same || (zone[i].type != type && zone[i].type != TYPE_CNAME))
			continue;
		rcode = zone[i].rcode;
		if (!zone[i].data)
			continue;
		end += record_write(packet + end, &zone[i]);
		answers++;
		if (zone[i].type != TYPE_CNAME)
			continue;
		for (size_t k = 0; k < sizeof(zone) / sizeof(zone[0]); k++)
			if (strcmp(zone[k].name, zone[i].data) == 0 && zone[k].type == type) {
				end += record_write(packet + end, &zone[k]);
				answers++;
			}
	}
	if (rcode == RCODE_SILENT)
		return;
	packet[2] = 0x84;
	packet[3] = (uint8_t)(0x80 | rcode);
	put16(packet + 4, 1);
	put16(packet + 6, answers);
	put16(packet + 8, 0);
	put16(packet + 10, 0);
	sendto(fd, packet, end, 0, (const struct sockaddr *)&from, from_len);
}

/* --- asking --- */

static uint32_t loaded_dice(void *arg, uint32_t below)
{
	struct bench *b = arg;

	return b->dice < below ? b->dice : below - 1;
}

static void too_late(void *arg)
{
	struct bench *b = arg;

	b->late = true;
	loop_stop(b->loop);
}

static void bench_open(struct bench *b, const char *option)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	char why[256] = "";

	*b = (struct bench){.loop = loop_new()};
	b->fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(b->fd, (const struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(b->fd, (struct sockaddr *)&address, &len), 0);
	b->asked = event_new(loop_base(b->loop), b->fd, EV_READ | EV_PERSIST, nameserver_asked, b);
	event_add(b->asked, NULL);
	snprintf(b->nameserver, sizeof(b->nameserver), "127.0.0.1@%u", ntohs(address.sin_port));
	b->resolver = resolver_new(b->loop, b->nameserver, why, sizeof(why));
	if (!b->resolver)
		fail_msg("%s", why);
	if (option && resolver_option(b->resolver, option, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	resolver_random(b->resolver, loaded_dice, b);
	b->deadline = timer_new(b->loop, too_late, b);
}

static void bench_close(struct bench *b)
{
	resolver_free(b->resolver);
	timer_free(b->deadline);
	event_free(b->asked);
	close(b->fd);
	loop_free(b->loop);
}

static void answered(
	void *arg, enum resolve_result result, const struct target *targets, uint32_t count)
{
	struct bench *b = arg;

	b->answers++;
	b->result = result;
	b->count = count;
	for (uint32_t i = 0; i < count; i++)
		b->targets[i] = targets[i];
	loop_stop(b->loop);
}

/* The answer as text: "ok 192.0.2.1 5269, ...". */
static const char *wait_for(struct bench *b)
{
	static char text[1024];
	static const char *const results[] = {"ok", "none", "failed", "conflict"};
	char address[IP_TEXT_BYTES];

	/* Never inside the call. */
	assert_int_equal(b->answers, 0);
	timer_set_ms(b->deadline, 10000);
	loop_run(b->loop);
	timer_clear(b->deadline);
	assert_false(b->late);
	assert_int_equal(b->answers, 1);
	b->answers = 0;
	snprintf(text, sizeof(text), "%s", results[b->result]);
	for (uint32_t i = 0; i < b->count; i++) {
		ip_address_print(&b->targets[i].address, address);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s %u", i ? "," : "",
			address, b->targets[i].port);
	}
	return text;
}

static void services_are_found_in_the_order_to_try_them(void **state)
{
	static const struct {
		const char *domain;
		uint16_t fallback_port;
		const char *expected;
	} cases[] = {
		{"two.example", 5269, "ok 2001:db8::1 5270, 192.0.2.1 5270, 192.0.2.2 5269"},
		{"TWO.example.", 5269, "ok 2001:db8::1 5270, 192.0.2.1 5270, 192.0.2.2 5269"},
		{"plain.example", 5269, "ok 192.0.2.3 5269"},
		{"plain.example", 0, "none"},
		{"nodata.example", 5269, "ok 2001:db8::3 5269"},
		{"nodata.example", 0, "none"},
		{"closed.example", 5269, "none"},
		{"dangling.example", 5269, "none"},
		{"broken.example", 5269, "failed"},
		{"absent.example", 5269, "none"},
		{"", 5269, "none"},
		{"a b.example", 5269, "none"},
		{"a\\.b.example", 5269, "none"},
	};
	struct bench b;

	bench_open(&b, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got;

		assert_non_null(resolve_service(b.resolver, "_xmpp-server._tcp",
			view_of(cases[i].domain), cases[i].fallback_port, answered, &b));
		got = wait_for(&b);
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("'%s' with %u: %s", cases[i].domain, cases[i].fallback_port, got);
	}
	bench_close(&b);
}

static void equal_priorities_follow_the_dice(void **state)
{
	struct bench b;

	bench_open(&b, NULL);
	b.dice = 5;
	resolve_service(b.resolver, "_xmpp-server._tcp", VIEW("equal.example"), 0, answered, &b);
	assert_string_equal(wait_for(&b), "ok 2001:db8::1 1, 192.0.2.1 1, 192.0.2.2 2");
	b.dice = 50;
	resolve_service(b.resolver, "_xmpp-server._tcp", VIEW("equal.example"), 0, answered, &b);
	assert_string_equal(wait_for(&b), "ok 192.0.2.2 2, 2001:db8::1 1, 192.0.2.1 1");
	bench_close(&b);
}

static void hosts_are_names_or_addresses(void **state)
{
	static const struct {
		const char *host;
		const char *expected;
	} cases[] = {
		{"near.example", "ok 2001:db8::1 7, 192.0.2.1 7"},
		{"alias.example", "ok 2001:db8::1 7, 192.0.2.1 7"},
		{"192.0.2.77", "ok 192.0.2.77 7"},
		{"2001:db8::77", "ok 2001:db8::77 7"},
		{"[2001:db8::77]", "ok 2001:db8::77 7"},
		{"gone.example", "none"},
		{"half.example", "ok 192.0.2.7 7"},
		{"odd.example", "none"},
		{"far.example/", "none"},
	};
	struct bench b;

	bench_open(&b, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got;

		assert_non_null(resolve_host(b.resolver, view_of(cases[i].host), 7, answered, &b));
		got = wait_for(&b);
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("'%s': %s", cases[i].host, got);
	}
	bench_close(&b);
}

static char all_text[1024];

static void all_answered(void *arg, const struct resolved *all)
{
	static const char *const results[] = {"ok", "none", "failed", "conflict"};
	struct bench *b = arg;
	struct text t;

	b->answers++;
	text_fixed(&t, all_text, sizeof(all_text));
	text_printf(&t, "%s%s%s", results[all->result], all->by_srv ? " srv" : "",
		all->incomplete ? " incomplete" : "");
	for (uint32_t i = 0; i < all->count; i++) {
		const struct resolved_address *a = &all->addresses[i];
		char address[IP_TEXT_BYTES];

		ip_address_print(&a->address, address);
		text_printf(&t, ", %s %s %u", all->hosts[a->host], address, a->ttl_s);
	}
	assert_int_equal(all->left_out, 0);
	loop_stop(b->loop);
}

/* The answers for several hosts come in any order. */
static bool all_has(const char *expected)
{
	char parts[1024];
	char *rest = parts;
	const char *part;

	snprintf(parts, sizeof(parts), "%s", expected);
	if (strlen(expected) != strlen(all_text))
		return false;
	while ((part = strsep(&rest, ",")))
		if (!strstr(all_text, part))
			return false;
	return true;
}

static void all_that_is_known_comes_with_the_time_that_it_lives(void **state)
{
	static const struct {
		const char *service, *name;
		bool fallback;
		const char *expected;
	} cases[] = {
		{"_xmpp-server._tcp", "ttl600.example", false,
			"ok srv, ttl300.example 192.0.2.30 300, ttl300.example 2001:db8::30 300, "
			"ttl900.example 127.0.0.1 600"},
		{"_xmpp-server._tcp", "ttl300.example", true,
			"ok, ttl300.example 192.0.2.30 300, ttl300.example 2001:db8::30 300"},
		{"_xmpp-server._tcp", "ttl300.example", false, "none"},
		{NULL, "ttl1200.example", false, "ok, ttl1200.example 127.0.0.1 900"},
		{NULL, "ttl50.example", false, "ok, ttl50.example 127.0.0.1 50"},
		{NULL, "odd.example", false,
			"ok, odd.example 224.0.0.1 0, odd.example 0.0.0.0 0, "
			"odd.example ::ffff:c000:209 0, odd.example ff02::1 0"},
		{NULL, "half.example", false, "ok incomplete, half.example 192.0.2.7 0"},
		{"_xmpp-server._tcp", "ttl700.example", false,
			"ok srv incomplete, ttl300.example 192.0.2.30 300, "
			"ttl300.example 2001:db8::30 300, half.example 192.0.2.7 0"},
		{"_xmpp-server._tcp", "broken.example", true, "failed"},
		{"_xmpp-server._tcp", "closed.example", true, "none srv"},
		{NULL, "a b.example", false, "none"},
	};
	struct bench b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Each with a cache of its own, which has counted nothing down yet. */
		bench_open(&b, NULL);
		assert_non_null(resolve_all(b.resolver, cases[i].service, view_of(cases[i].name),
			cases[i].fallback, all_answered, &b));
		wait_for(&b);
		if (!all_has(cases[i].expected))
			fail_msg("'%s': %s", cases[i].name, all_text);
		bench_close(&b);
	}
}

static void servers_outside_of_the_domain_are_left_out_where_that_is_wanted(void **state)
{
	static const struct {
		const char *domain, *within;
		const char *expected;
		uint64_t left_out;
	} cases[] = {
		{"inner.example", "inner.example", "ok 192.0.2.61 5269, 192.0.2.62 5270", 3},
		{"inner.example", "a.inner.example", "ok 192.0.2.61 5269", 4},
		{"inner.example", "other.example", "conflict", 5},
		{"inner.example", "not a name", "conflict", 5},
		{"outer.example", "outer.example", "conflict", 2},
		{"outer.example", "near.example", "ok 2001:db8::1 5269, 192.0.2.1 5269", 1},
		/* No SRV at all is another thing, so is the word that there is no server. */
		{"plain.example", "plain.example", "ok 192.0.2.3 5269", 0},
		{"absent.example", "absent.example", "none", 0},
		{"closed.example", "closed.example", "none", 0},
		{"broken.example", "broken.example", "failed", 0},
	};
	struct bench b;

	bench_open(&b, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got;

		counters_clear();
		resolve_within(resolve_service(b.resolver, "_xmpp-server._tcp",
				       view_of(cases[i].domain), 5269, answered, &b),
			view_of(cases[i].within));
		got = wait_for(&b);
		if (strcmp(got, cases[i].expected) != 0 ||
			counter_get("resolve.refused", "srv_conflict") != cases[i].left_out)
			fail_msg("'%s' within %s: %s", cases[i].domain, cases[i].within, got);
	}
	resolve_within(NULL, VIEW("inner.example"));
	resolve_within(resolve_all(b.resolver, "_xmpp-server._tcp", VIEW("inner.example"), true,
			       all_answered, &b),
		VIEW("inner.example"));
	wait_for(&b);
	if (!all_has("ok srv, a.inner.example 192.0.2.61 0, inner.example 192.0.2.62 0"))
		fail_msg("%s", all_text);
	resolve_within(resolve_all(b.resolver, "_xmpp-server._tcp", VIEW("outer.example"), true,
			       all_answered, &b),
		VIEW("outer.example"));
	wait_for(&b);
	assert_string_equal(all_text, "conflict srv");
	bench_close(&b);
}

static void another_service_is_asked_for_where_the_first_has_no_server(void **state)
{
	static const struct {
		const char *domain, *within, *expected;
	} cases[] = {
		{"both.example", NULL, "ok 192.0.2.61 5061"},
		{"second.example", NULL, "ok 192.0.2.61 5062"},
		/* Neither: then the domain itself. */
		{"plain.example", NULL, "ok 192.0.2.3 5061"},
		{"plain.example", "plain.example", "ok 192.0.2.3 5061"},
		{"absent.example", NULL, "none"},
		/* What the first names does not count. */
		{"astray.example", "astray.example", "ok 192.0.2.71 5062"},
		{"astray.example", NULL, "ok 2001:db8::1 5061, 192.0.2.1 5061"},
		/* It has records: the domain itself is not tried. */
		{"lost.example", "lost.example", "conflict"},
		{"shut.example", NULL, "none"},
		/* Who does not answer may have had one. */
		{"late.example", NULL, "failed"},
		{"early.example", NULL, "failed"},
	};
	struct bench b;

	bench_open(&b, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resolve *q = resolve_service(
			b.resolver, "_first._tcp", view_of(cases[i].domain), 5061, answered, &b);
		const char *got;

		resolve_else(q, "_second._tcp");
		if (cases[i].within)
			resolve_within(q, view_of(cases[i].within));
		got = wait_for(&b);
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("'%s' within %s: %s", cases[i].domain,
				cases[i].within ? cases[i].within : "any", got);
	}
	resolve_else(NULL, "_second._tcp");
	bench_close(&b);
}

static void a_cancelled_question_is_never_answered(void **state)
{
	struct resolve *first;
	struct resolve *second;
	struct bench b;

	bench_open(&b, NULL);
	first = resolve_host(b.resolver, VIEW("near.example"), 1, answered, &b);
	second = resolve_host(b.resolver, VIEW("192.0.2.1"), 1, answered, &b);
	resolve_cancel(
		resolve_all(b.resolver, NULL, VIEW("near.example"), false, all_answered, &b));
	resolve_cancel(first);
	resolve_cancel(second);
	resolve_cancel(NULL);
	timer_set_ms(b.deadline, 300);
	loop_run(b.loop);
	assert_int_equal(b.answers, 0);
	bench_close(&b);
}

static void many_questions_at_once_are_all_answered(void **state)
{
	struct bench b;

	bench_open(&b, NULL);
	for (int i = 0; i < 100; i++)
		resolve_service(b.resolver, "_xmpp-server._tcp",
			i % 2 ? VIEW("two.example") : VIEW("closed.example"), 0, answered, &b);
	timer_set_ms(b.deadline, 10000);
	while (b.answers < 100 && !b.late)
		loop_run(b.loop);
	assert_int_equal(b.answers, 100);
	bench_close(&b);
}

static void options_reach_the_resolver_and_wrong_ones_are_named(void **state)
{
	static const char *const wrong[] = {"", "nocolon", "no-such-option: yes", ":x"};
	char why[256] = "";
	struct bench b;

	/* Without the option this zone does not exist, whatever the nameserver says. */
	bench_open(&b, NULL);
	resolve_service(b.resolver, "_xmpp-server._tcp", VIEW("self.test"), 0, answered, &b);
	assert_string_equal(wait_for(&b), "none");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (resolver_option(b.resolver, wrong[i], why, sizeof(why)) == 0)
			fail_msg("'%s' was taken", wrong[i]);
	assert_non_null(strstr(why, "':x'"));
	bench_close(&b);
	bench_open(&b, "local-zone: test. transparent");
	resolve_service(b.resolver, "_xmpp-server._tcp", VIEW("self.test"), 0, answered, &b);
	assert_string_equal(wait_for(&b), "ok 2001:db8::1 5269, 192.0.2.1 5269");
	bench_close(&b);
}

static void a_nameserver_that_is_no_address_is_refused(void **state)
{
	struct loop *loop = loop_new();
	char why[256] = "";

	assert_null(resolver_new(loop, "not an address", why, sizeof(why)));
	assert_non_null(strstr(why, "not an address"));
	loop_free(loop);
}

static void a_resolver_may_be_freed_with_questions_cancelled_late(void **state)
{
	struct resolve *question;
	struct bench b;

	bench_open(&b, NULL);
	question = resolve_host(b.resolver, VIEW("silent.example"), 1, answered, &b);
	timer_set_ms(b.deadline, 100);
	loop_run(b.loop);
	resolve_cancel(question);
	assert_int_equal(b.answers, 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_found_in_the_order_to_try_them),
		cmocka_unit_test(equal_priorities_follow_the_dice),
		cmocka_unit_test(servers_outside_of_the_domain_are_left_out_where_that_is_wanted),
		cmocka_unit_test(hosts_are_names_or_addresses),
		cmocka_unit_test(all_that_is_known_comes_with_the_time_that_it_lives),
		cmocka_unit_test(another_service_is_asked_for_where_the_first_has_no_server),
		cmocka_unit_test(a_cancelled_question_is_never_answered),
		cmocka_unit_test(many_questions_at_once_are_all_answered),
		cmocka_unit_test(options_reach_the_resolver_and_wrong_ones_are_named),
		cmocka_unit_test(a_nameserver_that_is_no_address_is_refused),
		cmocka_unit_test(a_resolver_may_be_freed_with_questions_cancelled_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
