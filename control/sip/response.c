/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses: Via, From, To, Call-ID and CSeq come back as they came, unfolded. */
#include "control/sip/response.h"

#include <errno.h>

#include "control/sip/header.h"

static const struct {
	uint16_t code;
	const char *phrase;
} phrases[] = {
	{100, "Trying"},
	{200, "OK"},
	{202, "Accepted"},
	{400, "Bad Request"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{410, "Gone"},
	{413, "Request Entity Too Large"},
	{415, "Unsupported Media Type"},
	{416, "Unsupported URI Scheme"},
	{420, "Bad Extension"},
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{482, "Loop Detected"},
	{483, "Too Many Hops"},
	{488, "Not Acceptable Here"},
	{489, "Bad Event"},
	{500, "Server Internal Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{504, "Server Time-out"},
	{505, "Version Not Supported"},
	{513, "Message Too Large"},
	{603, "Decline"},
};

const char *sip_reason_phrase(uint16_t code)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].code == code)
			return phrases[i].phrase;
	return "";
}

/* An address can hold quoted controls, which we never write: then only what identifies goes back,
 * the display name stays out. */
static void put_address(struct sip_writer *w, const char *name, const struct sip_header *h,
	const struct sip_address *address, struct view to_tag)
{
	struct text value;

	text_init(&value, SIP_RESPONSE_LINES_MAX_BYTES);
	sip_value_unfold(h->value, &value);
	if (address->uri_text.len && !sip_value_is_clean(text_view(&value))) {
		text_reset(&value);
		text_putc(&value, '<');
		text_put(&value, address->uri_text);
		text_putc(&value, '>');
		if (address->tag.len) {
			text_puts(&value, ";tag=");
			text_put(&value, address->tag);
		}
	}
	if (to_tag.len && address->uri_text.len && address->tag.len == 0) {
		text_puts(&value, ";tag=");
		text_put(&value, to_tag);
	}
	if (value.failed)
		w->cause = "header_value";
	else
		sip_writer_header(w, name, text_view(&value));
	text_free(&value);
}

static void put_as_it_came(struct sip_writer *w, const char *name, const struct sip_header *h)
{
	struct text value;

	if (view_find(h->value, '\r') < 0 && view_find(h->value, '\t') < 0) {
		sip_writer_header(w, name, h->value);
		return;
	}
	text_init(&value, SIP_LINE_MAX_BYTES);
	sip_value_unfold(h->value, &value);
	if (value.failed)
		w->cause = "header_value";
	else
		sip_writer_header(w, name, text_view(&value));
	text_free(&value);
}

int sip_response_lines(struct text *lines, const struct sip_message *request, struct view to_tag)
{
	struct sip_writer w = {.out = lines};
	uint32_t seen = 0;

	for (uint32_t i = 0; i < request->header_count; i++) {
		const struct sip_header *h = &request->headers[i];
		bool again = seen & 1u << h->name;

		seen |= 1u << h->name;
		if (h->name == SIP_HEADER_VIA)
			put_as_it_came(&w, "Via", h);
		else if (h->name == SIP_HEADER_OTHER &&
			 view_equal_nocase(h->name_text, VIEW("Timestamp")))
			put_as_it_came(&w, "Timestamp", h);
		else if (again)
			continue;
		else if (h->name == SIP_HEADER_FROM)
			put_address(&w, "From", h, &request->from, (struct view){0});
		else if (h->name == SIP_HEADER_TO)
			put_address(&w, "To", h, &request->to, to_tag);
		else if (h->name == SIP_HEADER_CALL_ID || h->name == SIP_HEADER_CSEQ)
			put_as_it_came(&w, sip_header_name_text(h->name), h);
	}
	if (w.cause)
		return -EINVAL;
	return lines->failed ? -ENOBUFS : 0;
}

int sip_response_finish(
	struct text *out, uint16_t code, struct view reason, struct view lines, struct view extra)
{
	struct sip_writer w;

	sip_writer_response(&w, out, code, reason);
	text_put(out, lines);
	sip_writer_lines(&w, extra);
	return sip_writer_end(&w, (struct view){0}, (struct view){0});
}

int sip_response_write(struct text *out, const struct sip_message *request, uint16_t code,
	struct view reason, struct view to_tag, struct view extra)
{
	struct text lines;
	int error;

	text_init(&lines, SIP_RESPONSE_LINES_MAX_BYTES);
	error = sip_response_lines(&lines, request, to_tag);
	if (error == 0)
		error = sip_response_finish(out, code, reason, text_view(&lines), extra);
	text_free(&lines);
	return error;
}
