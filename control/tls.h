/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS as this edge does it: TLS 1.2 or later, no renegotiation, no compression, at most one ticket,
 * SSL_MODE_RELEASE_BUFFERS. Certificates belong to the generation of the rules: one store is built
 * per ruleset, and a bad certificate refuses the ruleset. At the start keys are read here, before
 * privileges go; later the operator brings them. */
#pragma once

#include <openssl/ssl.h>

#include "control/identity.h"
#include "rules/ruleset.h"

struct tls_store;

/* Open every local domain's certificate and key and the CA file. NULL with `why` (names the file
 * and the rules line). The ruleset is needed no longer than this. */
struct tls_store *tls_store_new(
	const struct ruleset *rules, const char *ca_file, char *why, size_t why_bytes);
/* The same for who may open nothing any more. */
struct tls_source {
	const char *ca_file;
	const struct tls_store *before; /* its authorities hold when the CA file cannot be opened */
	/* The bytes of a file by its name in the rules, while the call runs. False: not there. */
	bool (*file)(void *arg, const char *name, struct view *out);
	void *arg;
	bool kept_authorities; /* set: those of `before` hold on */
};
/* Any thread, one at a time. */
struct tls_store *tls_store_make(
	const struct ruleset *rules, struct tls_source *source, char *why, size_t why_bytes);
/* No new handshakes; those under way and live connections keep what they need. Loop thread, as is the
 * freeing of all SSLs made of it; a handshake may run in any thread. Accepts NULL. */
void tls_store_free(struct tls_store *store);

enum tls_use {
	TLS_XMPP, /* asks for the peer's certificate, judges it later (tls_peer): dialback partners exist */
	TLS_SIP, /* mutual: a handshake without a valid certificate of the peer fails */
};

/* A new SSL in accept state with the certificate of `local` (a domain of the rules). The caller
 * owns it. A server certificate alone (EKU without clientAuth) is fine for a peer. */
SSL *tls_accept(struct tls_store *store, enum tls_use use, struct view local);
/* Same, the local domain chosen by SNI, the first one if there is none: for direct TLS (5061). */
SSL *tls_accept_by_sni(struct tls_store *store, enum tls_use use);
/* A new SSL in connect state; SNI = server_name unless it is empty. */
SSL *tls_connect(
	struct tls_store *store, enum tls_use use, struct view local, struct view server_name);

/* What the handshake proved. */
struct tls_peer {
	X509 *certificate;   /* NULL: it showed none. Owned by the SSL */
	bool chain_valid;    /* up to our CA file, within its dates */
	const char *problem; /* OpenSSL's words when there is one */
};
void tls_peer(SSL *ssl, struct tls_peer *out);
