/* SPDX-License-Identifier: BSD-3-Clause */
/* Domain names as people write them, and their one canonical form: A-labels, lower case, no trailing
 * dot. IDNA2008 (RFC 5890 to 5893) by libidn2, strictly: no symbols, no compatibility forms. Knows
 * nothing of DNS. */
#pragma once

#include "rules/base/view.h"

enum {
	DOMAIN_ASCII_BYTES = 254,    /* the longest canonical name with its NUL */
	DOMAIN_UNICODE_BYTES = 1024, /* the longest with U-labels in UTF-8 with its NUL */
};

/* Read a name in UTF-8, with A-labels, U-labels or both; one trailing dot is dropped. A label that
 * is no U-label as it stands is tried again in lower case and normal width (RFC 5895 section 2, RFC
 * 7622 section 3.2), so "BÜCHER.example" is bücher.example.
 * PARSE_DONE, or PARSE_BAD with one of these causes (never PARSE_NEED_MORE):
 *   domain_empty       nothing, or only a dot
 *   domain_too_long    more than 253 bytes in A-labels
 *   domain_is_address  an IP address, in brackets or not, or a last label that is a number
 *   label_empty        two dots in a row, or one at the start
 *   label_too_long     more than 63 bytes as an A-label
 *   label_character    not a letter, digit or hyphen (IDNA2008's sense), or not UTF-8
 *   label_hyphen       a hyphen at an end of a label
 *   label_reserved     "--" as third and fourth character of what is no A-label
 *   label_bad_a_label  "xn--" that is not what its U-label encodes to
 *   no_memory
 * Any thread. libidn2 allocates and frees inside. */
enum parse domain_parse(
	struct view text, char ascii[static DOMAIN_ASCII_BYTES], struct fault *fault);

/* What to do about a cause of domain_parse, for people: "a name has ...". */
const char *domain_cause_text(const char *cause);

/* The same name with U-labels in UTF-8. `ascii` is what domain_parse made. 0, -EINVAL (it is not),
 * -ENOMEM; then unicode is the empty string. */
int domain_to_unicode(struct view ascii, char unicode[static DOMAIN_UNICODE_BYTES]);
