/* SPDX-License-Identifier: BSD-3-Clause */
/* CSeq: a number below 2^32 and a method (RFC 3261 section 20.16). */
#pragma once

#include "control/sip/lex.h"

bool sip_cseq_parse(struct view value, uint32_t *number, struct view *method);
