/* SPDX-License-Identifier: BSD-3-Clause */
/* What a TLS client says first (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2): the server name,
 * the protocols and the versions of a ClientHello. Strict and bounded; every length must fit its
 * parent exactly, and one that does not is refused as soon as it is seen, however little of the
 * rest has come. Knows nothing of connections or rules.
 *
 * Causes: tls_not_handshake (first byte), tls_bad_version (record or legacy version not 3.x),
 * tls_record_empty, tls_record_too_long, tls_records_too_many, tls_not_client_hello,
 * tls_hello_too_short, tls_hello_too_long, tls_length_lies (an inner length leaves its parent or
 * does not fill it), tls_trailing_bytes (more handshake bytes in the hello's last record),
 * tls_session_id_too_long, tls_cipher_suites_bad, tls_compression_bad, tls_extensions_too_many,
 * tls_extension_twice, tls_psk_not_last, tls_sni_bad (not exactly one host name of letters, digits
 * and hyphens; an address), tls_alpn_bad, tls_versions_bad, tls_version_too_old (nothing from TLS
 * 1.2 on is offered). */
#pragma once

#include "rules/base/view.h"

enum {
	TLS_HELLO_MAX_BYTES = 8192, /* record headers included: what a reader may have to keep */
	TLS_HELLO_SCRATCH_BYTES = TLS_HELLO_MAX_BYTES,
	TLS_HELLO_RECORDS_MAX = 16,
	TLS_HELLO_EXTENSIONS_MAX = 64,
	TLS_HELLO_ALPN_NAMES = 4, /* names kept one by one; the raw list has all */
};

enum { TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };

/* Views point into the bytes given, or, if the hello came in several records, into the scratch. */
struct tls_hello {
	bool has_sni;
	struct view sni; /* a valid host name, letters in the case that was sent */
	bool has_alpn;
	struct view alpn; /* the list: one length byte and that many bytes, again and again */
	struct view alpn_names[TLS_HELLO_ALPN_NAMES]; /* the first of them */
	uint32_t alpn_count;      /* names in the list, which may be more than are kept */
	uint16_t legacy_version;  /* of the hello */
	uint16_t highest_version; /* highest version offered that exists: 0x0303 or 0x0304 */
	uint32_t hello_bytes;     /* bytes read: up to the end of the hello's last record */
};

/* Read the first bytes of a connection, contiguous from its very first one. `scratch`, of at least
 * TLS_HELLO_SCRATCH_BYTES, is used only if the hello is spread over records; NULL refuses such
 * hellos as tls_records_too_many. PARSE_DONE as soon as the hello is whole, whatever follows it in
 * later records. The fault's offset counts in `bytes`. Pure; any thread with its own scratch. */
enum parse tls_hello_read(
	struct view bytes, uint8_t *scratch, struct tls_hello *out, struct fault *fault);

/* Is this protocol in the ALPN list? Exact bytes. */
bool tls_hello_has_alpn(const struct tls_hello *hello, struct view name);
