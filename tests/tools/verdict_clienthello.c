/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict clienthello: what the dataplane reads from the first bytes of a TLS client. */
#include "dataplane/inspect/tls_hello.h"
#include "tests/tools/verdict.h"

/* All names of the list, not only those that the reader keeps. */
static json_t *alpn_names(const struct tls_hello *hello)
{
	json_t *names = json_array();
	struct view list = hello->alpn;

	while (list.len) {
		json_array_append_new(names, verdict_string(view_sub(list, 1, list.p[0])));
		list = view_sub(list, 1u + list.p[0], list.len);
	}
	return names;
}

void verdict_clienthello(struct view input, struct verdict *out)
{
	static uint8_t scratch[TLS_HELLO_SCRATCH_BYTES];
	struct tls_hello hello;
	struct fault fault;

	out->result = tls_hello_read(input, scratch, &hello, &fault);
	out->cause = fault.cause;
	if (out->result == PARSE_DONE)
		out->value = json_pack("{s:o, s:o}", "sni",
			hello.has_sni ? verdict_string(hello.sni) : json_null(), "alpn",
			alpn_names(&hello));
}
