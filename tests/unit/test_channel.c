/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets of JSON and descriptors. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/channel/channel.h"

static void pair_make(int pair[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
}

static void pair_close(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

/* How many descriptors this process holds: leaks show here. */
static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			count++;
	return count;
}

static void an_object_and_its_descriptors_arrive(void **state)
{
	struct channel_packet packet;
	json_t *message = json_pack("{s:s, s:i}", "type", "hello", "id", 7);
	int before = descriptors();
	int pair[2];
	int pipes[2];
	char byte = 0;
	int fd;

	pair_make(pair);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(channel_send(pair[0], message, pipes, 2), 0);
	assert_int_equal(channel_receive(pair[1], &packet), 0);
	assert_true(json_equal(packet.message, message));
	assert_int_equal(packet.fd_count, 2);
	assert_true(fcntl(packet.fds[0], F_GETFD) & FD_CLOEXEC);
	fd = channel_packet_take(&packet, 0);
	assert_int_equal(channel_packet_take(&packet, 0), -1);
	assert_int_equal(channel_packet_take(&packet, 2), -1);
	channel_packet_free(&packet);
	channel_packet_free(&packet);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
	pair_close(pair);
	json_decref(message);
	assert_int_equal(descriptors(), before);
}

static void nothing_there_and_the_end_are_told_apart(void **state)
{
	struct channel_packet packet;
	json_t *message = json_object();
	int pair[2];

	pair_make(pair);
	assert_int_equal(channel_receive(pair[1], &packet), -EAGAIN);
	close(pair[0]);
	assert_int_equal(channel_receive(pair[1], &packet), -EPIPE);
	assert_int_equal(channel_send(pair[1], message, NULL, 0), -EPIPE);
	close(pair[1]);
	json_decref(message);
}

static void what_is_not_one_object_is_refused_and_the_next_still_arrives(void **state)
{
	static const char *const bad[] = {"[]", "1", "{", "{} {}", "{\"a\":1,\"a\":2}",
		"{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}", " ", "\x01"};
	struct channel_packet packet;
	json_t *message = json_object();
	int pair[2];

	pair_make(pair);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(send(pair[0], bad[i], strlen(bad[i]), 0), (ssize_t)strlen(bad[i]));
		if (channel_receive(pair[1], &packet) != -EPROTO)
			fail_msg("'%s'", bad[i]);
		assert_null(packet.message);
	}
	assert_int_equal(channel_send(pair[0], message, NULL, 0), 0);
	assert_int_equal(channel_receive(pair[1], &packet), 0);
	channel_packet_free(&packet);
	json_decref(message);
	pair_close(pair);
}

/* {"a":"xxx..."} of exactly this many bytes. */
static json_t *object_of(size_t bytes)
{
	char *filling = malloc(bytes);
	json_t *message;

	memset(filling, 'x', bytes);
	filling[bytes - strlen("{\"a\":\"\"}")] = '\0';
	message = json_pack("{s:s}", "a", filling);
	free(filling);
	return message;
}

static void the_limit_of_a_packet_holds_on_both_sides(void **state)
{
	struct channel_packet packet;
	json_t *largest = object_of(CHANNEL_PACKET_BYTES);
	json_t *larger = object_of(CHANNEL_PACKET_BYTES + 1);
	char *bytes = json_dumps(larger, JSON_COMPACT);
	int before;
	int pair[2];

	pair_make(pair);
	before = descriptors();
	assert_int_equal(channel_send(pair[0], largest, NULL, 0), 0);
	assert_int_equal(channel_receive(pair[1], &packet), 0);
	assert_true(json_equal(packet.message, largest));
	channel_packet_free(&packet);
	assert_int_equal(channel_send(pair[0], larger, NULL, 0), -EMSGSIZE);
	/* A peer that does not keep to it. */
	assert_int_equal(
		send(pair[0], bytes, CHANNEL_PACKET_BYTES + 1, 0), CHANNEL_PACKET_BYTES + 1);
	assert_int_equal(channel_receive(pair[1], &packet), -EMSGSIZE);
	assert_int_equal(channel_receive(pair[1], &packet), -EAGAIN);
	assert_int_equal(descriptors(), before);
	free(bytes);
	json_decref(largest);
	json_decref(larger);
	pair_close(pair);
}

static void too_many_descriptors_are_not_sent(void **state)
{
	int fds[CHANNEL_FDS_MAX + 1];
	struct channel_packet packet;
	json_t *message = json_object();
	int before;
	int pair[2];

	pair_make(pair);
	before = descriptors();
	for (int i = 0; i <= CHANNEL_FDS_MAX; i++)
		fds[i] = pair[0];
	assert_int_equal(channel_send(pair[0], message, fds, CHANNEL_FDS_MAX + 1), -EMSGSIZE);
	assert_int_equal(channel_send(pair[0], message, fds, CHANNEL_FDS_MAX), 0);
	assert_int_equal(channel_receive(pair[1], &packet), 0);
	assert_int_equal(packet.fd_count, CHANNEL_FDS_MAX);
	channel_packet_free(&packet);
	assert_int_equal(descriptors(), before);
	json_decref(message);
	pair_close(pair);
}

static void descriptors_that_did_not_all_arrive_are_closed(void **state)
{
	struct rlimit kept;
	struct rlimit few;
	struct channel_packet packet;
	json_t *message = json_object();
	int fds[4] = {0, 0, 0, 0};
	int before;
	int highest;
	int pair[2];

	pair_make(pair);
	before = descriptors();
	assert_int_equal(channel_send(pair[0], message, fds, 4), 0);
	/* Room for two more: the lowest free number plus two. */
	highest = dup(0);
	close(highest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
	few = (struct rlimit){.rlim_cur = (rlim_t)highest + 2, .rlim_max = kept.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(channel_receive(pair[1], &packet), -EMSGSIZE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
	assert_int_equal(descriptors(), before);
	json_decref(message);
	pair_close(pair);
}

static void descriptors_of_a_refused_packet_are_closed(void **state)
{
	struct channel_packet packet;
	json_t *no_object = json_array();
	int fds[2] = {0, 1};
	int before;
	int pair[2];

	pair_make(pair);
	before = descriptors();
	assert_int_equal(channel_send(pair[0], no_object, fds, 2), 0);
	assert_int_equal(channel_receive(pair[1], &packet), -EPROTO);
	assert_int_equal(descriptors(), before);
	json_decref(no_object);
	pair_close(pair);
}

static void a_peer_that_does_not_read_is_reported(void **state)
{
	json_t *message = object_of(60000);
	int rc = 0;
	int pair[2];

	pair_make(pair);
	for (int i = 0; i < 1000 && rc == 0; i++)
		rc = channel_send(pair[0], message, NULL, 0);
	assert_int_equal(rc, -EAGAIN);
	json_decref(message);
	pair_close(pair);
}

static void a_socket_file_has_its_mode_and_outlives_no_one(void **state)
{
	char directory[] = "/tmp/picket-channel-XXXXXX";
	char path[64];
	struct stat status;
	uid_t uid;
	pid_t pid;
	int listener;
	int client;
	int server;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/s", directory);
	assert_int_equal(channel_connect(path), -ENOENT);
	listener = channel_listen(path, 0660);
	assert_true(listener >= 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	assert_int_equal(channel_accept(listener), -EAGAIN);
	client = channel_connect(path);
	assert_true(client >= 0);
	server = channel_accept(listener);
	assert_true(server >= 0);
	assert_int_equal(channel_peer(server, &uid, &pid), 0);
	assert_int_equal(uid, geteuid());
	assert_int_equal(pid, getpid());
	/* Somebody listens: hands off. Nobody does: the file is in the way of nobody. */
	assert_int_equal(channel_listen(path, 0660), -EADDRINUSE);
	close(listener);
	listener = channel_listen(path, 0600);
	assert_true(listener >= 0);
	close(listener);
	close(client);
	close(server);
	unlink(path);
	listener = open(path, O_CREAT | O_WRONLY, 0600);
	close(listener);
	assert_int_equal(channel_listen(path, 0660), -EEXIST);
	unlink(path);
	rmdir(directory);
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
	char path[200];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(channel_connect(path), -ENAMETOOLONG);
	assert_int_equal(channel_listen(path, 0600), -ENAMETOOLONG);
	assert_int_equal(channel_connect(""), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_and_its_descriptors_arrive),
		cmocka_unit_test(nothing_there_and_the_end_are_told_apart),
		cmocka_unit_test(what_is_not_one_object_is_refused_and_the_next_still_arrives),
		cmocka_unit_test(the_limit_of_a_packet_holds_on_both_sides),
		cmocka_unit_test(too_many_descriptors_are_not_sent),
		cmocka_unit_test(descriptors_that_did_not_all_arrive_are_closed),
		cmocka_unit_test(descriptors_of_a_refused_packet_are_closed),
		cmocka_unit_test(a_peer_that_does_not_read_is_reported),
		cmocka_unit_test(a_socket_file_has_its_mode_and_outlives_no_one),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
