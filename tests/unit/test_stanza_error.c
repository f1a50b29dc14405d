/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors between the protocols, row by row. */
#include "tests/unit/test.h"

#include "control/parcel/stanza_error.h"

/* clang-format off */
static const struct {
	enum stanza_condition condition;
	const char *name, *type;
	uint16_t sip;
} conditions[] = {
	{STANZA_BAD_REQUEST, "bad-request", "modify", 400},
	{STANZA_CONFLICT, "conflict", "cancel", 400},
	{STANZA_FEATURE_NOT_IMPLEMENTED, "feature-not-implemented", "cancel", 501},
	{STANZA_FORBIDDEN, "forbidden", "auth", 403},
	{STANZA_GONE, "gone", "cancel", 410},
	{STANZA_INTERNAL_SERVER_ERROR, "internal-server-error", "cancel", 500},
	{STANZA_ITEM_NOT_FOUND, "item-not-found", "cancel", 404},
	{STANZA_JID_MALFORMED, "jid-malformed", "modify", 400},
	{STANZA_NOT_ACCEPTABLE, "not-acceptable", "modify", 406},
	{STANZA_NOT_ALLOWED, "not-allowed", "cancel", 403},
	{STANZA_NOT_AUTHORIZED, "not-authorized", "auth", 403},
	{STANZA_POLICY_VIOLATION, "policy-violation", "modify", 403},
	{STANZA_RECIPIENT_UNAVAILABLE, "recipient-unavailable", "wait", 480},
	{STANZA_REDIRECT, "redirect", "modify", 480},
	{STANZA_REGISTRATION_REQUIRED, "registration-required", "auth", 403},
	{STANZA_REMOTE_SERVER_NOT_FOUND, "remote-server-not-found", "cancel", 404},
	{STANZA_REMOTE_SERVER_TIMEOUT, "remote-server-timeout", "wait", 504},
	{STANZA_RESOURCE_CONSTRAINT, "resource-constraint", "wait", 500},
	{STANZA_SERVICE_UNAVAILABLE, "service-unavailable", "cancel", 480},
	{STANZA_SUBSCRIPTION_REQUIRED, "subscription-required", "auth", 400},
	{STANZA_UNDEFINED_CONDITION, "undefined-condition", "cancel", 400},
	{STANZA_UNEXPECTED_REQUEST, "unexpected-request", "wait", 400},
};

static const struct {
	uint16_t code;
	const char *condition;
} codes[] = {
	{300, "redirect"}, {301, "gone"}, {302, "redirect"}, {305, "redirect"},
	{380, "not-acceptable"}, {399, "redirect"},
	{400, "bad-request"}, {401, "not-authorized"}, {402, "bad-request"}, {403, "forbidden"},
	{404, "item-not-found"}, {405, "feature-not-implemented"}, {406, "not-acceptable"},
	{407, "registration-required"}, {408, "remote-server-timeout"}, {410, "gone"},
	{413, "policy-violation"}, {414, "policy-violation"}, {415, "not-acceptable"},
	{416, "not-acceptable"}, {420, "feature-not-implemented"}, {421, "not-acceptable"},
	{423, "resource-constraint"}, {430, "recipient-unavailable"},
	{439, "feature-not-implemented"}, {440, "policy-violation"},
	{480, "recipient-unavailable"}, {481, "item-not-found"}, {482, "not-acceptable"},
	{483, "not-acceptable"}, {484, "item-not-found"}, {485, "item-not-found"},
	{486, "recipient-unavailable"}, {487, "recipient-unavailable"}, {488, "not-acceptable"},
	{489, "policy-violation"}, {491, "unexpected-request"}, {493, "bad-request"},
	{417, "bad-request"}, {499, "bad-request"},
	{500, "internal-server-error"}, {501, "feature-not-implemented"},
	{502, "remote-server-not-found"}, {503, "internal-server-error"},
	{504, "remote-server-timeout"}, {505, "not-acceptable"}, {513, "policy-violation"},
	{580, "internal-server-error"}, {599, "internal-server-error"},
	{600, "recipient-unavailable"}, {603, "recipient-unavailable"}, {604, "item-not-found"},
	{606, "not-acceptable"}, {607, "recipient-unavailable"}, {699, "recipient-unavailable"},
	{0, "undefined-condition"}, {200, "undefined-condition"}, {700, "undefined-condition"},
	{65535, "undefined-condition"},
};
/* clang-format on */

static void every_condition_has_its_name_type_and_code(void **state)
{
	assert_int_equal(sizeof(conditions) / sizeof(conditions[0]), STANZA_CONDITIONS);
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		enum stanza_condition c = conditions[i].condition;

		if (strcmp(stanza_condition_name(c), conditions[i].name) != 0 ||
			strcmp(stanza_condition_type(c), conditions[i].type) != 0 ||
			sip_code_from_stanza(c) != conditions[i].sip ||
			stanza_condition_from_name(view_of(conditions[i].name)) != c)
			fail_msg("%s: %s %s %u", conditions[i].name, stanza_condition_name(c),
				stanza_condition_type(c), sip_code_from_stanza(c));
	}
}

static void unknown_conditions_are_undefined(void **state)
{
	assert_int_equal(
		stanza_condition_from_name(VIEW("no-such-thing")), STANZA_UNDEFINED_CONDITION);
	assert_int_equal(stanza_condition_from_name(VIEW("")), STANZA_UNDEFINED_CONDITION);
	assert_int_equal(
		stanza_condition_from_name(VIEW("Bad-Request")), STANZA_UNDEFINED_CONDITION);
	assert_string_equal(
		stanza_condition_name((enum stanza_condition)4711), "undefined-condition");
	assert_int_equal(sip_code_from_stanza((enum stanza_condition) - 1), 400);
}

static void every_code_has_its_condition_or_that_of_its_class(void **state)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const char *got = stanza_condition_name(stanza_from_sip_code(codes[i].code));

		if (strcmp(got, codes[i].condition) != 0)
			fail_msg("%u: %s", codes[i].code, got);
	}
}

static void codes_that_a_message_must_not_be_answered_with_are_never_made(void **state)
{
	for (int c = 0; c < STANZA_CONDITIONS; c++) {
		uint16_t code = sip_code_from_stanza((enum stanza_condition)c);

		assert_in_range(code, 400, 599);
		assert_int_not_equal(code, 401);
		assert_int_not_equal(code, 405);
		assert_int_not_equal(code, 407);
		assert_int_not_equal(code, 408);
		assert_int_not_equal(code, 503);
	}
}

static void every_code_that_we_send_or_map_has_a_phrase(void **state)
{
	assert_string_equal(sip_reason(202), "Accepted");
	assert_string_equal(sip_reason(480), "Temporarily Unavailable");
	assert_string_equal(sip_reason(504), "Server Time-out");
	assert_string_equal(sip_reason(513), "Message Too Large");
	assert_string_equal(sip_reason(499), "Request Failure");
	assert_string_equal(sip_reason(0), "Unknown");
	assert_string_equal(sip_reason(700), "Unknown");
	assert_string_equal(sip_reason(65535), "Unknown");
	for (unsigned code = 0; code < 1000; code++)
		for (const char *p = sip_reason((uint16_t)code); *p; p++)
			assert_in_range(*p, 0x20, 0x7e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_condition_has_its_name_type_and_code),
		cmocka_unit_test(unknown_conditions_are_undefined),
		cmocka_unit_test(every_code_has_its_condition_or_that_of_its_class),
		cmocka_unit_test(codes_that_a_message_must_not_be_answered_with_are_never_made),
		cmocka_unit_test(every_code_that_we_send_or_map_has_a_phrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
