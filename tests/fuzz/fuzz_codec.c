/* SPDX-License-Identifier: BSD-3-Clause */
/* A message all the way round: fields of a stanza, taken from the input between FF octets, to a SIP
 * request, through the SIP parser to a parcel, to a stanza, through the stream reader. Input that is
 * a SIP message itself joins half-way. At no place may a field become anything but itself. */
#include <errno.h>
#include <stdlib.h>

#include "control/parcel/sip_codec.h"
#include "control/parcel/xmpp_codec.h"
#include "tests/unit/stanza.h"

enum { ROOM_BYTES = 512 * 1024, SEPARATOR = 0xff };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char request_bytes[ROOM_BYTES], parts_bytes[ROOM_BYTES];
static char text_bytes[ROOM_BYTES], stanza_bytes[ROOM_BYTES];
static struct sip_message message;

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct view next_field(struct view *rest)
{
	int64_t at = view_find(*rest, SEPARATOR);
	struct view field = at < 0 ? *rest : view_sub(*rest, 0, (uint32_t)at);

	*rest = view_sub(*rest, field.len + 1, UINT32_MAX);
	return field;
}

/* As the endpoint writes it. */
static void assemble(struct text *out, const struct sip_request *r)
{
	text_puts(out, "MESSAGE ");
	text_put(out, r->uri);
	text_puts(out, " SIP/2.0\r\nVia: SIP/2.0/TLS edge.example;branch=z9hG4bK1\r\nFrom: <");
	text_put(out, r->from);
	text_puts(out, ">;tag=1\r\nTo: <");
	text_put(out, r->to);
	text_puts(out, ">\r\nCall-ID: ");
	text_put(out, r->call_id.len ? r->call_id : VIEW("fresh"));
	text_puts(out, "\r\nCSeq: 1 MESSAGE\r\n");
	text_put(out, r->extra);
	text_puts(out, "Content-Type: ");
	text_put(out, r->content_type);
	text_printf(out, "\r\nContent-Length: %u\r\n\r\n", r->body.len);
	text_put(out, r->body);
	must(!out->failed);
}

/* Once more as a stanza, which the reader must find to be the same message. */
static void check_stanza(const struct parcel *p)
{
	struct reader *reader;
	const struct element *back;
	struct stanza_error refuse;
	struct parcel again;
	struct text out;

	text_fixed(&out, stanza_bytes, sizeof(stanza_bytes));
	parcel_put_stanza(p, VIEW("id"), &out);
	must(!out.failed);
	back = stanza_read(text_view(&out), NULL, &reader);
	must(back && parcel_from_stanza(back, &again, &refuse) == 0);
	must(address_equal(&again.from, &p->from) && address_equal(&again.to, &p->to));
	must(view_equal(again.body, p->body) && view_equal(again.subject, p->subject));
	must(view_equal(again.thread, p->thread) && view_equal(again.lang, p->lang));
	reader_free(reader);
}

/* From a SIP message to a parcel, and on. The parcel lives until the next call. */
static bool check_message(struct view bytes, struct parcel *out)
{
	struct sip_refusal refusal;
	struct sip_fault fault;
	struct text text;
	uint32_t consumed;
	int result;

	if (sip_message_parse(bytes, &message, &consumed, &fault) != PARSE_DONE ||
		!message.is_request)
		return false;
	text_fixed(&text, text_bytes, sizeof(text_bytes));
	result = parcel_from_sip(&message, out, &text, &refusal);
	if (result == 0)
		check_stanza(out);
	else
		must(result == -ENOMSG || (refusal.code >= 400 && refusal.cause && refusal.extra));
	return result == 0;
}

static void check_request(const struct parcel *p, const struct sip_request *request)
{
	struct parcel again;
	struct text out;

	text_fixed(&out, request_bytes, sizeof(request_bytes));
	assemble(&out, request);
	must(check_message(text_view(&out), &again));
	must(message.bytes.len == out.len && view_equal(message.body, p->body));
	for (uint32_t i = 0; i < message.header_count; i++)
		must(message.headers[i].name != SIP_HEADER_OTHER);
	must(address_equal_bare(&again.from, &p->from) && address_equal(&again.to, &p->to));
	if (view_find(p->body, '\r') < 0)
		must(view_equal(again.body, p->body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct view rest = view_make(data, len);
	struct element children[3] = {
		{.name = VIEW("body")}, {.name = VIEW("subject")}, {.name = VIEW("thread")}};
	struct attribute attributes[] = {{.name = VIEW("from")}, {.name = VIEW("to")},
		{.name = VIEW("id")}, {.ns = NS_XML, .name = VIEW("lang")}};
	struct element stanza = {.ns = NS_SERVER, .name = VIEW("message")};
	struct parcel parcel;
	struct stanza_error refuse;
	struct sip_request request;
	struct text parts;

	if (len > ROOM_BYTES / 8)
		return 0;
	check_message(rest, &parcel);
	for (size_t i = 0; i < 4; i++) {
		attributes[i].value = next_field(&rest);
		attributes[i].next = i < 3 ? &attributes[i + 1] : NULL;
	}
	stanza.attributes = attributes;
	stanza.first_child = children;
	stanza.last_child = &children[2];
	for (size_t i = 0; i < 3; i++) {
		children[i].ns = NS_SERVER;
		children[i].text = next_field(&rest);
		children[i].parent = &stanza;
		children[i].next = i < 2 ? &children[i + 1] : NULL;
	}
	if (parcel_from_stanza(&stanza, &parcel, &refuse) != 0)
		return 0;
	text_fixed(&parts, parts_bytes, sizeof(parts_bytes));
	if (parcel_to_sip(&parcel, VIEW("0123456789abcdef"), SIP_REQUEST_MAX_BYTES, &parts,
		    &request, &refuse) == 0)
		check_request(&parcel, &request);
	return 0;
}
