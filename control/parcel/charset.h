/* SPDX-License-Identifier: BSD-3-Clause */
/* From a SIP body or header value to text that an XMPP stanza can hold. */
#pragma once

#include "rules/base/text.h"

enum charset {
	CHARSET_UTF_8,
	CHARSET_US_ASCII,
	CHARSET_ISO_8859_1,
	CHARSET_UNKNOWN,
};

/* The name of a charset parameter, without regard to case. */
enum charset charset_from_name(struct view name);
/* Append bytes as UTF-8 with LF at line ends (CRLF and lone CR become LF, as every XML parser would
 * read them) and without what is no XML 1.0 Char. -EILSEQ: bytes are not in that charset; -ENOBUFS:
 * out failed. On failure what was appended is not to be used. */
int charset_put_text(struct text *out, enum charset charset, struct view bytes);
/* Append UTF-8 as one line: folds and every other run of white space, line ends and controls become
 * one space, none at either end (RFC 3261 section 25.1, TEXT-UTF8-TRIM). At most max_bytes, cut
 * between characters. -EILSEQ, -ENOBUFS. */
int charset_put_line(struct text *out, struct view utf8, uint32_t max_bytes);
