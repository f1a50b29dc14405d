/* SPDX-License-Identifier: BSD-3-Clause */
/* Is this text a host name? Syntax only, for names seen in first bytes. */
#pragma once

#include "rules/base/view.h"

enum { HOST_NAME_MAX_BYTES = 253, HOST_LABEL_MAX_BYTES = 63, HOST_NAME_RAW_MAX_BYTES = 1023 };

/* Labels of letters, digits and inner hyphens, 1 to 63 bytes, at most 253 in all, no trailing dot.
 * The last label is not all digits: that would be an address (RFC 1123 section 2.1). */
bool host_name_valid(struct view name);

/* The same, but bytes of 0x80 and above count as letters, and if there are any (*raw is true then)
 * the name may have 1023 bytes and labels of any length: IDNA has the last word on it. */
bool host_name_valid_raw(struct view name, bool *raw);

/* Dotted decimal, four numbers of 0 to 255 without leading zeros. */
bool host_is_ipv4(struct view text);
