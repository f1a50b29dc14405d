/* SPDX-License-Identifier: BSD-3-Clause */
/* IP addresses and prefixes as values. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "rules/prefix.h"

static const struct {
	const char *in, *out; /* out NULL: refused */
} addresses[] = {
	{"192.0.2.1", "192.0.2.1"},
	{"0.0.0.0", "0.0.0.0"},
	{"255.255.255.255", "255.255.255.255"},
	{"192.0.2.01", NULL},
	{"192.0.2.256", NULL},
	{"192.0.2.1000", NULL},
	{"192.0.2", NULL},
	{"192.0.2.1.", NULL},
	{"192.0.2.1.1", NULL},
	{".192.0.2.1", NULL},
	{"192..2.1", NULL},
	{"192.0.2.-1", NULL},
	{"192.0.2.1 ", NULL},
	{" 192.0.2.1", NULL},
	{"0x7f.0.0.1", NULL},
	{"3221225985", NULL},
	{"", NULL},
	{"2001:db8::1", "2001:db8::1"},
	{"2001:DB8:0000:0:0:0:0:1", "2001:db8::1"},
	{"::", "::"},
	{"::1", "::1"},
	{"1::", "1::"},
	{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
	{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
	{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
	{"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
	{"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
	{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
	{"1:2:3:4:5:6:192.0.2.33", "1:2:3:4:5:6:c000:221"},
	{"::ffff:192.0.2.1", NULL},
	{"::ffff:c000:201", NULL},
	{":::", NULL},
	{":", NULL},
	{"1:2:3:4:5:6:7", NULL},
	{"1:2:3:4:5:6:7:8:9", NULL},
	{"1:2:3:4::5:6:7:8", NULL},
	{"1::2::3", NULL},
	{":1:2:3:4:5:6:7:8", NULL},
	{"1:2:3:4:5:6:7:8:", NULL},
	{"1:2:3:4:5:6:7:", NULL},
	{"12345::", NULL},
	{"::12345", NULL},
	{"g::", NULL},
	{"192.0.2.1::", NULL},
	{"::192.0.2.1:1", NULL},
	{"1:2:3:4:5:6:7:192.0.2.1", NULL},
	{"fe80::1%eth0", NULL},
	{"[2001:db8::1]", NULL},
	{"192.0.2.1:5269", NULL},
};

static void addresses_are_read_strictly_and_written_canonically(void **state)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct ip_address a;
		char text[IP_TEXT_BYTES];

		if (ip_address_parse(view_of(addresses[i].in), &a) != (addresses[i].out != NULL))
			fail_msg("'%s'", addresses[i].in);
		if (!addresses[i].out)
			continue;
		ip_address_print(&a, text);
		if (strcmp(text, addresses[i].out) != 0)
			fail_msg("'%s' printed as '%s'", addresses[i].in, text);
	}
}

/* The C library is a second opinion on both directions. */
static void addresses_agree_with_the_c_library(void **state)
{
	uint64_t random = 0x2545f4914f6cdd1d;

	for (int step = 0; step < 20000; step++) {
		struct ip_address a = {.family_bits = step % 2 ? 128 : 32};
		struct ip_address back;
		char ours[IP_TEXT_BYTES];
		char theirs[INET6_ADDRSTRLEN];

		for (int i = 0; i < a.family_bits / 8; i += 2) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			if (random >> 40 & 1)
				continue; /* runs of zeros */
			a.bytes[i] = (uint8_t)random;
			a.bytes[i + 1] = (uint8_t)(random >> 8);
		}
		ip_address_print(&a, ours);
		inet_ntop(step % 2 ? AF_INET6 : AF_INET, a.bytes, theirs, sizeof(theirs));
		/* It writes the deprecated ::a.b.c.d with dots. */
		if (strcmp(ours, theirs) != 0 && !(strchr(theirs, ':') && strchr(theirs, '.')))
			fail_msg("%s, the C library says %s", ours, theirs);
		if (!ip_address_parse(view_of(theirs), &back) || !ip_address_equal(&a, &back))
			fail_msg("%s reads differently", theirs);
	}
}

static void prefixes_have_no_host_bits(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.0/24"},
		{"192.0.2.7", "192.0.2.7/32"},
		{"192.0.2.7/32", "192.0.2.7/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"192.0.2.128/25", "192.0.2.128/25"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"::/0", "::/0"},
		{"192.0.2.1/24", NULL},
		{"192.0.2.128/24", NULL},
		{"2001:db8::1/127", NULL},
		{"192.0.2.0/33", NULL},
		{"2001:db8::/129", NULL},
		{"192.0.2.0/", NULL},
		{"192.0.2.0/024", NULL},
		{"192.0.2.0/+24", NULL},
		{"192.0.2.0/24 ", NULL},
		{"192.0.2.0/24/24", NULL},
		{"/24", NULL},
		{"192.0.2.0/255.255.255.0", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[IP_TEXT_BYTES];
		struct prefix p;

		if (prefix_parse(view_of(cases[i].in), &p) != (cases[i].out != NULL))
			fail_msg("'%s'", cases[i].in);
		if (!cases[i].out)
			continue;
		prefix_print(&p, text);
		if (strcmp(text, cases[i].out) != 0)
			fail_msg("'%s' printed as '%s'", cases[i].in, text);
	}
}

static void a_prefix_contains_what_shares_its_bits(void **state)
{
	static const struct {
		const char *prefix, *address;
		bool inside;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.128/25", "192.0.2.128", true},
		{"192.0.2.7/32", "192.0.2.7", true},
		{"192.0.2.7/32", "192.0.2.6", false},
		{"0.0.0.0/0", "255.1.2.3", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "192.0.2.1", false},
		{"2001:db8::/33", "2001:db8:7fff::", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"2001:db8::1/128", "2001:db8::1", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_address a;
		struct prefix p;

		assert_true(prefix_parse(view_of(cases[i].prefix), &p));
		assert_true(ip_address_parse(view_of(cases[i].address), &a));
		if (prefix_contains(&p, &a) != cases[i].inside)
			fail_msg("%s in %s", cases[i].address, cases[i].prefix);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_strictly_and_written_canonically),
		cmocka_unit_test(addresses_agree_with_the_c_library),
		cmocka_unit_test(prefixes_have_no_host_bits),
		cmocka_unit_test(a_prefix_contains_what_shares_its_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
