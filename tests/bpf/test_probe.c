/* SPDX-License-Identifier: BSD-3-Clause */
/* The probe of the way of handing over. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "bpf/load.h"
#include "bpf/probe.h"

enum { SKIPPED = 77 };

static void the_answer_is_a_mode_or_a_reason(void **state)
{
	char why[256] = "not touched";
	enum handoff_mode mode = probe_handoff(why, sizeof(why));

	printf("this kernel: %s%s%s\n", load_mode_name(mode), *why ? ": " : "", why);
	if (mode == HANDOFF_REQSK)
		assert_string_equal(why, "");
	else
		assert_true(strlen(why) > 20);
}

static ino_t namespace_here(void)
{
	struct stat s;

	assert_int_equal(stat("/proc/thread-self/ns/net", &s), 0);
	return s.st_ino;
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void it_leaves_no_trace(void **state)
{
	char why[256];
	ino_t before = namespace_here();
	int open_before;

	probe_handoff(why, sizeof(why)); /* what libbpf keeps open for good is open now */
	open_before = count_descriptors();
	for (int i = 0; i < 3; i++)
		probe_handoff(why, sizeof(why));
	assert_int_equal(namespace_here(), before);
	assert_int_equal(count_descriptors(), open_before);
}

static void what_is_missing_is_named(void **state)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2], less[2];
	char why[256];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	memcpy(less, data, sizeof(less));
	less[0].effective &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
	assert_int_equal(syscall(SYS_capset, &header, less), 0);
	assert_int_equal(probe_handoff(why, sizeof(why)), HANDOFF_SYN);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
	assert_non_null(strstr(why, "CAP_SYS_ADMIN"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_a_mode_or_a_reason),
		cmocka_unit_test(it_leaves_no_trace),
		cmocka_unit_test(what_is_missing_is_named),
	};

	if (geteuid() != 0) {
		puts("skipped: loading a BPF program needs root");
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
