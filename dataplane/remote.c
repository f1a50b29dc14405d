/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is at the other end of a frame. */
#include "dataplane/remote.h"

enum {
	ETHERNET_BYTES = 14,
	TAG_BYTES = 4,
	TYPE_IPV4 = 0x0800,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	IPV4_SOURCE = 12,
	IPV4_TARGET = 16,
	IPV6_SOURCE = 8,
	IPV6_TARGET = 24,
};

static uint32_t type_at(struct view frame, uint32_t offset)
{
	return frame.len >= offset + 2 ? (uint32_t)frame.p[offset] << 8 | frame.p[offset + 1] : 0;
}

struct remote remote_of_frame(struct view frame, bool inward)
{
	struct remote remote = {.kind = REMOTE_NONE};
	uint32_t header = ETHERNET_BYTES;
	uint32_t type = type_at(frame, header - 2);
	uint32_t offset = 0;
	uint32_t bytes = 0;

	if (type == TYPE_VLAN) {
		header += TAG_BYTES;
		type = type_at(frame, header - 2);
	}
	if (type == TYPE_IPV4) {
		remote.kind = REMOTE_IPV4;
		offset = header + (inward ? IPV4_SOURCE : IPV4_TARGET);
		bytes = 4;
	} else if (type == TYPE_IPV6) {
		remote.kind = REMOTE_IPV6;
		offset = header + (inward ? IPV6_SOURCE : IPV6_TARGET);
		bytes = 16;
	}
	if (bytes == 0 || frame.len < offset + bytes) {
		remote.kind = REMOTE_MAC;
		offset = inward ? 6 : 0;
		bytes = 6;
	}
	if (frame.len < offset + bytes)
		return (struct remote){.kind = REMOTE_NONE};
	memcpy(remote.address, frame.p + offset, bytes);
	return remote;
}

struct remote remote_of_tuple(const struct tuple *tuple, bool inward)
{
	struct remote remote = {.kind = (enum remote_kind)tuple->family};

	memcpy(remote.address, inward ? tuple->src : tuple->dst, sizeof(remote.address));
	return remote;
}

uint32_t remote_partner(const struct tables *tables, const struct remote *remote)
{
	struct source source;

	if (!tables || (remote->kind != REMOTE_IPV4 && remote->kind != REMOTE_IPV6))
		return 0;
	tables_source(tables, (uint8_t)remote->kind, remote->address, &source);
	return source.partner_slot;
}
