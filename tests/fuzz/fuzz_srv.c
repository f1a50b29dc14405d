/* SPDX-License-Identifier: BSD-3-Clause */
/* SRV records from a hostile nameserver. */
#include <stdlib.h>
#include <string.h>

#include "control/srv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint32_t last_one(void *arg, uint32_t below)
{
	return below - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct srv srv;
	struct fault fault = {0};

	if (len > 4096)
		return 0;
	if (srv_parse(view_make(data, len), &srv, &fault) == PARSE_DONE) {
		struct srv list[3] = {srv, srv, srv};

		if (strlen(srv.target) >= DOMAIN_TEXT_BYTES || strlen(srv.target) + 8 > len + 1)
			abort();
		list[1].weight ^= 0xffff;
		srv_order(list, 3, last_one, NULL);
	} else if (!fault.cause || fault.offset_bytes > len) {
		abort();
	}
	return 0;
}
