/* SPDX-License-Identifier: BSD-3-Clause */
/* The same object on a kernel that cannot make a socket from a first segment: it loads in both
 * modes, mode syn works, and the probe says what is missing. */
#include "tests/bpf/run.h"

#include "bpf/probe.h"

static void mode_syn_works(void **state)
{
	struct load *load;
	char why[256];
	int fd = loopback_listener(AF_INET);
	struct frame f = marked_ethernet(0x10000000, 0x0800);

	assert_int_equal(load_open(&load, HANDOFF_SYN, why, sizeof(why)), 0);
	assert_int_equal(load_listener_put(load, &service4, SERVICE_PORT, fd), 0);
	put_ipv4(&f, IPPROTO_TCP, 0, 0);
	put_tcp(&f, SERVICE_PORT, SYN);
	expect_fate(load, "SYN", &f, ABI_FATE_marked, 0x10000000);
	load_close(load);
	close(fd);
}

static void mode_reqsk_loads_and_hands_nothing_over(void **state)
{
	struct load *load;
	char why[256];
	int fd = loopback_listener(AF_INET);
	struct frame f = marked_ethernet(0x10000000 | ABI_MARK_FIRST, 0x0800);

	assert_int_equal(load_open(&load, HANDOFF_REQSK, why, sizeof(why)), 0);
	assert_int_equal(load_listener_put(load, &service4, SERVICE_PORT, fd), 0);
	put_ipv4(&f, IPPROTO_TCP, 0, 0);
	f.bytes[17] = 44;
	put_tcp(&f, SERVICE_PORT, ACK);
	put(&f, "ping", 4);
	expect_fate(load, "data", &f, ABI_FATE_not_handed_over, 0);
	load_close(load);
	close(fd);
}

static void the_probe_says_so(void **state)
{
	char why[256];

	assert_int_equal(probe_handoff(why, sizeof(why)), HANDOFF_SYN);
	assert_non_null(strstr(why, "bpf_sk_assign_tcp_reqsk"));
	assert_non_null(strstr(why, "6.9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mode_syn_works),
		cmocka_unit_test(mode_reqsk_loads_and_hands_nothing_over),
		cmocka_unit_test(the_probe_says_so),
	};

	if (geteuid() != 0) {
		puts("skipped: loading a BPF program needs root");
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("old_kernel", tests, NULL, NULL);
}
