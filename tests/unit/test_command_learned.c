/* SPDX-License-Identifier: BSD-3-Clause */
/* The question that brings what was learned, with stand-ins for what takes it. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/channel/sealed.h"
#include "dataplane/command_int.h"
#include "dataplane/learned.h"

struct learned {
	uint32_t count;
};

static struct {
	bool no_memory;
	uint32_t published, count;
	struct claim first;
} world;

struct learned *learned_build(const struct claims *claims)
{
	struct learned *learned = world.no_memory ? NULL : malloc(sizeof(*learned));

	if (!learned)
		return NULL;
	learned->count = claims->count;
	if (claims->count > 0)
		claims_at(claims, 0, &world.first);
	return learned;
}

void learned_publish(struct learned *learned)
{
	world.published++;
	world.count = learned->count;
	free(learned);
}

static struct view block_make(uint32_t count)
{
	struct claim *list = calloc(count + 1u, sizeof(*list));
	uint8_t *block;
	size_t bytes;

	for (uint32_t i = 0; i < count; i++)
		list[i] = (struct claim){.partner_id = i + 1,
			.address = {.family_bits = 32, .bytes = {192, 0, 2, (uint8_t)i}}};
	assert_int_equal(claims_write(list, count, &block, &bytes), 0);
	free(list);
	return view_make(block, bytes);
}

/* Takes fd (-1: none comes along). bytes -1: no such member. */
static int ask(int fd, int64_t bytes, struct command_answer *answer)
{
	struct channel_packet question = {.message = json_object(), .fd_count = fd >= 0};
	int rc;

	question.fds[0] = fd;
	if (bytes >= 0)
		json_object_set_new(question.message, "bytes", json_integer(bytes));
	*answer = (struct command_answer){.members = json_object()};
	rc = command_answer_learned(NULL, &question, answer);
	json_decref(question.message);
	if (fd >= 0)
		close(fd);
	return rc;
}

static void refused(int fd, int64_t bytes, const char *words)
{
	struct command_answer answer;

	if (ask(fd, bytes, &answer) != -EINVAL || !strstr(answer.why, words))
		fail_msg("%s: '%s'", words, answer.why);
	json_decref(answer.members);
	assert_int_equal(world.published, 0);
}

static int set_up(void **state)
{
	memset(&world, 0, sizeof(world));
	return 0;
}

static void claims_are_published(void **state)
{
	struct view block = block_make(3);
	struct command_answer answer;

	assert_int_equal(ask(sealed_make("claims", block), block.len, &answer), 0);
	assert_int_equal(json_integer_value(json_object_get(answer.members, "learned")), 3);
	json_decref(answer.members);
	assert_int_equal(world.published, 1);
	assert_int_equal(world.count, 3);
	assert_int_equal(world.first.partner_id, 1);
	assert_int_equal(world.first.address.bytes[0], 192);
	free((void *)block.p);
}

static void none_are_published_too(void **state)
{
	struct view block = block_make(0);
	struct command_answer answer;

	assert_int_equal(ask(sealed_make("claims", block), block.len, &answer), 0);
	json_decref(answer.members);
	assert_int_equal(world.published, 1);
	assert_int_equal(world.count, 0);
	free((void *)block.p);
}

static void what_is_no_such_question_is_refused(void **state)
{
	struct view block = block_make(2);
	int open_one = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(write(open_one, block.p, block.len), block.len);
	refused(sealed_make("claims", block), -1, "'bytes' must be 32 to");
	refused(sealed_make("claims", block), 31, "'bytes' must be 32 to");
	refused(sealed_make("claims", block), CLAIMS_BLOCK_BYTES_MAX + 1, "'bytes' must be 32 to");
	refused(-1, block.len, "0 descriptors");
	refused(sealed_make("claims", block), block.len + 1, "not the announced one");
	refused(open_one, block.len, "sealed");
	refused(dup(STDIN_FILENO), block.len, "cannot be mapped");
	((uint8_t *)block.p)[40] ^= 1;
	refused(sealed_make("claims", block), block.len, "wrong digest");
	free((void *)block.p);
}

static void a_lack_of_memory_is_said(void **state)
{
	struct view block = block_make(2);

	world.no_memory = true;
	refused(sealed_make("claims", block), block.len, "no memory for 2 claims");
	free((void *)block.p);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		CASE(claims_are_published),
		CASE(none_are_published_too),
		CASE(what_is_no_such_question_is_refused),
		CASE(a_lack_of_memory_is_said),
	};

	return cmocka_run_group_tests_name("command_learned", tests, NULL, NULL);
}
