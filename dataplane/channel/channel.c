/* SPDX-License-Identifier: BSD-3-Clause */
/* One JSON object per packet on a Unix SOCK_SEQPACKET socket, descriptors beside it. */
#include "dataplane/channel/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SEND_BUFFER_BYTES = 1024 * 1024 };

static int channel_address(const char *path, struct sockaddr_un *out)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (!path[0])
		return -EINVAL;
	if (strlen(path) >= sizeof(out->sun_path))
		return -ENAMETOOLONG;
	memcpy(out->sun_path, path, strlen(path) + 1);
	return 0;
}

static int channel_socket(void)
{
	int bytes = SEND_BUFFER_BYTES;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* The kernel may grant less; a full packet always fits into the default. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return fd;
}

int channel_connect(const char *path)
{
	struct sockaddr_un address;
	int rc = channel_address(path, &address);
	int fd;

	if (rc < 0)
		return rc;
	fd = channel_socket();
	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* Remove a socket that a dead process left behind. */
static int remove_stale(const char *path)
{
	struct stat status;
	int fd;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = channel_connect(path);
	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	/* A full backlog is a sign of life too. */
	if (fd == -EAGAIN)
		return -EADDRINUSE;
	if (fd != -ECONNREFUSED)
		return fd;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int channel_listen(const char *path, mode_t mode)
{
	struct sockaddr_un address;
	int rc = channel_address(path, &address);
	int fd;

	if (rc == 0)
		rc = remove_stale(path);
	if (rc < 0)
		return rc;
	fd = channel_socket();
	if (fd < 0)
		return fd;
	/* The file gets the socket's mode less the umask; chmod then gives back what that took. */
	if (fchmod(fd, mode) < 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		chmod(path, mode) < 0 || listen(fd, 16) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int channel_accept(int listener)
{
	int bytes = SEND_BUFFER_BYTES;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return fd;
}

int channel_peer(int fd, uid_t *uid, pid_t *pid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	*uid = peer.uid;
	*pid = peer.pid;
	return 0;
}

static int send_bytes(int fd, char *bytes, size_t len, const int *fds, uint32_t fd_count)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * CHANNEL_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = bytes, .iov_len = len};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	if (fd_count > 0) {
		struct cmsghdr *rights;

		memset(&control, 0, sizeof(control));
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(rights), fds, sizeof(int) * fd_count);
	}
	do {
		sent = sendmsg(fd, &header, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

int channel_send(int fd, const json_t *message, const int *fds, uint32_t fd_count)
{
	char *bytes;
	size_t len;
	int rc;

	if (fd_count > CHANNEL_FDS_MAX)
		return -EMSGSIZE;
	bytes = json_dumps(message, JSON_COMPACT);
	if (!bytes)
		return -ENOMEM;
	len = strlen(bytes);
	rc = len <= CHANNEL_PACKET_BYTES ? send_bytes(fd, bytes, len, fds, fd_count) : -EMSGSIZE;
	free(bytes);
	return rc;
}

json_t *channel_parse(struct view packet)
{
	json_t *message;

	if (packet.len == 0)
		return NULL;
	message = json_loadb((const char *)packet.p, packet.len, JSON_REJECT_DUPLICATES, NULL);
	if (message && !json_is_object(message)) {
		json_decref(message);
		return NULL;
	}
	return message;
}

/* Every descriptor that arrived, also with a packet that is refused: none may leak. */
static void take_descriptors(struct msghdr *header, struct channel_packet *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (out->fd_count < CHANNEL_FDS_MAX)
				out->fds[out->fd_count++] = fd;
			else
				close(fd);
		}
	}
}

int channel_receive(int fd, struct channel_packet *out)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * CHANNEL_FDS_MAX)];
		struct cmsghdr align;
	} control;
	char bytes[CHANNEL_PACKET_BYTES];
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t got;

	out->message = NULL;
	out->fd_count = 0;
	do {
		got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	take_descriptors(&header, out);
	if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		channel_packet_free(out);
		return -EMSGSIZE;
	}
	/* An empty packet cannot be told from the end; nobody has a reason to send one. */
	if (got == 0) {
		channel_packet_free(out);
		return -EPIPE;
	}
	out->message = channel_parse(view_make(bytes, (size_t)got));
	if (!out->message) {
		channel_packet_free(out);
		return -EPROTO;
	}
	return 0;
}

void channel_packet_free(struct channel_packet *packet)
{
	for (uint32_t i = 0; i < packet->fd_count; i++)
		if (packet->fds[i] >= 0)
			close(packet->fds[i]);
	packet->fd_count = 0;
	json_decref(packet->message);
	packet->message = NULL;
}

int channel_packet_take(struct channel_packet *packet, uint32_t i)
{
	int fd;

	if (i >= packet->fd_count)
		return -1;
	fd = packet->fds[i];
	packet->fds[i] = -1;
	return fd;
}
