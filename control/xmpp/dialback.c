/* SPDX-License-Identifier: BSD-3-Clause */
/* Server Dialback: keys and packets. */
#include "control/xmpp/dialback.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "control/xmpp/jid.h"
#include "control/xmpp/xml.h"

enum { DIGEST_BYTES = 32 };

static const char *const kinds[] = {[DIALBACK_RESULT] = "result", [DIALBACK_VERIFY] = "verify"};

static const char *const types[] = {
	[DIALBACK_REQUEST] = "",
	[DIALBACK_VALID] = "valid",
	[DIALBACK_INVALID] = "invalid",
	[DIALBACK_ERROR] = "error",
};

static const char *const errors[] = {[DIALBACK_UNDEFINED] = "undefined-condition",
#define DIALBACK_ERROR_ROW(id, name) [DIALBACK_##id] = name,
	DIALBACK_ERRORS(DIALBACK_ERROR_ROW)
#undef DIALBACK_ERROR_ROW
};

enum { ERRORS = sizeof(errors) / sizeof(errors[0]) };

/* --- keys --- */

static void hex(const uint8_t digest[static DIGEST_BYTES], char out[static DIALBACK_KEY_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[2 * DIGEST_BYTES] = '\0';
}

/* The secret itself is in no key: its digest is, as text (XEP-0185). */
void dialback_secret_make(struct dialback_secret *out, struct view secret)
{
	uint8_t digest[DIGEST_BYTES];
	unsigned len = 0;

	if (EVP_Digest(secret.p, secret.len, digest, &len, EVP_sha256(), NULL) != 1 ||
		len != DIGEST_BYTES)
		abort(); /* without SHA-256 there is no TLS either */
	hex(digest, out->text);
	OPENSSL_cleanse(digest, sizeof(digest));
}

void dialback_secret_random(struct dialback_secret *out)
{
	uint8_t secret[DIGEST_BYTES];
	size_t have = 0;

	/* Cannot fail once the kernel's pool is up, which was long before us. */
	while (have < sizeof(secret)) {
		ssize_t got = getrandom(secret + have, sizeof(secret) - have, 0);

		if (got > 0)
			have += (size_t)got;
	}
	dialback_secret_make(out, view_make(secret, sizeof(secret)));
	OPENSSL_cleanse(secret, sizeof(secret));
}

void dialback_key(const struct dialback_secret *secret, const struct dialback_stream *stream,
	char out[static DIALBACK_KEY_BYTES])
{
	/* Separated, and no name has a space: no two streams have the same text. */
	char text[2 * DOMAIN_ASCII_BYTES + DIALBACK_ID_MAX_BYTES + 3];
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct view id = view_sub(stream->id, 0, DIALBACK_ID_MAX_BYTES);
	int n = snprintf(text, sizeof(text), "%s %s %.*s", stream->receiving, stream->originating,
		VIEW_ARG(id));

	if (!HMAC(EVP_sha256(), secret->text, (int)strlen(secret->text),
		    (const unsigned char *)text, (size_t)n, digest, &len) ||
		len != DIGEST_BYTES)
		abort();
	hex(digest, out);
}

bool dialback_key_is(
	const struct dialback_secret *secret, const struct dialback_stream *stream, struct view key)
{
	char ours[DIALBACK_KEY_BYTES];
	uint8_t theirs[DIALBACK_KEY_BYTES] = {0};
	bool fits = key.len == sizeof(ours) - 1;

	dialback_key(secret, stream, ours);
	if (fits)
		memcpy(theirs, key.p, key.len);
	return CRYPTO_memcmp(ours, theirs, sizeof(ours)) == 0 && fits;
}

/* --- packets --- */

const char *dialback_error_name(enum dialback_error error)
{
	return errors[(unsigned)error < ERRORS ? error : DIALBACK_UNDEFINED];
}

bool dialback_is(const struct element *e)
{
	return element_is(e, NS_DIALBACK, VIEW("result")) ||
	       element_is(e, NS_DIALBACK, VIEW("verify"));
}

static bool is_visible(struct view text, uint32_t max_bytes)
{
	if (text.len == 0 || text.len > max_bytes)
		return false;
	for (uint32_t i = 0; i < text.len; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
			return false;
	return true;
}

bool dialback_id_is_fine(struct view id)
{
	return is_visible(id, DIALBACK_ID_MAX_BYTES);
}

static bool read_type(const struct element *e, enum dialback_type *out)
{
	bool found;
	struct view type = element_attribute(e, VIEW("type"), &found);

	*out = DIALBACK_REQUEST;
	if (!found)
		return true;
	for (unsigned i = DIALBACK_VALID; i <= DIALBACK_ERROR; i++) {
		if (view_equal(type, view_of(types[i]))) {
			*out = (enum dialback_type)i;
			return true;
		}
	}
	return false;
}

/* <error><CONDITION xmlns='...stanzas'/></error>, in whatever namespace <error/> is. */
static enum dialback_error read_error(const struct element *e)
{
	const struct element *error = e->first_child;

	if (!error || !view_equal(error->name, VIEW("error")))
		return DIALBACK_UNDEFINED;
	for (const struct element *c = error->first_child; c; c = c->next)
		for (unsigned i = DIALBACK_UNDEFINED + 1; i < ERRORS; i++)
			if (element_is(c, NS_STANZAS, view_of(errors[i])))
				return (enum dialback_error)i;
	return DIALBACK_UNDEFINED;
}

static bool read_address(const struct element *e, struct view name, struct view *text,
	char domain[static DOMAIN_ASCII_BYTES])
{
	bool found;

	*text = element_attribute(e, name, &found);
	return found && jid_is_domain(*text, domain);
}

bool dialback_read(const struct element *e, struct dialback *out, const char **cause)
{
	bool found;

	*out = (struct dialback){0};
	out->kind = view_equal(e->name, VIEW("verify")) ? DIALBACK_VERIFY : DIALBACK_RESULT;
	out->id = element_attribute(e, VIEW("id"), &found);
	out->key = e->text;
	if (!read_address(e, VIEW("from"), &out->from_text, out->from) ||
		!read_address(e, VIEW("to"), &out->to_text, out->to))
		*cause = "dialback_address";
	else if (!read_type(e, &out->type))
		*cause = "dialback_type";
	else if (out->kind == DIALBACK_VERIFY && !dialback_id_is_fine(out->id))
		*cause = "dialback_id";
	else if (out->type == DIALBACK_REQUEST &&
		 (e->first_child || !is_visible(out->key, DIALBACK_KEY_MAX_BYTES)))
		*cause = "dialback_key";
	else
		*cause = NULL;
	if (out->kind == DIALBACK_RESULT)
		out->id = (struct view){0};
	if (out->type != DIALBACK_REQUEST)
		out->key = (struct view){0};
	if (out->type == DIALBACK_ERROR)
		out->error = read_error(e);
	return !*cause;
}

static void put_start(struct text *out, enum dialback_kind kind, struct view from, struct view to)
{
	/* Declared here as well: the header may not have. */
	text_printf(out, "<db:%s xmlns:db='jabber:server:dialback'", kinds[kind]);
	xml_put_attribute(out, "from", from);
	xml_put_attribute(out, "to", to);
}

void dialback_put_result(struct text *out, struct view from, struct view to, struct view key)
{
	put_start(out, DIALBACK_RESULT, from, to);
	text_putc(out, '>');
	xml_put_text(out, key);
	text_puts(out, "</db:result>");
}

void dialback_put_verify(
	struct text *out, struct view from, struct view to, struct view id, struct view key)
{
	put_start(out, DIALBACK_VERIFY, from, to);
	xml_put_attribute(out, "id", id);
	text_putc(out, '>');
	xml_put_text(out, key);
	text_puts(out, "</db:verify>");
}

void dialback_put_answer(struct text *out, const struct dialback *request, enum dialback_type type,
	enum dialback_error error)
{
	put_start(out, request->kind, request->to_text, request->from_text);
	if (request->kind == DIALBACK_VERIFY)
		xml_put_attribute(out, "id", request->id);
	text_printf(out, " type='%s'", types[type]);
	if (type == DIALBACK_ERROR)
		text_printf(out,
			"><error type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
			"</error></db:%s>",
			dialback_error_name(error), kinds[request->kind]);
	else
		text_puts(out, "/>");
}
