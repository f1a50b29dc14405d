/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of picket-control. */
#include "control/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "control/guests.h"
#include "control/handshakers.h"
#include "rules/base/realtime.h"

static const char usage[] =
	"usage: picket-control --rules FILE --ca FILE [options]\n"
	"\n"
	"The control plane of a federation edge: ends TLS, proves partners, translates\n"
	"between XMPP and SIP. The dataplane brings it the connections.\n"
	"\n"
	"  --rules FILE                rules (YAML); certificates are relative to it. Served at the\n"
	"                              start, unless it is as it was and others were applied since\n"
	"  --ca FILE                   PEM file of the authorities that partners may use\n"
	"  --dataplane PATH            socket of picket-dataplane\n"
	"                              (default /run/picket/dataplane.sock)\n"
	"  --control PATH              socket for picketctl\n"
	"                              (default /run/picket/control.sock)\n"
	"  --statistics-socket PATH    socket that only answers 'show'\n"
	"                              (default: statistics.sock beside that of --control)\n"
	"  --statistics-group NAME     who may use it (default: the group of --user)\n"
	"  --inside ADDRESS:PORT       listen here for our own servers ([ADDRESS]:PORT for IPv6)\n"
	"  --resolver ADDRESS[@PORT]   nameserver (default: those of resolv.conf)\n"
	"  --resolver-option NAME:VALUE  option of libunbound, may be repeated;\n"
	"                              'trust-anchor-file:FILE' switches DNSSEC on\n"
	"  --user NAME                 become this user once keys and sockets are open\n"
	"  --netns NAME                enter this network namespace first (default: stay)\n"
	"  --state DIR                 remember rules that were applied, partner ids and blocks\n"
	"                              here; without it rules cannot change while it runs\n"
	"  --handshake-threads N       threads for TLS handshakes, 0 to 64; 0: done between sessions\n"
	"                              (default: as many as processors, at most 4)\n"
	"  --unproven-max N            connections at once that have not proven who they are, 16 to\n"
	"                              65536 (default 1024); a quarter of them is for partners alone\n"
	"  --realtime N                sessions go before handshakes and all ordinary threads, by\n"
	"                              real-time priority N, 1 to 99, unless they work all the time;\n"
	"                              0: never (default 1)\n"
	"  --check                     load rules and certificates, say what is wrong, exit\n"
	"  -v, --verbose               log more\n"
	"  --version                   print the version, exit\n"
	"  --help                      print this, exit\n"
	"\n"
	"exit codes: 0 fine, 1 could not start or --check found errors, 2 wrong usage\n";

enum option_key {
	KEY_RULES = 256,
	KEY_CA,
	KEY_DATAPLANE,
	KEY_CONTROL,
	KEY_STATISTICS_SOCKET,
	KEY_STATISTICS_GROUP,
	KEY_INSIDE,
	KEY_RESOLVER,
	KEY_RESOLVER_OPTION,
	KEY_USER,
	KEY_NETNS,
	KEY_STATE,
	KEY_HANDSHAKE_THREADS,
	KEY_UNPROVEN_MAX,
	KEY_REALTIME,
	KEY_CHECK,
	KEY_VERSION,
	KEY_HELP,
};

static const struct option table[] = {
	{"rules", required_argument, NULL, KEY_RULES},
	{"ca", required_argument, NULL, KEY_CA},
	{"dataplane", required_argument, NULL, KEY_DATAPLANE},
	{"control", required_argument, NULL, KEY_CONTROL},
	{"statistics-socket", required_argument, NULL, KEY_STATISTICS_SOCKET},
	{"statistics-group", required_argument, NULL, KEY_STATISTICS_GROUP},
	{"inside", required_argument, NULL, KEY_INSIDE},
	{"resolver", required_argument, NULL, KEY_RESOLVER},
	{"resolver-option", required_argument, NULL, KEY_RESOLVER_OPTION},
	{"user", required_argument, NULL, KEY_USER},
	{"netns", required_argument, NULL, KEY_NETNS},
	{"state", required_argument, NULL, KEY_STATE},
	{"handshake-threads", required_argument, NULL, KEY_HANDSHAKE_THREADS},
	{"unproven-max", required_argument, NULL, KEY_UNPROVEN_MAX},
	{"realtime", required_argument, NULL, KEY_REALTIME},
	{"check", no_argument, NULL, KEY_CHECK},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, KEY_VERSION},
	{"help", no_argument, NULL, KEY_HELP},
	{NULL, 0, NULL, 0},
};

bool address_port_parse(struct view text, struct ip_address *address, uint16_t *port)
{
	uint32_t colon = text.len;
	uint64_t number;
	struct view host;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || !view_to_u64(view_sub(text, colon, UINT32_MAX), UINT16_MAX, &number) ||
		number == 0)
		return false;
	host = view_sub(text, 0, colon - 1);
	*port = (uint16_t)number;
	/* With brackets it must be IPv6, without them IPv4. */
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		return ip_address_parse(view_sub(host, 1, host.len - 2), address) &&
		       address->family_bits == 128;
	return ip_address_parse(host, address) && address->family_bits == 32;
}

static int complain(const char *words, const char *value)
{
	fprintf(stderr, "picket-control: %s%s%s\n", words, value ? " " : "", value ? value : "");
	fprintf(stderr, "Try 'picket-control --help'.\n");
	return EXIT_USAGE;
}

static int number_take(
	const char *option, uint64_t least, uint64_t most, const char *words, uint32_t *out)
{
	uint64_t number;

	if (!view_to_u64(view_of(option), most, &number) || number < least)
		return complain(words, option);
	*out = (uint32_t)number;
	return -1;
}

/* One option; -1: go on. */
static int option_take(int key, struct options *o)
{
	switch (key) {
	case KEY_RULES:
		o->rules_file = optarg;
		return -1;
	case KEY_CA:
		o->ca_file = optarg;
		return -1;
	case KEY_DATAPLANE:
		o->dataplane_path = optarg;
		return -1;
	case KEY_CONTROL:
		o->control_path = optarg;
		return -1;
	case KEY_HANDSHAKE_THREADS:
		return number_take(optarg, 0, HANDSHAKERS_MAX,
			"--handshake-threads wants a number from 0 to 64, not",
			&o->handshake_threads);
	case KEY_UNPROVEN_MAX:
		return number_take(optarg, GUESTS_LEAST, GUESTS_MOST,
			"--unproven-max wants a number from 16 to 65536, not", &o->unproven_max);
	case KEY_REALTIME:
		return number_take(optarg, 0, REALTIME_PRIORITY_MAX,
			"--realtime wants a number from 0 to 99, not", &o->realtime_priority);
	case KEY_STATISTICS_SOCKET:
	case KEY_STATISTICS_GROUP:
		*(key == KEY_STATISTICS_SOCKET ? &o->statistics_path : &o->statistics_group) =
			optarg;
		return -1;
	case KEY_INSIDE:
		o->has_inside = true;
		if (!address_port_parse(view_of(optarg), &o->inside_address, &o->inside_port))
			return complain(
				"--inside wants ADDRESS:PORT or [ADDRESS]:PORT, not", optarg);
		return -1;
	case KEY_RESOLVER:
		o->resolver = optarg;
		return -1;
	case KEY_RESOLVER_OPTION:
		if (o->resolver_option_count == RESOLVER_OPTIONS_MAX)
			return complain("too many times --resolver-option", NULL);
		o->resolver_options[o->resolver_option_count++] = optarg;
		return -1;
	case KEY_USER:
		o->user = optarg;
		return -1;
	case KEY_NETNS:
		o->netns = optarg;
		return -1;
	case KEY_STATE:
		o->state_dir = optarg;
		return -1;
	case KEY_CHECK:
		o->check = true;
		return -1;
	case 'v':
		o->verbose = true;
		return -1;
	case KEY_VERSION:
		printf("picket-control %s\n", PICKET_VERSION);
		return EXIT_FINE;
	case KEY_HELP:
		fputs(usage, stdout);
		return EXIT_FINE;
	default:
		fprintf(stderr, "Try 'picket-control --help'.\n");
		return EXIT_USAGE;
	}
}

/* statistics.sock in the directory of the operator's socket. */
static bool statistics_beside(struct options *o)
{
	const char *slash = strrchr(o->control_path, '/');
	int directory_bytes = slash ? (int)(slash + 1 - o->control_path) : 0;
	int len = snprintf(o->statistics_beside, sizeof(o->statistics_beside),
		"%.*sstatistics.sock", directory_bytes, o->control_path);

	o->statistics_path = o->statistics_beside;
	return len < (int)sizeof(o->statistics_beside);
}

int options_read(int argc, char **argv, struct options *out)
{
	int key;

	*out = (struct options){
		.dataplane_path = "/run/picket/dataplane.sock",
		.control_path = "/run/picket/control.sock",
		.handshake_threads = handshakers_default(),
		.unproven_max = GUESTS_DEFAULT,
		.realtime_priority = 1,
	};
	optind = 1;
	while ((key = getopt_long(argc, argv, "v", table, NULL)) != -1) {
		int code = option_take(key, out);

		if (code >= 0)
			return code;
	}
	if (optind < argc)
		return complain("no option takes this:", argv[optind]);
	if (!out->rules_file)
		return complain("--rules FILE is missing", NULL);
	if (!out->ca_file)
		return complain("--ca FILE is missing", NULL);
	if (!out->statistics_path && !statistics_beside(out))
		return complain("too long a path: --control", out->control_path);
	return -1;
}
