/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of a message: parsed, framed in pieces with the same verdict, judged by the core, answered by
 * a response that parses again. */
#include <stdlib.h>

#include "control/sip/core.h"
#include "control/sip/frame.h"
#include "control/sip/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void inside(struct view part, struct view whole)
{
	if (part.len && (part.p < whole.p || part.p + part.len > whole.p + whole.len))
		abort();
}

static bool owns(void *arg, struct view host)
{
	return host.len % 2;
}

static void check_views(const struct sip_message *m, struct view whole)
{
	inside(m->bytes, whole);
	inside(m->body, whole);
	inside(m->from.uri_text, whole);
	inside(m->from.params, whole);
	inside(m->to.tag, whole);
	inside(m->via.branch, whole);
	inside(m->via.params, whole);
	inside(m->call_id, whole);
	for (uint32_t i = 0; i < m->header_count; i++) {
		inside(m->headers[i].name_text, whole);
		inside(m->headers[i].value, whole);
	}
}

/* Whatever came in, what goes out must be one sound message without a control octet. */
static void check_answer(const struct sip_message *m, uint16_t code, struct view extra, bool sound)
{
	static struct sip_message again;
	struct sip_fault fault;
	struct text out;
	uint32_t consumed;
	int error;

	text_init(&out, 64 * 1024);
	error = sip_response_write(
		&out, m, code, view_of(sip_reason_phrase(code)), VIEW("tag"), extra);
	if (sound && error)
		abort();
	for (uint32_t i = 0; !error && i < out.len; i++)
		if ((uint8_t)out.p[i] < 0x20 && out.p[i] != '\r' && out.p[i] != '\n')
			abort();
	if (sound && (sip_message_parse(text_view(&out), &again, &consumed, &fault) != PARSE_DONE ||
			     consumed != out.len))
		abort();
	text_free(&out);
}

static void check_pieces(struct view bytes, enum parse whole)
{
	struct sip_frame frame = {0};
	uint32_t step = 1 + bytes.len / 64;
	uint32_t n = 0;
	enum parse got;

	do {
		n = n + step < bytes.len ? n + step : bytes.len;
		got = sip_frame_scan(&frame, view_sub(bytes, 0, n));
	} while (got == PARSE_NEED_MORE && n < bytes.len);
	/* The frame knows when there is a verdict; a semantic fault has a sound frame. */
	if ((got == PARSE_NEED_MORE) != (whole == PARSE_NEED_MORE) ||
		(got == PARSE_BAD && whole == PARSE_DONE))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct sip_message m;
	static struct sip_decision decision;
	const struct sip_asker asker = {.owns = owns, .own_branch = VIEW("z9hG4bKpk")};
	struct view bytes = view_make(data, len);
	struct sip_fault fault = {0};
	uint32_t consumed = 0;
	enum parse got = sip_message_parse(bytes, &m, &consumed, &fault);

	check_pieces(bytes, got);
	if (consumed > len || (got == PARSE_NEED_MORE && consumed) ||
		(got == PARSE_DONE && !consumed))
		abort();
	if (got == PARSE_NEED_MORE)
		return 0;
	check_views(&m, bytes);
	if (got == PARSE_BAD) {
		if (!fault.fault.cause || fault.fault.offset_bytes > len ||
			fault.close == (consumed != 0))
			abort();
		if (fault.respond)
			check_answer(&m, fault.respond, (struct view){0}, false);
		return 0;
	}
	if (!m.is_request)
		return 0;
	sip_core_decide(&m, &asker, &decision);
	if (decision.fate == SIP_FATE_ANSWER)
		check_answer(
			&m, decision.code, view_make(decision.extra, decision.extra_len), true);
	return 0;
}
