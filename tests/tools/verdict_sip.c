/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict sip: the first message of a stream. respond is what its sender would hear when nobody is
 * proven: the parser's answer to a fault, or the core's; null when there is none or when the message
 * is a MESSAGE that would be delivered. */
#include "tests/tools/verdict.h"

#include "control/sip/core.h"

static json_t *code_or_null(uint16_t code)
{
	return code ? json_integer(code) : json_null();
}

static json_t *text_or_null(struct view v)
{
	return v.len ? verdict_string(v) : json_null();
}

static json_t *describe(const struct sip_message *m, uint16_t respond)
{
	json_t *value = json_object();

	if (m->is_request)
		json_object_set_new(value, "method", text_or_null(m->method_text));
	else
		json_object_set_new(value, "code", code_or_null(m->code));
	json_object_set_new(value, "from", text_or_null(m->from.uri_text));
	json_object_set_new(value, "to", text_or_null(m->to.uri_text));
	json_object_set_new(value, "respond", code_or_null(respond));
	return value;
}

void verdict_sip(struct view input, struct verdict *out)
{
	static struct sip_message message;
	static struct sip_decision decision;
	const struct sip_asker nobody = {0};
	struct sip_fault fault = {0};
	uint32_t consumed;

	out->result = sip_message_parse(input, &message, &consumed, &fault);
	if (out->result == PARSE_NEED_MORE)
		return;
	if (out->result == PARSE_BAD) {
		out->cause = fault.fault.cause;
		out->value = describe(&message, fault.respond);
		return;
	}
	if (message.is_request)
		sip_core_decide(&message, &nobody, &decision);
	out->value = describe(&message, decision.code);
}
