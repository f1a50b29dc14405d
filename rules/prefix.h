/* SPDX-License-Identifier: BSD-3-Clause */
/* IP addresses and prefixes as values. */
#pragma once

#include "rules/base/view.h"

struct ip_address {
	uint8_t family_bits; /* 32 or 128 */
	uint8_t bytes[16];   /* network order; IPv4 in the first four, the rest zero */
};

struct prefix {
	struct ip_address address; /* host bits are zero */
	uint8_t length_bits;
};

/* Strict presentation form, no zone, no port, IPv4 without leading zeros. IPv4-mapped IPv6 is
 * refused: say the IPv4 address. */
bool ip_address_parse(struct view text, struct ip_address *out);
/* "192.0.2.0/24", "2001:db8::/32", or an address (length 32 or 128). Host bits must be zero. */
bool prefix_parse(struct view text, struct prefix *out);
bool prefix_contains(const struct prefix *prefix, const struct ip_address *address);
bool ip_address_equal(const struct ip_address *a, const struct ip_address *b);

#define IP_TEXT_BYTES 50 /* longest printed prefix with its NUL */
void ip_address_print(const struct ip_address *address, char out[static IP_TEXT_BYTES]);
void prefix_print(const struct prefix *prefix, char out[static IP_TEXT_BYTES]);
