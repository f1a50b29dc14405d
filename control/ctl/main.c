/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl: the operator's tool. `show` asks the control plane, `check` and `print` need nobody. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/ctl/shape.h"
#include "control/ctl/table.h"
#include "dataplane/channel/channel.h"
#include "rules/base/text.h"
#include "rules/ruleset.h"

enum { CODE_FINE = 0, CODE_TROUBLE = 1, CODE_USAGE = 2, CODE_UNREACHABLE = 3 };
enum { ANSWER_TIMEOUT_MS = 5000, PAGE_ROWS = 200, PRINT_BYTES_MAX = 64 * 1024 * 1024 };

struct call {
	const char *socket_path;
	bool json;
	bool all;            /* zeros too */
	const char *noun;    /* what follows the verb: "counters", a file, or whom to block */
	const char *seconds; /* --for, or NULL */
	const char *reason;  /* --reason, or NULL */
	bool subtree;        /* --subtree */
};

/* --- asking the control plane --- */

static int say_unreachable(const struct call *call, int error)
{
	fprintf(stderr, "picketctl: %s: %s; is picket-control running?\n", call->socket_path,
		strerror(error));
	return CODE_UNREACHABLE;
}

/* Takes question. The answer as a new reference, or NULL with *code set and everything said. */
static json_t *question_ask(const struct call *call, int fd, json_t *question, int *code)
{
	char command[64];
	struct channel_packet packet;
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	json_t *answer;
	const char *error;
	int rc;

	snprintf(command, sizeof(command), "%s",
		json_string_value(json_object_get(question, "command")));
	rc = channel_send(fd, question, NULL, 0);
	json_decref(question);
	if (rc == 0 && poll(&readable, 1, ANSWER_TIMEOUT_MS) <= 0)
		rc = -ETIMEDOUT;
	if (rc == 0)
		rc = channel_receive(fd, &packet);
	if (rc < 0) {
		*code = say_unreachable(call, -rc);
		return NULL;
	}
	answer = json_incref(packet.message);
	channel_packet_free(&packet);
	error = json_string_value(json_object_get(answer, "error"));
	if (!error)
		return answer;
	fprintf(stderr, "picketctl: %s: %s\n", command, error);
	json_decref(answer);
	*code = CODE_TROUBLE;
	return NULL;
}

static json_t *page_ask(const struct call *call, int fd, json_int_t offset, int *code)
{
	char command[64];

	snprintf(command, sizeof(command), "show %s", call->noun);
	return question_ask(call, fd,
		json_pack("{s:i, s:s, s:I, s:i}", "id", 1, "command", command, "offset", offset,
			"limit", (int)PAGE_ROWS),
		code);
}

/* All pages as one: {"head", "rows"}. */
static json_t *answer_collect(const struct call *call, int fd, int *code)
{
	json_t *rows = json_array();
	json_t *head = NULL;
	json_int_t total = 0;

	do {
		json_t *page = page_ask(call, fd, (json_int_t)json_array_size(rows), code);
		json_t *more = json_object_get(page, "rows");
		bool empty = json_array_size(more) == 0;

		if (!page) {
			json_decref(rows);
			json_decref(head);
			return NULL;
		}
		if (!head)
			head = json_incref(json_object_get(page, "head"));
		total = json_integer_value(json_object_get(page, "total"));
		json_array_extend(rows, more);
		json_decref(page);
		/* What shrank meanwhile has ended. */
		if (empty)
			break;
	} while ((json_int_t)json_array_size(rows) < total);
	return json_pack("{s:o*, s:o}", "head", head, "rows", rows);
}

static void print_answer(const struct call *call, json_t *head, json_t *rows)
{
	json_t *shown = call->json  ? shape_answer(head, rows)
			: call->all ? json_incref(rows)
				    : shape_without_zeros(rows);

	if (call->json) {
		json_dumpf(shown, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		table_print_head(stdout, head);
		table_print_rows(stdout, shown);
		if (!head && json_array_size(shown) == 0)
			puts("none");
	}
	json_decref(shown);
}

static int show(const struct call *call)
{
	int code = CODE_FINE;
	int fd = channel_connect(call->socket_path);
	json_t *answer;

	if (fd < 0)
		return say_unreachable(call, -fd);
	answer = answer_collect(call, fd, &code);
	close(fd);
	if (!answer)
		return code;
	print_answer(call, json_object_get(answer, "head"), json_object_get(answer, "rows"));
	json_decref(answer);
	return fflush(stdout) == 0 ? CODE_FINE : CODE_TROUBLE;
}

/* --- verdicts --- */

static int change(const struct call *call, const char *command, json_t *question)
{
	int code = CODE_FINE;
	int fd = channel_connect(call->socket_path);
	const char *note;
	json_t *answer;

	if (fd < 0) {
		json_decref(question);
		return say_unreachable(call, -fd);
	}
	json_object_set_new(question, "id", json_integer(1));
	json_object_set_new(question, "command", json_string(command));
	answer = question_ask(call, fd, question, &code);
	close(fd);
	if (!answer)
		return code;
	note = json_string_value(json_object_get(json_object_get(answer, "head"), "note"));
	if (note)
		fprintf(stderr, "picketctl: %s: %s\n", command, note);
	json_decref(answer);
	return CODE_FINE;
}

static int block(const struct call *call)
{
	uint64_t seconds;
	json_t *question;

	if (!call->seconds || !view_to_u64(view_of(call->seconds), INT32_MAX, &seconds)) {
		fprintf(stderr, "picketctl: block: say for how many seconds: --for SECONDS\n");
		return CODE_USAGE;
	}
	question = json_pack("{s:s, s:b, s:I, s:s}", "target", call->noun, "subtree", call->subtree,
		"seconds", (json_int_t)seconds, "reason", call->reason ? call->reason : "");
	if (!question) {
		fprintf(stderr, "picketctl: block: target and reason must be UTF-8\n");
		return CODE_USAGE;
	}
	return change(call, "block", question);
}

static int unblock(const struct call *call)
{
	json_t *question = json_pack("{s:s, s:b}", "target", call->noun, "subtree", call->subtree);

	if (!question) {
		fprintf(stderr, "picketctl: unblock: the target must be UTF-8\n");
		return CODE_USAGE;
	}
	return change(call, "unblock", question);
}

/* --- rules files --- */

/* "-" is standard input; errors name it so. */
static struct ruleset *load(const char *file)
{
	struct rules_errors errors = {0};
	bool piped = strcmp(file, "-") == 0;
	struct ruleset *rules = ruleset_load(piped ? "/dev/stdin" : file, &errors);

	for (uint32_t i = 0; i < errors.count; i++) {
		struct text line;

		text_init(&line, 4096);
		rules_error_print(file, &errors.list[i], &line);
		fprintf(stderr, "%s\n", line.p ? line.p : "out of memory");
		text_free(&line);
	}
	if (errors.more > 0)
		fprintf(stderr, "%s: and %u more\n", file, errors.more);
	return rules;
}

static int check(const struct call *call)
{
	struct ruleset *rules = load(call->noun);

	if (!rules)
		return CODE_TROUBLE;
	printf("%s: fine, %u local domains, %u partners\n", call->noun, rules->local_count,
		rules->partner_count);
	ruleset_free(rules);
	return CODE_FINE;
}

static int print(const struct call *call)
{
	struct ruleset *rules = load(call->noun);
	struct text out;
	bool fine;

	if (!rules)
		return CODE_TROUBLE;
	text_init(&out, PRINT_BYTES_MAX);
	ruleset_print(rules, &out);
	fine = !out.failed && (out.len == 0 || fwrite(out.p, out.len, 1, stdout) == 1) &&
	       fflush(stdout) == 0;
	if (!fine)
		fprintf(stderr, "picketctl: %s: could not be printed\n", call->noun);
	text_free(&out);
	ruleset_free(rules);
	return fine ? CODE_FINE : CODE_TROUBLE;
}

/* --- the command line --- */

struct verb {
	const char *name;
	int (*run)(const struct call *call);
	const char *const *nouns; /* allowed ones; NULL: any */
	const char *help;
};

static const char *const show_nouns[] = {"counters", "sessions", "partners", "messages", "prefixes",
	"dataplane", "flows", "drops", "verdicts", "version", NULL};

static const struct verb verbs[] = {
	{"show", show, show_nouns,
		"usage: picketctl [--socket PATH] show NOUN [--json] [--all]\n"
		"\n"
		"  show counters    what the control plane counted, every refusal by its cause\n"
		"  show sessions    streams and connections\n"
		"  show partners    the partners of the rules\n"
		"  show messages    messages each way per partner and what became of them\n"
		"  show prefixes    by which addresses partners are known, and how that was learned\n"
		"  show dataplane   the channel to the dataplane, its listeners and counters\n"
		"  show flows       the dataplane's connections, each with its class and partner\n"
		"  show drops       causes for which it dropped or refused frames, in words\n"
		"  show verdicts    whom it blocks just now, for how long, and why\n"
		"  show version     version and process of the control plane\n"},
	{"block", block, NULL,
		"usage: picketctl block PREFIX|DOMAIN [--subtree] --for SECONDS [--reason TEXT]\n"
		"\n"
		"Refuse a source, or a domain (with --subtree and all below it), for a time:\n"
		"connections that exist are reset, new ones refused. Ends by itself; lives on\n"
		"through restarts. Said again of the same target it replaces what was said before;\n"
		"a domain with and without --subtree are two targets.\n"},
	{"unblock", unblock, NULL,
		"usage: picketctl unblock PREFIX|DOMAIN [--subtree]\n"
		"\n"
		"End a block before its time; the target as 'show verdicts' has it, with --subtree\n"
		"if it was blocked so.\n"},
	{"check", check, NULL,
		"usage: picketctl check FILE\n"
		"\n"
		"Compile a rules file (-: standard input); print every error as FILE:LINE: KEY: TEXT.\n"
		"Certificates are not opened: 'picket-control --check' does that too.\n"},
	{"print", print, NULL,
		"usage: picketctl print FILE\n"
		"\n"
		"Compile a rules file (-: standard input) and write it again, canonical.\n"},
};

static const char usage[] =
	"usage: picketctl [options] COMMAND\n"
	"\n"
	"  show counters|sessions|partners|messages|prefixes|dataplane|flows|drops|verdicts|version\n"
	"  block PREFIX|DOMAIN [--subtree] --for SECONDS [--reason TEXT]\n"
	"  unblock PREFIX|DOMAIN [--subtree]\n"
	"  check FILE\n"
	"  print FILE\n"
	"\n"
	"options, anywhere:\n"
	"  -s, --socket PATH   of picket-control (default /run/picket/control.sock)\n"
	"  --json              answers of 'show' as JSON\n"
	"  --all               also counters that are 0 (JSON always has them)\n"
	"  --version           print the version, exit\n"
	"  --help              print this, or the command's own help, exit\n"
	"\n"
	"exit codes: 0 fine, 1 refused or errors found, 2 wrong usage, 3 no control plane\n";

static int complain(const char *words, const char *value)
{
	fprintf(stderr, "picketctl: %s '%s'\nTry 'picketctl --help'.\n", words, value);
	return CODE_USAGE;
}

static bool noun_allowed(const struct verb *verb, const char *noun)
{
	for (size_t i = 0; verb->nouns && verb->nouns[i]; i++)
		if (strcmp(verb->nouns[i], noun) == 0)
			return true;
	return !verb->nouns;
}

static int run(struct call *call, int count, char **words, bool help)
{
	if (count == 0) {
		fputs(usage, help ? stdout : stderr);
		return help ? CODE_FINE : CODE_USAGE;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *verb = &verbs[i];

		if (strcmp(verb->name, words[0]) != 0)
			continue;
		if (help) {
			fputs(verb->help, stdout);
			return CODE_FINE;
		}
		if (count != 2) {
			fputs(verb->help, stderr);
			return CODE_USAGE;
		}
		if (!noun_allowed(verb, words[1]))
			return complain("nothing to show under", words[1]);
		call->noun = words[1];
		if ((call->seconds || call->reason) && verb->run != block)
			return complain("--for and --reason are for 'block', not for", words[0]);
		if (call->subtree && verb->run != block && verb->run != unblock)
			return complain(
				"--subtree is for 'block' and 'unblock', not for", words[0]);
		return verb->run(call);
	}
	return complain("unknown command", words[0]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'a'},
		{"for", required_argument, NULL, 'f'},
		{"reason", required_argument, NULL, 'r'},
		{"subtree", no_argument, NULL, 'b'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct call call = {.socket_path = "/run/picket/control.sock"};
	bool help = false;
	int key;

	while ((key = getopt_long(argc, argv, "s:h", options, NULL)) != -1) {
		switch (key) {
		case 's':
			call.socket_path = optarg;
			break;
		case 'j':
			call.json = true;
			break;
		case 'a':
			call.all = true;
			break;
		case 'f':
			call.seconds = optarg;
			break;
		case 'r':
			call.reason = optarg;
			break;
		case 'b':
			call.subtree = true;
			break;
		case 'V':
			printf("picketctl %s\n", PICKET_VERSION);
			return CODE_FINE;
		case 'h':
			help = true;
			break;
		default:
			fprintf(stderr, "Try 'picketctl --help'.\n");
			return CODE_USAGE;
		}
	}
	return run(&call, argc - optind, argv + optind, help);
}
