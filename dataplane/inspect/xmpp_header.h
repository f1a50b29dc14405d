/* SPDX-License-Identifier: BSD-3-Clause */
/* What an XMPP server says first on the federation port (RFC 6120 section 4.7): an optional XML
 * declaration and one stream start tag. A reader for these two alone, not an XML parser: what the
 * header of a server-to-server stream never needs is refused. Knows nothing of connections.
 *
 * Decisions where XML leaves a choice:
 *  - the declaration, if any, is the very first byte; version 1.0; encoding absent or UTF-8 in any
 *    letter case; standalone yes or no is tolerated, as it is legal and means nothing here;
 *  - white space may stand in front of the start tag, with or without a declaration;
 *  - the tag is prefix:stream; the prefix may be any, bound in this tag to the streams namespace;
 *    the default namespace is jabber:server; names are ASCII; a tag that closes itself is refused;
 *  - references (the five predefined and numeric ones, to legal characters) are allowed in values
 *    but not in to, from, version and namespace declarations, none of which ever needs one;
 *  - to and from are domains: labels of letters, digits, hyphens, or bytes of 0x80 and above
 *    (checked UTF-8; the reader of the rules has to apply IDNA), no trailing dot, no address;
 *  - unknown attributes are ignored, if their prefix is declared;
 *  - at most 128 characters that are no ASCII, or are written as references: each of these costs as
 *    much as 16 others, and two domains of umlauts need far fewer.
 *
 * Causes: xmpp_not_xml (first byte that cannot begin or continue one), xmpp_bom, xmpp_utf16,
 * xmpp_nul, xmpp_bad_utf8, xmpp_bad_character, xmpp_bad_declaration, xmpp_bad_encoding, xmpp_pi,
 * xmpp_doctype, xmpp_comment, xmpp_not_stream, xmpp_stream_closed, xmpp_bad_tag, xmpp_bad_name,
 * xmpp_name_too_long, xmpp_value_too_long, xmpp_attributes_too_many, xmpp_attribute_twice,
 * xmpp_bad_reference, xmpp_reference_refused, xmpp_bad_namespace, xmpp_unbound_prefix,
 * xmpp_bad_domain, xmpp_bad_version, xmpp_specials_too_many, xmpp_header_too_long. */
#pragma once

#include "rules/base/view.h"

enum {
	XMPP_HEADER_MAX_BYTES = 4096,
	XMPP_HEADER_ATTRIBUTES_MAX = 32,
	XMPP_HEADER_NAME_MAX_BYTES = 64,
	XMPP_HEADER_VALUE_MAX_BYTES = 1024,
	XMPP_HEADER_SPECIALS_MAX = 128, /* characters beyond ASCII and references */
};

/* Views point into the bytes given. */
struct xmpp_header {
	bool has_to, has_from, has_version;
	bool to_needs_idna, from_needs_idna; /* holds bytes of 0x80 and above */
	struct view to, from;                /* domains as sent, never empty if there */
	uint16_t version_major, version_minor;
	uint32_t header_bytes; /* up to and with the '>' of the start tag */
};

/* Read the first bytes of a connection, contiguous from its very first one. The fault's offset
 * counts in `bytes`. Pure; any thread. */
enum parse xmpp_header_read(struct view bytes, struct xmpp_header *out, struct fault *fault);
/* The same, without the short way of usual headers (xmpp_usual.h). */
enum parse xmpp_header_read_any(struct view bytes, struct xmpp_header *out, struct fault *fault);
