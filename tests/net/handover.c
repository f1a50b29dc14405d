/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel side of handing over, for tests that play dataplane and control plane themselves.
 *
 *   handover probe                     which mode works here, and why not the other
 *   handover check MODE NETNS TAP      what preflight finds in this thread's namespace
 *   handover run MODE TAP [ADDRESS PORT FD]...
 *        attaches the program to the TAP, with these listeners (descriptors that it inherited), and
 *        answers each line on its standard input with the counted fates, as JSON */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/capability.h>
#include <net/if.h>

#include "bpf/load.h"
#include "bpf/probe.h"
#include "dataplane/preflight.h"
#include "dataplane/setting.h"

enum { WHY_BYTES = 512, BACKLOG = 4096 };

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "handover: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

static enum handoff_mode mode_of(const char *name)
{
	return strcmp(name, "reqsk") == 0 ? HANDOFF_REQSK : HANDOFF_SYN;
}

static int run_probe(void)
{
	char why[WHY_BYTES];
	enum handoff_mode mode = probe_handoff(why, sizeof(why));

	printf("%s%s%s\n", load_mode_name(mode), *why ? ": " : "", why);
	return EXIT_SUCCESS;
}

static int run_check(char **argv)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2] = {0};
	struct preflight asked = {.mode = mode_of(argv[0]),
		.netns = argv[1],
		.tap = argv[2],
		.backlog = BACKLOG,
		.read = setting_read};
	struct preflight_report report;

	syscall(SYS_capget, &header, have);
	asked.capabilities = (uint64_t)have[1].effective << 32 | have[0].effective;
	preflight_check(&asked, &report);
	for (uint32_t i = 0; i < report.count; i++)
		printf("%s: %s\n", report.findings[i].must ? "must" : "should",
			report.findings[i].text);
	return EXIT_SUCCESS;
}

static int put_listener(struct load *load, char **argv)
{
	struct ip_address address = {.family_bits = 32};
	int fd = atoi(argv[2]);
	int error;

	if (inet_pton(AF_INET, argv[0], address.bytes) != 1) {
		address.family_bits = 128;
		if (inet_pton(AF_INET6, argv[0], address.bytes) != 1)
			return -EINVAL;
	}
	error = load_listener_put(load, &address, (uint16_t)atoi(argv[1]), fd);
	/* Who started us decides how long it listens. */
	close(fd);
	return error;
}

static int say_counters(struct load *load)
{
	uint64_t counts[ABI_FATE_COUNT];
	int error = load_counters(load, counts);

	if (error)
		return error;
	for (int i = 0; i < ABI_FATE_COUNT; i++)
		printf("%s\"%s\": %llu", i ? ", " : "{", load_fate_name((enum abi_fate)i),
			(unsigned long long)counts[i]);
	puts("}");
	return fflush(stdout);
}

static int run_program(int argc, char **argv)
{
	struct load *load;
	char why[WHY_BYTES];
	char line[64];

	if (load_open(&load, mode_of(argv[0]), why, sizeof(why)) < 0)
		return fail("load", why);
	for (int i = 2; i + 2 < argc; i += 3)
		if (put_listener(load, argv + i) < 0)
			return fail("listener", argv[i]);
	if (load_attach(load, (int)if_nametoindex(argv[1]), why, sizeof(why)) < 0)
		return fail("attach", why);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		if (say_counters(load) != 0)
			break;
	load_close(load);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "probe") == 0)
		return run_probe();
	if (argc == 5 && strcmp(argv[1], "check") == 0)
		return run_check(argv + 2);
	if (argc >= 4 && strcmp(argv[1], "run") == 0)
		return run_program(argc - 2, argv + 2);
	return fail("usage", "probe | check MODE NETNS TAP | run MODE TAP [ADDRESS PORT FD]...");
}
