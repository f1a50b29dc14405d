/* SPDX-License-Identifier: BSD-3-Clause */
/* The namespace's settings, over a directory that stands for /proc/sys/net, and the refusals that
 * need no namespace. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/netns.h"

static char root[64];

static void set(const char *path, const char *value)
{
	char name[192];
	int fd;

	snprintf(name, sizeof(name), "%s/%s", root, path);
	if (!value) {
		unlink(name);
		return;
	}
	for (char *slash = strchr(name + strlen(root) + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(name, 0700);
		*slash = '/';
	}
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, strlen(value)), (ssize_t)strlen(value));
	close(fd);
}

static const struct {
	const char *path, *value;
} good[] = {
	{"ipv4/tcp_syncookies", "1\n"},
	{"ipv4/tcp_fwmark_accept", "1\n"},
	{"ipv4/ip_forward", "0\n"},
	{"ipv4/conf/all/rp_filter", "1\n"},
	{"ipv4/conf/tap7/rp_filter", "0\n"},
	{"ipv6/conf/all/forwarding", "0\n"},
};

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	return remove(path);
}

static int set_up(void **state)
{
	strcpy(root, "/tmp/picket-netns-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		set(good[i].path, good[i].value);
	return 0;
}

static int tear_down(void **state)
{
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int check(char why[NETNS_WHY_BYTES])
{
	why[0] = '\0';
	return netns_check_settings(root, "lab", "tap7", why, NETNS_WHY_BYTES);
}

static void right_settings_pass(void **state)
{
	char why[NETNS_WHY_BYTES];

	assert_int_equal(check(why), 0);
	set("ipv4/conf/all/rp_filter", "0\n");
	set("ipv4/conf/tap7/rp_filter", "1\n");
	assert_int_equal(check(why), 0);
}

static void a_kernel_without_ipv6_passes(void **state)
{
	char why[NETNS_WHY_BYTES];

	set("ipv6/conf/all/forwarding", NULL);
	assert_int_equal(check(why), 0);
}

static void each_wrong_setting_is_named_with_its_remedy(void **state)
{
	static const struct {
		const char *path, *value, *words;
	} cases[] = {
		{"ipv4/tcp_syncookies", "0\n", "net.ipv4.tcp_syncookies is 0, need 1"},
		{"ipv4/tcp_syncookies", "2\n", "net.ipv4.tcp_syncookies is 2, need 1"},
		{"ipv4/tcp_syncookies", NULL, "net.ipv4.tcp_syncookies is missing"},
		{"ipv4/tcp_fwmark_accept", "0\n", "net.ipv4.tcp_fwmark_accept is 0, need 1"},
		{"ipv4/tcp_fwmark_accept", "", "net.ipv4.tcp_fwmark_accept is missing"},
		{"ipv4/ip_forward", "1\n", "net.ipv4.ip_forward is 1, need 0"},
		{"ipv6/conf/all/forwarding", "1\n", "net.ipv6.conf.all.forwarding is 1, need 0"},
		{"ipv4/conf/all/rp_filter", "2\n", "net.ipv4.conf.all.rp_filter is 2, need 1"},
		{"ipv4/conf/all/rp_filter", "0\n", "net.ipv4.conf.tap7.rp_filter is 0, need 1"},
		{"ipv4/conf/tap7/rp_filter", "2\n", "net.ipv4.conf.tap7.rp_filter is 2, need 1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char why[NETNS_WHY_BYTES];
		int error;

		set(cases[i].path, cases[i].value);
		error = check(why);
		if (error != -EINVAL || !strstr(why, cases[i].words) || !strstr(why, "'lab'") ||
			!strstr(why, "scripts/netns up --netns lab"))
			fail_msg("%s: %d, '%s'", cases[i].words, error, why);
		for (size_t k = 0; k < sizeof(good) / sizeof(good[0]); k++)
			set(good[k].path, good[k].value);
	}
}

static void unknown_namespace_is_refused_by_name(void **state)
{
	char why[NETNS_WHY_BYTES];

	assert_int_equal(netns_start("pk-no-such-one", why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "'pk-no-such-one'"));
	assert_non_null(strstr(why, "scripts/netns up --netns pk-no-such-one"));
}

static int never(void *arg)
{
	fail();
	return 0;
}

static void without_a_thread_work_is_refused(void **state)
{
	assert_int_equal(netns_call(never, NULL), -ESHUTDOWN);
	netns_stop();
	assert_int_equal(netns_call(never, NULL), -ESHUTDOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(right_settings_pass, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_kernel_without_ipv6_passes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			each_wrong_setting_is_named_with_its_remedy, set_up, tear_down),
		cmocka_unit_test(unknown_namespace_is_refused_by_name),
		cmocka_unit_test(without_a_thread_work_is_refused),
	};

	return cmocka_run_group_tests_name("netns", tests, NULL, NULL);
}
