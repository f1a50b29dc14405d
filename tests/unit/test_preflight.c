/* SPDX-License-Identifier: BSD-3-Clause */
/* The look at settings and capabilities, over a /proc/sys of the test's own. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/capability.h>

#include "dataplane/preflight.h"

struct file {
	const char *path, *text; /* text NULL: not there */
};

static const struct file good[] = {
	{"net/ipv4/tcp_syncookies", "1\n"},
	{"net/ipv4/tcp_fwmark_accept", "1\n"},
	{"net/ipv4/ip_forward", "0\n"},
	{"net/ipv6/conf/all/forwarding", "0\n"},
	{"net/ipv4/tcp_rfc1337", "0\n"},
	{"net/ipv4/tcp_sack", "1\n"},
	{"net/ipv4/tcp_window_scaling", "1\n"},
	{"net/ipv4/tcp_rmem", "4096\t131072\t6291456\n"},
	{"net/ipv4/tcp_abort_on_overflow", "0\n"},
	{"net/ipv4/conf/all/rp_filter", "1\n"},
	{"net/ipv4/conf/picket0/rp_filter", "1\n"},
	{"net/core/somaxconn", "4096\n"},
};

enum { GOOD = sizeof(good) / sizeof(good[0]) };

/* The good ones, but for those of `differ`, which ends with a path of NULL. */
static int read_file(void *differ, const char *path, char *out, size_t cap_bytes)
{
	const char *text = NULL;

	for (size_t i = 0; i < GOOD; i++)
		if (strcmp(good[i].path, path) == 0)
			text = good[i].text;
	for (const struct file *file = differ; file && file->path; file++)
		if (strcmp(file->path, path) == 0)
			text = file->text;
	if (!text)
		return -ENOENT;
	snprintf(out, cap_bytes, "%s", text);
	return 0;
}

static struct preflight_report look(
	enum handoff_mode mode, const struct file *differ, uint64_t capabilities)
{
	struct preflight asked = {.mode = mode,
		.netns = "picket",
		.tap = "picket0",
		.backlog = 4096,
		.capabilities = capabilities,
		.read = read_file,
		.arg = (void *)differ};
	struct preflight_report report;

	preflight_check(&asked, &report);
	return report;
}

static void nothing_is_found_where_all_is_well(void **state)
{
	struct preflight_report report = look(HANDOFF_SYN, NULL, UINT64_MAX);

	assert_int_equal(report.count, 0);
	assert_int_equal(report.musts, 0);
	report = look(HANDOFF_REQSK, NULL, UINT64_MAX);
	assert_int_equal(report.count, 0);
	assert_int_equal(report.musts, 0);
}

static void each_setting_is_named_with_its_remedy(void **state)
{
	enum { SYN = 1, REQSK = 2, BOTH = 3 };
	static const struct {
		struct file file;
		int modes; /* in which it matters */
		int must;
		const char *says, *remedy;
	} cases[] = {
		{{"net/ipv4/tcp_syncookies", "0"}, BOTH, 1,
			"net.ipv4.tcp_syncookies is 0, need 1 to 2",
			"ip netns exec picket sysctl -w net.ipv4.tcp_syncookies=1"},
		{{"net/ipv4/tcp_syncookies", "3"}, BOTH, 1, "is 3, need 1 to 2", "=1"},
		{{"net/ipv4/tcp_fwmark_accept", "0"}, BOTH, 1,
			"net.ipv4.tcp_fwmark_accept is 0, need 1", "tcp_fwmark_accept=1"},
		{{"net/ipv4/tcp_fwmark_accept", NULL}, BOTH, 1,
			"net.ipv4.tcp_fwmark_accept is missing, need 1", "tcp_fwmark_accept=1"},
		{{"net/ipv4/ip_forward", "1"}, BOTH, 1, "net.ipv4.ip_forward is 1, need 0", "=0"},
		{{"net/ipv6/conf/all/forwarding", "1"}, BOTH, 1, "forwarding is 1, need 0", "=0"},
		{{"net/ipv4/tcp_rfc1337", "1"}, REQSK, 1, "net.ipv4.tcp_rfc1337 is 1, need 0",
			"tcp_rfc1337=0"},
		{{"net/ipv4/tcp_sack", "0"}, REQSK, 1, "net.ipv4.tcp_sack is 0, need 1", "sack=1"},
		{{"net/ipv4/tcp_window_scaling", "0"}, REQSK, 1,
			"net.ipv4.tcp_window_scaling is 0, need 1", "scaling=1"},
		{{"net/ipv4/tcp_rmem", "4096 16384 32768"}, REQSK, 1,
			"net.ipv4.tcp_rmem (its second number) is 16384, need at least 32768",
			"net.ipv4.tcp_rmem='4096 131072 6291456'"},
		{{"net/ipv4/tcp_rmem", "4096"}, REQSK, 1, "is missing", "131072"},
		{{"net/ipv4/tcp_abort_on_overflow", "1"}, BOTH, 0,
			"net.ipv4.tcp_abort_on_overflow is 1, better 0", "overflow=0"},
		{{"net/ipv4/conf/all/rp_filter", "2"}, BOTH, 1,
			"net.ipv4.conf.all.rp_filter is 2, need 1", "all.rp_filter=1"},
		{{"net/ipv4/conf/picket0/rp_filter", "2"}, BOTH, 1,
			"net.ipv4.conf.picket0.rp_filter is 2, need 1", "picket0.rp_filter=1"},
		{{"net/core/somaxconn", "128"}, BOTH, 0,
			"net.core.somaxconn is 128, better at least 4096", "somaxconn=4096"},
		{{"net/ipv4/tcp_sack", "one"}, REQSK, 1, "net.ipv4.tcp_sack is missing", "=1"},
		{{"net/ipv4/ip_forward", "-1"}, BOTH, 1, "net.ipv4.ip_forward is missing", "=0"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct file differ[2] = {cases[i].file};

		for (int mode = HANDOFF_SYN; mode <= HANDOFF_REQSK; mode++) {
			struct preflight_report report =
				look((enum handoff_mode)mode, differ, UINT64_MAX);
			const char *text = report.findings[0].text;

			if (!(cases[i].modes & 1 << mode)) {
				if (report.count != 0)
					fail_msg("%s: found in mode %d", cases[i].file.path, mode);
				continue;
			}
			if (report.count != 1 || (int)report.musts != cases[i].must ||
				report.findings[0].must != cases[i].must ||
				!strstr(text, cases[i].says) || !strstr(text, cases[i].remedy))
				fail_msg("%s, mode %d: %u found, '%s'", cases[i].file.path, mode,
					report.count, report.count ? text : "");
		}
	}
}

static void what_may_be_absent_is_not_missed(void **state)
{
	static const struct file no_ipv6[] = {{"net/ipv6/conf/all/forwarding", NULL}, {NULL, NULL}};
	static const struct file cookies_always[] = {
		{"net/ipv4/tcp_syncookies", "2"}, {NULL, NULL}};
	static const struct file by_all[] = {
		{"net/ipv4/conf/picket0/rp_filter", "0"}, {NULL, NULL}};
	static const struct file by_tap[] = {{"net/ipv4/conf/all/rp_filter", "0"}, {NULL, NULL}};

	assert_int_equal(look(HANDOFF_REQSK, no_ipv6, UINT64_MAX).count, 0);
	assert_int_equal(look(HANDOFF_REQSK, cookies_always, UINT64_MAX).count, 0);
	assert_int_equal(look(HANDOFF_REQSK, by_all, UINT64_MAX).count, 0);
	assert_int_equal(look(HANDOFF_REQSK, by_tap, UINT64_MAX).count, 0);
}

static void both_places_without_reverse_path_check_are_one_finding(void **state)
{
	static const struct file off[] = {{"net/ipv4/conf/all/rp_filter", "0"},
		{"net/ipv4/conf/picket0/rp_filter", "0"}, {NULL, NULL}};
	struct preflight_report report = look(HANDOFF_REQSK, off, UINT64_MAX);

	assert_int_equal(report.count, 1);
	assert_non_null(strstr(report.findings[0].text, "net.ipv4.conf.picket0.rp_filter is 0"));
}

static void each_capability_is_named(void **state)
{
	static const struct {
		uint64_t without;
		uint32_t count, musts;
		const char *says;
	} cases[] = {
		{1ull << CAP_NET_ADMIN, 1, 1, "CAP_NET_ADMIN"},
		{1ull << CAP_SYS_ADMIN, 1, 1, "CAP_SYS_ADMIN"},
		{1ull << CAP_BPF, 0, 0, NULL}, /* CAP_SYS_ADMIN does */
		{1ull << CAP_BPF | 1ull << CAP_SYS_ADMIN, 2, 2, "CAP_SYS_ADMIN"},
		{1ull << CAP_PERFMON | 1ull << CAP_SYS_ADMIN, 2, 2, "CAP_SYS_ADMIN"},
		{1ull << CAP_NET_RAW, 1, 0, "CAP_NET_RAW"},
		{1ull << CAP_IPC_LOCK, 1, 0, "CAP_IPC_LOCK"},
		{UINT64_MAX, 6, 4, "CAP_NET_ADMIN"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct preflight_report report =
			look(HANDOFF_REQSK, NULL, UINT64_MAX & ~cases[i].without);

		assert_int_equal(report.count, cases[i].count);
		assert_int_equal(report.musts, cases[i].musts);
		if (cases[i].says) {
			assert_non_null(strstr(report.findings[0].text, cases[i].says));
			assert_non_null(strstr(report.findings[0].text, "start as root"));
		}
	}
}

static int read_nothing(void *arg, const char *path, char *out, size_t cap_bytes)
{
	return -EACCES;
}

static void nothing_readable_names_everything(void **state)
{
	struct preflight asked = {.mode = HANDOFF_REQSK,
		.netns = "a-name-of-a-namespace-that-is-as-long-as-it-may-be",
		.tap = "picket0",
		.backlog = 4096,
		.read = read_nothing};
	struct preflight_report report;

	preflight_check(&asked, &report);
	assert_int_equal(report.count, 16);
	assert_int_equal(report.musts, 12);
	/* None is cut short. */
	for (uint32_t i = 0; i < report.count; i++)
		assert_true(strlen(report.findings[i].text) < PREFLIGHT_TEXT_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_where_all_is_well),
		cmocka_unit_test(each_setting_is_named_with_its_remedy),
		cmocka_unit_test(what_may_be_absent_is_not_missed),
		cmocka_unit_test(both_places_without_reverse_path_check_are_one_finding),
		cmocka_unit_test(each_capability_is_named),
		cmocka_unit_test(nothing_readable_names_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
