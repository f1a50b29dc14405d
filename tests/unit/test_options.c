/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of picket-control. */
#include "tests/unit/test.h"

#include "control/options.h"

enum { ARGUMENTS_MAX = 40 };

static int read_words(const char *const *words, struct options *out)
{
	char *argv[ARGUMENTS_MAX + 2] = {(char *)"picket-control"};
	int argc = 1;

	while (words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	return options_read(argc, argv, out);
}

static void all_options_are_kept(void **state)
{
	static const char *const words[] = {"--rules", "r.yaml", "--ca=ca.pem", "--dataplane",
		"/d.sock", "--control", "/c.sock", "--inside", "[2001:db8::1]:5061", "--resolver",
		"192.0.2.53@5353", "--resolver-option", "a:1", "--resolver-option", "b:2", "--user",
		"nobody", "--statistics-socket", "/s.sock", "--statistics-group", "adm", "--netns",
		"picket", "--state", "/var/lib/picket", "--handshake-threads", "0",
		"--unproven-max", "64", "--realtime", "0", "--check", "-v", NULL};
	struct options o;

	assert_int_equal(read_words(words, &o), -1);
	assert_string_equal(o.rules_file, "r.yaml");
	assert_string_equal(o.ca_file, "ca.pem");
	assert_string_equal(o.dataplane_path, "/d.sock");
	assert_string_equal(o.control_path, "/c.sock");
	assert_true(o.has_inside);
	assert_int_equal(o.inside_address.family_bits, 128);
	assert_int_equal(o.inside_port, 5061);
	assert_string_equal(o.resolver, "192.0.2.53@5353");
	assert_int_equal(o.resolver_option_count, 2);
	assert_string_equal(o.resolver_options[1], "b:2");
	assert_string_equal(o.user, "nobody");
	assert_string_equal(o.netns, "picket");
	assert_string_equal(o.state_dir, "/var/lib/picket");
	assert_string_equal(o.statistics_path, "/s.sock");
	assert_string_equal(o.statistics_group, "adm");
	assert_int_equal(o.handshake_threads, 0);
	assert_int_equal(o.unproven_max, 64);
	assert_int_equal(o.realtime_priority, 0);
	assert_true(o.check);
	assert_true(o.verbose);
}

static void what_is_left_out_has_its_default(void **state)
{
	static const char *const words[] = {"--rules", "r", "--ca", "c", NULL};
	struct options o;

	assert_int_equal(read_words(words, &o), -1);
	assert_string_equal(o.dataplane_path, "/run/picket/dataplane.sock");
	assert_string_equal(o.control_path, "/run/picket/control.sock");
	assert_false(o.has_inside);
	assert_string_equal(o.statistics_path, "/run/picket/statistics.sock");
	assert_null(o.statistics_group);
	assert_null(o.netns);
	assert_null(o.user);
	assert_null(o.resolver);
	assert_in_range(o.handshake_threads, 1, 4);
	assert_int_equal(o.unproven_max, 1024);
	assert_int_equal(o.realtime_priority, 1);
}

static void statistics_are_told_beside_the_operators_socket(void **state)
{
	static const char *const here[] = {
		"--rules", "r", "--ca", "c", "--control", "c.sock", NULL};
	static const char *const there[] = {
		"--rules", "r", "--ca", "c", "--control", "/x/y/c.sock", NULL};
	struct options o;

	assert_int_equal(read_words(here, &o), -1);
	assert_string_equal(o.statistics_path, "statistics.sock");
	assert_int_equal(read_words(there, &o), -1);
	assert_string_equal(o.statistics_path, "/x/y/statistics.sock");
}

static void wrong_usage_has_its_exit_code(void **state)
{
	static const char *const cases[][8] = {
		{NULL},
		{"--rules", "r", NULL},
		{"--ca", "c", NULL},
		{"--rules", "r", "--ca", "c", "surplus", NULL},
		{"--rules", "r", "--ca", "c", "--nonsense", NULL},
		{"--rules", "r", "--ca", NULL},
		{"--rules", "r", "--ca", "c", "--inside", "192.0.2.1", NULL},
		{"--rules", "r", "--ca", "c", "--handshake-threads", "65", NULL},
		{"--rules", "r", "--ca", "c", "--handshake-threads", "few", NULL},
		{"--rules", "r", "--ca", "c", "--unproven-max", "15", NULL},
		{"--rules", "r", "--ca", "c", "--unproven-max", "65537", NULL},
		{"--rules", "r", "--ca", "c", "--realtime", "100", NULL},
	};
	struct options o;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (read_words(cases[i], &o) != EXIT_USAGE)
			fail_msg("case %zu", i);
}

static void help_and_version_end_well(void **state)
{
	static const char *const help[] = {"--help", NULL};
	static const char *const version[] = {"--version", NULL};
	struct options o;

	assert_int_equal(read_words(help, &o), EXIT_FINE);
	assert_int_equal(read_words(version, &o), EXIT_FINE);
}

static void addresses_with_ports_are_strict(void **state)
{
	static const struct {
		const char *text;
		bool fine;
	} cases[] = {
		{"192.0.2.1:5061", true},
		{"[2001:db8::1]:5061", true},
		{"[::1]:1", true},
		{"192.0.2.1:65535", true},
		{"192.0.2.1:65536", false},
		{"192.0.2.1:0", false},
		{"192.0.2.1:", false},
		{"192.0.2.1", false},
		{":5061", false},
		{"", false},
		{"2001:db8::1:5061", false},
		{"[192.0.2.1]:5061", false},
		{"[2001:db8::1]5061", false},
		{"host.example:5061", false},
		{"192.0.2.1:+1", false},
	};
	struct ip_address address;
	uint16_t port;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (address_port_parse(view_of(cases[i].text), &address, &port) != cases[i].fine)
			fail_msg("'%s'", cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_options_are_kept),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(statistics_are_told_beside_the_operators_socket),
		cmocka_unit_test(wrong_usage_has_its_exit_code),
		cmocka_unit_test(help_and_version_end_well),
		cmocka_unit_test(addresses_with_ports_are_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
