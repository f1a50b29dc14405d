/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a message ends on a stream (RFC 3261 sections 7.5, 18.3). Remembers how far it has looked, so
 * that a sender that trickles octets costs each octet once, not the whole head again. Judges only
 * what framing depends on: line ends, control octets, sizes, header names, Content-Length. */
#pragma once

#include "control/sip/message.h"

/* Zeroed: nothing seen yet. One frame per message; the same bytes, and more, at every call. */
struct sip_frame {
	bool begun;               /* leading CRLFs are skipped */
	bool start_done;          /* the start line was returned */
	bool high;                /* the current line holds octets above 7F */
	uint32_t start;           /* of the start line */
	uint32_t line;            /* of the current logical line */
	uint32_t at;              /* everything before it was looked at */
	uint32_t escaped_control; /* offset + 1 of a control behind '\' in the current line, or 0 */
	uint32_t headers;         /* fields seen */
	uint32_t lengths;         /* Content-Length fields seen */
	uint32_t length_at;       /* offset of the last one */
	bool length_valid;
	uint64_t length_bytes;
	uint32_t body; /* offset of the body: the head is complete; 0 before */
};

/* Take the next logical line: the start line, then header fields with their folds, then an empty
 * line. DONE, NEED_MORE (call again with more bytes), BAD (framing is lost). */
enum parse sip_frame_line(
	struct sip_frame *f, struct view bytes, struct view *line, struct fault *fault);
/* Read a header field of the frame and note what framing needs of it. */
enum parse sip_frame_header(struct sip_frame *f, struct view bytes, struct view line,
	struct sip_header *out, struct fault *fault);
/* The head is complete: is the length of the body known? */
enum parse sip_frame_length(const struct sip_frame *f, struct fault *fault);
/* Could this line begin a SIP message, however wrong? */
bool sip_frame_is_start(struct view line);

/* Go on as far as bytes reach. NEED_MORE: sip_message_parse would say so too. Otherwise it has a
 * verdict, which only it can give. */
enum parse sip_frame_scan(struct sip_frame *f, struct view bytes);
