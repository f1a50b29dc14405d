/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing SIP messages: every octet of a value is checked here. */
#include "control/sip/writer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "control/sip/header.h"
#include "control/sip/lex.h"

enum { PRINTF_MAX_BYTES = 1024 };

/* What other rooms may add. */
static const char *const foreign_names[] = {
	"Accept", "Accept-Encoding", "Accept-Language", "Allow", "Allow-Events",
	"Content-Disposition", "Content-Encoding", "Content-Language", "Date", "Expires",
	"Organization", "Priority", "Reason", "Retry-After", "Subject", "Supported", "Unsupported",
	"Warning", "ms-diagnostics-public", /* [MS-OCER] section 2.2.1 */
};

static void fail(struct sip_writer *w, const char *cause)
{
	if (!w->cause)
		w->cause = cause;
}

bool sip_value_is_clean(struct view value)
{
	bool high = false;

	for (uint32_t i = 0; i < value.len; i++) {
		if (value.p[i] < 0x20 || value.p[i] == 0x7f)
			return false;
		high |= value.p[i] >= 0x80;
	}
	return !high || sip_is_utf8(value);
}

static bool is_plain_uri(struct view uri)
{
	struct fault fault;
	struct sip_uri parsed;

	return sip_uri_parse(uri, &parsed, &fault) == PARSE_DONE &&
	       parsed.scheme != SIP_SCHEME_OTHER && parsed.headers.len == 0;
}

void sip_writer_request(struct sip_writer *w, struct text *out, const char *method, struct view uri)
{
	*w = (struct sip_writer){.out = out};
	if (!sip_is_token(view_of(method)))
		fail(w, "method");
	if (!is_plain_uri(uri))
		fail(w, "request_uri");
	text_puts(out, method);
	text_putc(out, ' ');
	text_put(out, uri);
	text_puts(out, " SIP/2.0\r\n");
}

void sip_writer_response(struct sip_writer *w, struct text *out, uint16_t code, struct view reason)
{
	*w = (struct sip_writer){.out = out};
	if (code < 100 || code > 699)
		fail(w, "status_code");
	if (!sip_value_is_clean(reason))
		fail(w, "reason");
	text_printf(out, "SIP/2.0 %u ", code);
	text_put(out, reason);
	text_puts(out, "\r\n");
}

void sip_writer_header(struct sip_writer *w, const char *name, struct view value)
{
	if (!sip_is_token(view_of(name)))
		fail(w, "header_name");
	if (!sip_value_is_clean(value))
		fail(w, "header_value");
	text_puts(w->out, name);
	text_puts(w->out, ": ");
	text_put(w->out, value);
	text_puts(w->out, "\r\n");
}

void sip_writer_printf(struct sip_writer *w, const char *name, const char *format, ...)
{
	char value[PRINTF_MAX_BYTES];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (n < 0 || n >= PRINTF_MAX_BYTES) {
		fail(w, "header_value");
		return;
	}
	sip_writer_header(w, name, view_make(value, (size_t)n));
}

void sip_writer_address(struct sip_writer *w, const char *name, struct view uri, struct view tag)
{
	if (!is_plain_uri(uri) || (tag.len && !sip_is_token(tag)))
		fail(w, "address");
	text_puts(w->out, name);
	text_puts(w->out, ": <");
	text_put(w->out, uri);
	text_putc(w->out, '>');
	if (tag.len) {
		text_puts(w->out, ";tag=");
		text_put(w->out, tag);
	}
	text_puts(w->out, "\r\n");
}

static bool is_foreign_name(struct view name)
{
	for (size_t i = 0; i < sizeof(foreign_names) / sizeof(foreign_names[0]); i++)
		if (view_equal_nocase(name, view_of(foreign_names[i])))
			return true;
	return false;
}

void sip_writer_lines(struct sip_writer *w, struct view lines)
{
	while (lines.len) {
		int64_t end = view_find(lines, '\r');
		struct sip_header header;
		const char *cause;
		struct view line;

		if (end < 0 || (uint32_t)end + 1 >= lines.len || lines.p[end + 1] != '\n') {
			fail(w, "extra_line");
			return;
		}
		line = view_sub(lines, 0, (uint32_t)end);
		lines = view_sub(lines, (uint32_t)end + 2, UINT32_MAX);
		if (!sip_header_split(line, &header, &cause) ||
			!is_foreign_name(header.name_text)) {
			fail(w, "extra_line");
			return;
		}
		if (!sip_value_is_clean(line))
			fail(w, "header_value");
		text_put(w->out, line);
		text_puts(w->out, "\r\n");
	}
}

int sip_writer_end(struct sip_writer *w, struct view content_type, struct view body)
{
	if (body.len && content_type.len == 0)
		fail(w, "content_type");
	if (body.len > SIP_BODY_MAX_BYTES)
		fail(w, "body_too_long");
	if (body.len)
		sip_writer_header(w, "Content-Type", content_type);
	sip_writer_printf(w, "Content-Length", "%u", body.len);
	text_puts(w->out, "\r\n");
	text_put(w->out, body);
	if (w->cause)
		return -EINVAL;
	return w->out->failed ? -ENOBUFS : 0;
}

bool sip_line_put(struct text *lines, const char *name, struct view value)
{
	if (!sip_value_is_clean(value))
		return false;
	text_puts(lines, name);
	text_puts(lines, ": ");
	text_put(lines, value);
	text_puts(lines, "\r\n");
	return true;
}
