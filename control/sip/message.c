/* SPDX-License-Identifier: BSD-3-Clause */
/* A SIP message from the front of a stream: framing first, then every element that its users need. */
#include "control/sip/message.h"

#include <assert.h>

#include "control/sip/address.h"
#include "control/sip/cseq.h"
#include "control/sip/frame.h"
#include "control/sip/header.h"
#include "control/sip/lex.h"
#include "control/sip/start.h"
#include "control/sip/via.h"

enum { MAX_FORWARDS_DEFAULT = 70, MAX_FORWARDS_MAX = 255 };

/* One message being read. The first fault decides; reading goes on behind it as far as an answer
 * needs. */
struct reading {
	struct view bytes;
	struct sip_message *m;
	struct fault fault; /* cause NULL: none yet */
	uint16_t respond;   /* with the fault, if the message is a request */
	uint32_t seen;      /* bit per header name */
};

static uint32_t offset_of(const struct reading *r, const uint8_t *p)
{
	return p ? (uint32_t)(p - r->bytes.p) : 0;
}

static void note(struct reading *r, const char *cause, const uint8_t *at, uint16_t respond)
{
	if (r->fault.cause)
		return;
	r->fault = (struct fault){cause, offset_of(r, at)};
	r->respond = respond;
}

/* Everything in front of the header array, and what lies behind it: the array's own 5 KiB need no
 * clearing. */
static void message_clear(struct sip_message *m)
{
	memset(m, 0, offsetof(struct sip_message, headers));
	memset((uint8_t *)m + offsetof(struct sip_message, header_count), 0,
		sizeof(*m) - offsetof(struct sip_message, header_count));
	m->max_forwards = MAX_FORWARDS_DEFAULT;
}

static void read_vias(struct reading *r, struct view value, uint32_t *count)
{
	struct sip_cursor c = sip_cursor_make(value);
	struct fault fault;
	struct sip_via via;

	for (;;) {
		if (sip_via_next(&c, &via, &fault) != PARSE_DONE) {
			note(r, fault.cause, value.p + fault.offset_bytes, 400);
			return;
		}
		if (++*count == 1)
			r->m->via = via;
		if (*count > SIP_VIAS_MAX) {
			note(r, "vias_too_many", value.p, 400);
			return;
		}
		if (sip_cursor_end(&c))
			return;
		sip_cursor_skip(&c, 1);
	}
}

static void read_address(struct reading *r, const struct sip_header *h, struct sip_address *out)
{
	struct fault fault;

	if (sip_address_parse(h->value, out, &fault) == PARSE_DONE)
		return;
	*out = (struct sip_address){0};
	note(r, fault.cause, h->value.p + fault.offset_bytes, 400);
}

/* Contacts are only checked: nothing here is ever sent to one. */
static void read_contact(struct reading *r, struct view value)
{
	struct sip_cursor c = sip_cursor_make(value);
	struct sip_address contact;
	struct fault fault;

	if (view_equal(value, VIEW("*")))
		return;
	for (;;) {
		if (sip_address_next(&c, &contact, &fault) != PARSE_DONE) {
			note(r, fault.cause, value.p + fault.offset_bytes, 400);
			return;
		}
		if (sip_cursor_end(&c))
			return;
		sip_cursor_skip(&c, 1);
	}
}

static void read_cseq(struct reading *r, struct view value)
{
	struct sip_message *m = r->m;

	if (!sip_cseq_parse(value, &m->cseq, &m->cseq_method_text)) {
		m->cseq_method_text = (struct view){0};
		note(r, "cseq", value.p, 400);
		return;
	}
	m->cseq_method = sip_method_find(m->cseq_method_text);
	if (m->is_request && !view_equal(m->cseq_method_text, m->method_text))
		note(r, "cseq_method", m->cseq_method_text.p,
			m->method == SIP_METHOD_OTHER ? 501 : 400);
}

static void read_max_forwards(struct reading *r, struct view value)
{
	uint64_t hops;

	if (!view_to_u64(value, MAX_FORWARDS_MAX, &hops)) {
		note(r, "max_forwards", value.p, 400);
		return;
	}
	r->m->max_forwards = (uint32_t)hops;
	r->m->has_max_forwards = true;
}

static void read_element(struct reading *r, const struct sip_header *h, uint32_t *vias)
{
	switch (h->name) {
	case SIP_HEADER_VIA:
		read_vias(r, h->value, vias);
		break;
	case SIP_HEADER_FROM:
		read_address(r, h, &r->m->from);
		break;
	case SIP_HEADER_TO:
		read_address(r, h, &r->m->to);
		break;
	case SIP_HEADER_CALL_ID:
		r->m->call_id = h->value;
		if (!sip_is_call_id(h->value))
			note(r, "call_id", h->value.p, 400);
		break;
	case SIP_HEADER_CSEQ:
		read_cseq(r, h->value);
		break;
	case SIP_HEADER_MAX_FORWARDS:
		read_max_forwards(r, h->value);
		break;
	case SIP_HEADER_CONTACT:
		read_contact(r, h->value);
		break;
	default:
		break;
	}
}

static void check_present(struct reading *r)
{
	static const struct {
		enum sip_header_name name;
		const char *cause;
	} needed[] = {
		{SIP_HEADER_VIA, "via_missing"},
		{SIP_HEADER_FROM, "from_missing"},
		{SIP_HEADER_TO, "to_missing"},
		{SIP_HEADER_CALL_ID, "call_id_missing"},
		{SIP_HEADER_CSEQ, "cseq_missing"},
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(r->seen & 1u << needed[i].name))
			note(r, needed[i].cause, r->m->body.p, 400);
}

/* Decode the fields that are there. Of a field that must be single the first one counts. */
static void read_elements(struct reading *r)
{
	struct sip_message *m = r->m;
	uint32_t vias = 0;

	static_assert(SIP_HEADER_NAMES <= 32, "one bit each");
	for (uint32_t i = 0; i < m->header_count; i++) {
		const struct sip_header *h = &m->headers[i];
		const char *twice = sip_header_twice(h->name);

		if (twice && r->seen & 1u << h->name) {
			note(r, twice, h->name_text.p, 400);
			continue;
		}
		r->seen |= 1u << h->name;
		read_element(r, h, &vias);
	}
}

static void read_start(struct reading *r, struct view line)
{
	struct fault fault;
	uint16_t respond;

	if (sip_start_parse(line, r->m, &fault, &respond) != PARSE_DONE)
		note(r, fault.cause, line.p + fault.offset_bytes, respond);
}

static enum parse refuse(struct reading *r, struct fault fault, bool close, struct sip_fault *out)
{
	/* A response is never answered, and an ACK neither. What cannot be framed is answered by
	 * what stands in front of the fault, if that is enough to find the way back. */
	if (!r->m->is_request || r->m->method == SIP_ACK)
		r->respond = 0;
	else if (!r->respond)
		r->respond = 400;
	if (close && !sip_header_find(r->m, SIP_HEADER_VIA, 0))
		r->respond = 0;
	*out = (struct sip_fault){fault, r->respond, close};
	return PARSE_BAD;
}

static enum parse refuse_frame(struct reading *r, struct fault fault, struct sip_fault *out)
{
	struct sip_message *m = r->m;

	read_elements(r);
	if (strcmp(fault.cause, "body_too_long") == 0 || strcmp(fault.cause, "head_too_long") == 0)
		r->respond = 513;
	else if (m->is_request)
		r->respond = 400;
	return refuse(r, fault, true, out);
}

/* The head, from start line to empty line: lines are stored, not yet read. */
static enum parse read_head(struct reading *r, struct sip_frame *frame, struct fault *fault)
{
	struct sip_message *m = r->m;
	struct view line;

	while (!frame->body) {
		bool is_start = !frame->start_done;
		struct sip_header *h = &m->headers[m->header_count];
		struct sip_header spare;
		enum parse got = sip_frame_line(frame, r->bytes, &line, fault);

		if (got != PARSE_DONE)
			return got;
		if (is_start) {
			if (!sip_frame_is_start(line)) {
				*fault = (struct fault){"start_line", frame->start};
				return PARSE_BAD;
			}
			read_start(r, line);
			continue;
		}
		if (frame->body)
			break;
		if (m->header_count == SIP_HEADERS_MAX)
			h = &spare;
		if (sip_frame_header(frame, r->bytes, line, h, fault) != PARSE_DONE)
			return PARSE_BAD;
		if (frame->high && !sip_is_utf8(h->value))
			note(r, "header_utf8", h->value.p, 400);
		m->header_count++;
	}
	return sip_frame_length(frame, fault);
}

enum parse sip_message_parse(
	struct view bytes, struct sip_message *out, uint32_t *consumed, struct sip_fault *fault)
{
	struct reading r = {.bytes = bytes, .m = out};
	struct sip_frame frame = {0};
	struct fault found;
	enum parse got;

	*consumed = 0;
	message_clear(out);
	got = read_head(&r, &frame, &found);
	if (got == PARSE_NEED_MORE)
		return got;
	if (got == PARSE_BAD)
		return refuse_frame(&r, found, fault);
	if (bytes.len - frame.body < frame.length_bytes)
		return PARSE_NEED_MORE;

	out->body = view_sub(bytes, frame.body, (uint32_t)frame.length_bytes);
	*consumed = frame.body + out->body.len;
	out->bytes = view_sub(bytes, frame.start, *consumed - frame.start);
	read_elements(&r);
	check_present(&r);
	if (r.fault.cause)
		return refuse(&r, r.fault, false, fault);
	return PARSE_DONE;
}

const struct sip_header *sip_header_find(
	const struct sip_message *m, enum sip_header_name name, uint32_t n)
{
	for (uint32_t i = 0; i < m->header_count; i++)
		if (m->headers[i].name == name && n-- == 0)
			return &m->headers[i];
	return NULL;
}
