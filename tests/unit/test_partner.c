/* SPDX-License-Identifier: BSD-3-Clause */
/* Partners as small numbers. */
#include "tests/unit/test.h"

#include "dataplane/partner.h"

static void ids_keep_their_slots_and_learn_their_names(void **state)
{
	struct partner_entry entry;
	uint32_t slot = partner_slot(70000);

	assert_int_equal(partner_slot(0), 0);
	assert_int_not_equal(slot, 0);
	partner_get(slot, &entry);
	assert_int_equal(entry.id, 70000);
	assert_string_equal(entry.name, "");
	assert_int_equal(partner_slot_named(70000, VIEW("partner.example")), slot);
	assert_int_equal(partner_slot(70000), slot);
	partner_get(slot, &entry);
	assert_string_equal(entry.name, "partner.example");
	assert_int_equal(partner_slot_named(70000, VIEW("renamed.example")), slot);
	partner_get(slot, &entry);
	assert_string_equal(entry.name, "renamed.example");
}

static void when_all_slots_are_taken_the_rest_is_nobodys(void **state)
{
	uint32_t end;

	for (uint32_t id = 1; id < 70000; id++)
		partner_slot(id);
	end = partner_slot_end();
	assert_int_equal(end, PARTNER_SLOTS);
	assert_int_equal(partner_slot(80000), 0);
	assert_int_equal(partner_slot(1), partner_slot(1));
	assert_int_not_equal(partner_slot(1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_keep_their_slots_and_learn_their_names),
		cmocka_unit_test(when_all_slots_are_taken_the_rest_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
