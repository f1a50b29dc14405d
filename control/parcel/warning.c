/* SPDX-License-Identifier: BSD-3-Clause */
/* What happened on one side, told on the other. */
#include "control/parcel/warning.h"

#include "control/parcel/charset.h"

enum { RETRY_AFTER_S = 30 };

#define NOT_DELIVERED "The message was not delivered."
#define MAYBE         "It may have been delivered."

/* clang-format off */
/* NOT_FOUND is 404: in the sender's eyes an address under a domain that does not exist.
 * UNREACHABLE is 504: the gateway had no timely answer from the server behind it; 480 would speak of
 * the user. NOT_TRUSTED is 502: the server behind answered, but not validly; 403 would blame the
 * sender. QUEUE_FULL is 500 with Retry-After: 503 would make the sender's proxy avoid all of us.
 * STREAM_LOST is 504 like a timeout, since it is one: delivery is unknown, and a sender that repeats
 * the message by itself may double it, so the text says it. */
static const struct {
	uint16_t code;
	uint32_t retry_after_s;
	struct view warning;
	enum reason why;
} fates[] = {
	[XMPP_NOT_FOUND]   = {404, 0, VIEW("The recipient's domain has no XMPP server. " NOT_DELIVERED), REASON_none},
	[XMPP_UNREACHABLE] = {504, 0, VIEW("The recipient's server cannot be reached. " NOT_DELIVERED), REASON_none},
	[XMPP_NOT_TRUSTED] = {502, 0, VIEW("Identities could not be proven. " NOT_DELIVERED), REASON_none},
	[XMPP_QUEUE_FULL]  = {500, RETRY_AFTER_S, VIEW("Too many messages are waiting. " NOT_DELIVERED), REASON_none},
	[XMPP_NO_ROOM]     = {500, RETRY_AFTER_S, VIEW("Too many unknown domains are served. " NOT_DELIVERED), REASON_none},
	[XMPP_STREAM_LOST] = {504, 0, VIEW("The recipient's server did not confirm. " MAYBE), REASON_none},
	[XMPP_NO_SERVER]   = {404, 0, VIEW("The recipient's domain has no XMPP server. " NOT_DELIVERED),
			      REASON_srv_missing},
	[XMPP_SRV_CONFLICT] = {504, 0, VIEW("The recipient's server in DNS is not of its domain. " NOT_DELIVERED),
			       REASON_srv_conflict},
};

/* The last rows of RFC 7247 section 7.2's table are ours. Unreachable is remote-server-timeout, as
 * RFC 6120 section 10.4.3 has it for a server that is known but has no stream. An identity that does
 * not fit means that the real server was not found: policy-violation would blame the sender. */
static const struct stanza_error outcomes[] = {
	[SIP_TIMED_OUT]   = {STANZA_REMOTE_SERVER_TIMEOUT, VIEW("The SIP server did not answer. " MAYBE)},
	[SIP_UNREACHABLE] = {STANZA_REMOTE_SERVER_TIMEOUT,
			     VIEW("The SIP server cannot be reached. " NOT_DELIVERED)},
	[SIP_UNTRUSTED]   = {STANZA_REMOTE_SERVER_NOT_FOUND,
			     VIEW("The SIP server did not prove its identity. " NOT_DELIVERED)},
	[SIP_BROKEN]      = {STANZA_REMOTE_SERVER_TIMEOUT,
			     VIEW("The connection to the SIP server broke. " MAYBE)},
	[SIP_NO_SERVER]   = {STANZA_REMOTE_SERVER_NOT_FOUND,
			     VIEW("The recipient's domain has no SIP server. " NOT_DELIVERED)},
	[SIP_SRV_CONFLICT] = {STANZA_REMOTE_SERVER_TIMEOUT,
			      VIEW("The recipient's server in DNS is not of its domain. " NOT_DELIVERED)},
};

/* The same for a SIP sender, in the codes of the fates above. */
static const struct {
	uint16_t code;
	struct view warning;
	enum reason why;
} sip_outcomes[] = {
	[SIP_TIMED_OUT]    = {504, VIEW("The recipient's server did not answer. " MAYBE), REASON_none},
	[SIP_UNREACHABLE]  = {504, VIEW("The recipient's server cannot be reached. " NOT_DELIVERED), REASON_none},
	[SIP_UNTRUSTED]    = {502, VIEW("Identities could not be proven. " NOT_DELIVERED), REASON_none},
	[SIP_BROKEN]       = {504, VIEW("The connection to the recipient's server broke. " MAYBE), REASON_none},
	[SIP_NO_SERVER]    = {404, VIEW("The recipient's domain has no SIP server. " NOT_DELIVERED),
			      REASON_srv_missing},
	[SIP_SRV_CONFLICT] = {504, VIEW("The recipient's server in DNS is not of its domain. " NOT_DELIVERED),
			      REASON_srv_conflict},
};

/* Codes that do not cross as they are. 420, 421 and 423 make no sense without a header line. */
static const struct {
	uint16_t from, to;
} crossed[] = {
	{401, 403}, {405, 501}, {407, 403}, {408, 504}, {420, 400}, {421, 400}, {423, 400}, {503, 500},
};
/* clang-format on */

bool stanza_error_from_outcome(enum sip_outcome outcome, uint16_t code, struct stanza_error *out)
{
	*out = (struct stanza_error){0};
	if (outcome != SIP_RESPONDED) {
		*out = outcomes[outcome];
		return true;
	}
	if (code >= 200 && code < 300)
		return false;
	out->condition = stanza_from_sip_code(code);
	out->text = view_of(sip_reason(code));
	return true;
}

bool sip_answer_from_fate(enum xmpp_fate fate, struct sip_answer *out)
{
	*out = (struct sip_answer){0};
	if (fate == XMPP_WRITTEN)
		return false;
	*out = (struct sip_answer){
		.code = fates[fate].code,
		.reason = sip_reason(fates[fate].code),
		.warning = fates[fate].warning,
		.retry_after_s = fates[fate].retry_after_s,
		.why = fates[fate].why,
	};
	return true;
}

static uint16_t cross_code(uint16_t code)
{
	if (code < 300)
		return code == 202 ? 202 : 200;
	if (code < 400)
		return 480;
	for (size_t i = 0; i < sizeof(crossed) / sizeof(crossed[0]); i++)
		if (crossed[i].from == code)
			return crossed[i].to;
	return sip_code_is_known(code) ? code : (uint16_t)(code / 100 * 100);
}

/* Of "120", "120;duration=60" and "120 (in a meeting)" the number. */
static uint32_t retry_after(const struct sip_message *response)
{
	const struct sip_header *header = sip_header_find(response, SIP_HEADER_RETRY_AFTER, 0);
	struct view digits = header ? header->value : (struct view){0};
	uint64_t seconds;
	uint32_t len = 0;

	while (len < digits.len && digits.p[len] >= '0' && digits.p[len] <= '9')
		len++;
	if (len < digits.len && view_find(VIEW(" \t;("), digits.p[len]) < 0)
		return 0;
	return view_to_u64(view_sub(digits, 0, len), UINT32_MAX, &seconds) ? (uint32_t)seconds : 0;
}

void sip_answer_from_outcome(
	enum sip_outcome outcome, const struct sip_message *response, struct sip_answer *out)
{
	*out = (struct sip_answer){0};
	if (outcome == SIP_RESPONDED) {
		out->code = cross_code(response->code);
		out->retry_after_s = out->code < 300 ? 0 : retry_after(response);
	} else {
		out->code = sip_outcomes[outcome].code;
		out->warning = sip_outcomes[outcome].warning;
		out->why = sip_outcomes[outcome].why;
	}
	out->reason = sip_reason(out->code);
}

struct sip_answer sip_answer_from_stanza(const struct stanza_error *error)
{
	uint16_t code = sip_code_from_stanza(error->condition);

	return (struct sip_answer){
		.code = code,
		.reason = sip_reason(code),
		.warning = error->text,
		.retry_after_s = error->condition == STANZA_RESOURCE_CONSTRAINT ? RETRY_AFTER_S : 0,
	};
}

static bool is_host(struct view v)
{
	for (uint32_t i = 0; i < v.len; i++) {
		uint8_t c = v.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '-' && c != '.')
			return false;
	}
	return v.len > 0;
}

static void put_quoted(struct text *out, struct view v)
{
	for (uint32_t i = 0; i < v.len; i++) {
		if (v.p[i] == '"' || v.p[i] == '\\')
			text_putc(out, '\\');
		text_putc(out, (char)v.p[i]);
	}
}

void sip_answer_put_headers(const struct sip_answer *answer, struct view agent, struct text *out)
{
	char bytes[WARNING_TEXT_MAX_BYTES + 1];
	struct text line;

	text_fixed(&line, bytes, sizeof(bytes));
	if (charset_put_line(&line, answer->warning, WARNING_TEXT_MAX_BYTES) == 0 && line.len &&
		is_host(agent)) {
		text_puts(out, "Warning: 399 ");
		text_put(out, agent);
		text_puts(out, " \"");
		put_quoted(out, text_view(&line));
		text_puts(out, "\"\r\n");
	}
	if (answer->retry_after_s)
		text_printf(out, "Retry-After: %u\r\n", answer->retry_after_s);
	if (reason_text(answer->why)->diagnostics && is_host(agent))
		text_printf(out, "ms-diagnostics-public: %u;reason=\"%s\";source=\"%.*s\"\r\n",
			reason_text(answer->why)->diagnostics, reason_text(answer->why)->outside,
			VIEW_ARG(agent));
}
