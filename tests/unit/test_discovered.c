/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of discovered domains, with a clock of the test's own, and the addresses that they cannot have. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

#include "control/discovered.h"

static struct discovered *all;
static struct mono now;

static int set_up(void **state)
{
	now.ns = 1000 * NS_PER_S;
	all = discovered_new();
	return !all;
}

static int tear_down(void **state)
{
	discovered_free(all);
	return 0;
}

static void pass_s(uint64_t s)
{
	now = mono_after_ms(now, s * 1000);
}

static int open_one(const char *domain)
{
	return discovered_open(all, view_of(domain), 4, now);
}

static void close_one(const char *domain)
{
	discovered_close(all, view_of(domain), now);
}

/* "DOMAIN connections seconds idle_s [proven]" of all, in order. */
static const char *shown(void)
{
	static char text[1024];
	json_t *rows = discovered_json(all, now);
	json_t *row;
	size_t i;

	text[0] = '\0';
	json_array_foreach(rows, i, row)
	{
		assert_string_equal(
			json_string_value(json_object_get(row, "origin")), "discovered");
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %d %d %d%s",
			i ? ", " : "", json_string_value(json_object_get(row, "domain")),
			(int)json_integer_value(json_object_get(row, "connections")),
			(int)json_integer_value(json_object_get(row, "seconds")),
			(int)json_integer_value(json_object_get(row, "idle_s")),
			json_is_true(json_object_get(row, "proven")) ? " proven" : "");
	}
	json_decref(rows);
	return text;
}

static void each_has_as_many_connections_as_it_may(void **state)
{
	for (int i = 0; i < 4; i++)
		assert_int_equal(open_one("a.example"), 0);
	assert_int_equal(open_one("a.example"), -EDQUOT);
	assert_int_equal(open_one("b.example"), 0);
	close_one("a.example");
	assert_int_equal(open_one("a.example"), 0);
	assert_string_equal(shown(), "a.example 4 0 0, b.example 1 0 0");
	assert_int_equal(discovered_open(all, VIEW("c.example"), 1, now), 0);
	assert_int_equal(discovered_open(all, VIEW("c.example"), 1, now), -EDQUOT);
}

static void without_a_connection_it_is_remembered_for_its_time(void **state)
{
	assert_int_equal(open_one("tried.example"), 0);
	assert_int_equal(open_one("proven.example"), 0);
	assert_int_equal(open_one("there.example"), 0);
	discovered_proven(all, VIEW("proven.example"));
	discovered_proven(all, VIEW("nobody.example"));
	close_one("tried.example");
	close_one("proven.example");
	close_one("nobody.example");
	pass_s(DISCOVERED_TRIED_S - 1);
	assert_string_equal(shown(), "tried.example 0 59 59, proven.example 0 59 59 proven, "
				     "there.example 1 59 0");
	pass_s(1);
	assert_string_equal(shown(), "proven.example 0 60 60 proven, there.example 1 60 0");
	pass_s(DISCOVERED_IDLE_S - DISCOVERED_TRIED_S - 1);
	/* It comes again, and its time begins anew. */
	assert_int_equal(open_one("proven.example"), 0);
	close_one("proven.example");
	pass_s(DISCOVERED_IDLE_S - 1);
	assert_int_equal(discovered_count(all), 2);
	pass_s(1);
	assert_string_equal(shown(), "there.example 1 7199 0");
}

static void a_full_table_takes_nobody_until_somebodys_time_is_over(void **state)
{
	char name[32];

	for (int i = 0; i < DISCOVERED_MAX; i++) {
		snprintf(name, sizeof(name), "x%d.example", i);
		assert_int_equal(open_one(name), 0);
		if (i % 2)
			discovered_proven(all, view_of(name));
	}
	assert_int_equal(open_one("more.example"), -ENOSPC);
	/* Those that are there go on. */
	assert_int_equal(open_one("x7.example"), 0);
	close_one("x7.example");
	close_one("x7.example");
	close_one("x8.example");
	assert_int_equal(open_one("more.example"), -ENOSPC);
	pass_s(DISCOVERED_TRIED_S);
	assert_int_equal(open_one("more.example"), 0);
	assert_int_equal(open_one("again.example"), -ENOSPC);
	pass_s(DISCOVERED_IDLE_S);
	assert_int_equal(open_one("again.example"), 0);
	assert_int_equal(discovered_count(all), DISCOVERED_MAX);
}

static bool is_b(void *arg, struct view domain)
{
	return view_equal(domain, VIEW("b.example"));
}

static void a_review_forgets_those_without_a_connection(void **state)
{
	static const char *const names[] = {"a.example", "b.example", "c.example"};

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(open_one(names[i]), 0);
	discovered_proven(all, VIEW("a.example"));
	close_one("a.example");
	close_one("b.example");
	discovered_review(all, is_b, NULL);
	assert_string_equal(shown(), "b.example 0 0 0, c.example 1 0 0");
}

static void nobody_leads_us_inside(void **state)
{
	static const struct {
		const char *address, *cause;
	} cases[] = {
		{"203.0.113.7", NULL},
		{"2001:db8::7", NULL},
		{"172.32.0.1", NULL},
		{"100.128.0.1", NULL},
		{"198.51.100.1", "ours"},
		{"192.0.2.10", "inside"},
		{"127.0.0.1", "loopback"},
		{"169.254.1.1", "link_local"},
		{"224.0.0.1", "multicast"},
		{"10.1.2.3", "private"},
		{"172.16.0.1", "private"},
		{"172.31.255.255", "private"},
		{"192.168.1.1", "private"},
		{"100.64.0.1", "private"},
		{"::1", "loopback"},
		{"fe80::1", "link_local"},
		{"fd00::1", "private"},
	};
	struct service service = {0};
	struct local_domain local = {.inside.host = (char *)"192.0.2.10"};
	struct local_domain named = {.inside.host = (char *)"sip.corp.example"};
	struct local_domain locals[] = {named, local};
	struct ruleset rules = {
		.services = &service, .service_count = 1, .locals = locals, .local_count = 2};

	assert_true(ip_address_parse(VIEW("198.51.100.1"), &service.address));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_address address;
		const char *cause;

		assert_true(ip_address_parse(view_of(cases[i].address), &address));
		cause = discovered_refusal(&rules, &address);
		if (!cause != !cases[i].cause || (cause && strcmp(cause, cases[i].cause) != 0))
			fail_msg("%s: %s", cases[i].address, cause ? cause : "fine");
	}
}

#define WITH_TABLE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TABLE(each_has_as_many_connections_as_it_may),
		WITH_TABLE(without_a_connection_it_is_remembered_for_its_time),
		WITH_TABLE(a_full_table_takes_nobody_until_somebodys_time_is_over),
		WITH_TABLE(a_review_forgets_those_without_a_connection),
		cmocka_unit_test(nobody_leads_us_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
