/* SPDX-License-Identifier: BSD-3-Clause */
/* The server side of dataplane.sock: socket, connections and their thread. */
#include "dataplane/command_int.h"

#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/saved.h"
#include "dataplane/tables.h"
#include "rules/base/clock.h"
#include "rules/base/log.h"

enum { RECLAIM_MS = 1000, QUESTIONS_PER_TURN = 16 };

static struct {
	struct command_state state;
	char socket[512];
	pthread_t thread;
	int listener_fd; /* socket is its path, if it is ours */
	int client_fd;   /* the control plane, or -1 */
	int next_fd;     /* connected, but has not said anything; or -1 */
	int wake_fd;     /* eventfd: stop */
	bool greeted;    /* by the client, with hello */
	bool away;       /* no control plane is here, and that is new */
	bool running;
	struct mono gone_at; /* since when, if away */
} server = {.listener_fd = -1, .client_fd = -1, .next_fd = -1, .wake_fd = -1};

int command_restore(const char *state, struct service_list *services)
{
	char why[COMMAND_WHY_BYTES];
	struct command_filter *filter;
	uint8_t *block;
	size_t bytes;
	int error = saved_read(state, &block, &bytes);

	services->count = 0;
	if (error == -ENOENT) {
		log_info(
			"no saved rules in %s: everything is dropped until the control plane comes",
			state);
		return error;
	}
	if (error) {
		log_warning("%s/filter.bin cannot be read: %s; waiting for the control plane",
			state, strerror(-error));
		return error;
	}
	filter = command_filter_make(view_make(block, bytes), why, sizeof(why));
	free(block);
	if (!filter) {
		log_warning("%s/filter.bin is of no use: %s; waiting for the control plane", state,
			why);
		return -EINVAL;
	}
	command_filter_commit(&server.state, filter);
	*services = server.state.services;
	return 0;
}

static void drop_client(const char *reason)
{
	if (server.client_fd < 0)
		return;
	close(server.client_fd);
	server.client_fd = -1;
	/* What it prepared was its own. */
	command_filter_free(server.state.prepared);
	server.state.prepared = NULL;
	if (!server.greeted)
		return;
	server.greeted = false;
	server.away = true;
	server.gone_at = mono_now();
	log_warning("control plane is gone: %s", reason);
}

static void drop_next(void)
{
	if (server.next_fd >= 0)
		close(server.next_fd);
	server.next_fd = -1;
}

static void accept_next(void)
{
	int fd = channel_accept(server.listener_fd);

	if (fd < 0) {
		if (fd != -EAGAIN)
			log_warning("accept: %s", strerror(-fd));
		return;
	}
	drop_next();
	server.next_fd = fd;
}

/* Its first packet makes a connection the control plane's, and the one before is closed. A mere
 * connect does not: a second dataplane that looks whether somebody is here must disturb nobody. */
static void take_over(void)
{
	uid_t uid = 0;
	pid_t pid = 0;
	char byte;

	if (recv(server.next_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
		drop_next();
		return;
	}
	drop_client("another one speaks");
	server.client_fd = server.next_fd;
	server.next_fd = -1;
	channel_peer(server.client_fd, &uid, &pid);
	log_debug("channel of process %d of user %u", (int)pid, uid);
}

/* Words for a packet that was no question. */
static void send_refusal(int error)
{
	json_t *answer = json_pack(
		"{s:s}", "error", error == -EMSGSIZE ? "packet too long" : "not one JSON object");

	channel_send(server.client_fd, answer, NULL, 0);
	json_decref(answer);
}

/* One question; false: there is none, or the client is gone. */
static bool serve_one(void)
{
	static struct command_answer answer;
	struct channel_packet question;
	int error = channel_receive(server.client_fd, &question);

	if (error == -EAGAIN)
		return false;
	if (error == -EMSGSIZE || error == -EPROTO) {
		send_refusal(error);
		return true;
	}
	if (error) {
		drop_client(error == -EPIPE ? "it closed the channel" : strerror(-error));
		return false;
	}
	command_handle(&server.state, &question, &server.greeted, &answer);
	channel_packet_free(&question);
	if (server.greeted)
		server.away = false;
	error = channel_send(server.client_fd, answer.members, answer.fds, answer.fd_count);
	json_decref(answer.members);
	if (error) {
		drop_client(error == -EAGAIN ? "it does not read answers" : strerror(-error));
		return false;
	}
	return true;
}

/* The control plane had its time to come: connections that nobody will accept are reset. */
static void check_return(struct mono now)
{
	if (!server.away || mono_since_ms(now, server.gone_at) < COMMAND_RETURN_MS)
		return;
	server.away = false;
	log_warning("no control plane for %d ms: the listeners are closed, connections refused",
		COMMAND_RETURN_MS);
	server.state.border.silence();
}

static int poll_timeout_ms(void)
{
	uint64_t since;

	/* Retired tables are freed when the workers have let go of them. */
	if (tables_reclaim() > 0 && !server.away)
		return RECLAIM_MS;
	if (!server.away)
		return -1;
	since = mono_since_ms(mono_now(), server.gone_at);
	return since >= COMMAND_RETURN_MS ? 0 : (int)(COMMAND_RETURN_MS - since) + 1;
}

static void *thread_main(void *unused)
{
	pthread_setname_np(pthread_self(), "command");
	for (;;) {
		struct pollfd waiting[] = {
			{.fd = server.wake_fd, .events = POLLIN},
			{.fd = server.listener_fd, .events = POLLIN},
			{.fd = server.client_fd, .events = POLLIN}, /* -1 is passed over */
			{.fd = server.next_fd, .events = POLLIN},
		};

		if (poll(waiting, 4, poll_timeout_ms()) < 0 && errno != EINTR)
			log_error("poll: %s", strerror(errno));
		if (waiting[0].revents)
			return NULL;
		if (waiting[2].revents)
			for (int i = 0; i < QUESTIONS_PER_TURN && serve_one(); i++)
				;
		if (waiting[3].revents)
			take_over();
		if (waiting[1].revents)
			accept_next();
		check_return(mono_now());
	}
}

/* /run is empty after a boot: the last directory of the path may have to be made. */
static int make_directory(const char *socket)
{
	char path[sizeof(server.socket)];

	snprintf(path, sizeof(path), "%s", socket);
	return mkdir(dirname(path), 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int command_open(const char *socket, gid_t group, char *why, size_t why_bytes)
{
	int error = make_directory(socket);

	if (!error) {
		server.listener_fd = channel_listen(socket, COMMAND_MODE);
		error = server.listener_fd < 0 ? server.listener_fd : 0;
	}
	if (error == -EADDRINUSE) {
		snprintf(why, why_bytes,
			"another dataplane serves %s; end it, or give --socket another path",
			socket);
		return error;
	}
	if (!error) {
		snprintf(server.socket, sizeof(server.socket), "%s", socket);
		if (chown(socket, (uid_t)-1, group) < 0)
			error = -errno;
	}
	if (error) {
		snprintf(why, why_bytes, "cannot listen at %s: %s", socket, strerror(-error));
		command_stop();
	}
	return error;
}

int command_start(
	const char *state, const struct command_border *border, char *why, size_t why_bytes)
{
	int error;

	server.state.border = *border;
	server.state.directory = state;
	/* A control plane that is there already has the same time to come back. */
	server.away = true;
	server.gone_at = mono_now();
	server.wake_fd = eventfd(0, EFD_CLOEXEC);
	error = server.wake_fd < 0 ? -errno
				   : -pthread_create(&server.thread, NULL, thread_main, NULL);
	server.running = !error;
	if (error) {
		snprintf(why, why_bytes, "cannot start the thread of %s: %s", server.socket,
			strerror(-error));
		command_stop();
	}
	return error;
}

void command_stop(void)
{
	uint64_t one = 1;

	if (server.running) {
		if (write(server.wake_fd, &one, sizeof(one)) < 0)
			log_error("command thread cannot be woken: %s", strerror(errno));
		pthread_join(server.thread, NULL);
		server.running = false;
	}
	if (server.socket[0])
		unlink(server.socket);
	server.socket[0] = '\0';
	/* Not drop_client: that we end is no news of the control plane. */
	if (server.client_fd >= 0)
		close(server.client_fd);
	drop_next();
	if (server.listener_fd >= 0)
		close(server.listener_fd);
	if (server.wake_fd >= 0)
		close(server.wake_fd);
	server.client_fd = server.listener_fd = server.wake_fd = -1;
	server.greeted = server.away = false;
	command_filter_free(server.state.prepared);
	memset(&server.state, 0, sizeof(server.state));
}
