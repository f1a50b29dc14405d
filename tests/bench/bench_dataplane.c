/* SPDX-License-Identifier: BSD-3-Clause */
/* How many frames a second the packet stages take, one lcore, from a capture that a port repeats for
 * ever. See usage. Measures whole turns of the worker, as in the program; it fails rather than print
 * a number if frames met another fate than the one that is measured. */
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_dev.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include "dataplane/crew.h"
#include "rules/base/mark.h"
#include "rules/ruleset.h"
#include "tests/bench/samples.h"
#include "tests/ring/frames.h"

enum { ROUNDS_MAX = 101, FLOWS_MAX = 200000, DESCRIPTORS = 512 };

static const char usage[] =
	"usage: bench_dataplane --write FILE [--kind KIND] [--flows N]\n"
	"       bench_dataplane EAL-ARGUMENTS -- [--kind KIND] [--flows N] [--rounds N] [--seconds S]\n"
	"\n"
	"The first form writes the capture (one frame a flow, 60 bytes, of handshake 74), for this program and its peers.\n"
	"The second measures: the first port of the EAL is the outside, a net_null takes the TAP's\n"
	"place. kind and flows must be those that the capture was written with.\n"
	"  --kind established   ACKs of connections that are known (default)\n"
	"         syn           SYNs of a partner: the first of each flow makes it, the others are\n"
	"                       retransmissions; each is classified by its source\n"
	"         blocked       SYNs of a blocked prefix: answered up to the limit, then dropped\n"
	"         handshake     SYNs of Linux, each from another unknown network, answered with a\n"
	"                       cookie (mode reqsk)\n"
	"  --flows N            1 to 200000 (default 1000)\n"
	"  --rounds N           samples, 1 to 101 (default 5)\n"
	"  --seconds S          of each, 1 to 60 (default 2)\n"
	"  --cpu                by the CPU time of the thread, and by the clock besides\n"
	"Prints JSON lines {name, unit, samples, value}: value is the median; Mpps, and cycles (of the\n"
	"time stamp counter) a frame.\n"
	"With hugepages:\n"
	"  bench_dataplane --write /tmp/c.pcap\n"
	"  bench_dataplane -l 1 --no-pci --in-memory --no-telemetry \\\n"
	"    --vdev net_pcap0,rx_pcap=/tmp/c.pcap,infinite_rx=1 --\n"
	"Without: --no-huge -m 512 --no-shconf instead of --in-memory.\n";

static const char rules[] =
	"service:\n  addresses: [198.51.100.1]\n"
	"local:\n  - {domain: corp.example, certificate: c, key: k,\n"
	"     inside: {protocol: sip, host: 10.0.0.9}}\n"
	"partners:\n  - {domain: partner.example, protocol: xmpp, sources: [192.0.2.0/24]}\n"
	"blocked:\n  prefixes: [203.0.113.0/24]\n"
	/* Counted like any other, never reached. */
	"limits:\n"
	"  partner: {new_connections_per_s: 100000000, new_connections_burst: 100000000,\n"
	"    connections: 100000000, packets_per_s: 100000000, packets_burst: 100000000,\n"
	"    bytes_per_s: 12500000000, bytes_burst: 12500000000}\n"
	"  handshakes_per_s: 100000000\n"
	"  handshakes_burst: 100000000\n";

enum kind { KIND_ESTABLISHED, KIND_SYN, KIND_BLOCKED, KIND_HANDSHAKE, KINDS };

static const char *const kind_names[KINDS] = {"established", "syn", "blocked", "handshake"};
/* Of net_pcap's first port: the capture must be for its MAC. */
static const uint8_t pcap_mac[6] = {0x02, 'p', 'c', 'a', 'p', 0x00};

struct options {
	const char *write;
	enum kind kind;
	uint32_t flows;
	uint32_t rounds;
	uint32_t seconds;
	bool cpu;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_dataplane: %s\n", what);
	exit(1);
}

static uint32_t number(const char *text, uint32_t low, uint32_t high)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*end || end == text || v < low || v > high) {
		fprintf(stderr, "bench_dataplane: '%s' is not a number from %u to %u\n", text, low,
			high);
		exit(2);
	}
	return (uint32_t)v;
}

static enum kind kind_of(const char *name)
{
	for (int k = 0; k < KINDS; k++)
		if (strcmp(name, kind_names[k]) == 0)
			return (enum kind)k;
	fprintf(stderr, "bench_dataplane: no kind '%s'\n%s", name, usage);
	exit(2);
}

static struct options options_read(int argc, char **argv)
{
	static const struct option table[] = {{"write", required_argument, NULL, 'w'},
		{"kind", required_argument, NULL, 'k'}, {"flows", required_argument, NULL, 'f'},
		{"rounds", required_argument, NULL, 'r'}, {"seconds", required_argument, NULL, 's'},
		{"cpu", no_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct options o = {.flows = 1000, .rounds = 5, .seconds = 2};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == 'w')
			o.write = optarg;
		else if (c == 'k')
			o.kind = kind_of(optarg);
		else if (c == 'f')
			o.flows = number(optarg, 1, FLOWS_MAX);
		else if (c == 'r')
			o.rounds = number(optarg, 1, ROUNDS_MAX);
		else if (c == 'c')
			o.cpu = true;
		else if (c == 's')
			o.seconds = number(optarg, 1, 60);
		else {
			fputs(usage, c == 'h' ? stdout : stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
	return o;
}

/* From a /24 of its own, with the options of Linux: MSS, SACK, timestamps, window scale. */
static struct octets handshake_of(uint32_t i)
{
	static const uint8_t options[] = {
		2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};
	char src[32];
	struct tcp tcp = {src, "198.51.100.1", (uint16_t)(1024 + i % 60000), 5269, i * 2654435761u,
		0, TCP_SYN, VIEW(""), 0};
	struct octets o;

	snprintf(src, sizeof(src), "%u.%u.%u.%u", 10 + i / 65536, i / 256 % 256, i % 256,
		1 + i % 250);
	o = frame_tcp_with(&tcp, view_make(options, sizeof(options)));
	memcpy(o.bytes, pcap_mac, 6);
	return o;
}

/* Frame i of the capture: every flow has its own address and port. */
static struct octets frame_of(enum kind kind, uint32_t i)
{
	char src[32];
	struct tcp tcp = {src, "198.51.100.1", (uint16_t)(1024 + i / 250), 5269, 1000, 0, TCP_SYN,
		VIEW(""), 0};
	struct octets o;

	if (kind == KIND_HANDSHAKE)
		return handshake_of(i);
	snprintf(src, sizeof(src), "%s.%u", kind == KIND_BLOCKED ? "203.0.113" : "192.0.2",
		1 + i % 250);
	if (kind == KIND_ESTABLISHED) {
		tcp.flags = TCP_ACK;
		tcp.ack = 2000;
	}
	o = frame_tcp(&tcp);
	memcpy(o.bytes, pcap_mac, 6);
	return o;
}

static void capture_write(const struct options *o)
{
	const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
	FILE *file = fopen(o->write, "wb");

	if (!file || fwrite(header, sizeof(header), 1, file) != 1)
		die("cannot write the capture");
	for (uint32_t i = 0; i < o->flows; i++) {
		struct octets f = frame_of(o->kind, i);
		const uint32_t record[4] = {0, i, f.len, f.len};

		if (fwrite(record, sizeof(record), 1, file) != 1 ||
			fwrite(f.bytes, f.len, 1, file) != 1)
			die("cannot write the capture");
	}
	if (fclose(file) != 0)
		die("cannot write the capture");
}

static void port_start(uint16_t id, struct rte_mempool *pool)
{
	const struct rte_eth_conf none = {0};

	if (rte_eth_dev_configure(id, 1, 1, &none) < 0 ||
		rte_eth_rx_queue_setup(id, 0, DESCRIPTORS, rte_socket_id(), NULL, pool) < 0 ||
		rte_eth_tx_queue_setup(id, 0, DESCRIPTORS, rte_socket_id(), NULL) < 0 ||
		rte_eth_dev_start(id) < 0)
		die("a port cannot be started");
}

static void rules_publish(void)
{
	struct rules_errors errors = {0};
	struct ruleset *compiled = ruleset_compile(view_of(rules), NULL, &errors);
	struct tables *tables = NULL;
	struct filter filter;
	char why[256] = "the rules do not compile";
	uint8_t *block;
	size_t bytes;

	if (compiled && filter_write(compiled, &block, &bytes) == 0 &&
		filter_open(view_make(block, bytes), &filter, why, sizeof(why)) == 0)
		tables = tables_build(&filter, why, sizeof(why));
	if (!tables)
		die(why);
	tables_publish(tables);
	free(block);
	ruleset_free(compiled);
}

static void flows_adopt(const struct options *o)
{
	for (uint32_t i = 0; i < o->flows; i++) {
		struct octets f = frame_of(o->kind, i);
		struct flow_seed seed = {
			.mark = mark_make(CLASS_CLAIMED, 1), .tcp_state = TCP_ESTABLISHED};
		struct packet p;

		if (packet_parse(view_make(f.bytes, f.len), &p) != PACKET_CAUSE_none)
			die("a frame of our own does not parse");
		seed.tuple = p.tuple;
		if (flow_adopt(&seed) != 0)
			die("a flow cannot be adopted");
	}
}

static struct edge *set_up(const struct options *o)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"frames", o->flows + 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct worker_config config = {.pool = pool,
		.port_count = 1,
		.flow_capacity = o->flows + 64,
		.handoff = o->kind == KIND_HANDSHAKE ? HANDOFF_REQSK : HANDOFF_SYN};
	struct edge *edge;

	if (!pool)
		die("no memory for frames: give the EAL more (-m)");
	if (rte_eth_dev_count_avail() == 0)
		die("no port: see --help");
	config.ports[0].port_id = (uint16_t)rte_eth_find_next_owned_by(0, RTE_ETH_DEV_NO_OWNER);
	if (rte_eal_hotplug_add("vdev", "net_null_tap", "no-rx=1") != 0 ||
		rte_eth_dev_get_port_by_name("net_null_tap", &config.tap_id) != 0)
		die("net_null cannot be made");
	port_start(config.ports[0].port_id, pool);
	port_start(config.tap_id, pool);
	if (crew_prepare(&config) != 0)
		die("no memory for the worker: give the EAL more (-m)");
	crew_open(&config);
	rules_publish();
	edge = crew_edge(0);
	if (o->kind == KIND_ESTABLISHED)
		flows_adopt(o);
	return edge;
}

struct sample {
	double mpps, cycles, wall_mpps;
};

/* Of this thread: neighbours on the processor do not count. */
static struct sample round_run(struct edge *edge, uint32_t seconds, bool cpu)
{
	uint64_t ticks = rte_get_tsc_hz() * seconds;
	uint64_t begun = rte_rdtsc();
	uint64_t begun_ns = cpu_ns();
	uint64_t frames = 0;
	uint64_t spent;
	uint64_t wall;

	do {
		/* The clock once a turn, as in worker_run; ours once in sixteen. */
		for (int i = 0; i < 16; i++)
			frames += worker_step(edge, mono_now());
		spent = rte_rdtsc() - begun;
	} while (spent < ticks);
	wall = spent;
	if (cpu)
		spent = (uint64_t)((double)(cpu_ns() - begun_ns) * (double)rte_get_tsc_hz() / 1e9);
	if (frames == 0)
		die("no frame came: was the port given infinite_rx=1?");
	return (struct sample){
		.mpps = (double)frames / ((double)spent / (double)rte_get_tsc_hz()) / 1e6,
		.cycles = (double)spent / (double)frames,
		.wall_mpps = (double)frames / ((double)wall / (double)rte_get_tsc_hz()) / 1e6,
	};
}

/* Did the frames meet the fate that is measured? */
static void fates_check(const struct edge *edge, enum kind kind)
{
	const struct fates *in = &edge->counters.fates[DIRECTION_IN];
	uint64_t right = in->forwarded;

	if (kind == KIND_BLOCKED)
		right = edge->counters.refused[CAUSE_blocked_source] +
			edge->counters.dropped[CAUSE_blocked_source];
	if (kind == KIND_HANDSHAKE)
		right = in->consumed;
	if (!report_balance(&edge->counters) || right != in->received) {
		for (int c = 0; c < CAUSE_COUNT; c++)
			if (edge->counters.dropped[c])
				fprintf(stderr, "bench_dataplane: dropped %llu for cause %d\n",
					(unsigned long long)edge->counters.dropped[c], c);
		die("frames met another fate: is the capture of this kind, flows and port?");
	}
}

static void print_line(const struct options *o, const char *unit, const double *samples)
{
	char name[64];

	snprintf(name, sizeof(name), "dataplane_%s_%s", kind_names[o->kind], unit);
	samples_print(name, unit, samples, o->rounds);
}

int main(int argc, char **argv)
{
	double mpps[ROUNDS_MAX], cycles[ROUNDS_MAX], wall[ROUNDS_MAX];
	bool eal = false;
	struct options o;
	struct edge *edge;
	int used;

	for (int i = 1; i < argc; i++)
		eal = eal || strcmp(argv[i], "--") == 0;
	if (!eal) {
		o = options_read(argc, argv);
		if (!o.write) {
			fputs(usage, stderr);
			return 2;
		}
		capture_write(&o);
		return 0;
	}
	used = rte_eal_init(argc, argv);
	if (used < 0)
		die("the EAL does not start");
	o = options_read(argc - used, argv + used);
	edge = set_up(&o);
	round_run(edge, 1, o.cpu);
	for (uint32_t i = 0; i < o.rounds; i++) {
		struct sample s = round_run(edge, o.seconds, o.cpu);

		mpps[i] = s.mpps;
		cycles[i] = s.cycles;
		wall[i] = s.wall_mpps;
	}
	fates_check(edge, o.kind);
	print_line(&o, "Mpps", mpps);
	print_line(&o, "cycles", cycles);
	if (o.cpu)
		print_line(&o, "Mpps by the clock", wall);
	return 0;
}
