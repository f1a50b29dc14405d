/* SPDX-License-Identifier: BSD-3-Clause */
/* One JSON object per packet on a Unix SOCK_SEQPACKET socket, descriptors beside it: how the two
 * processes, and operators, talk. docs/channel.md has the meanings. Every packet from outside is
 * bounded; what is cut short is refused whole and its descriptors are closed. */
#pragma once

#include <jansson.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "rules/base/view.h"

enum {
	CHANNEL_VERSION = 1,
	CHANNEL_PACKET_BYTES = 64 * 1024, /* largest packet, both ways */
	CHANNEL_FDS_MAX = 253,            /* the kernel's own limit for one packet */
};

/* One packet received. */
struct channel_packet {
	json_t *message;          /* an object; one reference, owned by the packet */
	int fds[CHANNEL_FDS_MAX]; /* close-on-exec; those not taken are closed by packet_free */
	uint32_t fd_count;
};

/* Non-blocking, close-on-exec. The descriptor, or -errno (-ENAMETOOLONG, -ENOENT, -ECONNREFUSED,
 * ...). The peer must read what we send: both ends get room for several full packets. */
int channel_connect(const char *path);

/* Listen at path with this mode (never wider, not even for a moment); a socket that nobody listens
 * on any more is replaced, a living one is not (-EADDRINUSE). The descriptor, or -errno. */
int channel_listen(const char *path, mode_t mode);

/* The next connection of a listening channel: descriptor, or -errno (-EAGAIN: none). */
int channel_accept(int listener);

/* Who is on the other end, as the kernel recorded it at connect. 0 or -errno. */
int channel_peer(int fd, uid_t *uid, pid_t *pid);

/* Send one object. The message and the descriptors stay the caller's. 0, -EMSGSIZE (packet or
 * descriptors over the limit), -EAGAIN (the peer does not read), -EPIPE (it is gone), or any other
 * -errno of sendmsg. Never raises SIGPIPE. */
int channel_send(int fd, const json_t *message, const int *fds, uint32_t fd_count);

/* Receive one packet. 0: *out is filled, free it with channel_packet_free. Otherwise *out is empty:
 *   -EAGAIN    nothing there (only on a non-blocking socket)
 *   -EPIPE     the peer closed
 *   -EMSGSIZE  longer than CHANNEL_PACKET_BYTES, or its descriptors did not all arrive
 *   -EPROTO    not one JSON object in UTF-8 without duplicate members
 * After -EMSGSIZE and -EPROTO the packet is gone and the channel could go on. */
int channel_receive(int fd, struct channel_packet *out);

/* Fine on a packet that is empty already. */
void channel_packet_free(struct channel_packet *packet);

/* Descriptor i becomes the caller's; -1 if there is no such one or it was taken before. */
int channel_packet_take(struct channel_packet *packet, uint32_t i);

/* The pure part of channel_receive: a new reference, or NULL. */
json_t *channel_parse(struct view packet);
