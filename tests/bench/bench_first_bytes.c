/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_first_bytes: how long it takes to judge the first bytes of a connection by rules of full size,
 * 10,000 partners and 40,000 blocked domains: read them, find whom they name. Each call is timed by
 * itself. Prints JSON lines for scripts/bench: median, 99th percentile, and the worst that was found
 * for bytes that are as dear as the bounds let them be. Its arguments are the EAL's: with hugepages as
 * bench_first_bytes.py has them, without --no-huge -m 512 --no-shconf --no-pci --no-telemetry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "dataplane/classify.h"
#include "dataplane/gather.h"
#include "dataplane/inspect/tls_hello.h"
#include "dataplane/inspect/xmpp_header.h"
#include "rules/ruleset.h"
#include "tests/bench/samples.h"
#include "tests/ring/hello.h"

enum { PARTNERS = 10000, BLOCKED = 40000, INPUTS = 8192, VISITS = 25, ROUNDS = 5 };

static uint8_t scratch[TLS_HELLO_SCRATCH_BYTES];
static const struct tables *tables;
static uint64_t answers;
static double ns_per_cycle, overhead_ns;

struct input {
	enum filter_protocol protocol;
	struct octets bytes;
};

static struct input inputs[INPUTS];

static void die(const char *what)
{
	fprintf(stderr, "bench_first_bytes: %s\n", what);
	exit(1);
}

static void rules_publish(void)
{
	size_t room = (PARTNERS + BLOCKED) * 96 + 1024;
	struct rules_errors errors = {0};
	char *text = malloc(room);
	size_t len = 0;
	struct ruleset *compiled;
	struct filter filter;
	struct tables *built = NULL;
	char why[256] = "the rules do not compile";
	uint8_t *block;
	size_t bytes;

#define SAY(...) (len += (size_t)snprintf(text + len, room - len, __VA_ARGS__))
	if (!text)
		die("no memory");
	SAY("service: {addresses: [198.51.100.1]}\n"
	    "local:\n  - {domain: corp.example, certificate: c, key: k,\n"
	    "     inside: {protocol: sip, host: 10.0.0.9}}\npartners:\n");
	for (int i = 0; i < PARTNERS; i++)
		SAY("  - {domain: partner-%d.example, protocol: xmpp, subtree: true}\n", i);
	SAY("blocked:\n  domains:\n");
	for (int i = 0; i < BLOCKED; i++)
		SAY("    - {domain: blocked-%d.example, subtree: true}\n", i);
#undef SAY
	compiled = ruleset_compile(view_make((const uint8_t *)text, (uint32_t)len), NULL, &errors);
	if (!compiled)
		die(errors.list[0].text);
	if (filter_write(compiled, &block, &bytes) == 0 &&
		filter_open(view_make(block, bytes), &filter, why, sizeof(why)) == 0)
		built = tables_build(&filter, why, sizeof(why));
	if (!built)
		die(why);
	tables_publish(built);
	tables = built;
	free(text);
	free(block);
	ruleset_free(compiled);
}

/* Partners, names below them, blocked ones and strangers; a third are ClientHellos. */
static void inputs_make(void)
{
	srand(1);
	for (int i = 0; i < INPUTS; i++) {
		struct input *in = &inputs[i];
		char from[128];
		int n = rand();

		if (i % 3 == 0) {
			in->protocol = FILTER_SIP;
			in->bytes = hello_make(i % 6 ? "corp.example" : NULL, i % 2 ? 0 : 200);
			continue;
		}
		if (n % 4 == 0)
			snprintf(from, sizeof(from), "blocked-%d.example", rand() % BLOCKED);
		else if (n % 4 == 1)
			snprintf(from, sizeof(from), "stranger-%d.example", rand());
		else
			snprintf(from, sizeof(from), "%spartner-%d.example",
				n % 4 == 2 ? "" : "a.b.", rand() % PARTNERS);
		in->protocol = FILTER_XMPP;
		in->bytes = header_make("corp.example", from);
	}
}

static double time_call(enum filter_protocol protocol, struct view bytes)
{
	struct first_bytes said;
	uint64_t begun = rte_rdtsc_precise();
	uint64_t ended;

	answers += classify_bytes(tables, protocol, bytes, scratch, &said);
	ended = rte_rdtsc_precise();
	return (double)(ended - begun) * ns_per_cycle - overhead_ns;
}

/* Every input is visited at random, so that what it needs is as cold as it would be; of its visits the
 * median counts: what a neighbour on the processor takes is not its own. */
static void measure_all(void)
{
	static double took[INPUTS][VISITS];
	static double medians[INPUTS];
	double p50[ROUNDS], p99[ROUNDS];

	for (int r = 0; r < ROUNDS; r++) {
		for (int v = 0; v < VISITS; v++)
			for (int i = 0; i < INPUTS; i++) {
				int at = (int)((i * 2654435761u + (unsigned)v * 97) % INPUTS);
				const struct input *in = &inputs[at];

				/* They have just come: the bytes are in the cache. */
				for (uint32_t k = 0; k < in->bytes.len; k += 64)
					answers += in->bytes.bytes[k];
				took[at][v] = time_call(in->protocol, octets_view(&in->bytes));
			}
		for (int i = 0; i < INPUTS; i++) {
			samples_sort(took[i], VISITS);
			medians[i] = took[i][VISITS / 2];
		}
		samples_sort(medians, INPUTS);
		p50[r] = medians[INPUTS / 2];
		p99[r] = medians[INPUTS / 100 * 99];
	}
	samples_print("first bytes, median", "ns", p50, ROUNDS);
	samples_print("first bytes, 99th percentile", "ns", p99, ROUNDS);
}

/* Of bytes that are always the same, the median of many calls: what a neighbour on the processor takes
 * is not theirs. */
static void measure_worst(const char *name, enum filter_protocol protocol, struct view bytes)
{
	enum { TIMES = 2001 };
	static double took[TIMES];
	double medians[ROUNDS];

	for (int r = 0; r < ROUNDS; r++) {
		for (int i = 0; i < TIMES; i++)
			took[i] = time_call(protocol, bytes);
		samples_sort(took, TIMES);
		medians[r] = took[TIMES / 2];
	}
	samples_print(name, "ns", medians, ROUNDS);
}

static uint8_t dear[GATHER_MAX_BYTES];

/* As many prefixes and attributes as there may be, and the longest name below names that are there. */
static struct view dear_header(bool ends)
{
	char *text = (char *)dear;
	size_t len = (size_t)snprintf(text, sizeof(dear),
		"<stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='corp.example' from='");

	for (int i = 0; i < 110; i++)
		len += (size_t)snprintf(text + len, sizeof(dear) - len, "a.");
	len += (size_t)snprintf(text + len, sizeof(dear) - len, "partner-1.example'");
	for (int i = 0; i < 13; i++)
		len += (size_t)snprintf(text + len, sizeof(dear) - len,
			" xmlns:prefix-of-many-letters-%02d='urn:%02d'", i, i);
	for (int i = 0; i < 13; i++)
		len += (size_t)snprintf(
			text + len, sizeof(dear) - len, " prefix-of-many-letters-%02d:a=''", i);
	if (ends)
		len += (size_t)snprintf(text + len, sizeof(dear) - len, ">");
	else
		while (len < XMPP_HEADER_MAX_BYTES - 1)
			text[len++] = ' ';
	return view_make(dear, (uint32_t)len);
}

/* Values of attributes that mean nothing, full of what takes longest to read. */
static struct view dear_values(const char *what)
{
	char *text = (char *)dear;
	size_t len = (size_t)snprintf(text, sizeof(dear),
		"<stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams'");

	for (int i = 0; len + 1100 < XMPP_HEADER_MAX_BYTES; i++) {
		size_t start;

		len += (size_t)snprintf(text + len, sizeof(dear) - len, " a%d='", i);
		start = len;
		while (len + strlen(what) - start < XMPP_HEADER_VALUE_MAX_BYTES)
			len += (size_t)snprintf(text + len, sizeof(dear) - len, "%s", what);
		text[len++] = '\'';
	}
	return view_make(dear, len);
}

/* Eight kilobytes of a ClientHello that is cut into records of few bytes and does not end. */
static struct view dear_hello(uint32_t record_bytes)
{
	uint32_t len = 0;
	bool first = true;

	while (len + 5 + record_bytes <= sizeof(dear)) {
		const uint8_t head[] = {
			22, 3, 1, (uint8_t)(record_bytes >> 8), (uint8_t)record_bytes};
		const uint8_t hello[] = {1, 0, 0x1f, 0x00, 3, 3};

		memcpy(dear + len, head, sizeof(head));
		memset(dear + len + 5, 0, record_bytes);
		if (first && record_bytes >= sizeof(hello))
			memcpy(dear + len + 5, hello, sizeof(hello));
		first = false;
		len += 5 + record_bytes;
	}
	return view_make(dear, len);
}

int main(int argc, char **argv)
{
	double empty[1001];

	if (rte_eal_init(argc, argv) < 0 || tables_setup() != 0)
		die("the EAL does not start");
	rules_publish();
	inputs_make();
	ns_per_cycle = 1e9 / (double)rte_get_tsc_hz();
	for (int i = 0; i < 1001; i++) {
		uint64_t begun = rte_rdtsc_precise();

		empty[i] = (double)(rte_rdtsc_precise() - begun) * ns_per_cycle;
	}
	samples_sort(empty, 1001);
	overhead_ns = empty[500];
	measure_all();
	measure_worst("first bytes, dearest header", FILTER_XMPP, dear_header(true));
	measure_worst("first bytes, longest header without end", FILTER_XMPP, dear_header(false));
	measure_worst("first bytes, values of references", FILTER_XMPP, dear_values("&quot;"));
	measure_worst("first bytes, values of short references", FILTER_XMPP, dear_values("&lt;"));
	measure_worst(
		"first bytes, values of numbered references", FILTER_XMPP, dear_values("&#9;"));
	measure_worst(
		"first bytes, values of two-byte characters", FILTER_XMPP, dear_values("\xc3\xa9"));
	measure_worst("first bytes, values of four-byte characters", FILTER_XMPP,
		dear_values("\xf0\x9f\x98\x80"));
	measure_worst("first bytes, values of long numbered references", FILTER_XMPP,
		dear_values("&#x1f600;"));
	measure_worst("first bytes, values of letters and two-byte characters in turn", FILTER_XMPP,
		dear_values("a\xc3\xa9"));
	measure_worst("first bytes, values of quotes", FILTER_XMPP, dear_values("\""));
	measure_worst("first bytes, 8 KiB of a ClientHello in records of 64 bytes", FILTER_SIP,
		dear_hello(64));
	measure_worst("first bytes, 8 KiB of a ClientHello in long records", FILTER_SIP,
		dear_hello(4000));
	return answers ? 0 : 1;
}
