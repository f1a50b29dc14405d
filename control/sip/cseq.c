/* SPDX-License-Identifier: BSD-3-Clause */
/* CSeq: 1*DIGIT LWS Method. */
#include "control/sip/cseq.h"

bool sip_cseq_parse(struct view value, uint32_t *number, struct view *method)
{
	struct sip_cursor c = sip_cursor_make(value);
	struct view digits;
	uint64_t n;

	/* Digits are token octets, and so is a '-', which is then no number. */
	digits = sip_cursor_take(&c, SIP_CLASS_TOKEN);
	if (!view_to_u64(digits, UINT32_MAX, &n))
		return false;
	sip_cursor_lws(&c);
	*method = sip_cursor_take(&c, SIP_CLASS_TOKEN);
	*number = (uint32_t)n;
	return method->len > 0 && sip_cursor_end(&c);
}
