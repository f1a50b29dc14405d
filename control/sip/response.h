/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses: made of the request they answer (RFC 3261 section 8.2.6). */
#pragma once

#include "control/sip/writer.h"

/* Of the lines that a response takes from its request. They are longer than they came: names are written
 * in full, a blank stands behind the colon, To gets a tag. */
enum { SIP_RESPONSE_LINES_MAX_BYTES = SIP_HEAD_MAX_BYTES + 1024 };

/* The phrase that we send with a code; "" for one that we never send. */
const char *sip_reason_phrase(uint16_t code);

/* What a response takes from its request, as header lines: Via, From, To, Call-ID, CSeq, Timestamp.
 * to_tag is added to To unless that has one or to_tag is empty. request may be one that the parser
 * refused: what it has of them is used. 0, -EINVAL, -ENOBUFS. */
int sip_response_lines(struct text *lines, const struct sip_message *request, struct view to_tag);
/* Append a complete response without a body. lines: of sip_response_lines. extra: as
 * sip_writer_lines takes it. 0, -EINVAL, -ENOBUFS. */
int sip_response_finish(
	struct text *out, uint16_t code, struct view reason, struct view lines, struct view extra);
/* Both at once. */
int sip_response_write(struct text *out, const struct sip_message *request, uint16_t code,
	struct view reason, struct view to_tag, struct view extra);
