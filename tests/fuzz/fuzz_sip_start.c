/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP start lines: one answer for half of the bytes and for all, hosts are not empty, bounded. */
#include "dataplane/inspect/sip_start.h"
#include "tests/fuzz/one_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct view bytes = view_make(data, len);
	struct sip_start start;
	struct fault fault;
	struct fault early_fault;
	enum parse early = sip_start_read(view_sub(bytes, 0, bytes.len / 2), &start, &early_fault);
	enum parse result = sip_start_read(bytes, &start, &fault);

	one_answer(early, &early_fault, result, &fault, bytes, SIP_START_MAX_BYTES);
	if (result != PARSE_DONE)
		return 0;
	check(start.start_bytes < bytes.len && data[start.start_bytes - 1] == '\n');
	check(start.is_request ? start.method.len > 0 : start.status >= 100);
	check(!start.has_uri_host || start.uri_host.len > 0);
	check(!start.has_from_host || start.from_host.len > 0);
	return 0;
}
