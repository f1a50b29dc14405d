/* SPDX-License-Identifier: BSD-3-Clause */
/* flood: what the edge is to withstand, from one machine. For namespaces of one's own only. */
#include "tests/bench/flood.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
	"usage: flood WHAT OPTIONS\n"
	"Floods a target inside one's own network namespaces, to see what it withstands.\n"
	"\n"
	"  syn       SYNs\n"
	"  ack       segments that claim to follow a handshake, with guessed numbers\n"
	"  connect   true connections, each from another address of the prefix, kept open\n"
	"  sink      the other end for measuring: count and drop all that an interface receives\n"
	"\n"
	"syn, ack:\n"
	"  --interface IF      where frames leave\n"
	"  --target ADDRESS    IPv4 or IPv6\n"
	"  --port N            (default 5269)\n"
	"  --target-mac MAC    of the target, or of the router to it\n"
	"  --source-mac MAC    (default: the interface's)\n"
	"  --source PREFIX     addresses to send from, drawn for each frame\n"
	"  --data TEXT         that ACKs carry (default: the beginning of a stream header)\n"
	"  --rate N            frames a second (default: as many as go)\n"
	"  --in-kernel         made and sent by an XDP program: several times as fast, not paced;\n"
	"                      the receiving veth needs an XDP program or GRO\n"
	"  --seconds S         (default 5)\n"
	"connect:\n"
	"  --target, --port    as above\n"
	"  --source PREFIX     needs: ip route add local PREFIX dev lo\n"
	"  --say WORDS         nothing (default), hello (a ClientHello that never ends), garbage, or\n"
	"                      any other text, as soon as a connection is established\n"
	"  --count N           connections at once (default 100000); one that ends is replaced\n"
	"  --rate N            new ones a second (default: as many as go)\n"
	"  --seconds S         (default 5)\n"
	"sink: --interface IF, --seconds S\n"
	"\n"
	"Figures come as JSON lines. Exit codes: 0 done, 1 it failed, 2 wrong usage.\n";

enum {
	OPTION_FIRST = 256,
	INTERFACE,
	TARGET,
	PORT,
	TARGET_MAC,
	SOURCE_MAC,
	SOURCE,
	DATA,
	RATE,
	IN_KERNEL,
	SECONDS,
	SAY,
	COUNT,
	HELP
};

static const struct option options[] = {
	{"interface", required_argument, NULL, INTERFACE},
	{"target", required_argument, NULL, TARGET},
	{"port", required_argument, NULL, PORT},
	{"target-mac", required_argument, NULL, TARGET_MAC},
	{"source-mac", required_argument, NULL, SOURCE_MAC},
	{"source", required_argument, NULL, SOURCE},
	{"data", required_argument, NULL, DATA},
	{"rate", required_argument, NULL, RATE},
	{"in-kernel", no_argument, NULL, IN_KERNEL},
	{"seconds", required_argument, NULL, SECONDS},
	{"say", required_argument, NULL, SAY},
	{"count", required_argument, NULL, COUNT},
	{"help", no_argument, NULL, HELP},
	{0},
};

double flood_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* xorshift64*. */
uint64_t flood_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(0x2545f4914f6cdd1d);
}

int flood_fail(const char *what, int error)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(-error));
	return EXIT_FAILURE;
}

__attribute__((noreturn)) static void wrong_usage(const char *what)
{
	fprintf(stderr, "flood: %s\nTry flood --help.\n", what);
	exit(2);
}

static void read_mac(const char *text, uint8_t mac[6])
{
	char end;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0], &mac[1], &mac[2],
		    &mac[3], &mac[4], &mac[5], &end) != 6)
		wrong_usage("a MAC is six octets in hexadecimal with colons");
}

static uint64_t read_number(const char *text)
{
	uint64_t number;

	if (!view_to_u64(view_of(text), UINT32_MAX, &number))
		wrong_usage("that is no number");
	return number;
}

static void read_option(struct flood *flood, int option)
{
	switch (option) {
	case INTERFACE:
		flood->interface = optarg;
		break;
	case TARGET:
		if (!ip_address_parse(view_of(optarg), &flood->target))
			wrong_usage("--target is no address");
		break;
	case PORT:
		flood->port = (uint16_t)read_number(optarg);
		break;
	case TARGET_MAC:
		read_mac(optarg, flood->target_mac);
		break;
	case SOURCE_MAC:
		read_mac(optarg, flood->source_mac);
		flood->has_source_mac = true;
		break;
	case SOURCE:
		if (!prefix_parse(view_of(optarg), &flood->source))
			wrong_usage("--source is no prefix");
		break;
	case DATA:
		flood->data = optarg;
		break;
	case RATE:
		flood->rate = read_number(optarg);
		break;
	case IN_KERNEL:
		flood->in_kernel = true;
		break;
	case SECONDS:
		flood->seconds = strtod(optarg, NULL);
		break;
	case SAY:
		flood->say = optarg;
		break;
	case COUNT:
		flood->count = read_number(optarg);
		break;
	case HELP:
		fputs(usage, stdout);
		exit(EXIT_SUCCESS);
	default:
		wrong_usage("that option is unknown");
	}
}

static void check(const struct flood *flood, bool frames, bool sink)
{
	if ((frames || sink) && !flood->interface)
		wrong_usage("--interface is missing");
	if (sink)
		return;
	if (!flood->target.family_bits || !flood->source.address.family_bits)
		wrong_usage("--target and --source are needed");
	if (flood->target.family_bits != flood->source.address.family_bits)
		wrong_usage("--target and --source are not of one family");
	if (flood->in_kernel && flood->rate)
		wrong_usage("frames made in the kernel are not paced");
	if (flood->seconds <= 0)
		wrong_usage("--seconds is no time");
}

int main(int argc, char **argv)
{
	struct flood flood = {.port = 5269,
		.seconds = 5,
		.count = 100000,
		.say = "nothing",
		.data = "<?xml version='1.0'?><stream:stream "};
	const char *what = argc > 1 ? argv[1] : "";
	bool frames = !strcmp(what, "syn") || !strcmp(what, "ack");
	bool sink = !strcmp(what, "sink");
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		read_option(&flood, option);
	if (optind + 1 != argc || (!frames && !sink && strcmp(what, "connect") != 0))
		wrong_usage("what? syn, ack, connect or sink");
	check(&flood, frames, sink);
	flood.syn = !strcmp(what, "syn");
	if (sink)
		return flood_sink(&flood);
	if (!frames)
		return flood_connections(&flood);
	return flood.in_kernel ? flood_kernel(&flood) : flood_frames(&flood);
}
