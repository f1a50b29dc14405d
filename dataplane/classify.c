/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose connection this is, and whether its first bytes are what its port is for. */
#include "dataplane/classify.h"

#include "dataplane/inspect/tls_hello.h"
#include "dataplane/inspect/xmpp_header.h"

enum cause classify_source(
	const struct tables *tables, const struct tuple *tuple, struct classified *out)
{
	struct source source;

	*out = (struct classified){0};
	if (tables_address(tables, tuple->family, tuple->src))
		return CAUSE_source_is_ours;
	tables_source(tables, tuple->family, tuple->src, &source);
	if (source.blocked)
		return CAUSE_blocked_source;
	out->mark = mark_make(source.partner_id == PARTNER_NONE ? CLASS_UNKNOWN : CLASS_CLAIMED,
		source.partner_id);
	out->partner_slot = source.partner_slot;
	return CAUSE_none;
}

static enum parse refused(struct first_bytes *out, enum cause cause)
{
	out->cause = cause;
	return PARSE_BAD;
}

/* The readers have some fifty causes; here four kinds of them matter. A first byte that cannot be
 * is another protocol, not a malformed one; an old version is no fault at all, but refused. */
static enum cause cause_of_fault(const struct fault *fault, enum cause malformed)
{
	if (strcmp(fault->cause, "xmpp_header_too_long") == 0 ||
		strcmp(fault->cause, "tls_hello_too_long") == 0)
		return CAUSE_too_many_bytes;
	if (strcmp(fault->cause, "tls_version_too_old") == 0)
		return CAUSE_tls_too_old;
	return fault->offset_bytes == 0 ? CAUSE_wrong_protocol : malformed;
}

static enum parse classify_hello(
	const struct tables *tables, struct view bytes, uint8_t *scratch, struct first_bytes *out)
{
	struct tls_hello hello;
	struct fault fault;

	switch (tls_hello_read(bytes, scratch, &hello, &fault)) {
	case PARSE_NEED_MORE:
		return PARSE_NEED_MORE;
	case PARSE_BAD:
		return refused(out, cause_of_fault(&fault, CAUSE_bad_client_hello));
	case PARSE_DONE:
		break;
	}
	/* Absent it decides nothing: Kamailio and Prosody send none. */
	if (hello.has_sni && !tables_local(tables, hello.sni))
		return refused(out, CAUSE_sni_not_ours);
	return PARSE_DONE;
}

static enum parse classify_header(
	const struct tables *tables, struct view bytes, struct first_bytes *out)
{
	struct xmpp_header header;
	struct fault fault;
	struct named from;

	switch (xmpp_header_read(bytes, &header, &fault)) {
	case PARSE_NEED_MORE:
		return PARSE_NEED_MORE;
	case PARSE_BAD:
		return refused(out, cause_of_fault(&fault, CAUSE_bad_stream_header));
	case PARSE_DONE:
		break;
	}
	if (!header.has_to)
		return refused(out, CAUSE_to_missing);
	if (!tables_way(tables, header.to, header.has_from ? header.from : VIEW(""), &from))
		return refused(out, CAUSE_to_not_ours);
	if (!header.has_from)
		return PARSE_DONE;
	if (from.blocked)
		return refused(out, CAUSE_from_blocked);
	out->has_claim = true;
	out->claim = header.from;
	out->claimed_partner = from.partner_id;
	return PARSE_DONE;
}

enum parse classify_bytes(const struct tables *tables, enum filter_protocol protocol,
	struct view bytes, uint8_t *scratch, struct first_bytes *out)
{
	*out = (struct first_bytes){.cause = CAUSE_none, .claimed_partner = PARTNER_NONE};
	return protocol == FILTER_SIP ? classify_hello(tables, bytes, scratch, out)
				      : classify_header(tables, bytes, out);
}
