/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS as this edge does it: one context per local domain, the peer judged by our own rules. */
#include "control/tls.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/certificate.h"

enum {
	VERIFY_DEPTH = 6,
	SERVER_NAME_BYTES = 254,
	CHAIN_BYTES = 32 * 1024, /* of certificates that somebody who has proven nothing may send */
};

struct tls_context {
	char *domain;
	SSL_CTX *context;
};

/* Freed by the last of its owner and of the connections that may still ask it for a name. */
struct tls_store {
	X509_STORE *trusted;          /* the CA file; shared by all contexts */
	struct tls_context *contexts; /* one per local domain, sorted like the rules */
	uint32_t count;
	unsigned holders;
};

/* What belongs to one SSL, in its ex_data. */
struct tls_side {
	struct tls_store *store; /* held; NULL: the name is settled */
	enum tls_use use;
	bool accepting;
	int problem; /* first X509_V_ERR_* of the chain that was not excused */
};

static int side_index = -1;

static void side_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int i, long argl, void *argp)
{
	struct tls_side *side = ptr;

	if (side)
		tls_store_free(side->store);
	free(side);
}

static struct tls_side *side_of(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, side_index);
}

/* Public CAs no longer issue client certificates, and SIP has a usage of its own: a partner that
 * connects may show either half of a TLS certificate. The names decide afterwards. */
static bool purpose_is_fine(const struct tls_side *side, X509_STORE_CTX *check)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(check);
	int depth = X509_STORE_CTX_get_error_depth(check);

	if (X509_STORE_CTX_get_error(check) != X509_V_ERR_INVALID_PURPOSE)
		return false;
	if (side->accepting &&
		X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, depth > 0) == 1)
		return true;
	return side->use == TLS_SIP && depth == 0 && identity_eku_has(certificate, EKU_SIP_DOMAIN);
}

static int verify_peer(int ok, X509_STORE_CTX *check)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_side *side = side_of(ssl);

	if (ok)
		return 1;
	if (purpose_is_fine(side, check)) {
		/* What was wrong before stays wrong. */
		X509_STORE_CTX_set_error(check, side->problem);
		return 1;
	}
	/* Only the first problem is kept by us: OpenSSL keeps the last. */
	if (side->problem == X509_V_OK)
		side->problem = X509_STORE_CTX_get_error(check);
	return side->use == TLS_XMPP;
}

/* The order of the rules, in any letter case. */
static int compare_names(struct view a, struct view b)
{
	uint32_t least = a.len < b.len ? a.len : b.len;

	for (uint32_t i = 0; i < least; i++) {
		int order = tolower(a.p[i]) - tolower(b.p[i]);

		if (order)
			return order;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static SSL_CTX *context_of(const struct tls_store *store, struct view local)
{
	uint32_t low = 0;
	uint32_t high = store->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare_names(local, view_of(store->contexts[middle].domain));

		if (order == 0)
			return store->contexts[middle].context;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* A name that is not ours, like none, gets the first domain's certificate: the dataplane refuses
 * foreign names on the federation side, and an inside server may call us by a host name. */
static int choose_by_sni(SSL *ssl, int *alert, void *arg)
{
	const struct tls_side *side = side_of(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	SSL_CTX *context;

	if (!side || !side->store || !name)
		return SSL_TLSEXT_ERR_NOACK;
	context = context_of(side->store, view_of(name));
	if (!context || !SSL_set_SSL_CTX(ssl, context))
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_TLSEXT_ERR_OK;
}

static const char *openssl_says(void)
{
	unsigned long error = ERR_peek_error();
	const char *reason = ERR_reason_error_string(error);

	if (ERR_SYSTEM_ERROR(error))
		return strerror(ERR_GET_REASON(error));
	return reason ? reason : "no reason given";
}

static SSL_CTX *context_new(X509_STORE *trusted)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());

	if (!context)
		return NULL;
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Never resumed: a resumed session is not verified again, streams live for days, and a
	 * ticket costs its server 115 us. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_verify_depth(context, VERIFY_DEPTH);
	SSL_CTX_set_max_cert_list(context, CHAIN_BYTES);
	SSL_CTX_set_tlsext_servername_callback(context, choose_by_sni);
	SSL_CTX_set1_cert_store(context, trusted);
	X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(context), X509_PURPOSE_SSL_SERVER);
	if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
		!SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") ||
		!SSL_CTX_set_session_id_context(context, (const unsigned char *)"picket", 6)) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

/* Where the bytes of certificates and keys come from while a store is made. */
struct files {
	const struct ruleset *rules;
	const struct tls_source *source;
};

/* Bytes that were brought along, or those of the file, which the caller frees. NULL, or why not. */
static const char *file_get(
	const struct files *from, const char *file, struct pem *read, struct view *out)
{
	char *path;
	int rc;

	*read = (struct pem){0};
	if (from->source->file)
		return from->source->file(from->source->arg, file, out) ? NULL : "was not sent";
	path = certificate_path(from->rules->directory, file);
	if (!path)
		return "path too long";
	rc = pem_read(path, read);
	free(path);
	*out = pem_view(read);
	return rc < 0 ? strerror(-rc) : NULL;
}

/* What the file is called for people: with its directory where it was opened there. */
static void fault_say(const struct files *from, const struct local_domain *local, bool in_key,
	const char *fault, char *why, size_t why_bytes)
{
	const char *file = in_key ? local->key_file : local->certificate_file;
	char *path = certificate_path(from->rules->directory, file);

	snprintf(why, why_bytes, "line %u: local[%s].%s: %s: %s", local->line, local->domain,
		in_key ? "key" : "certificate", path ? path : file, fault);
	free(path);
}

/* Load the pair of one domain into its context. */
static bool load_pair(SSL_CTX *context, const struct files *from, const struct local_domain *local,
	char *why, size_t why_bytes)
{
	struct pem certificate_read;
	struct pem key_read = {0};
	struct view certificate;
	struct view key;
	bool in_key = false;
	const char *fault =
		file_get(from, local->certificate_file, &certificate_read, &certificate);

	if (!fault) {
		fault = file_get(from, local->key_file, &key_read, &key);
		in_key = fault != NULL;
	}
	if (!fault)
		fault = certificate_use(context, certificate, key, local->domain, &in_key);
	if (fault)
		fault_say(from, local, in_key, fault, why, why_bytes);
	pem_free(&certificate_read);
	pem_free(&key_read);
	return !fault;
}

/* The authorities of the file, or those that held before it could not be opened any more. */
static X509_STORE *authorities_load(struct tls_source *source, char *why, size_t why_bytes)
{
	X509_STORE *trusted;

	source->kept_authorities = source->before && access(source->ca_file, R_OK) < 0;
	if (source->kept_authorities) {
		X509_STORE_up_ref(source->before->trusted);
		return source->before->trusted;
	}
	trusted = X509_STORE_new();
	if (!trusted)
		return NULL;
	ERR_clear_error();
	if (X509_STORE_load_file(trusted, source->ca_file) != 1) {
		snprintf(why, why_bytes, "CA file %s: %s", source->ca_file, openssl_says());
		ERR_clear_error();
		X509_STORE_free(trusted);
		return NULL;
	}
	return trusted;
}

struct tls_store *tls_store_make(
	const struct ruleset *rules, struct tls_source *source, char *why, size_t why_bytes)
{
	const struct files from = {rules, source};
	struct tls_store *store = calloc(1, sizeof(*store));

	snprintf(why, why_bytes, "out of memory");
	if (side_index < 0)
		side_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, side_free);
	if (!store || side_index < 0) {
		free(store);
		return NULL;
	}
	store->holders = 1;
	store->contexts = calloc(rules->local_count + 1, sizeof(*store->contexts));
	if (!store->contexts)
		goto out;
	store->trusted = authorities_load(source, why, why_bytes);
	if (!store->trusted)
		goto out;
	for (uint32_t i = 0; i < rules->local_count; i++) {
		struct tls_context *c = &store->contexts[store->count++];

		c->domain = strdup(rules->locals[i].domain);
		c->context = context_new(store->trusted);
		if (!c->domain || !c->context ||
			!load_pair(c->context, &from, &rules->locals[i], why, why_bytes))
			goto out;
	}
	why[0] = '\0';
	return store;
out:
	tls_store_free(store);
	return NULL;
}

struct tls_store *tls_store_new(
	const struct ruleset *rules, const char *ca_file, char *why, size_t why_bytes)
{
	struct tls_source source = {.ca_file = ca_file};

	return tls_store_make(rules, &source, why, why_bytes);
}

void tls_store_free(struct tls_store *store)
{
	if (!store || --store->holders > 0)
		return;
	for (uint32_t i = 0; i < store->count; i++) {
		SSL_CTX_free(store->contexts[i].context);
		free(store->contexts[i].domain);
	}
	free(store->contexts);
	X509_STORE_free(store->trusted);
	free(store);
}

/* store: that the peer's SNI chooses from; NULL: nothing is left to choose. */
static SSL *ssl_make(struct tls_store *store, SSL_CTX *context, enum tls_use use, bool accepting)
{
	struct tls_side *side = calloc(1, sizeof(*side));
	SSL *ssl = context ? SSL_new(context) : NULL;

	if (!side || !ssl || !SSL_set_ex_data(ssl, side_index, side)) {
		SSL_free(ssl);
		free(side);
		return NULL;
	}
	side->store = store;
	if (store)
		store->holders++;
	side->use = use;
	side->accepting = accepting;
	SSL_set_verify(ssl,
		SSL_VERIFY_PEER | (use == TLS_SIP ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
		verify_peer);
	if (accepting)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

SSL *tls_accept(struct tls_store *store, enum tls_use use, struct view local)
{
	return ssl_make(NULL, context_of(store, local), use, true);
}

SSL *tls_accept_by_sni(struct tls_store *store, enum tls_use use)
{
	return ssl_make(store, store->contexts[0].context, use, true);
}

SSL *tls_connect(
	struct tls_store *store, enum tls_use use, struct view local, struct view server_name)
{
	char name[SERVER_NAME_BYTES];
	SSL *ssl = ssl_make(NULL, context_of(store, local), use, false);

	if (!ssl || server_name.len == 0)
		return ssl;
	if (!view_copy(server_name, name, sizeof(name)) || !SSL_set_tlsext_host_name(ssl, name)) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

void tls_peer(SSL *ssl, struct tls_peer *out)
{
	const struct tls_side *side = side_of(ssl);
	long result = SSL_get_verify_result(ssl);

	*out = (struct tls_peer){.certificate = SSL_get0_peer_certificate(ssl)};
	if (!out->certificate) {
		out->problem = "no certificate";
		return;
	}
	if (side->problem != X509_V_OK)
		result = side->problem;
	out->chain_valid = result == X509_V_OK && SSL_is_init_finished(ssl);
	if (result != X509_V_OK)
		out->problem = X509_verify_cert_error_string(result);
	else if (!out->chain_valid)
		out->problem = "handshake not finished";
}
