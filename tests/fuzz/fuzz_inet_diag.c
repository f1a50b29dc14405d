/* SPDX-License-Identifier: BSD-3-Clause */
/* sock_diag's answers. The first byte is the sequence number that is asked for. */
#include <stdlib.h>

#include "dataplane/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct diag_socket socket;
	struct fault fault;
	struct view rest;
	int error = 0;

	if (len < 1)
		return 0;
	rest = view_make(data + 1, len - 1);
	for (;;) {
		uint32_t before = rest.len;
		enum diag_next next = diag_next(&rest, data[0], &socket, &error, &fault);

		if (next == DIAG_BAD) {
			if (!fault.cause || fault.offset_bytes > before)
				abort();
			return 0;
		}
		if (next == DIAG_REFUSED && error >= 0)
			abort();
		if (next != DIAG_SOCKET)
			return 0;
		/* Every socket takes bytes, or the reader would never end. */
		if (rest.len >= before || socket.local.family_bits != socket.remote.family_bits)
			abort();
		if (socket.local.family_bits != 32 && socket.local.family_bits != 128)
			abort();
	}
}
