/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules that change while the daemon runs: with the real channel, disk and thread, and a scripted
 * dataplane. */
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>

#include "control/bundle.h"
#include "dataplane/channel/sealed.h"
#include "tests/unit/rulebook_bench.h"

/* --- wishing --- */

static void on_answer(void *arg, const char *error, json_t *answer)
{
	world.answers++;
	snprintf(world.error, sizeof(world.error), "%s", error ? error : "");
	json_decref(world.answer);
	world.answer = answer;
	loop_stop(world.loop);
}

/* As the operator's tool does it: certificates are read now. */
static void send_document(enum record_what what, uint64_t generation, const char *text,
	const char *origin, bool with_key)
{
	struct pem certificate;
	struct pem key;
	struct bundle_file files[2];
	uint8_t *block;
	struct rulebook_wish wish = {
		.what = what, .generation = generation, .uid = 1000, .pid = 77};
	size_t bytes;

	assert_int_equal(pem_read(house_path(&world.house, "corp.crt"), &certificate), 0);
	assert_int_equal(pem_read(house_path(&world.house, "corp.key"), &key), 0);
	files[0] = (struct bundle_file){"corp.crt", pem_view(&certificate)};
	files[1] = (struct bundle_file){"corp.key", pem_view(&key)};
	assert_int_equal(bundle_make(view_of(origin), view_of(text), files, with_key ? 2 : 1,
				 &block, &bytes),
		0);
	wish.bytes = bytes;
	wish.fd = sealed_make("bundle", view_make(block, bytes));
	assert_true(wish.fd >= 0);
	rulebook_change(world.book, &wish, on_answer, NULL);
	close(wish.fd);
	bundle_free(block, bytes);
	pem_free(&certificate);
	pem_free(&key);
}

static void apply_begin(const char *partners)
{
	send_document(
		RECORD_APPLY, 0, document(partners), house_path(&world.house, "new.yaml"), true);
}

static void answer_wait(void)
{
	int before = world.answers;

	for (int i = 0; i < 100 && world.answers == before; i++)
		run(50);
	assert_int_equal(world.answers, before + 1);
}

static void apply(const char *partners)
{
	int before = world.answers;

	apply_begin(partners);
	if (world.answers == before)
		answer_wait();
	if (world.error[0])
		fail_msg("%s", world.error);
}

static json_int_t answered(const char *key)
{
	return json_integer_value(json_object_get(world.answer, key));
}

static const char *first_partner(void)
{
	return world.generation->rules->partners[0].domain;
}

/* What the next start would serve. */
static void check_disk(uint64_t generation)
{
	char why[256] = "";
	struct archive *archive = archive_open(world.house.state, why, sizeof(why));

	assert_int_equal(archive_current(archive)->generation, generation);
	archive_free(archive);
}

static void check_nothing_changed(const char *error)
{
	if (!strstr(world.error, error))
		fail_msg("'%s' is not '%s'", world.error, error);
	assert_int_equal(world.adopted, 0);
	assert_string_equal(first_partner(), "a.example");
	assert_int_equal(world.generation->rules->generation, 1000);
	assert_int_equal(world.fake.generation, 1000);
	check_disk(1000);
}

/* --- tests --- */

static void what_is_applied_is_in_force_everywhere(void **state)
{
	json_t *shown;

	apply("b.example, c.example");
	assert_string_equal(first_partner(), "b.example");
	assert_int_equal(answered("added"), 2);
	assert_int_equal(answered("removed"), 1);
	assert_int_equal(answered("changed"), 0);
	assert_null(json_object_get(world.answer, "note"));
	assert_int_equal(answered("generation"), world.fake.generation);
	assert_int_equal(world.generation->rules->generation, world.fake.generation);
	check_disk(world.fake.generation);
	/* Ids are the names'. */
	assert_int_equal(ruleset_partner(world.generation->rules, VIEW("b.example"))->id, 2);

	shown = rulebook_head(world.book);
	assert_int_equal(
		json_integer_value(json_object_get(shown, "generation")), world.fake.generation);
	assert_int_equal(json_integer_value(json_object_get(shown, "uid")), 1000);
	assert_string_equal(json_string_value(json_object_get(shown, "by")), "apply");
	assert_int_equal(json_integer_value(json_object_get(shown, "partners")), 2);
	assert_string_equal(json_string_value(json_object_get(shown, "change")), "none");
	json_decref(shown);
	shown = rulebook_rows(world.book);
	assert_int_equal(json_array_size(shown), 2);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(shown, 0), "state")), "in force");
	assert_string_equal(json_string_value(json_object_get(json_array_get(shown, 1), "state")),
		"rollback goes here");
	json_decref(shown);
}

static void a_refused_document_leaves_everything(void **state)
{
	char why[160];

	send_document(RECORD_APPLY, 0, "service: 5\n", "/etc/new.yaml", true);
	answer_wait();
	check_nothing_changed("/etc/new.yaml:1: service: ");
	assert_non_null(strstr(world.error, "\n/etc/new.yaml:1: local: is missing"));

	send_document(RECORD_APPLY, 0, document("b.example"), "/etc/new.yaml", false);
	answer_wait();
	snprintf(why, sizeof(why),
		"/etc/new.yaml: line 5: local[corp.example].key: /etc/corp.key: was not sent");
	check_nothing_changed(why);

	assert_int_equal(fake_count(&world.fake, "prepare"), 1);
}

static void what_is_no_bundle_is_refused_at_once(void **state)
{
	struct rulebook_wish wish = {.what = RECORD_APPLY, .bytes = 4};

	wish.fd = sealed_make("x", VIEW("none"));
	rulebook_change(world.book, &wish, on_answer, NULL);
	assert_int_equal(world.answers, 1);
	check_nothing_changed("damaged: bundle_magic");
	wish.bytes = 5;
	rulebook_change(world.book, &wish, on_answer, NULL);
	check_nothing_changed("cannot be used");
	close(wish.fd);
	wish.fd = 0;
	rulebook_change(world.book, &wish, on_answer, NULL);
	check_nothing_changed("not sealed");
	apply("b.example");
}

static void a_dataplane_that_does_not_prepare_leaves_everything(void **state)
{
	world.fake.error_type = "prepare";
	world.fake.error_words = "no room for the tables";
	apply_begin("b.example");
	answer_wait();
	check_nothing_changed("the dataplane: no room for the tables; nothing was changed");
	world.fake.error_type = NULL;
	world.fake.lossy_type = "prepare";
	apply_begin("b.example");
	answer_wait();
	check_nothing_changed("the dataplane: it went away; nothing was changed");
	world.fake.lossy_type = NULL;
	for (int i = 0; i < 100 && !filter_client_ready(world.filter); i++)
		run(50);
	assert_int_equal(world.fake.generation, 1000);
	apply("b.example");
}

static void a_disk_that_cannot_be_written_leaves_everything(void **state)
{
	char rules[160];
	char aside[160];

	snprintf(rules, sizeof(rules), "%s", house_path(&world.house, "state/rules"));
	snprintf(aside, sizeof(aside), "%s", house_path(&world.house, "state/aside"));
	assert_int_equal(rename(rules, aside), 0);
	house_write(&world.house, "state/rules", "in the way");
	apply_begin("b.example");
	answer_wait();
	assert_int_equal(unlink(rules), 0);
	assert_int_equal(rename(aside, rules), 0);
	check_nothing_changed("Not a directory; nothing was changed");
	apply("b.example");
}

static void after_the_decision_the_dataplane_is_brought_to_it(void **state)
{
	static const char *const how[] = {"refused", "closed", "gone"};

	for (size_t i = 0; i < 3; i++) {
		world.fake.error_type = i == 0 ? "commit" : NULL;
		world.fake.error_words = "not now";
		world.fake.lossy_type = i == 1 ? "commit" : NULL;
		if (i == 2) {
			world.fake.silent_type = "commit";
			apply_begin("b.example");
			for (int k = 0; k < 100 && fake_count(&world.fake, "commit") < 2; k++)
				run(10);
			run(50);
			fake_hang_up(&world.fake);
			answer_wait();
		} else {
			apply("b.example");
		}
		world.fake.error_type = NULL;
		world.fake.lossy_type = NULL;
		world.fake.silent_type = NULL;
		assert_string_equal(world.error, "");
		if (!strstr(json_string_value(json_object_get(world.answer, "note")),
			    "it is brought to the new rules as soon as it can be"))
			fail_msg("%s", how[i]);
		assert_int_equal(world.adopted, 1);
		assert_string_equal(first_partner(), "b.example");
		check_disk(world.generation->rules->generation);
		for (int k = 0; k < 100 && !filter_client_ready(world.filter); k++)
			run(50);
		assert_int_equal(world.fake.generation, world.generation->rules->generation);
		tear_down(NULL);
		set_up(NULL);
	}
}

static void a_second_change_is_refused_as_busy(void **state)
{
	json_t *shown;

	world.fake.silent_type = "prepare";
	apply_begin("b.example");
	for (int k = 0; k < 100 && fake_count(&world.fake, "prepare") < 2; k++)
		run(10);
	send_document(RECORD_APPLY, 0, document("c.example"), "/etc/new.yaml", true);
	assert_int_equal(world.answers, 1);
	check_nothing_changed("busy: apply of /tmp/picket-house-");
	assert_non_null(strstr(world.error, "/new.yaml by uid 1000, pid 77, since 0 s"));
	shown = rulebook_head(world.book);
	assert_non_null(strstr(json_string_value(json_object_get(shown, "change")), "apply of /"));
	json_decref(shown);
	fake_hang_up(&world.fake);
	answer_wait();
	check_nothing_changed("it went away");
}

static void without_a_dataplane_nothing_is_begun(void **state)
{
	fake_vanish(&world.fake);
	for (int k = 0; k < 100 && filter_client_ready(world.filter); k++)
		run(10);
	apply_begin("b.example");
	assert_int_equal(world.answers, 1);
	check_nothing_changed("there is no dataplane");
	fake_return(&world.fake);
}

/* The operator's tool asks for the document and sends it back with its certificates. */
static void send_again(enum record_what what)
{
	struct text text;
	struct record record;
	char why[256] = "";
	int before = world.answers;

	if (rulebook_document(world.book,
		    what == RECORD_ROLLBACK ? RULEBOOK_BACK : RULEBOOK_CURRENT, &text, &record, why,
		    sizeof(why)) < 0)
		fail_msg("%s", why);
	send_document(what, record.generation, text.p, record.origin, true);
	text_free(&text);
	if (world.answers == before)
		answer_wait();
}

static void a_rollback_goes_further_back_each_time(void **state)
{
	struct text text;
	struct record record;
	char why[256] = "";
	static const char *const expected[] = {"c.example", "b.example", "a.example"};

	apply("b.example");
	apply("c.example");
	/* Certificates alone, and the same document again, are no other rules. */
	send_again(RECORD_CERTIFICATES);
	assert_string_equal(world.error, "");
	apply("c.example");
	apply("d.example");
	for (int i = 0; i < 3; i++) {
		uint64_t before = world.fake.generation;

		send_again(RECORD_ROLLBACK);
		assert_string_equal(world.error, "");
		assert_string_equal(first_partner(), expected[i]);
		assert_true(world.fake.generation > before);
		check_disk(world.fake.generation);
	}
	assert_int_equal(
		rulebook_document(world.book, RULEBOOK_BACK, &text, &record, why, sizeof(why)),
		-ENOENT);
	assert_string_equal(why, "no earlier rules are kept");
	text_free(&text);
	/* From there it goes on as from anywhere. */
	apply("e.example");
	send_again(RECORD_ROLLBACK);
	assert_string_equal(first_partner(), "a.example");
}

static void what_is_sent_again_must_be_what_was_asked_for(void **state)
{
	apply("b.example");
	world.adopted = 0;
	send_document(RECORD_ROLLBACK, 999, document("a.example"), world.house.rules, true);
	assert_non_null(strstr(world.error, "say it again"));
	send_document(RECORD_ROLLBACK, 1000, document("x.example"), world.house.rules, true);
	answer_wait();
	assert_non_null(strstr(world.error, "not the document of that generation"));
	send_document(RECORD_ROLLBACK, 1000, document("a.example"), "/other/rules.yaml", true);
	answer_wait();
	assert_non_null(strstr(world.error, "not the document of that generation"));
	send_document(RECORD_CERTIFICATES, 1000, document("a.example"), world.house.rules, true);
	assert_non_null(strstr(world.error, "say it again"));
	assert_int_equal(world.adopted, 0);
	assert_string_equal(first_partner(), "b.example");
}

static void certificates_come_anew_with_the_same_rules(void **state)
{
	struct tls_store *before = world.generation->tls;

	send_again(RECORD_CERTIFICATES);
	assert_string_equal(world.error, "");
	assert_int_equal(answered("added") + answered("removed") + answered("changed"), 0);
	assert_ptr_not_equal(world.generation->tls, before);
	/* Those that are no good leave the old ones. */
	before = world.generation->tls;
	house_write(&world.house, "corp.crt", "none\n");
	send_again(RECORD_CERTIFICATES);
	assert_non_null(strstr(world.error, "corp.crt: "));
	assert_ptr_equal(world.generation->tls, before);
}

static void authorities_that_cannot_be_read_any_more_hold_on(void **state)
{
	assert_int_equal(unlink(world.house.ca), 0);
	apply("b.example");
	assert_non_null(
		strstr(json_string_value(json_object_get(world.answer, "note")), "the CA file"));
}

static void the_next_start_serves_what_was_applied(void **state)
{
	uint64_t generation;

	apply("b.example");
	generation = world.fake.generation;
	rulebook_close();
	rulebook_open();
	assert_string_equal(first_partner(), "b.example");
	assert_int_equal(world.generation->rules->generation, generation);
	/* The --rules file itself is applied, and rolled back: it has been seen. */
	house_write(&world.house, "rules.yaml", document("c.example"));
	send_document(RECORD_APPLY, 0, document("c.example"), world.startup.path, true);
	answer_wait();
	send_again(RECORD_ROLLBACK);
	rulebook_close();
	rulebook_open();
	assert_string_equal(first_partner(), "b.example");
}

static void the_rules_can_be_had(void **state)
{
	static struct rules_errors errors;
	struct text text;
	struct record record;
	struct ruleset *again;
	char why[256] = "";

	assert_int_equal(
		rulebook_document(world.book, RULEBOOK_PRINTED, &text, &record, why, sizeof(why)),
		0);
	again = ruleset_compile(text_view(&text), NULL, &errors);
	assert_non_null(again);
	ruleset_free(again);
	text_free(&text);
	assert_int_equal(
		rulebook_document(world.book, RULEBOOK_CURRENT, &text, &record, why, sizeof(why)),
		0);
	assert_string_equal(text.p, document("a.example"));
	assert_string_equal(record.origin, world.startup.path);
	text_free(&text);
}

static void without_a_state_directory_nothing_changes(void **state)
{
	struct rulebook_world to = {.filter = the_filter,
		.generation = the_generation,
		.adopt = adopt,
		.wall = the_wall,
		.ca_file = world.house.ca,
		.rules_path = "/etc/rules.yaml"};
	struct rulebook *kept = world.book;
	struct record record = {.origin = "/etc/rules.yaml"};
	struct text text;
	char why[256] = "";

	world.book = rulebook_new(world.loop, &to, NULL, &record);
	apply_begin("b.example");
	check_nothing_changed("without --state");
	assert_int_equal(
		rulebook_document(world.book, RULEBOOK_BACK, &text, &record, why, sizeof(why)),
		-ENOENT);
	text_free(&text);
	rulebook_free(world.book);
	world.book = kept;
}

static void a_stop_in_any_phase_says_what_holds(void **state)
{
	static const struct {
		const char *silent, *says;
		const char *served; /* by the next start */
	} cases[] = {
		{NULL, "nothing was changed", "a.example"},
		{"prepare", "nothing was changed", "a.example"},
		{"commit", "its next start serves these rules", "b.example"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t asked = cases[i].silent ? fake_count(&world.fake, cases[i].silent) : 0;

		world.fake.silent_type = cases[i].silent;
		apply_begin("b.example");
		for (int k = 0; k < 200 && cases[i].silent &&
				fake_count(&world.fake, cases[i].silent) == asked;
			k++)
			run(10);
		rulebook_close();
		assert_int_equal(world.answers, 1);
		if (!strstr(world.error, cases[i].says))
			fail_msg("%zu: %s", i, world.error);
		world.fake.silent_type = NULL;
		rulebook_open();
		assert_string_equal(first_partner(), cases[i].served);
		assert_int_equal(world.fake.generation, world.generation->rules->generation);
		tear_down(NULL);
		set_up(NULL);
	}
}

#define book_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		book_test(what_is_applied_is_in_force_everywhere),
		book_test(a_refused_document_leaves_everything),
		book_test(what_is_no_bundle_is_refused_at_once),
		book_test(a_dataplane_that_does_not_prepare_leaves_everything),
		book_test(a_disk_that_cannot_be_written_leaves_everything),
		book_test(after_the_decision_the_dataplane_is_brought_to_it),
		book_test(a_second_change_is_refused_as_busy),
		book_test(without_a_dataplane_nothing_is_begun),
		book_test(a_rollback_goes_further_back_each_time),
		book_test(what_is_sent_again_must_be_what_was_asked_for),
		book_test(certificates_come_anew_with_the_same_rules),
		book_test(authorities_that_cannot_be_read_any_more_hold_on),
		book_test(the_next_start_serves_what_was_applied),
		book_test(the_rules_can_be_had),
		book_test(without_a_state_directory_nothing_changes),
		book_test(a_stop_in_any_phase_says_what_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
