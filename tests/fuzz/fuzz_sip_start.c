/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP start lines: one answer for half of the bytes and for all, hosts are not empty, bounded. */
#include <stdint.h>
#include <stdlib.h>

#include "dataplane/inspect/sip_start.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool fine)
{
	if (!fine)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct view bytes = view_make(data, len);
	struct sip_start start;
	struct fault fault;
	struct fault early_fault;
	enum parse early = sip_start_read(view_sub(bytes, 0, bytes.len / 2), &start, &early_fault);
	enum parse result = sip_start_read(bytes, &start, &fault);

	check(early == PARSE_NEED_MORE || early == result);
	if (early == PARSE_BAD)
		check(strcmp(early_fault.cause, fault.cause) == 0 &&
			early_fault.offset_bytes == fault.offset_bytes);
	if (result == PARSE_BAD)
		check(fault.cause && fault.offset_bytes <= bytes.len);
	if (result == PARSE_NEED_MORE)
		check(bytes.len < SIP_START_MAX_BYTES);
	if (result != PARSE_DONE)
		return 0;
	check(start.start_bytes < bytes.len && data[start.start_bytes - 1] == '\n');
	check(start.is_request ? start.method.len > 0 : start.status >= 100);
	check(!start.has_uri_host || start.uri_host.len > 0);
	check(!start.has_from_host || start.from_host.len > 0);
	return 0;
}
