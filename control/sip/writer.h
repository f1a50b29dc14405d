/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing SIP messages. The writer, not its callers, keeps octets out that would end a line or hide
 * one: 00-1F (HTAB too) and 7F in any value, names that are no token, text that is no UTF-8. What
 * breaks a rule fails the whole message. Never folds. */
#pragma once

#include "control/sip/message.h"
#include "rules/base/text.h"

struct sip_writer {
	struct text *out;
	const char *cause; /* first rule broken, snake_case; NULL: none */
};

/* Begin a message at the end of out. uri must be a SIP or SIPS URI. */
void sip_writer_request(
	struct sip_writer *w, struct text *out, const char *method, struct view uri);
/* code 100..699. */
void sip_writer_response(struct sip_writer *w, struct text *out, uint16_t code, struct view reason);
/* One field. name is a literal of ours, never data. */
void sip_writer_header(struct sip_writer *w, const char *name, struct view value);
void sip_writer_printf(struct sip_writer *w, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "<uri>" or "<uri>;tag=tag": From and To. */
void sip_writer_address(struct sip_writer *w, const char *name, struct view uri, struct view tag);
/* Complete lines "Name: value" CRLF that another room made. Only names of the list in writer.c pass:
 * what routes, frames or identifies a message is ours to write. */
void sip_writer_lines(struct sip_writer *w, struct view lines);
/* Content-Type (when there is a body), Content-Length, the empty line, the body. 0; -EINVAL with
 * w->cause; -ENOBUFS when out is full. */
int sip_writer_end(struct sip_writer *w, struct view content_type, struct view body);

/* May these octets stand in a header value? */
bool sip_value_is_clean(struct view value);
/* Append "name: value" CRLF to lines that sip_writer_lines will take. False, and nothing appended,
 * when the value is not clean. */
bool sip_line_put(struct text *lines, const char *name, struct view value);
