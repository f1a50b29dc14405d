/* SPDX-License-Identifier: BSD-3-Clause */
/* ClientHellos: views stay inside, one answer for half of the bytes and for all, names are names. */
#include "dataplane/inspect/host_name.h"
#include "dataplane/inspect/tls_hello.h"
#include "tests/fuzz/one_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool inside(struct view v, struct view bytes, const uint8_t *scratch)
{
	return v.len == 0 || (v.p >= bytes.p && v.p + v.len <= bytes.p + bytes.len) ||
	       (v.p >= scratch && v.p + v.len <= scratch + TLS_HELLO_SCRATCH_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t scratch[TLS_HELLO_SCRATCH_BYTES];
	struct view bytes = view_make(data, len);
	struct tls_hello hello;
	struct fault fault;
	struct fault early_fault;
	enum parse early =
		tls_hello_read(view_sub(bytes, 0, bytes.len / 2), scratch, &hello, &early_fault);
	enum parse result = tls_hello_read(bytes, scratch, &hello, &fault);

	one_answer(early, &early_fault, result, &fault, bytes, TLS_HELLO_MAX_BYTES);
	if (result != PARSE_DONE)
		return 0;
	check(hello.hello_bytes <= bytes.len && hello.hello_bytes <= TLS_HELLO_MAX_BYTES);
	check(!hello.has_sni || host_name_valid(hello.sni));
	check(inside(hello.sni, bytes, scratch) && inside(hello.alpn, bytes, scratch));
	for (uint32_t i = 0; i < hello.alpn_count && i < TLS_HELLO_ALPN_NAMES; i++)
		check(tls_hello_has_alpn(&hello, hello.alpn_names[i]));
	check(hello.highest_version == TLS_1_2 || hello.highest_version == TLS_1_3);
	return 0;
}
