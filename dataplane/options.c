/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: EAL arguments, "--", and ours. */
#include "dataplane/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <net/if.h>
#include <sys/un.h>

enum { NETNS_NAME_MAX_BYTES = 64, VLAN_ID_MAX = 4094 };

static const struct options defaults = {
	.netns = "picket",
	.tap = "picket0",
	.socket = "/run/picket/dataplane.sock",
	.state = "/var/lib/picket",
	.idle = IDLE_ADAPTIVE,
	.realtime_priority = 1,
	.handoff = OPTIONS_HANDOFF_AUTO,
	.level = LOG_LEVEL_INFO,
};

static const struct option long_options[] = {
	{"netns", required_argument, NULL, 'n'},
	{"tap", required_argument, NULL, 't'},
	{"socket", required_argument, NULL, 's'},
	{"group", required_argument, NULL, 'g'},
	{"state", required_argument, NULL, 'd'},
	{"idle", required_argument, NULL, 'i'},
	{"realtime", required_argument, NULL, 'r'},
	{"handoff", required_argument, NULL, 'o'},
	{"vlan", required_argument, NULL, 'l'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

void options_help(FILE *out)
{
	fprintf(out,
		"usage: picket-dataplane [EAL OPTIONS] -- [OPTIONS]\n"
		"Filters federation traffic between a DPDK port and the kernel's sockets.\n"
		"\n"
		"The ports are those that the EAL options make, in another network namespace\n"
		"than the TAP. Of several lcores the main one serves the TAP, each other one is a\n"
		"worker. The EAL options are those of the DPDK guide, where --version and --help\n"
		"are ours. Without a NIC and without hugepages, for example:\n"
		"  picket-dataplane -l 0 --no-huge -m 256 --no-shconf --no-pci \\\n"
		"      --vdev net_af_packet0,iface=IF -- --idle adaptive\n"
		"\n"
		"  --netns NAME          namespace of the TAP and the listeners (default %s);\n"
		"                        scripts/netns makes it\n"
		"  --tap NAME            the persistent TAP in it (default %s)\n"
		"  --socket PATH         where the control plane connects\n"
		"                        (default %s)\n"
		"  --group NAME          group that may connect (default: root's)\n"
		"  --state DIR           where the last filter table is kept\n"
		"                        (default %s)\n"
		"  --idle poll|adaptive  when there is nothing to do: go on asking, or sleep at\n"
		"                        most 50 us (default adaptive)\n"
		"  --realtime N          with --idle adaptive: lcores go before all ordinary\n"
		"                        threads, by real-time priority N, 1 to 99, unless they\n"
		"                        work all the time; 0: never (default 1)\n"
		"  --handoff MODE        how a connection reaches the kernel. reqsk: the dataplane\n"
		"                        answers its SYN and hands it over with its first bytes,\n"
		"                        when they have been judged; what is refused before, the\n"
		"                        kernel never sees. syn: the kernel answers the SYN, once\n"
		"                        its source may connect. auto: reqsk if this kernel can,\n"
		"                        which is tried out (Linux 6.9 or later), else syn\n"
		"                        (default auto)\n"
		"  --vlan PORT=ID        the port's frames are those of this VLAN, 1 to 4094; else\n"
		"                        each is answered as it came. PORT as the EAL names it;\n"
		"                        repeatable\n"
		"  -v, --verbose         log details\n"
		"  --help                this text\n"
		"  --version             the version\n"
		"\n"
		"exit codes: 0 ended by SIGTERM or SIGINT, 1 could not start or run, 2 wrong usage\n",
		defaults.netns, defaults.tap, defaults.socket, defaults.state);
}

/* Both become part of a path, of a device argument list and of shell commands in messages. */
static bool word_is_plain(const char *name, size_t max_bytes)
{
	size_t len = strlen(name);

	if (len == 0 || len > max_bytes || name[0] == '.' || name[0] == '-')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	       len;
}

static bool check_values(const struct options *o, char *why, size_t why_bytes)
{
	if (!word_is_plain(o->netns, NETNS_NAME_MAX_BYTES)) {
		snprintf(why, why_bytes, "--netns '%.40s' is no name of a namespace", o->netns);
		return false;
	}
	if (!word_is_plain(o->tap, IFNAMSIZ - 1)) {
		snprintf(why, why_bytes,
			"--tap '%.40s' is no name of an interface (at most %d characters)", o->tap,
			IFNAMSIZ - 1);
		return false;
	}
	if (o->socket[0] != '/' ||
		strlen(o->socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		snprintf(why, why_bytes,
			"--socket '%.120s' must be an absolute path of at most %zu characters",
			o->socket, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
		return false;
	}
	if (o->state[0] != '/') {
		snprintf(why, why_bytes, "--state '%.120s' must be an absolute path", o->state);
		return false;
	}
	if (o->group && !o->group[0]) {
		snprintf(why, why_bytes, "--group needs a name");
		return false;
	}
	return true;
}

static bool take_realtime(const char *word, int *out)
{
	uint64_t number;

	if (!view_to_u64(view_of(word), REALTIME_PRIORITY_MAX, &number))
		return false;
	*out = (int)number;
	return true;
}

static bool take_idle(const char *word, enum idle *out)
{
	if (strcmp(word, "poll") == 0)
		*out = IDLE_POLL;
	else if (strcmp(word, "adaptive") == 0)
		*out = IDLE_ADAPTIVE;
	else
		return false;
	return true;
}

static bool take_handoff(const char *word, enum options_handoff *out)
{
	static const char *const words[] = {[OPTIONS_HANDOFF_AUTO] = "auto",
		[OPTIONS_HANDOFF_REQSK] = "reqsk",
		[OPTIONS_HANDOFF_SYN] = "syn"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		*out = (enum options_handoff)i;
		return true;
	}
	return false;
}

static bool take_vlan(struct options *out, const char *word)
{
	const char *equals = strrchr(word, '=');
	char *end;
	unsigned long id;

	if (!equals || equals == word || out->vlan_count == LEGS_MAX || equals[1] < '0' ||
		equals[1] > '9')
		return false;
	id = strtoul(equals + 1, &end, 10);
	if (*end || id < 1 || id > VLAN_ID_MAX)
		return false;
	out->vlans[out->vlan_count].port =
		view_make((const uint8_t *)word, (size_t)(equals - word));
	out->vlans[out->vlan_count++].id = (uint16_t)id;
	return true;
}

/* One option of ours; OPTIONS_RUN: go on. */
static enum options_outcome take_option(
	int letter, struct options *out, const char *word, char *why, size_t why_bytes)
{
	switch (letter) {
	case 'n':
		out->netns = optarg;
		return OPTIONS_RUN;
	case 't':
		out->tap = optarg;
		return OPTIONS_RUN;
	case 's':
		out->socket = optarg;
		return OPTIONS_RUN;
	case 'g':
		out->group = optarg;
		return OPTIONS_RUN;
	case 'd':
		out->state = optarg;
		return OPTIONS_RUN;
	case 'i':
		if (take_idle(optarg, &out->idle))
			return OPTIONS_RUN;
		snprintf(why, why_bytes, "--idle is 'poll' or 'adaptive', not '%.40s'", optarg);
		return OPTIONS_BAD;
	case 'r':
		if (take_realtime(optarg, &out->realtime_priority))
			return OPTIONS_RUN;
		snprintf(why, why_bytes, "--realtime is a number from 0 to %d, not '%.40s'",
			REALTIME_PRIORITY_MAX, optarg);
		return OPTIONS_BAD;
	case 'o':
		if (take_handoff(optarg, &out->handoff))
			return OPTIONS_RUN;
		snprintf(why, why_bytes, "--handoff is 'auto', 'reqsk' or 'syn', not '%.40s'",
			optarg);
		return OPTIONS_BAD;
	case 'l':
		if (take_vlan(out, optarg))
			return OPTIONS_RUN;
		snprintf(why, why_bytes,
			"--vlan '%.80s' is not PORT=ID with an ID of 1 to %d, or one too many",
			optarg, VLAN_ID_MAX);
		return OPTIONS_BAD;
	case 'v':
		out->level = LOG_LEVEL_DEBUG;
		return OPTIONS_RUN;
	case 'h':
		return OPTIONS_HELP;
	case 'V':
		return OPTIONS_VERSION;
	case ':':
		snprintf(why, why_bytes, "'%.80s' needs a value", word);
		return OPTIONS_BAD;
	default:
		snprintf(why, why_bytes, "unknown option '%.80s'; see --help", word);
		return OPTIONS_BAD;
	}
}

/* The EAL has a --help of its own, which would hide ours. */
static enum options_outcome first_words(int eal_argc, char **argv)
{
	for (int i = 1; i < eal_argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return OPTIONS_HELP;
		if (strcmp(argv[i], "--version") == 0)
			return OPTIONS_VERSION;
	}
	return OPTIONS_RUN;
}

enum options_outcome options_parse(
	int argc, char **argv, struct options *out, int *eal_argc, char *why, size_t why_bytes)
{
	enum options_outcome outcome;
	int split = 1;
	int letter;

	*out = defaults;
	while (split < argc && strcmp(argv[split], "--") != 0)
		split++;
	*eal_argc = split;
	outcome = first_words(split, argv);
	if (outcome != OPTIONS_RUN || split == argc)
		return outcome;

	/* getopt takes "--" for the program's name. 0: start afresh (a GNU extension). */
	argc -= split;
	argv += split;
	optind = 0;
	while ((letter = getopt_long(argc, argv, "+:vh", long_options, NULL)) != -1) {
		outcome = take_option(letter, out, argv[optind - 1], why, why_bytes);
		if (outcome != OPTIONS_RUN)
			return outcome;
	}
	if (optind < argc) {
		snprintf(why, why_bytes, "unexpected '%.80s'; see --help", argv[optind]);
		return OPTIONS_BAD;
	}
	return check_values(out, why, why_bytes) ? OPTIONS_RUN : OPTIONS_BAD;
}
