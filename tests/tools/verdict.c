/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict KIND: read one input on standard input, print what the daemons would make of it. */
#include "tests/tools/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { INPUT_MAX_BYTES = 16 * 1024 * 1024, EXIT_USAGE = 2 };

static const struct kind {
	const char *kind;
	verdict_h *function;
} kinds[] = {
#define VERDICT_ROW(kind, function) {kind, function},
	VERDICT_KINDS(VERDICT_ROW)
#undef VERDICT_ROW
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Written by hand on one line: the newline that a shell's echo adds is not part of them. */
static const char *const one_line[] = {"domain", "jid", "sip-uri"};

static void usage(FILE *to)
{
	fputs("usage: verdict KIND < INPUT\n"
	      "Prints one JSON line: {\"kind\", \"verdict\": \"accept|reject|more\", \"cause\", \"value\"}.\n"
	      "Exit codes: 0 a verdict was printed, 1 the input could not be read, 2 wrong usage.\n"
	      "Kinds:",
		to);
	for (size_t i = 0; i < KINDS; i++)
		fprintf(to, " %s", kinds[i].kind);
	fputs("\nOne newline at the end of a domain, jid or sip-uri is not part of it.\n", to);
}

static uint8_t *read_all(size_t *len)
{
	size_t cap = 64 * 1024;
	uint8_t *bytes = malloc(cap);

	*len = 0;
	while (bytes) {
		ssize_t got = read(STDIN_FILENO, bytes + *len, cap - *len);
		uint8_t *grown;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0)
				return bytes;
			break;
		}
		*len += (size_t)got;
		if (*len < cap)
			continue;
		if (cap >= INPUT_MAX_BYTES)
			break;
		cap *= 2;
		grown = realloc(bytes, cap);
		if (!grown)
			break;
		bytes = grown;
	}
	free(bytes);
	return NULL;
}

json_t *verdict_string(struct view v)
{
	json_t *s = json_stringn((const char *)v.p, v.len);
	char *ascii;
	size_t n = 0;

	if (s)
		return s;
	ascii = malloc((size_t)v.len * 3 + 1);
	if (!ascii)
		return json_null();
	for (uint32_t i = 0; i < v.len; i++) {
		if (v.p[i] < 0x80) {
			ascii[n++] = (char)v.p[i];
		} else {
			memcpy(ascii + n, "\xef\xbf\xbd", 3);
			n += 3;
		}
	}
	s = json_stringn(ascii, n);
	free(ascii);
	return s;
}

static void print_verdict(const char *kind, const struct verdict *v)
{
	static const char *const words[] = {
		[PARSE_DONE] = "accept", [PARSE_NEED_MORE] = "more", [PARSE_BAD] = "reject"};
	json_t *line = json_pack("{s:s, s:s, s:o, s:o}", "kind", kind, "verdict", words[v->result],
		"cause", v->cause && v->result == PARSE_BAD ? json_string(v->cause) : json_null(),
		"value", v->value ? v->value : json_null());

	json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(line);
}

static struct view without_newline(const char *kind, struct view input)
{
	for (size_t i = 0; i < sizeof(one_line) / sizeof(one_line[0]); i++)
		if (strcmp(kind, one_line[i]) == 0 && input.len && input.p[input.len - 1] == '\n')
			return view_sub(input, 0, input.len - 1);
	return input;
}

static int judge(const struct kind *kind)
{
	struct verdict v = {.result = PARSE_BAD};
	size_t len;
	uint8_t *bytes = read_all(&len);

	if (!bytes) {
		fprintf(stderr, "verdict: cannot read standard input, or it is over %d bytes\n",
			INPUT_MAX_BYTES);
		return EXIT_FAILURE;
	}
	kind->function(without_newline(kind->kind, view_make(bytes, len)), &v);
	print_verdict(kind->kind, &v);
	free(bytes);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (argc != 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(argv[1], kinds[i].kind) == 0)
			return judge(&kinds[i]);
	fprintf(stderr, "verdict: unknown kind '%s'\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
