/* SPDX-License-Identifier: BSD-3-Clause */
/* What a verdict wants done to the text of a message. */
#include "control/policy/rewrite.h"

#include "control/counters.h"

bool rewrite_by_verdict(const struct verdict *verdict, struct parcel *parcel, struct text *scratch,
	uint32_t *notices)
{
	const struct hyperlink_rules *links = verdict->links;
	uint32_t body_len;
	uint32_t top;

	*notices = 0;
	if (!links)
		return true;
	top = hyperlink_put(links, parcel->body, scratch);
	body_len = scratch->len;
	/* A notice is not for a subject: one at the top of the body is about both. */
	if (links->action == HYPERLINK_DEFUSE)
		hyperlink_put_defused(links, parcel->subject, scratch);
	else
		text_put(scratch, parcel->subject);
	if (scratch->failed)
		return false;
	parcel->body = view_sub(text_view(scratch), 0, body_len);
	parcel->subject = view_sub(text_view(scratch), body_len, UINT32_MAX);
	*notices = top;
	counter_add("policy.links", links->action == HYPERLINK_DEFUSE ? "defused" : "warned", 1);
	return true;
}
