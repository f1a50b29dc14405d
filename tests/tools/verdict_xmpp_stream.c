/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict xmpp-stream: what the control plane's reader makes of a stream's bytes. */
#include "control/xmpp/reader.h"
#include "tests/tools/verdict.h"

static json_t *name_json(bool has, struct view name)
{
	return has ? verdict_string(name) : json_null();
}

void verdict_xmpp_stream(struct view input, struct verdict *out)
{
	struct reader *r = reader_new(&reader_limits_partner);
	const struct reader_header *h;
	enum reader_event event = READER_MORE;
	const char *error = NULL;

	if (!r) {
		*out = (struct verdict){.result = PARSE_BAD, .cause = "no_memory"};
		return;
	}
	do {
		event = reader_next(r, &input);
	} while (event == READER_HEADER || event == READER_STANZA);
	out->result = reader_is_open(r) || event == READER_END ? PARSE_DONE : PARSE_NEED_MORE;
	if (event == READER_ERROR) {
		out->result = PARSE_BAD;
		out->cause = reader_cause(r);
		error = stream_condition_name(reader_condition(r));
	}
	h = reader_header(r);
	out->value = json_pack("{s:o, s:o, s:s?}", "to", name_json(h->has_to, h->to), "from",
		name_json(h->has_from, h->from), "error", error);
	reader_free(r);
}
