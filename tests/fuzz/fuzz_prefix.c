/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and prefixes: what is read prints as what reads the same. */
#include <stdlib.h>

#include "rules/prefix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct view text = view_make(data, len);
	struct ip_address address, address_again;
	struct prefix prefix, prefix_again;
	char printed[IP_TEXT_BYTES];

	if (ip_address_parse(text, &address)) {
		ip_address_print(&address, printed);
		if (!ip_address_parse(view_of(printed), &address_again) ||
			!ip_address_equal(&address, &address_again))
			abort();
	}
	if (prefix_parse(text, &prefix)) {
		prefix_print(&prefix, printed);
		if (!prefix_parse(view_of(printed), &prefix_again) ||
			prefix.length_bits != prefix_again.length_bits ||
			!ip_address_equal(&prefix.address, &prefix_again.address) ||
			!prefix_contains(&prefix, &prefix.address))
			abort();
	}
	return 0;
}
