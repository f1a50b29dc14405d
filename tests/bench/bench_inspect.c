/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_inspect: nanoseconds per call of the pure readers. One JSON line per measurement: the median
 * of several rounds, and each round's value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/cookie.h"
#include "dataplane/inspect/tls_hello.h"
#include "dataplane/inspect/xmpp_header.h"
#include "dataplane/packet.h"
#include "rules/base/clock.h"
#include "tests/bench/samples.h"
#include "tests/unit/frame.h"

enum {
	ROUNDS = 9,
	ROUND_NS_MIN = 40 * 1000 * 1000,
	CALLS_START = 1024,
	INPUT_MAX_BYTES = 16 * 1024
};

/* What the calls answer, added up and used, so that no call can be left out. */
static uint64_t answers;

typedef void measure_h(struct view input);

static void measure_tls_hello(struct view input)
{
	static uint8_t scratch[TLS_HELLO_SCRATCH_BYTES];
	struct tls_hello hello;
	struct fault fault;

	answers += tls_hello_read(input, scratch, &hello, &fault) + hello.sni.len;
}

static void measure_xmpp_header(struct view input)
{
	struct xmpp_header header;
	struct fault fault;

	answers += xmpp_header_read(input, &header, &fault) + header.header_bytes;
}

static void measure_packet(struct view input)
{
	struct packet p;

	answers += packet_parse(input, &p) + p.payload_bytes;
}

static struct cookie_jar cookies;

/* The input is the tuple. */
static void measure_cookie_make(struct view input)
{
	static const struct cookie_options usual = {
		.mss = 1460, .sack = true, .scaled = true, .scale = 7};

	answers += cookie_make(&cookies, (const struct tuple *)input.p, (uint32_t)answers, &usual);
}

static void measure_cookie_check(struct view input)
{
	struct cookie_options options;

	answers += cookie_check(
		&cookies, (const struct tuple *)input.p, 1, (uint32_t)answers | 1, &options);
}

static uint64_t time_calls(measure_h *function, struct view input, uint64_t calls)
{
	uint64_t start = cpu_ns();

	for (uint64_t i = 0; i < calls; i++)
		function(input);
	return cpu_ns() - start;
}

static void report(const char *name, measure_h *function, struct view input)
{
	uint64_t calls = CALLS_START;
	double samples[ROUNDS];

	while (time_calls(function, input, calls) < ROUND_NS_MIN)
		calls *= 2;
	for (int i = 0; i < ROUNDS; i++)
		samples[i] = (double)time_calls(function, input, calls) / (double)calls;
	samples_print(name, "ns/call", samples, ROUNDS);
}

static struct view file_read(const char *name)
{
	static uint8_t bytes[INPUT_MAX_BYTES];
	char path[512];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA_DIR, name);
	file = fopen(path, "rb");
	if (!file) {
		fprintf(stderr, "bench_inspect: cannot open %s\n", path);
		exit(EXIT_FAILURE);
	}
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	return view_make(bytes, len);
}

static void report_packet(const char *name, bool v6, uint32_t payload_bytes)
{
	static const uint8_t payload[1460];
	struct frame f;

	frame_ip(&f, v6, 6, FRAME_NO_VLAN);
	frame_tcp(&f, TCP_ACK, view_make(payload, payload_bytes));
	frame_finish(&f);
	report(name, measure_packet, frame_view(&f));
}

/* The dearest header found: as many prefixes and attributes as the limits let through. */
static struct view worst_header(void)
{
	static char text[XMPP_HEADER_MAX_BYTES + 1] =
		"<stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams'";
	size_t len = strlen(text);

	for (int i = 0; i < 15; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			" xmlns:prefix-of-many-letters-%02d='urn:%02d'", i, i);
	for (int i = 0; i < 15; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, " prefix-of-many-letters-%02d:a=''", i);
	snprintf(text + len, sizeof(text) - len, ">");
	return view_of(text);
}

static void report_cookies(void)
{
	static const struct siphash_key seed = {1, 2};
	struct tuple tuple = {.src = {198, 51, 100, 7},
		.dst = {192, 0, 2, 1},
		.src_port = 40000,
		.dst_port = 5269,
		.family = TUPLE_IPV4};
	struct view input = view_make(&tuple, sizeof(tuple));

	cookie_jar_init(&cookies, &seed, mono_now());
	report("cookie made, IPv4", measure_cookie_make, input);
	report("cookie checked, IPv4", measure_cookie_check, input);
	tuple.family = TUPLE_IPV6;
	report("cookie made, IPv6", measure_cookie_make, input);
	report("cookie checked, IPv6", measure_cookie_check, input);
}

int main(void)
{
	report("tls_hello 1.2 with SNI", measure_tls_hello, file_read("hello_tls12_sni.dat"));
	report("tls_hello 1.3 with SNI and ALPN", measure_tls_hello,
		file_read("hello_tls13_sni_alpn.dat"));
	report("tls_hello 1.8 kB", measure_tls_hello, file_read("hello_big_key_share.dat"));
	report("tls_hello 1.8 kB in five records", measure_tls_hello,
		file_read("hello_big_five_records.dat"));
	report("xmpp_header", measure_xmpp_header,
		VIEW("<?xml version='1.0'?><stream:stream xmlns:db='jabber:server:dialback' "
		     "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='' "
		     "from='x1.example' to='edge.example' xml:lang='en' xmlns='jabber:server'>"));
	report("xmpp_header at its worst", measure_xmpp_header, worst_header());
	report("xmpp_header refusing HTTP", measure_xmpp_header, VIEW("GET / HTTP/1.1\r\n"));
	report_packet("packet TCP IPv4, no payload", false, 0);
	report_packet("packet TCP IPv6, no payload", true, 0);
	report_packet("packet TCP IPv4, 512 bytes", false, 512);
	report_packet("packet TCP IPv4, 1460 bytes", false, 1460);
	report_cookies();
	return answers ? EXIT_SUCCESS : EXIT_FAILURE;
}
