/* SPDX-License-Identifier: BSD-3-Clause */
/* What SIP in clear text says first (RFC 3261 section 7): the start line and the first From header.
 * Enough to know whom a message claims to come from and whom it aims at; the full parser, which
 * also refuses what stands behind, is the control plane's. Knows nothing of connections.
 *
 * Up to four CRLF may stand in front (keep-alives). Lines end in CRLF, bare CR or LF and every other
 * control character but HTAB are refused, and so is folding up to and with From.
 *
 * Causes: sip_not_sip (a start line that cannot become one), sip_bad_version, sip_bad_method,
 * sip_bad_uri, sip_bad_host, sip_bad_status, sip_bad_line_end, sip_bad_character, sip_line_too_long,
 * sip_headers_too_many, sip_header_folded, sip_bad_header_name, sip_bad_from, sip_from_missing,
 * sip_start_too_long. */
#pragma once

#include "rules/base/view.h"

enum {
	SIP_START_MAX_BYTES = 8192, /* From must end before */
	SIP_START_LINE_MAX_BYTES = 2048,
	SIP_START_HEADERS_MAX = 64, /* headers up to and with From */
	SIP_START_METHOD_MAX_BYTES = 32,
};

/* Views point into the bytes given. */
struct sip_start {
	bool is_request;
	struct view method;    /* a request's; exact bytes, methods are case-sensitive */
	uint16_t status;       /* a response's: 100 to 699 */
	bool has_uri_host;     /* the Request-URI is sip or sips */
	struct view uri_host;  /* name without trailing dot, IPv4, or [IPv6] with its brackets */
	bool has_from_host;    /* the From URI is sip or sips */
	struct view from_host; /* likewise */
	uint32_t start_bytes;  /* up to and with the CRLF of the From line */
};

/* Read the first bytes of a connection, contiguous from its very first one. The fault's offset
 * counts in `bytes`. Pure; any thread. */
enum parse sip_start_read(struct view bytes, struct sip_start *out, struct fault *fault);
