/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings and capabilities that handing over needs. */
#include "dataplane/preflight.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/capability.h>

#include "dataplane/synack.h"

enum { SETTING_BYTES = 128, PATH_BYTES = 128 };

enum { /* in which modes */
	IN_SYN = 1 << HANDOFF_SYN,
	IN_REQSK = 1 << HANDOFF_REQSK,
	IN_BOTH = IN_SYN | IN_REQSK,
};

/* A setting whose number must lie within bounds; the remedy names `set`. */
struct setting {
	const char *path; /* below /proc/sys */
	unsigned modes;
	long least, most, set;
	unsigned field; /* which number, counted from 0 */
	bool must;
	bool optional; /* absent with its protocol, or before it was invented */
	const char *reason;
};

enum {
	/* The kernel offers about half of its buffer as a window; ours must not be the greater. */
	BUFFER_LEAST = 4 * SYNACK_WINDOW_BYTES,
	BUFFER_DEFAULT = 131072,
	NUMBER_MAX = INT32_MAX,
};

static const struct setting settings[] = {
	{"net/ipv4/tcp_syncookies", IN_SYN, 1, 2, 1, 0, true, false,
		"a full backlog must not lose connections"},
	{"net/ipv4/tcp_syncookies", IN_REQSK, 1, 2, 1, 0, true, false,
		"else the kernel answers the first segment of each connection with RST"},
	{"net/ipv4/tcp_fwmark_accept", IN_BOTH, 1, 1, 1, 0, true, false,
		"sockets must carry the mark"},
	{"net/ipv4/ip_forward", IN_BOTH, 0, 0, 0, 0, true, false,
		"nothing may be routed between outside and inside"},
	{"net/ipv6/conf/all/forwarding", IN_BOTH, 0, 0, 0, 0, true, true,
		"nothing may be routed between outside and inside"},
	{"net/ipv4/tcp_rfc1337", IN_REQSK, 0, 0, 0, 0, true, false,
		"else a connection in TIME_WAIT makes no way for the next one from the same "
		"address and port"},
	{"net/ipv4/tcp_sack", IN_REQSK, 1, 1, 1, 0, true, false,
		"the dataplane agrees to selective acknowledgements, and the kernel must keep it"},
	{"net/ipv4/tcp_window_scaling", IN_REQSK, 1, 1, 1, 0, true, false,
		"the dataplane agrees to scaled windows, and the kernel must keep it"},
	{"net/ipv4/tcp_rmem", IN_REQSK, BUFFER_LEAST, NUMBER_MAX, BUFFER_DEFAULT, 1, true, false,
		"the kernel's first window must not be smaller than the one that the dataplane "
		"promised"},
	{"net/ipv4/tcp_abort_on_overflow", IN_BOTH, 0, 0, 0, 0, false, false,
		"a full accept queue should delay admitted connections, not reset them"},
};

__attribute__((format(printf, 3, 4))) static void find(
	struct preflight_report *report, bool must, const char *format, ...)
{
	struct preflight_finding *finding;
	va_list args;

	report->musts += must;
	if (report->count == PREFLIGHT_FINDINGS_MAX)
		return;
	finding = &report->findings[report->count++];
	finding->must = must;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

/* Number `field` of the file; -1: there is none. */
static long read_number(const struct preflight *asked, const char *path, unsigned field)
{
	char text[SETTING_BYTES];
	const char *at = text;
	char *end;
	long number = -1;

	if (asked->read(asked->arg, path, text, sizeof(text)) < 0)
		return -1;
	for (unsigned i = 0; i <= field; i++) {
		errno = 0;
		number = strtol(at, &end, 10);
		if (end == at || errno || number < 0)
			return -1;
		at = end;
	}
	return number;
}

/* "net/ipv4/tcp_sack" as "net.ipv4.tcp_sack". */
static void make_key(const char *path, char key[static PATH_BYTES])
{
	snprintf(key, PATH_BYTES, "%s", path);
	for (char *c = key; *c; c++)
		if (*c == '/')
			*c = '.';
}

static void say_setting(const struct preflight *asked, struct preflight_report *report,
	const struct setting *setting, long is)
{
	const char *what = setting->field == 1 ? " (its second number)" : "";
	char key[PATH_BYTES], state[32] = "is missing", need[48], value[64];

	make_key(setting->path, key);
	if (is >= 0)
		snprintf(state, sizeof(state), "is %ld", is);
	if (setting->least == setting->most)
		snprintf(need, sizeof(need), "%ld", setting->least);
	else if (setting->most == NUMBER_MAX)
		snprintf(need, sizeof(need), "at least %ld", setting->least);
	else
		snprintf(need, sizeof(need), "%ld to %ld", setting->least, setting->most);
	snprintf(value, sizeof(value), "%ld", setting->set);
	if (setting->field == 1)
		snprintf(value, sizeof(value), "'4096 %ld %ld'", setting->set, 48 * setting->set);
	find(report, setting->must,
		"in network namespace '%s' %s%s %s, %s %s: %s; ip netns exec %s sysctl -w %s=%s",
		asked->netns, key, what, state, setting->must ? "need" : "better", need,
		setting->reason, asked->netns, key, value);
}

static void check_settings(const struct preflight *asked, struct preflight_report *report)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const struct setting *setting = &settings[i];
		long is;

		if (!(setting->modes & 1u << asked->mode))
			continue;
		is = read_number(asked, setting->path, setting->field);
		if ((is >= setting->least && is <= setting->most) || (is < 0 && setting->optional))
			continue;
		say_setting(asked, report, setting, is);
	}
}

/* The kernel cuts the backlog in silence. */
static void check_backlog(const struct preflight *asked, struct preflight_report *report)
{
	struct setting setting = {.path = "net/core/somaxconn",
		.least = asked->backlog,
		.most = NUMBER_MAX,
		.set = asked->backlog,
		.reason = "a burst of new connections waits in the listener's queue, which the "
			  "kernel cuts to this"};
	long is = read_number(asked, setting.path, 0);

	if (is < setting.least)
		say_setting(asked, report, &setting, is);
}

/* The kernel takes the greater of the two. */
static void check_reverse_path(const struct preflight *asked, struct preflight_report *report)
{
	struct setting setting = {.path = "net/ipv4/conf/all/rp_filter",
		.least = 1,
		.most = 1,
		.set = 1,
		.must = true,
		.reason = "sources must be reachable where they come from"};
	char of_tap[PATH_BYTES];
	long all = read_number(asked, setting.path, 0);
	long tap;

	snprintf(of_tap, sizeof(of_tap), "net/ipv4/conf/%s/rp_filter", asked->tap);
	tap = read_number(asked, of_tap, 0);
	if ((all > tap ? all : tap) == 1)
		return;
	if (all <= 1)
		setting.path = of_tap;
	say_setting(asked, report, &setting, all > 1 ? all : tap);
}

static void check_capabilities(const struct preflight *asked, struct preflight_report *report)
{
	static const struct {
		int number;
		bool of_admin; /* CAP_SYS_ADMIN stands for it */
		bool must;
		const char *name, *what_for;
	} needed[] = {
		{CAP_NET_ADMIN, false, true, "CAP_NET_ADMIN", "the TAP and the tc program"},
		{CAP_SYS_ADMIN, false, true, "CAP_SYS_ADMIN", "entering the network namespace"},
		{CAP_BPF, true, true, "CAP_BPF", "loading the tc program"},
		{CAP_PERFMON, true, true, "CAP_PERFMON", "loading the tc program"},
		{CAP_NET_RAW, false, false, "CAP_NET_RAW", "ports on AF_PACKET or AF_XDP"},
		{CAP_IPC_LOCK, false, false, "CAP_IPC_LOCK",
			"hugepages and memory that a NIC uses"},
	};
	bool admin = asked->capabilities >> CAP_SYS_ADMIN & 1;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (asked->capabilities >> needed[i].number & 1 || (needed[i].of_admin && admin))
			continue;
		find(report, needed[i].must,
			"capability %s is missing, for %s; start as root, or grant it: setcap "
			"'%s+ep' PROGRAM, or AmbientCapabilities= of the service",
			needed[i].name, needed[i].what_for, needed[i].name);
	}
}

void preflight_check(const struct preflight *asked, struct preflight_report *out)
{
	out->count = 0;
	out->musts = 0;
	check_capabilities(asked, out);
	check_settings(asked, out);
	check_reverse_path(asked, out);
	check_backlog(asked, out);
}
