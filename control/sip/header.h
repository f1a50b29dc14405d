/* SPDX-License-Identifier: BSD-3-Clause */
/* Header fields: names, compact forms, values (RFC 3261 section 7.3).
 *
 * A value is a view into the message. Leading and trailing white space is gone, but a value that the
 * sender folded still holds its folds: CRLF followed by SP or HTAB. The readers of header elements
 * take a fold as the single space that it means; whoever wants the text as text copies it with
 * sip_value_unfold. */
#pragma once

#include "control/sip/message.h"
#include "rules/base/text.h"

/* "f" and "From" alike: SIP_HEADER_FROM. */
enum sip_header_name sip_header_name_find(struct view name);
/* "From"; "" for SIP_HEADER_OTHER. */
const char *sip_header_name_text(enum sip_header_name name);
/* More than one of it in a message is an error: the cause, else NULL. */
const char *sip_header_twice(enum sip_header_name name);

/* Split a logical line (folds in it, no CRLF at its end) at its colon. False with a cause when it is
 * no header field. */
bool sip_header_split(struct view line, struct sip_header *out, const char **cause);

/* Append value to out with every fold, and the white space around it, as one space, and HTAB as a
 * space too: the writer takes none. */
void sip_value_unfold(struct view value, struct text *out);

/* Take the next element of a comma-separated list of tokens (Require, Supported, Allow). False at
 * the end. An element that is no token comes as written. */
bool sip_list_next(struct view *list, struct view *element);
