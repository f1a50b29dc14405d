/* SPDX-License-Identifier: BSD-3-Clause */
/* golden DIR [EXAMPLES] [--update]: what rules documents compile to, compared with what is written
 * down. DIR/x.yaml must load and print as DIR/x.printed, whose own print is itself; DIR/bad/x.yaml
 * must be refused with the complaints in DIR/bad/x.errors. Every document in EXAMPLES must load.
 * --update writes the expected files anew. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/base/text.h"
#include "rules/ruleset.h"

enum { EXPECTED_MAX_BYTES = 1024 * 1024, PATH_BYTES = 1024 };

struct tally {
	bool update;
	int passed, failed;
};

static void fail(struct tally *tally, const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	tally->failed++;
}

static void print_errors(const struct rules_errors *errors, struct text *out)
{
	for (uint32_t i = 0; i < errors->count; i++) {
		rules_error_print("rules.yaml", &errors->list[i], out);
		text_putc(out, '\n');
	}
	if (errors->more)
		text_printf(out, "and %u more\n", errors->more);
}

static void write_expected(struct tally *tally, const char *path, const struct text *got)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(got->p, 1, got->len, file) != got->len)
		fail(tally, path, "cannot be written");
	else
		tally->passed++;
	if (file)
		fclose(file);
}

/* What we got is what the file says. */
static void compare(struct tally *tally, const char *path, const struct text *got)
{
	static char expected[EXPECTED_MAX_BYTES];
	size_t len;
	FILE *file;

	if (got->failed || !got->p) {
		fail(tally, path, "nothing to compare");
		return;
	}
	if (tally->update) {
		write_expected(tally, path, got);
		return;
	}
	file = fopen(path, "rb");
	len = file ? fread(expected, 1, sizeof(expected), file) : 0;
	if (file && view_equal(view_make(expected, len), text_view(got))) {
		tally->passed++;
	} else {
		fail(tally, path, file ? "differs" : "is missing");
		fprintf(stderr, "--- expected\n%.*s--- got\n%s", (int)len, expected, got->p);
	}
	if (file)
		fclose(file);
}

/* The canonical document compiles, and prints as itself. */
static void check_canonical(struct tally *tally, const char *path, const struct text *printed)
{
	struct rules_errors errors;
	struct ruleset *rules = ruleset_compile(text_view(printed), path, &errors);
	struct text again;

	text_init(&again, EXPECTED_MAX_BYTES);
	if (rules) {
		ruleset_print(rules, &again);
		if (view_equal(text_view(printed), text_view(&again)))
			tally->passed++;
		else
			fail(tally, path, "its canonical form prints differently again");
	} else {
		print_errors(&errors, &again);
		fail(tally, path, "its canonical form does not compile");
		fprintf(stderr, "%s", again.p);
	}
	ruleset_free(rules);
	text_free(&again);
}

static void run_good(struct tally *tally, const char *path, const char *expected)
{
	struct rules_errors errors;
	struct ruleset *rules = ruleset_load(path, &errors);
	struct text got;

	text_init(&got, EXPECTED_MAX_BYTES);
	if (rules) {
		ruleset_print(rules, &got);
		if (expected)
			compare(tally, expected, &got);
		check_canonical(tally, path, &got);
	} else {
		print_errors(&errors, &got);
		fail(tally, path, "does not load");
		fprintf(stderr, "%s", got.p);
	}
	ruleset_free(rules);
	text_free(&got);
}

static void run_bad(struct tally *tally, const char *path, const char *expected)
{
	struct rules_errors errors;
	struct ruleset *rules = ruleset_load(path, &errors);
	struct text got;

	text_init(&got, EXPECTED_MAX_BYTES);
	print_errors(&errors, &got);
	if (rules)
		fail(tally, path, "was accepted");
	else
		compare(tally, expected, &got);
	ruleset_free(rules);
	text_free(&got);
}

typedef void case_h(struct tally *tally, const char *path, const char *expected);

/* Every *.yaml in a directory, in order of names; there must be one. */
static void run_directory(
	struct tally *tally, const char *directory, const char *suffix, case_h *run)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, NULL, alphasort);
	int cases = 0;

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		size_t stem = strlen(name) > 5 ? strlen(name) - 5 : 0;
		char path[PATH_BYTES];
		char expected[PATH_BYTES];

		if (stem && strcmp(name + stem, ".yaml") == 0) {
			snprintf(path, sizeof(path), "%s/%s", directory, name);
			snprintf(expected, sizeof(expected), "%s/%.*s%s", directory, (int)stem,
				name, suffix ? suffix : "");
			run(tally, path, suffix ? expected : NULL);
			cases++;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	if (cases == 0)
		fail(tally, directory, "holds no *.yaml");
}

int main(int argc, char **argv)
{
	const char *directories[2] = {NULL, NULL};
	struct tally tally = {0};
	char bad[PATH_BYTES];
	int n = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--update") == 0)
			tally.update = true;
		else if (n < 2)
			directories[n++] = argv[i];
	}
	if (n < 1) {
		fputs("usage: golden DIR [EXAMPLES] [--update]\n", stderr);
		return 2;
	}
	snprintf(bad, sizeof(bad), "%s/bad", directories[0]);
	run_directory(&tally, directories[0], ".printed", run_good);
	run_directory(&tally, bad, ".errors", run_bad);
	if (directories[1])
		run_directory(&tally, directories[1], NULL, run_good);
	printf("golden: %d passed, %d failed%s\n", tally.passed, tally.failed,
		tally.update ? ", expected files written" : "");
	return tally.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
