/* SPDX-License-Identifier: BSD-3-Clause */
/* Framing: lines, folds, limits, Content-Length. */
#include "control/sip/frame.h"

#include "control/sip/header.h"
#include "control/sip/lex.h"

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static enum parse bad(struct fault *fault, const char *cause, uint32_t offset)
{
	*fault = (struct fault){cause, offset};
	return PARSE_BAD;
}

/* Index of the first octet in p[from..end) that is a control, DEL or above 7F; end if there is none.
 * Eight octets at a step: most of a head is plain text. */
static uint32_t find_special(const uint8_t *p, uint32_t from, uint32_t end)
{
	while (end - from >= 8) {
		uint64_t w, below, del;

		memcpy(&w, p + from, 8);
		below = w - ONES * 0x20; /* borrows into bit 7 of octets below 20 */
		del = (w ^ ONES * 0x7f) - ONES;
		if ((below | del | w) & HIGHS)
			break; /* perhaps: the loop below decides */
		from += 8;
	}
	while (from < end && p[from] >= 0x20 && p[from] < 0x7f)
		from++;
	return from;
}

/* Skip the CRLFs in front of a message. NEED_MORE while nothing else has come. */
static enum parse begin(struct sip_frame *f, struct view bytes, struct fault *fault)
{
	while (f->at < bytes.len && bytes.p[f->at] == '\r') {
		if (f->at + 1 == bytes.len)
			return PARSE_NEED_MORE;
		if (bytes.p[f->at + 1] != '\n')
			return bad(fault, "bare_cr", f->at);
		f->at += 2;
	}
	if (f->at == bytes.len)
		return PARSE_NEED_MORE;
	f->start = f->line = f->at;
	f->begun = true;
	return PARSE_DONE;
}

/* The octet at f->at is CR. DONE: the logical line ends here; NEED_MORE; BAD. *folded: it goes on. */
static enum parse line_end(
	struct sip_frame *f, struct view bytes, bool *folded, struct fault *fault)
{
	uint32_t at = f->at;

	*folded = false;
	if (at + 1 == bytes.len)
		return PARSE_NEED_MORE;
	if (bytes.p[at + 1] != '\n')
		return bad(fault, "bare_cr", at);
	if (at == f->line || !f->start_done)
		return PARSE_DONE;
	if (at + 2 == bytes.len)
		return PARSE_NEED_MORE;
	*folded = bytes.p[at + 2] == ' ' || bytes.p[at + 2] == '\t';
	return PARSE_DONE;
}

static enum parse take_line(struct sip_frame *f, struct view bytes, struct view *line)
{
	*line = view_sub(bytes, f->line, f->at - f->line);
	f->at += 2;
	f->line = f->at;
	if (line->len == 0)
		f->body = f->at;
	f->start_done = true;
	return PARSE_DONE;
}

/* An octet that is not plain text, and not CR. */
static enum parse special(struct sip_frame *f, struct view bytes, struct fault *fault)
{
	uint8_t octet = bytes.p[f->at];

	if (octet == '\n')
		return bad(fault, "bare_lf", f->at);
	if (octet >= 0x80) {
		f->high = true;
	} else if (octet != '\t') {
		/* Only a quoted-pair may carry one; sip_frame_header knows in which field. */
		if (!f->start_done || f->at == f->line || bytes.p[f->at - 1] != '\\')
			return bad(fault, octet ? "control_octet" : "nul_octet", f->at);
		if (!f->escaped_control)
			f->escaped_control = f->at + 1;
	}
	f->at++;
	return PARSE_DONE;
}

enum parse sip_frame_line(
	struct sip_frame *f, struct view bytes, struct view *line, struct fault *fault)
{
	uint32_t line_limit, head_limit, end;
	enum parse got;
	bool folded;

	if (!f->begun) {
		got = begin(f, bytes, fault);
		if (got != PARSE_DONE)
			return got;
	}
	if (f->at == f->line) {
		f->high = false;
		f->escaped_control = 0;
	}
	line_limit = f->line + SIP_LINE_MAX_BYTES;
	head_limit = f->start + SIP_HEAD_MAX_BYTES;
	end = line_limit < head_limit ? line_limit : head_limit;
	if (end > bytes.len)
		end = bytes.len;
	/* The line before may have ended astride the head's limit. */
	if (end < f->at)
		end = f->at;
	for (;;) {
		f->at = find_special(bytes.p, f->at, end);
		if (f->at >= line_limit)
			return bad(fault, "line_too_long", line_limit);
		if (f->at >= head_limit)
			return bad(fault, "head_too_long", head_limit);
		if (f->at >= bytes.len)
			return PARSE_NEED_MORE;
		if (bytes.p[f->at] != '\r') {
			if (special(f, bytes, fault) == PARSE_BAD)
				return PARSE_BAD;
			continue;
		}
		got = line_end(f, bytes, &folded, fault);
		if (got != PARSE_DONE)
			return got;
		if (!folded)
			return take_line(f, bytes, line);
		f->at += 3;
		if (end < f->at)
			end = f->at < bytes.len ? f->at : bytes.len;
	}
}

/* Fields whose grammar has quoted-pair where the parser looks at it. */
static bool may_quote_controls(enum sip_header_name name)
{
	return name == SIP_HEADER_FROM || name == SIP_HEADER_TO || name == SIP_HEADER_CONTACT;
}

enum parse sip_frame_header(struct sip_frame *f, struct view bytes, struct view line,
	struct sip_header *out, struct fault *fault)
{
	uint32_t offset = (uint32_t)(line.p - bytes.p);
	const char *cause;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return bad(fault, "fold_without_header", offset);
	if (!sip_header_split(line, out, &cause))
		return bad(fault, cause, offset);
	if (f->escaped_control && !may_quote_controls(out->name))
		return bad(fault, "control_octet", f->escaped_control - 1);
	if (++f->headers > SIP_HEADERS_MAX)
		return bad(fault, "headers_too_many", offset);
	if (out->name == SIP_HEADER_CONTENT_LENGTH) {
		f->lengths++;
		f->length_at = offset;
		f->length_valid = view_to_u64(out->value, UINT64_MAX, &f->length_bytes);
	}
	return PARSE_DONE;
}

enum parse sip_frame_length(const struct sip_frame *f, struct fault *fault)
{
	if (f->lengths == 0)
		return bad(fault, "content_length_missing", f->body);
	if (f->lengths > 1)
		return bad(fault, "content_length_twice", f->length_at);
	if (!f->length_valid)
		return bad(fault, "content_length", f->length_at);
	if (f->length_bytes > SIP_BODY_MAX_BYTES)
		return bad(fault, "body_too_long", f->length_at);
	return PARSE_DONE;
}

bool sip_frame_is_start(struct view line)
{
	struct sip_cursor c = sip_cursor_make(line);
	uint32_t n = line.len;

	if (line.len >= 4 && view_equal_nocase(view_sub(line, 0, 4), VIEW("SIP/")))
		return true;
	if (sip_cursor_take(&c, SIP_CLASS_TOKEN).len == 0 || sip_cursor_peek(&c) != ' ')
		return false;
	/* The last word names the protocol. */
	while (n && line.p[n - 1] == ' ')
		n--;
	while (n && line.p[n - 1] != ' ')
		n--;
	return n > 0 && view_equal_nocase(view_sub(line, n, 4), VIEW("SIP/"));
}

enum parse sip_frame_scan(struct sip_frame *f, struct view bytes)
{
	struct sip_header header;
	struct fault fault;
	struct view line;

	while (!f->body) {
		bool is_start = !f->start_done;
		enum parse got = sip_frame_line(f, bytes, &line, &fault);

		if (got != PARSE_DONE)
			return got;
		if (is_start && !sip_frame_is_start(line))
			return PARSE_BAD;
		if (is_start || f->body)
			continue;
		if (sip_frame_header(f, bytes, line, &header, &fault) != PARSE_DONE)
			return PARSE_BAD;
	}
	if (sip_frame_length(f, &fault) != PARSE_DONE)
		return PARSE_BAD;
	return bytes.len - f->body < f->length_bytes ? PARSE_NEED_MORE : PARSE_DONE;
}
