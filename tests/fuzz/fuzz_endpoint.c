/* SPDX-License-Identifier: BSD-3-Clause */
/* "ADDRESS:PORT-ADDRESS:PORT", as operators name a connection: what is accepted prints as the same. */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "control/ctl/question.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int print(const struct endpoint *e, char *out, size_t bytes)
{
	char address[IP_TEXT_BYTES];

	ip_address_print(&e->address, address);
	return snprintf(
		out, bytes, e->address.family_bits == 32 ? "%s:%u" : "[%s]:%u", address, e->port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct endpoint one, other, again, other_again;
	char text[2 * (IP_TEXT_BYTES + 10)];
	int len;

	if (size > 4096 || !endpoint_pair_parse(view_make(data, (uint32_t)size), &one, &other))
		return 0;
	assert(one.port != 0 && other.port != 0);
	assert(one.address.family_bits == other.address.family_bits);
	len = print(&one, text, sizeof(text));
	text[len++] = '-';
	print(&other, text + len, sizeof(text) - (size_t)len);
	assert(endpoint_pair_parse(view_of(text), &again, &other_again));
	assert(again.port == one.port && other_again.port == other.port);
	assert(memcmp(again.address.bytes, one.address.bytes, sizeof(one.address.bytes)) == 0);
	return 0;
}
