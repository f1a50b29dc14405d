/* SPDX-License-Identifier: BSD-3-Clause */
/* From a parcel to the parts of a SIP MESSAGE. Every byte that reaches a header goes through an
 * allow-list here: percent-encoding, the word of a Call-ID, hex, a language tag, a line of text. */
#include "control/parcel/sip_codec.h"

#include <errno.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistr.h>

#include "control/parcel/charset.h"
#include "control/parcel/language.h"

enum {
	CALL_ID_MIN_BYTES = 8,
	CALL_ID_MAX_BYTES = 128,
	CALL_ID_MAC_BYTES = 16, /* of the HMAC, in hex */
	/* What the endpoint adds to what we know: names of headers, Via, tag, CSeq, lengths. */
	REQUEST_OVERHEAD_BYTES = 600,
};

/* Where a part of the request lies in scratch, while that may still move. */
struct span {
	uint32_t from, len;
};

static int refused(struct stanza_error *refuse, enum stanza_condition condition, struct view text)
{
	*refuse = (struct stanza_error){.condition = condition, .text = text};
	return -EINVAL;
}

static bool is_safe_word_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       view_find(VIEW("-._~+!%*"), c) >= 0;
}

/* word ["@" word], without those bytes of word that invite other parsers to err: quotes, brackets,
 * backslash. Shorter ones are no identifiers ("1", "chat"). */
static bool is_call_id(struct view v)
{
	int64_t at = view_find(v, '@');

	if (v.len < CALL_ID_MIN_BYTES || v.len > CALL_ID_MAX_BYTES || at == 0 ||
		at == (int64_t)v.len - 1)
		return false;
	for (uint32_t i = 0; i < v.len; i++)
		if (!is_safe_word_byte(v.p[i]) && (int64_t)i != at)
			return false;
	return true;
}

/* The fields end in NUL, which none of them contains, so no two inputs are one. */
static void put_thread_mac(struct text *out, const struct parcel *p, struct view key)
{
	struct text input;
	uint8_t mac[EVP_MAX_MD_SIZE];

	text_init(&input, 2 * sizeof(struct address) + p->thread.len);
	address_put_bare_jid(&p->from, &input);
	text_putc(&input, '\0');
	address_put_bare_jid(&p->to, &input);
	text_putc(&input, '\0');
	text_put(&input, p->thread);
	if (input.failed || !HMAC(EVP_sha256(), key.p, (int)key.len, (const uint8_t *)input.p,
				    input.len, mac, NULL))
		out->failed = true;
	if (!out->failed)
		text_put_hex(out, view_make(mac, CALL_ID_MAC_BYTES));
	text_free(&input);
}

static void put_call_id(struct text *out, const struct parcel *p, struct view key)
{
	if (is_call_id(p->thread))
		text_put(out, p->thread);
	else if (p->thread.len)
		put_thread_mac(out, p, key);
}

static int put_extra(struct text *out, const struct parcel *p)
{
	char bytes[SUBJECT_MAX_BYTES + 1];
	struct text subject;

	text_fixed(&subject, bytes, sizeof(bytes));
	if (charset_put_line(&subject, p->subject, SUBJECT_MAX_BYTES) < 0)
		return -EILSEQ;
	if (subject.len) {
		text_puts(out, "Subject: ");
		text_put(out, text_view(&subject));
		text_puts(out, "\r\n");
	}
	if (language_is_tag(p->lang)) {
		text_puts(out, "Content-Language: ");
		text_put(out, p->lang);
		text_puts(out, "\r\n");
	}
	return 0;
}

static struct span end_span(const struct text *scratch, uint32_t *at)
{
	struct span span = {*at, scratch->len - *at};

	*at = scratch->len;
	return span;
}

static struct view view_span(const struct text *scratch, struct span span)
{
	return view_sub(text_view(scratch), span.from, span.len);
}

int parcel_to_sip(const struct parcel *p, struct view key, uint32_t max_bytes, struct text *scratch,
	struct sip_request *out, struct stanza_error *refuse)
{
	struct span uri, from, to, call_id, extra;
	uint32_t at = 0;

	*out = (struct sip_request){.method = SIP_MESSAGE};
	*refuse = (struct stanza_error){0};
	if (p->kind != PARCEL_MESSAGE)
		return -ENOMSG;
	if (!address_has_sip(&p->from) || !address_has_sip(&p->to))
		return refused(refuse, STANZA_JID_MALFORMED, VIEW("No SIP user has this name."));
	if (p->body.len && u8_check(p->body.p, p->body.len))
		return refused(refuse, STANZA_BAD_REQUEST, VIEW("The text is not valid."));
	text_reset(scratch);
	address_put_sip(&p->to, true, scratch);
	uri = end_span(scratch, &at);
	address_put_sip(&p->from, false, scratch);
	from = end_span(scratch, &at);
	address_put_sip(&p->to, false, scratch);
	to = end_span(scratch, &at);
	put_call_id(scratch, p, key);
	call_id = end_span(scratch, &at);
	if (put_extra(scratch, p) < 0)
		return refused(refuse, STANZA_BAD_REQUEST, VIEW("The subject is not valid."));
	extra = end_span(scratch, &at);
	if (scratch->failed)
		return refused(refuse, STANZA_RESOURCE_CONSTRAINT, VIEW("Try again later."));
	if ((uint64_t)scratch->len + p->body.len + REQUEST_OVERHEAD_BYTES > max_bytes)
		return refused(refuse, STANZA_POLICY_VIOLATION,
			VIEW("The message is too long for the recipient's network."));
	out->uri = view_span(scratch, uri);
	out->from = view_span(scratch, from);
	out->to = view_span(scratch, to);
	out->call_id = view_span(scratch, call_id);
	out->extra = view_span(scratch, extra);
	out->content_type = VIEW("text/plain;charset=UTF-8");
	out->body = p->body;
	return 0;
}
