/* SPDX-License-Identifier: BSD-3-Clause */
/* The first line: Request-Line or Status-Line (RFC 3261 sections 7.1 and 7.2). */
#pragma once

#include "control/sip/message.h"

/* line: as sip_frame_line gave it, and sip_frame_is_start said yes. Fills what can be read; DONE or
 * BAD with the offset within the line. *respond: what a request with this fault is answered. */
enum parse sip_start_parse(
	struct view line, struct sip_message *out, struct fault *fault, uint16_t *respond);

enum sip_method sip_method_find(struct view name);
