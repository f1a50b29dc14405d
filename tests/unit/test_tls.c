/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS handshakes over memory, against peers of every kind. */
#include "tests/unit/test.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/certificate.h"
#include "control/tls.h"
#include "tests/unit/certificate.h"

/* Who may stand at the other end. */
enum peer_kind {
	PEER_NO_CERTIFICATE,
	PEER_GOOD,
	PEER_SERVER_ONLY,
	PEER_CLIENT_ONLY,
	PEER_MAIL_ONLY,
	PEER_SIP_DOMAIN_ONLY,
	PEER_EXPIRED,
	PEER_NOT_YET,
	PEER_SELF_SIGNED,
	PEER_OTHER_CA,
	PEER_EXPIRED_OTHER_CA,
	PEER_KINDS,
};

struct bench {
	char directory[64];
	struct identity_pair ca, other_ca, peers[PEER_KINDS];
	struct local_domain locals[2];
	struct ruleset rules;
	struct tls_store *store;
	char ca_file[128];
};

static struct bench bench;

static char *path_in(const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", bench.directory, name) > 0);
	return path;
}

static void peer_make(enum peer_kind kind, const char *eku, const struct identity_pair *issuer,
	long from_s, long to_s)
{
	bench.peers[kind] = certificate_make(&(struct certificate_spec){.cn = "b.example",
		.san = "DNS:b.example",
		.eku = eku,
		.issuer = issuer,
		.from_s = from_s,
		.to_s = to_s});
}

static void local_make(uint32_t i, const char *domain)
{
	char san[64];
	struct identity_pair pair;
	struct local_domain *local = &bench.locals[i];
	char name[64];
	char *file;

	snprintf(san, sizeof(san), "DNS:%s", domain);
	pair = certificate_make(&(struct certificate_spec){
		.cn = domain, .san = san, .eku = "serverAuth,clientAuth", .issuer = &bench.ca});
	local->domain = strdup(domain);
	snprintf(name, sizeof(name), "%s.crt", domain);
	/* One relative to the rules' directory, one absolute. */
	local->certificate_file = strdup(name);
	snprintf(name, sizeof(name), "%s.key", domain);
	local->key_file = path_in(name);
	local->line = 10 + i;
	file = path_in(local->certificate_file);
	certificate_write(&pair, file, local->key_file);
	free(file);
	identity_pair_free(&pair);
}

static int bench_open(void **state)
{
	char why[256] = "";
	const long day = 86400;

	snprintf(bench.directory, sizeof(bench.directory), "/tmp/picket-tls-XXXXXX");
	assert_non_null(mkdtemp(bench.directory));
	bench.ca = certificate_make(&(struct certificate_spec){.cn = "CA", .ca = true});
	bench.other_ca = certificate_make(&(struct certificate_spec){.cn = "Other", .ca = true});
	peer_make(PEER_GOOD, "serverAuth,clientAuth", &bench.ca, 0, 0);
	peer_make(PEER_SERVER_ONLY, "serverAuth", &bench.ca, 0, 0);
	peer_make(PEER_CLIENT_ONLY, "clientAuth", &bench.ca, 0, 0);
	peer_make(PEER_MAIL_ONLY, "emailProtection", &bench.ca, 0, 0);
	peer_make(PEER_SIP_DOMAIN_ONLY, EKU_SIP_DOMAIN, &bench.ca, 0, 0);
	peer_make(PEER_EXPIRED, "serverAuth", &bench.ca, -2 * day, -day);
	peer_make(PEER_NOT_YET, "serverAuth", &bench.ca, day, 2 * day);
	peer_make(PEER_SELF_SIGNED, "serverAuth", NULL, 0, 0);
	peer_make(PEER_OTHER_CA, "serverAuth", &bench.other_ca, 0, 0);
	peer_make(PEER_EXPIRED_OTHER_CA, "serverAuth", &bench.other_ca, -2 * day, -day);
	local_make(0, "a.example");
	local_make(1, "c.example");
	bench.rules = (struct ruleset){
		.directory = bench.directory, .locals = bench.locals, .local_count = 2};
	assert_int_equal(ruleset_index_build(&bench.rules), 0);
	snprintf(bench.ca_file, sizeof(bench.ca_file), "%s/ca.crt", bench.directory);
	certificate_write(&bench.ca, bench.ca_file, NULL);
	bench.store = tls_store_new(&bench.rules, bench.ca_file, why, sizeof(why));
	if (!bench.store)
		fail_msg("%s", why);
	return 0;
}

static int bench_close(void **state)
{
	char command[128];

	tls_store_free(bench.store);
	ruleset_index_free(&bench.rules);
	for (int i = 0; i < 2; i++) {
		free(bench.locals[i].domain);
		free(bench.locals[i].certificate_file);
		free(bench.locals[i].key_file);
	}
	for (int i = 0; i < PEER_KINDS; i++)
		identity_pair_free(&bench.peers[i]);
	identity_pair_free(&bench.ca);
	identity_pair_free(&bench.other_ca);
	snprintf(command, sizeof(command), "rm -r %s", bench.directory);
	return system(command);
}

/* A peer that is not ours: believes everybody, speaks the versions up to max_version. */
static SSL *stranger(enum peer_kind kind, bool accepts, int max_version)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	SSL *ssl;

	SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
	SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(context, max_version);
	if (kind != PEER_NO_CERTIFICATE) {
		assert_true(SSL_CTX_use_certificate(context, bench.peers[kind].certificate));
		assert_true(SSL_CTX_use_PrivateKey(context, bench.peers[kind].key));
	}
	ssl = SSL_new(context);
	SSL_CTX_free(context);
	if (accepts)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static void join(SSL *one, SSL *other)
{
	BIO *first;
	BIO *second;

	assert_non_null(one);
	assert_non_null(other);
	assert_true(BIO_new_bio_pair(&first, 0, &second, 0));
	SSL_set_bio(one, first, first);
	SSL_set_bio(other, second, second);
}

/* One step; true while it may still succeed. */
static bool step(SSL *ssl)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(ssl);
	return rc == 1 || SSL_get_error(ssl, rc) == SSL_ERROR_WANT_READ ||
	       SSL_get_error(ssl, rc) == SSL_ERROR_WANT_WRITE;
}

/* Both sides believe that they are done, and data crosses: in TLS 1.3 a client is done before the
 * server has judged it. */
static bool handshake(SSL *one, SSL *other)
{
	char byte = 0;

	join(one, other);
	for (int i = 0; i < 20; i++)
		if (!step(one) || !step(other))
			return false;
	return SSL_is_init_finished(one) && SSL_is_init_finished(other) &&
	       SSL_write(one, "x", 1) == 1 && SSL_read(other, &byte, 1) == 1 &&
	       SSL_write(other, "y", 1) == 1 && SSL_read(one, &byte, 1) == 1 && byte == 'y';
}

static void check_peer(const char *label, SSL *ours, SSL *theirs, bool expect_open,
	bool expect_certificate, bool expect_valid)
{
	struct tls_peer peer;
	bool open = handshake(ours, theirs);

	tls_peer(ours, &peer);
	if (open != expect_open)
		fail_msg("%s: open %d (%s)", label, open, peer.problem ? peer.problem : "-");
	if (open && (peer.certificate != NULL) != expect_certificate)
		fail_msg("%s: certificate %p", label, (void *)peer.certificate);
	if (peer.chain_valid != expect_valid)
		fail_msg("%s: valid %d (%s)", label, peer.chain_valid,
			peer.problem ? peer.problem : "-");
	if (!peer.chain_valid && !peer.problem)
		fail_msg("%s: no problem named", label);
	SSL_free(ours);
	SSL_free(theirs);
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void an_accepted_peer_is_judged_by_its_chain(void **state)
{
	static const struct {
		const char *label;
		enum peer_kind kind;
		bool xmpp_valid, sip_valid;
	} cases[] = {
		{"no certificate", PEER_NO_CERTIFICATE, false, false},
		{"good", PEER_GOOD, true, true},
		{"server only", PEER_SERVER_ONLY, true, true},
		{"client only", PEER_CLIENT_ONLY, true, true},
		{"mail only", PEER_MAIL_ONLY, false, false},
		{"sip domain only", PEER_SIP_DOMAIN_ONLY, false, true},
		{"expired", PEER_EXPIRED, false, false},
		{"not yet valid", PEER_NOT_YET, false, false},
		{"self-signed", PEER_SELF_SIGNED, false, false},
		{"other CA", PEER_OTHER_CA, false, false},
		{"expired of another CA", PEER_EXPIRED_OTHER_CA, false, false},
	};

	for (size_t v = 0; v < 2; v++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			bool shown = cases[i].kind != PEER_NO_CERTIFICATE;

			/* XMPP opens in any case: dialback may still prove the domain. */
			check_peer(cases[i].label,
				tls_accept(bench.store, TLS_XMPP, VIEW("a.example")),
				stranger(cases[i].kind, false, versions[v]), true, shown,
				cases[i].xmpp_valid);
			check_peer(cases[i].label,
				tls_accept(bench.store, TLS_SIP, VIEW("a.example")),
				stranger(cases[i].kind, false, versions[v]), cases[i].sip_valid,
				shown, cases[i].sip_valid);
		}
}

static void a_server_that_we_connect_to_is_judged_by_its_chain(void **state)
{
	static const struct {
		const char *label;
		enum peer_kind kind;
		bool xmpp_valid, sip_valid;
	} cases[] = {
		{"good", PEER_GOOD, true, true},
		{"server only", PEER_SERVER_ONLY, true, true},
		{"client only", PEER_CLIENT_ONLY, false, false},
		{"sip domain only", PEER_SIP_DOMAIN_ONLY, false, true},
		{"expired", PEER_EXPIRED, false, false},
		{"self-signed", PEER_SELF_SIGNED, false, false},
		{"other CA", PEER_OTHER_CA, false, false},
	};

	for (size_t v = 0; v < 2; v++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			check_peer(cases[i].label,
				tls_connect(bench.store, TLS_XMPP, VIEW("a.example"),
					VIEW("b.example")),
				stranger(cases[i].kind, true, versions[v]), true, true,
				cases[i].xmpp_valid);
			check_peer(cases[i].label,
				tls_connect(
					bench.store, TLS_SIP, VIEW("a.example"), VIEW("b.example")),
				stranger(cases[i].kind, true, versions[v]), cases[i].sip_valid,
				true, cases[i].sip_valid);
		}
}

static void two_of_ours_prove_each_other(void **state)
{
	SSL *server = tls_accept(bench.store, TLS_SIP, VIEW("a.example"));
	SSL *client = tls_connect(bench.store, TLS_SIP, VIEW("C.Example"), VIEW("a.example"));
	struct tls_peer peer;

	assert_true(handshake(server, client));
	assert_string_equal(SSL_get_version(client), "TLSv1.3");
	tls_peer(server, &peer);
	assert_true(peer.chain_valid);
	assert_null(peer.problem);
	assert_true(identity_is_sip(peer.certificate, VIEW("c.example")));
	tls_peer(client, &peer);
	assert_true(identity_is_sip(peer.certificate, VIEW("a.example")));
	SSL_free(server);
	SSL_free(client);
}

static void nobody_is_proven_before_the_handshake(void **state)
{
	SSL *server = tls_accept(bench.store, TLS_XMPP, VIEW("a.example"));
	struct tls_peer peer;

	tls_peer(server, &peer);
	assert_null(peer.certificate);
	assert_false(peer.chain_valid);
	assert_non_null(peer.problem);
	SSL_free(server);
}

static void old_versions_are_refused(void **state)
{
	static const int old[] = {TLS1_VERSION, TLS1_1_VERSION};

	for (size_t i = 0; i < 2; i++) {
		SSL *server = tls_accept(bench.store, TLS_XMPP, VIEW("a.example"));
		SSL *client = stranger(PEER_GOOD, false, old[i]);

		assert_false(handshake(server, client));
		SSL_free(server);
		SSL_free(client);
		server = stranger(PEER_GOOD, true, old[i]);
		client = tls_connect(bench.store, TLS_XMPP, VIEW("a.example"), VIEW(""));
		assert_false(handshake(server, client));
		SSL_free(server);
		SSL_free(client);
	}
}

static void renegotiation_is_refused(void **state)
{
	SSL *server = tls_accept(bench.store, TLS_SIP, VIEW("a.example"));
	SSL *client = stranger(PEER_GOOD, false, TLS1_2_VERSION);
	char byte;

	assert_true(handshake(server, client));
	assert_true(SSL_renegotiate(client));
	SSL_do_handshake(client);
	assert_true(SSL_read(server, &byte, 1) < 1);
	assert_true(SSL_do_handshake(client) != 1);
	assert_int_equal(SSL_num_renegotiations(server), 0);
	SSL_free(server);
	SSL_free(client);
}

static void no_session_can_be_resumed(void **state)
{
	for (size_t v = 0; v < 2; v++) {
		SSL *server = tls_accept(bench.store, TLS_SIP, VIEW("a.example"));
		SSL *client = stranger(PEER_GOOD, false, versions[v]);
		SSL_SESSION *session;

		assert_true(handshake(server, client));
		session = SSL_get1_session(client);
		SSL_free(server);
		SSL_free(client);
		server = tls_accept(bench.store, TLS_SIP, VIEW("a.example"));
		client = stranger(PEER_GOOD, false, versions[v]);
		SSL_set_session(client, session);
		assert_true(handshake(server, client));
		assert_false(SSL_session_reused(server));
		SSL_SESSION_free(session);
		SSL_free(server);
		SSL_free(client);
	}
}

static void the_server_name_chooses_the_certificate(void **state)
{
	static const struct {
		const char *sni;
		const char *shown;
	} cases[] = {
		{"a.example", "a.example"},
		{"c.example", "c.example"},
		{"C.EXAMPLE", "c.example"},
		{"foreign.example", "a.example"},
		{NULL, "a.example"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SSL *server = tls_accept_by_sni(bench.store, TLS_SIP);
		SSL *client = stranger(PEER_GOOD, false, TLS1_3_VERSION);
		X509 *shown;

		if (cases[i].sni)
			SSL_set_tlsext_host_name(client, cases[i].sni);
		assert_true(handshake(server, client));
		shown = SSL_get0_peer_certificate(client);
		if (!identity_is_xmpp(shown, view_of(cases[i].shown)))
			fail_msg("%s", cases[i].sni ? cases[i].sni : "none");
		SSL_free(server);
		/* Without its judgement a certificate is worth nothing. */
		server = tls_accept_by_sni(bench.store, TLS_SIP);
		SSL_free(client);
		client = stranger(PEER_OTHER_CA, false, TLS1_3_VERSION);
		if (cases[i].sni)
			SSL_set_tlsext_host_name(client, cases[i].sni);
		assert_false(handshake(server, client));
		SSL_free(server);
		SSL_free(client);
	}
}

static void a_stated_domain_is_not_changed_by_the_server_name(void **state)
{
	SSL *server = tls_accept(bench.store, TLS_XMPP, VIEW("a.example"));
	SSL *client = tls_connect(bench.store, TLS_XMPP, VIEW("c.example"), VIEW("c.example"));
	struct tls_peer peer;

	assert_true(handshake(server, client));
	assert_string_equal(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name), "c.example");
	tls_peer(client, &peer);
	assert_true(identity_is_xmpp(peer.certificate, VIEW("a.example")));
	SSL_free(server);
	SSL_free(client);
}

static void a_domain_that_is_not_ours_gets_nothing(void **state)
{
	char longer[300];

	memset(longer, 'a', sizeof(longer));
	assert_null(tls_accept(bench.store, TLS_XMPP, VIEW("b.example")));
	assert_null(tls_connect(bench.store, TLS_XMPP, VIEW("b.example"), VIEW("a.example")));
	assert_null(tls_connect(
		bench.store, TLS_XMPP, VIEW("a.example"), view_make(longer, sizeof(longer))));
	assert_null(tls_connect(bench.store, TLS_XMPP, VIEW("a.example"), VIEW("a\0b")));
}

static void file_write(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void key_write_encrypted(const char *path)
{
	EVP_PKEY *key = bench.peers[PEER_GOOD].key;
	FILE *file = fopen(path, "w");

	assert_true(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), NULL, 0, NULL, "secret"));
	fclose(file);
}

static void a_bad_certificate_refuses_the_rules_and_names_file_and_line(void **state)
{
	static const struct {
		const char *label;
		enum peer_kind kind; /* written to b.crt */
		const char *certificate, *key, *domain;
		const char *expected;
	} cases[] = {
		{"missing", PEER_GOOD, "none.crt", "b.key", "b.example", "none.crt: No such file"},
		{"garbage", PEER_GOOD, "garbage", "b.key", "b.example", "garbage: "},
		{"missing key", PEER_GOOD, "b.crt", "none.key", "b.example",
			"none.key: No such file"},
		{"encrypted key", PEER_GOOD, "b.crt", "encrypted", "b.example",
			"local[b.example].key: "},
		{"encrypted key", PEER_GOOD, "b.crt", "encrypted", "b.example",
			"encrypted: the key is encrypted"},
		{"the two mixed up", PEER_GOOD, "b.key", "b.crt", "b.example",
			"b.key: no certificate in PEM"},
		{"a certificate as key", PEER_GOOD, "b.crt", "b.crt", "b.example",
			"b.crt: no private key in PEM"},
		{"key of another", PEER_SERVER_ONLY, "b.crt", "other.key", "b.example",
			"other.key: "},
		{"expired", PEER_EXPIRED, "b.crt", "b.key", "b.example", "has expired"},
		{"not yet", PEER_NOT_YET, "b.crt", "b.key", "b.example", "not valid yet"},
		{"other name", PEER_GOOD, "b.crt", "b.key", "x.example",
			"does not name this domain"},
	};
	char *certificate = path_in("b.crt");
	char *key = path_in("b.key");
	char *other_key = path_in("other.key");
	char *garbage = path_in("garbage");
	char *encrypted = path_in("encrypted");

	file_write(garbage, "-----BEGIN CERTIFICATE-----\nnonsense\n");
	key_write_encrypted(encrypted);
	certificate_write(&bench.peers[PEER_OTHER_CA], NULL, other_key);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct local_domain local = {.domain = (char *)cases[i].domain,
			.certificate_file = (char *)cases[i].certificate,
			.key_file = (char *)cases[i].key,
			.line = 42};
		struct ruleset rules = {
			.directory = bench.directory, .locals = &local, .local_count = 1};
		struct tls_store *store;
		char why[256] = "";

		certificate_write(&bench.peers[cases[i].kind], certificate, key);
		store = tls_store_new(&rules, bench.ca_file, why, sizeof(why));
		if (store || !strstr(why, cases[i].expected) || !strstr(why, "line 42"))
			fail_msg("%s: %s", cases[i].label, why);
		assert_int_equal(ERR_peek_error(), 0);
	}
	free(certificate);
	free(key);
	free(other_key);
	free(garbage);
	free(encrypted);
}

static void a_missing_authority_file_is_named(void **state)
{
	char why[256] = "";

	assert_null(tls_store_new(&bench.rules, "/nonexistent/ca.crt", why, sizeof(why)));
	if (!strstr(why, "/nonexistent/ca.crt") || !strstr(why, "No such file"))
		fail_msg("%s", why);
}

static void a_store_that_is_replaced_serves_the_handshakes_that_it_began(void **state)
{
	char why[256] = "";
	struct tls_store *old = tls_store_new(&bench.rules, bench.ca_file, why, sizeof(why));
	SSL *server = tls_accept_by_sni(old, TLS_SIP);
	SSL *other = tls_accept(old, TLS_XMPP, VIEW("a.example"));
	SSL *client = stranger(PEER_GOOD, false, TLS1_3_VERSION);

	tls_store_free(old);
	SSL_set_tlsext_host_name(client, "c.example");
	assert_true(handshake(server, client));
	assert_true(identity_is_xmpp(SSL_get0_peer_certificate(client), VIEW("c.example")));
	SSL_free(server);
	SSL_free(client);
	client = stranger(PEER_GOOD, false, TLS1_2_VERSION);
	assert_true(handshake(other, client));
	SSL_free(other);
	SSL_free(client);
}

/* --- who may open nothing --- */

struct brought {
	struct pem certificate, key; /* of a pair for a.example; the key of c.example is missing */
};

static bool brought_get(void *arg, const char *name, struct view *out)
{
	struct brought *b = arg;

	if (strcmp(name, bench.locals[0].certificate_file) == 0)
		*out = pem_view(&b->certificate);
	else if (strcmp(name, bench.locals[0].key_file) == 0)
		*out = pem_view(&b->key);
	else
		return false;
	return true;
}

static struct brought brought_open(void)
{
	struct brought b;
	char *file = certificate_path(bench.directory, bench.locals[0].certificate_file);

	assert_int_equal(pem_read(file, &b.certificate), 0);
	assert_int_equal(pem_read(bench.locals[0].key_file, &b.key), 0);
	free(file);
	return b;
}

static void brought_close(struct brought *b)
{
	pem_free(&b->certificate);
	pem_free(&b->key);
}

static void bytes_that_were_brought_do_what_files_do(void **state)
{
	struct brought b = brought_open();
	struct ruleset rules = {
		.directory = "/nonexistent", .locals = bench.locals, .local_count = 1};
	struct tls_source source = {
		.ca_file = bench.ca_file, .before = bench.store, .file = brought_get, .arg = &b};
	struct tls_store *store;
	SSL *server;
	SSL *client;
	char why[256] = "";

	assert_int_equal(ruleset_index_build(&rules), 0);
	store = tls_store_make(&rules, &source, why, sizeof(why));
	brought_close(&b);
	if (!store)
		fail_msg("%s", why);
	assert_false(source.kept_authorities);
	server = tls_accept_by_sni(store, TLS_SIP);
	client = stranger(PEER_GOOD, false, TLS1_3_VERSION);
	assert_true(handshake(server, client));
	SSL_free(server);
	SSL_free(client);
	tls_store_free(store);
	ruleset_index_free(&rules);
}

static void bytes_that_are_missing_or_wrong_are_named(void **state)
{
	struct brought b = brought_open();
	struct tls_source source = {.ca_file = bench.ca_file, .file = brought_get, .arg = &b};
	char why[256] = "";

	assert_null(tls_store_make(&bench.rules, &source, why, sizeof(why)));
	if (!strstr(why, "line 11: local[c.example].certificate: ") ||
		!strstr(why, bench.locals[1].certificate_file) || !strstr(why, ": was not sent"))
		fail_msg("%s", why);
	b.key.len = 0;
	assert_null(tls_store_make(&bench.rules, &source, why, sizeof(why)));
	if (!strstr(why, "line 10: local[a.example].key: ") ||
		!strstr(why, bench.locals[0].key_file))
		fail_msg("%s", why);
	assert_int_equal(ERR_peek_error(), 0);
	brought_close(&b);
}

static void authorities_hold_on_when_their_file_cannot_be_opened(void **state)
{
	struct tls_source source = {.ca_file = "/nonexistent/ca.crt", .before = bench.store};
	char why[256] = "";
	char *garbage = path_in("garbage.ca");
	struct tls_store *store = tls_store_make(&bench.rules, &source, why, sizeof(why));
	SSL *server;
	SSL *client;

	assert_non_null(store);
	assert_true(source.kept_authorities);
	for (int i = 0; i < 2; i++) {
		server = tls_accept_by_sni(store, TLS_SIP);
		client = stranger(i ? PEER_OTHER_CA : PEER_GOOD, false, TLS1_3_VERSION);
		assert_int_equal(handshake(server, client), i == 0);
		SSL_free(server);
		SSL_free(client);
	}
	tls_store_free(store);
	/* One that is there must be one. */
	file_write(garbage, "nobody\n");
	source.ca_file = garbage;
	assert_null(tls_store_make(&bench.rules, &source, why, sizeof(why)));
	assert_non_null(strstr(why, garbage));
	free(garbage);
}

static void a_file_that_is_too_long_is_not_read(void **state)
{
	char *path = path_in("long");
	struct pem pem;

	file_write(path, "x");
	assert_int_equal(truncate(path, PEM_BYTES_MAX), 0);
	assert_int_equal(pem_read(path, &pem), 0);
	assert_int_equal(pem.len, PEM_BYTES_MAX);
	pem_free(&pem);
	assert_int_equal(truncate(path, PEM_BYTES_MAX + 1), 0);
	assert_int_equal(pem_read(path, &pem), -EFBIG);
	assert_null(pem.bytes);
	pem_free(&pem);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_accepted_peer_is_judged_by_its_chain),
		cmocka_unit_test(a_server_that_we_connect_to_is_judged_by_its_chain),
		cmocka_unit_test(two_of_ours_prove_each_other),
		cmocka_unit_test(nobody_is_proven_before_the_handshake),
		cmocka_unit_test(old_versions_are_refused),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(no_session_can_be_resumed),
		cmocka_unit_test(the_server_name_chooses_the_certificate),
		cmocka_unit_test(a_stated_domain_is_not_changed_by_the_server_name),
		cmocka_unit_test(a_domain_that_is_not_ours_gets_nothing),
		cmocka_unit_test(a_bad_certificate_refuses_the_rules_and_names_file_and_line),
		cmocka_unit_test(a_missing_authority_file_is_named),
		cmocka_unit_test(a_store_that_is_replaced_serves_the_handshakes_that_it_began),
		cmocka_unit_test(bytes_that_were_brought_do_what_files_do),
		cmocka_unit_test(bytes_that_are_missing_or_wrong_are_named),
		cmocka_unit_test(authorities_hold_on_when_their_file_cannot_be_opened),
		cmocka_unit_test(a_file_that_is_too_long_is_not_read),
	};

	return cmocka_run_group_tests(tests, bench_open, bench_close);
}
