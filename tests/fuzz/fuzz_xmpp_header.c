/* SPDX-License-Identifier: BSD-3-Clause */
/* Stream headers: one answer for half of the bytes and for all, domains are domains, bounded. */
#include "dataplane/inspect/host_name.h"
#include "dataplane/inspect/xmpp_header.h"
#include "tests/fuzz/one_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Usual headers have a short way; it ends where the long one does. */
static void both_ways(struct view bytes, enum parse result, const struct xmpp_header *header,
	const struct fault *fault)
{
	struct xmpp_header other;
	struct fault why;

	check(xmpp_header_read_any(bytes, &other, &why) == result);
	if (result == PARSE_BAD)
		check(strcmp(why.cause, fault->cause) == 0 &&
			why.offset_bytes == fault->offset_bytes);
	if (result == PARSE_DONE)
		check(other.has_to == header->has_to && other.has_from == header->has_from &&
			other.has_version == header->has_version &&
			other.to_needs_idna == header->to_needs_idna &&
			other.from_needs_idna == header->from_needs_idna &&
			other.to.p == header->to.p && other.to.len == header->to.len &&
			other.from.p == header->from.p && other.from.len == header->from.len &&
			other.version_major == header->version_major &&
			other.version_minor == header->version_minor &&
			other.header_bytes == header->header_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct view bytes = view_make(data, len);
	struct xmpp_header header;
	struct fault fault;
	struct fault early_fault;
	enum parse early =
		xmpp_header_read(view_sub(bytes, 0, bytes.len / 2), &header, &early_fault);
	enum parse result = xmpp_header_read(bytes, &header, &fault);
	bool raw;

	both_ways(bytes, result, &header, &fault);
	one_answer(early, &early_fault, result, &fault, bytes, XMPP_HEADER_MAX_BYTES);
	if (result != PARSE_DONE)
		return 0;
	check(header.header_bytes <= bytes.len && header.header_bytes <= XMPP_HEADER_MAX_BYTES);
	check(data[header.header_bytes - 1] == '>');
	check(!header.has_to || host_name_valid_raw(header.to, &raw));
	check(!header.has_from || host_name_valid_raw(header.from, &raw));
	return 0;
}
