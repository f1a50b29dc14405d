/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads what the kernel's sock_diag says of TCP sockets. */
#include "dataplane/diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

/* Everything is copied out: the bytes need not be aligned, and are no C objects. */
static bool read_at(struct view v, uint32_t offset, void *out, uint32_t len)
{
	if (offset > v.len || len > v.len - offset)
		return false;
	memcpy(out, v.p + offset, len);
	return true;
}

static enum diag_next bad(struct fault *fault, const char *cause, uint32_t offset)
{
	*fault = (struct fault){.cause = cause, .offset_bytes = offset};
	return DIAG_BAD;
}

static void read_address(uint8_t family, const __be32 words[4], struct ip_address *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	memset(out, 0, sizeof(*out));
	if (family == AF_INET) {
		out->family_bits = 32;
		memcpy(out->bytes, words, 4);
	} else if (memcmp(words, mapped, sizeof(mapped)) == 0) {
		out->family_bits = 32;
		memcpy(out->bytes, &words[3], 4);
	} else {
		out->family_bits = 128;
		memcpy(out->bytes, words, 16);
	}
}

/* The attributes behind the fixed part; only the mark is of interest. */
static enum diag_next read_attributes(
	struct view payload, uint32_t base, struct diag_socket *socket, struct fault *fault)
{
	uint32_t at = NLMSG_ALIGN(sizeof(struct inet_diag_msg));

	while (at < payload.len) {
		struct rtattr attribute;

		if (!read_at(payload, at, &attribute, sizeof(attribute)))
			return bad(fault, "attribute_truncated", base + at);
		if (attribute.rta_len < sizeof(attribute) || attribute.rta_len > payload.len - at)
			return bad(fault, "attribute_length", base + at);
		if (attribute.rta_type == INET_DIAG_MARK) {
			if (attribute.rta_len != RTA_LENGTH(sizeof(socket->mark)))
				return bad(fault, "mark_length", base + at);
			read_at(payload, at + RTA_LENGTH(0), &socket->mark, sizeof(socket->mark));
			socket->has_mark = true;
		}
		at += RTA_ALIGN(attribute.rta_len);
	}
	return DIAG_SOCKET;
}

static enum diag_next read_socket(
	struct view payload, uint32_t base, struct diag_socket *socket, struct fault *fault)
{
	struct inet_diag_msg message;

	if (!read_at(payload, 0, &message, sizeof(message)))
		return bad(fault, "socket_truncated", base);
	if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6)
		return bad(fault, "family", base);
	memset(socket, 0, sizeof(*socket));
	read_address(message.idiag_family, message.id.idiag_src, &socket->local);
	read_address(message.idiag_family, message.id.idiag_dst, &socket->remote);
	if (socket->local.family_bits != socket->remote.family_bits)
		return bad(fault, "families_differ", base);
	socket->local_port = ntohs(message.id.idiag_sport);
	socket->remote_port = ntohs(message.id.idiag_dport);
	socket->tcp_state = message.idiag_state;
	return read_attributes(payload, base, socket, fault);
}

/* The end of a dump, or an error in its place: both begin with an errno. */
static enum diag_next read_verdict(
	struct view payload, uint32_t base, bool done, int *error, struct fault *fault)
{
	int32_t code = 0;

	/* Old kernels end a dump without a code. */
	if (!read_at(payload, 0, &code, sizeof(code)) && !done)
		return bad(fault, "error_truncated", base);
	if (code == 0)
		return DIAG_DONE;
	if (code > 0 || code < -4095)
		return bad(fault, "error_code", base);
	*error = code;
	return DIAG_REFUSED;
}

enum diag_next diag_next(struct view *rest, uint32_t sequence, struct diag_socket *socket,
	int *error, struct fault *fault)
{
	struct view datagram = *rest;
	uint32_t at = 0;

	while (at < datagram.len) {
		struct nlmsghdr header;
		struct view payload;
		uint32_t base = at + NLMSG_HDRLEN;

		if (!read_at(datagram, at, &header, sizeof(header)))
			return bad(fault, "header_truncated", at);
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > datagram.len - at)
			return bad(fault, "message_length", at);
		payload = view_sub(datagram, base, header.nlmsg_len - NLMSG_HDRLEN);
		at += header.nlmsg_len;
		at = datagram.len - at < NLMSG_ALIGN(at) - at ? datagram.len : NLMSG_ALIGN(at);
		*rest = view_sub(datagram, at, UINT32_MAX);
		if (header.nlmsg_seq != sequence || header.nlmsg_type == NLMSG_NOOP)
			continue;
		if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR)
			return read_verdict(
				payload, base, header.nlmsg_type == NLMSG_DONE, error, fault);
		if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
			return bad(fault, "message_type", base - NLMSG_HDRLEN);
		return read_socket(payload, base, socket, fault);
	}
	*rest = view_sub(datagram, datagram.len, 0);
	return DIAG_END;
}
