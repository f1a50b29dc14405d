/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions about verdicts, with stand-ins for what takes them. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/command_int.h"
#include "dataplane/report.h"
#include "dataplane/suspects.h"
#include "dataplane/verdict.h"
#include "rules/base/mark.h"

static struct {
	int verdict_result;
	struct tuple judged;
	uint32_t judged_mark;
	char proven[64];
	struct block block;
	uint64_t block_ms;
	struct block_target unblocked;
	char suspects[256]; /* what was said of them, in order */
} world;

void suspects_say(uint32_t partner_id, bool suspicious)
{
	size_t len = strlen(world.suspects);

	snprintf(world.suspects + len, sizeof(world.suspects) - len, "%s%u", suspicious ? "+" : "-",
		partner_id);
}

void suspects_forget(void)
{
	strcat(world.suspects, "0");
}

json_t *report_drops(void)
{
	return json_pack("[{s:s, s:i}]", "cause", "blocked_by_verdict", "refused", 3);
}

json_t *report_verdicts(uint32_t offset, uint32_t limit, uint32_t *total)
{
	json_t *rows = json_array();

	*total = 500;
	for (uint32_t i = 0; i < limit; i++)
		json_array_append_new(rows, json_pack("{s:i}", "number", (int)(offset + i)));
	return rows;
}

int verdict_say_flow(const struct tuple *key, uint32_t mark, struct view domain, struct mono now)
{
	view_copy(domain, world.proven, sizeof(world.proven));
	world.judged = *key;
	world.judged_mark = mark;
	return world.verdict_result;
}

int verdict_block(const struct block *block, struct mono at)
{
	world.block = *block;
	world.block_ms = (block->expires.ns - at.ns) / NS_PER_MS;
	return world.verdict_result;
}

int verdict_unblock(const struct block_target *target, struct mono at)
{
	world.unblocked = *target;
	return world.verdict_result;
}

static const struct {
	const char *type;
	int (*answer)(struct command_state *state, struct channel_packet *question,
		struct command_answer *answer);
} questions[] = {
	{"verdict", command_answer_verdict},
	{"block", command_answer_block},
	{"unblock", command_answer_unblock},
	{"suspects", command_answer_suspects},
	{"verdicts", command_answer_verdicts},
	{"drops", command_answer_drops},
};

static int set_up(void **state)
{
	memset(&world, 0, sizeof(world));
	return 0;
}

/* Takes the question; the answer's members are the caller's. */
static int run(json_t *message, struct command_answer *answer)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	struct channel_packet question = {.message = message};
	int rc = -ENOSYS;

	assert_non_null(message);
	*answer = (struct command_answer){.members = json_object()};
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (strcmp(questions[i].type, type) == 0)
			rc = questions[i].answer(NULL, &question, answer);
	json_decref(message);
	return rc;
}

static json_t *answered(json_t *message)
{
	struct command_answer answer;

	if (run(message, &answer) < 0)
		fail_msg("%s", answer.why);
	return answer.members;
}

static void ask(json_t *message)
{
	json_decref(answered(message));
}

static void refused(json_t *message, const char *words)
{
	struct command_answer answer;

	assert_int_equal(run(message, &answer), -EINVAL);
	if (!strstr(answer.why, words))
		fail_msg("%s: %s", words, answer.why);
	json_decref(answer.members);
}

static json_t *verdict_question(
	const char *remote, int port, const char *local, const char *class, int64_t partner)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:i, s:s, s:I}", "type", "verdict", "remote", remote,
		"remote_port", port, "local", local, "local_port", 5269, "class", class, "partner",
		(json_int_t)partner);
}

static void verdicts_about_connections_are_passed_on(void **state)
{
	static const struct {
		const char *remote, *local, *class, *words;
		int port;
		int64_t partner;
	} cases[] = {
		{"203.0.113.5", "2001:db8::1", "verified", "one family", 40000, 7},
		{"203.0.113.5.", "198.51.100.1", "verified", "one family", 40000, 7},
		{"203.0.113.5", "198.51.100.1", "verified", "1 to 65535", 0, 7},
		{"203.0.113.5", "198.51.100.1", "trusted", "verified or suspicious", 40000, 7},
		{"203.0.113.5", "198.51.100.1", "", "verified or suspicious", 40000, 7},
		{"203.0.113.5", "198.51.100.1", "verified", "'partner' must be 1", 40000, 0},
		{"203.0.113.5", "198.51.100.1", "suspicious", "'partner' must be 1", 40000, -1},
		{"203.0.113.5", "198.51.100.1", "verified", "'partner'", 40000, 0x1000000},
	};
	json_t *named;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(verdict_question(cases[i].remote, cases[i].port, cases[i].local,
				cases[i].class, cases[i].partner),
			cases[i].words);
	assert_int_equal(world.judged_mark, 0);
	ask(verdict_question("203.0.113.5", 40000, "198.51.100.1", "verified", 7));
	assert_int_equal(world.judged_mark, mark_make(CLASS_VERIFIED, 7));
	assert_int_equal(world.judged.src[0], 203);
	assert_int_equal(world.judged.src_port, 40000);
	assert_int_equal(world.judged.dst[0], 198);
	assert_int_equal(world.judged.dst_port, 5269);
	assert_int_equal(world.judged.family, TUPLE_IPV4);
	assert_int_equal(world.judged.protocol, 6);
	/* Of a name that no rule names there is nothing but the name. */
	named = verdict_question("203.0.113.5", 40000, "198.51.100.1", "verified", 0);
	json_object_set_new(named, "domain", json_string("found.example"));
	ask(named);
	assert_int_equal(world.judged_mark, mark_make(CLASS_VERIFIED, PARTNER_NONE));
	assert_string_equal(world.proven, "found.example");
	ask(verdict_question("2001:db8::2", 40000, "2001:db8::1", "suspicious", 0));
	assert_int_equal(world.judged_mark, mark_make(CLASS_SUSPICIOUS, 0));
	assert_int_equal(world.judged.family, TUPLE_IPV6);
	assert_string_equal(world.proven, "");
	for (size_t i = 0; i < 2; i++) {
		json_t *question =
			verdict_question("203.0.113.5", 40000, "198.51.100.1", "verified", 7);

		json_object_set_new(question, "domain",
			json_string(i == 0 ? "chat.partner.example" : "Chat.partner.example"));
		if (i == 0)
			ask(question);
		else
			refused(question, "A-labels");
		assert_string_equal(world.proven, "chat.partner.example");
	}
	world.verdict_result = -EAGAIN;
	refused(verdict_question("203.0.113.5", 4, "198.51.100.1", "verified", 7),
		"too many verdicts wait");
}

static json_t *block_question(const char *key, const char *what, int64_t seconds)
{
	return json_pack("{s:s, s:s, s:I, s:s}", "type", "block", key, what, "seconds",
		(json_int_t)seconds, "reason", "scanner");
}

static void blocks_are_passed_on(void **state)
{

	ask(block_question("source", "192.0.2.0/24", 60));
	assert_int_equal(world.block.target.kind, BLOCK_IPV4);
	assert_int_equal(world.block.target.length, 24);
	assert_int_equal(world.block_ms, 60000);
	assert_string_equal(world.block.reason, "scanner");
	ask(block_question("domain", "bad.example", VERDICT_SECONDS_MAX));
	assert_int_equal(world.block.target.kind, BLOCK_DOMAIN);
	assert_memory_equal(world.block.target.bytes, "bad.example", 12);
	ask(json_pack("{s:s, s:s, s:b, s:i, s:s}", "type", "block", "domain", "bad.example",
		"subtree", 1, "seconds", 5, "reason", ""));
	assert_int_equal(world.block.target.kind, BLOCK_SUBTREE);
	ask(json_pack("{s:s, s:s, s:b, s:i, s:s}", "type", "block", "domain", "bad.example",
		"subtree", 0, "seconds", 5, "reason", ""));
	assert_int_equal(world.block.target.kind, BLOCK_DOMAIN);
	ask(json_pack("{s:s, s:s, s:b}", "type", "unblock", "domain", "bad.example", "subtree", 1));
	assert_int_equal(world.unblocked.kind, BLOCK_SUBTREE);
	ask(json_pack("{s:s, s:s, s:b}", "type", "unblock", "source", "192.0.2.1", "subtree", 0));
	ask(json_pack("{s:s, s:s}", "type", "unblock", "source", "2001:db8::1"));
	assert_int_equal(world.unblocked.kind, BLOCK_IPV6);
	assert_int_equal(world.unblocked.length, 128);
	world.verdict_result = -ENOENT;
	refused(json_pack("{s:s, s:s}", "type", "unblock", "domain", "bad.example"),
		"no such block");
	world.verdict_result = -ENOSPC;
	refused(block_question("domain", "bad.example", 1), "too many blocks");
}

static void blocks_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *key, *what, *words;
		int64_t seconds;
	} cases[] = {
		{"source", "192.0.2.1/24", "without host bits", 1},
		{"source", "bad.example", "without host bits", 1},
		{"source", "", "without host bits", 1},
		{"domain", "", "A-labels", 1},
		{"domain", "Bad.example", "A-labels", 1},
		{"domain", "bad.example.", "A-labels", 1},
		{"domain", ".bad.example", "A-labels", 1},
		{"domain", "bad..example", "A-labels", 1},
		{"domain", "b\xc3\xbc.example", "A-labels", 1},
		{"domain", "a/b", "A-labels", 1},
		{"target", "192.0.2.1", "one of 'source' and 'domain'", 1},
		{"source", "192.0.2.1", "'seconds' must be 1 to", 0},
		{"source", "192.0.2.1", "'seconds' must be 1 to", VERDICT_SECONDS_MAX + 1},
	};
	char reason[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(block_question(cases[i].key, cases[i].what, cases[i].seconds),
			cases[i].words);
	refused(json_pack("{s:s, s:s, s:s, s:i}", "type", "block", "source", "192.0.2.1", "domain",
			"bad.example", "seconds", 1),
		"one of 'source' and 'domain'");
	refused(json_pack("{s:s, s:s, s:b, s:i}", "type", "block", "source", "192.0.2.1", "subtree",
			1, "seconds", 1),
		"goes with 'domain'");
	refused(json_pack("{s:s, s:s, s:i, s:i}", "type", "block", "domain", "bad.example",
			"subtree", 1, "seconds", 1),
		"'subtree' must be true or false");
	memset(reason, 'r', sizeof(reason));
	reason[128] = '\0';
	refused(json_pack("{s:s, s:s, s:i, s:s}", "type", "block", "source", "192.0.2.1", "seconds",
			1, "reason", reason),
		"'reason'");
	assert_int_equal(world.block.target.kind, 0);
}

static void blocks_and_drops_are_told(void **state)
{
	json_t *answer;

	answer =
		answered(json_pack("{s:s, s:i, s:i}", "type", "verdicts", "offset", 7, "limit", 2));
	assert_int_equal(json_array_size(json_object_get(answer, "verdicts")), 2);
	assert_int_equal(json_integer_value(json_object_get(answer, "total")), 500);
	json_decref(answer);
	refused(json_pack("{s:s, s:i}", "type", "verdicts", "limit", 101), "1 to 100");
	answer = answered(json_pack("{s:s}", "type", "drops"));
	assert_int_equal(json_array_size(json_object_get(answer, "drops")), 1);
	json_decref(answer);
}

static void suspects_are_passed_on(void **state)
{
	static const struct {
		const char *question, *said, *words;
	} cases[] = {
		{"{'suspicious': [7, 16777215], 'trusted': [8], 'anew': false}", "+7+16777215-8",
			NULL},
		{"{'anew': true, 'suspicious': [9]}", "0+9", NULL},
		{"{'anew': true}", "0", NULL},
		{"{}", "", NULL},
		{"{'suspicious': [7, 0]}", "", "lists of at most 1000 partners"},
		{"{'suspicious': 7}", "", "lists"},
		{"{'trusted': [16777216]}", "", "lists"},
		{"{'trusted': ['7']}", "", "lists"},
		{"{'anew': 1, 'suspicious': [7]}", "", "'anew'"},
	};
	json_t *many = json_array();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *question;
		char text[128];

		snprintf(text, sizeof(text), "%s", cases[i].question);
		for (char *c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		question = json_loads(text, 0, NULL);
		json_object_set_new(question, "type", json_string("suspects"));
		world.suspects[0] = '\0';
		if (cases[i].words)
			refused(question, cases[i].words);
		else
			ask(question);
		assert_string_equal(world.suspects, cases[i].said);
	}
	for (int i = 1; i <= 1001; i++)
		json_array_append_new(many, json_integer(i));
	refused(json_pack("{s:s, s:o}", "type", "suspects", "suspicious", many), "at most 1000");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		CASE(verdicts_about_connections_are_passed_on),
		CASE(suspects_are_passed_on),
		CASE(blocks_are_passed_on),
		CASE(blocks_that_make_no_sense_are_refused),
		CASE(blocks_and_drops_are_told),
	};

	return cmocka_run_group_tests_name("command_verdict", tests, NULL, NULL);
}
