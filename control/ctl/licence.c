/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl licence report: what agreements were used for, from the control plane or from its state
 * directory. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "control/ctl/rules_file.h"
#include "control/ctl/table.h"
#include "control/ctl/verbs.h"
#include "control/policy/report.h"
#include "control/record.h"
#include "control/state_file.h"

enum { WHY_BYTES = 512 };

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

/* --- for people --- */

static void say_record(json_t *head)
{
	const char *record = text_of(head, "record");
	json_int_t rows = json_integer_value(json_object_get(head, "whole_rows"));
	json_int_t wrong = json_integer_value(json_object_get(head, "wrong_from_row"));
	const char *from = json_string_value(json_object_get(head, "from"));

	if (strcmp(record, "none") == 0)
		printf("record: none is kept (the control plane has no --state)\n");
	else if (strcmp(record, "whole") == 0)
		printf("record: whole, %" JSON_INTEGER_FORMAT " rows, head %s\n", rows,
			text_of(head, "whole_head"));
	else
		printf("record: %s: row %" JSON_INTEGER_FORMAT " %s; whole up to head %s\n", record,
			wrong,
			strcmp(record, "edited") == 0 ? "is not the one that was written"
						      : "and what came after it are missing",
			text_of(head, "whole_head"));
	if (from)
		printf("months: %s to %s\n", from, text_of(head, "to"));
	else
		printf("months: up to %s\n", text_of(head, "to"));
}

static void say_windows(json_t *row)
{
	json_t *renewals = json_object_get(row, "renewals");
	json_int_t grace = json_integer_value(json_object_get(row, "grace_days"));
	json_t *renewal;
	size_t i;

	printf("  bought %s", text_of(row, "purchased"));
	json_array_foreach(renewals, i, renewal)
	{
		printf("%s %s", i == 0 ? ", renewed" : ",", json_string_value(renewal));
	}
	if (strcmp(text_of(row, "sell_until"), "never") != 0)
		printf("; sold until %s", text_of(row, "sell_until"));
	printf("\n  from %s to %s", text_of(row, "start"), text_of(row, "end"));
	if (grace > 0)
		printf(", %" JSON_INTEGER_FORMAT " days of grace", grace);
	if (strcmp(text_of(row, "service_end"), "never") != 0)
		printf("; service until %s", text_of(row, "service_end"));
	printf("\n");
}

/* When a share of the seats was reached; "" if it was not. */
static const char *alarm_text(json_t *month, int percent, const char *key)
{
	if (json_integer_value(json_object_get(month, "alarm")) < percent)
		return "";
	return json_object_get(month, key) ? text_of(month, key) : "reached";
}

static void say_months(json_t *row)
{
	json_t *rows = json_array();
	json_t *month;
	size_t i;

	json_array_foreach(json_object_get(row, "months"), i, month)
	{
		char indented[32];

		snprintf(indented, sizeof(indented), "  %s", text_of(month, "month"));
		json_array_append_new(rows,
			json_pack("{s:s, s:O, s:O?, s:s, s:s}", "  month", indented, "seats",
				json_object_get(month, "seats"), "of", json_object_get(month, "of"),
				"90 %", alarm_text(month, 90, "alarm_90_at"), "100 %",
				alarm_text(month, 100, "alarm_100_at")));
	}
	if (json_array_size(rows) > 0)
		table_print_rows(stdout, rows);
	else
		printf("  no seat was used\n");
	json_decref(rows);
}

static void say_agreement(json_t *row)
{
	json_t *peak = json_object_get(row, "peak");
	json_t *credit = json_object_get(row, "credit");
	double percent = json_number_value(json_object_get(credit, "percent"));

	printf("\nagreement %s with %s: ", text_of(row, "agreement"), text_of(row, "provider"));
	if (json_is_true(json_object_get(row, "in_rules"))) {
		printf("%s, provider %s, %" JSON_INTEGER_FORMAT " seats, %s\n",
			text_of(row, "state"), text_of(row, "provider_state"),
			json_integer_value(json_object_get(row, "seats")),
			strcmp(text_of(row, "model"), "assigned") == 0 ? "assigned by name"
								       : "by active month");
		say_windows(row);
	} else {
		printf("the rules do not name it any more\n");
	}
	say_months(row);
	if (json_is_object(peak))
		printf("  peak: %" JSON_INTEGER_FORMAT " in %s\n",
			json_integer_value(json_object_get(peak, "seats")), text_of(peak, "month"));
	if (percent > 0)
		printf("  credit: %.2f %%, %.1f of %.1f days\n", percent,
			json_number_value(json_object_get(credit, "unused_days")),
			json_number_value(json_object_get(credit, "paid_days")));
	else if (json_is_object(credit))
		printf("  credit: none\n");
}

/* Takes neither. */
static int say_report(const struct call *call, json_t *head, json_t *rows)
{
	const char *record = text_of(head, "record");
	bool whole = strcmp(record, "whole") == 0 || strcmp(record, "none") == 0;
	json_t *row;
	size_t i;

	if (call->json) {
		json_t *all = json_copy(head);

		json_object_set(all, "agreements", rows);
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
	} else {
		say_record(head);
		json_array_foreach(rows, i, row)
		{
			say_agreement(row);
		}
		if (json_array_size(rows) == 0)
			printf("\nno agreements\n");
	}
	return fflush(stdout) == 0 && whole ? CODE_FINE : CODE_TROUBLE;
}

/* --- from the control plane --- */

static int report_asked(const struct call *call, const char *from, const char *to)
{
	json_t *members = json_pack("{s:s*, s:s*}", "from", from, "to", to);
	int code = CODE_FINE;
	int fd = members ? call_connect(call) : -1;
	json_t *answer;

	if (!members) {
		fprintf(stderr, "picketctl: licence report: not a text in UTF-8\n");
		return CODE_USAGE;
	}
	if (fd < 0) {
		json_decref(members);
		return CODE_UNREACHABLE;
	}
	answer = call_collect(call, fd, "show licences", members, REPORT_TIMEOUT_MS, &code);
	json_decref(members);
	close(fd);
	if (answer)
		code = say_report(
			call, json_object_get(answer, "head"), json_object_get(answer, "rows"));
	/* Not to be taken for a damaged record. */
	else if (code == CODE_TROUBLE)
		code = CODE_USAGE;
	json_decref(answer);
	return code;
}

/* --- from the state directory --- */

static int state_text(const char *directory, const char *name, struct text *out)
{
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/rules/%s", directory, name);
	rc = state_file_read(path, out);
	if (rc == 0 && out->len == 0)
		rc = -ENOENT;
	if (rc < 0)
		fprintf(stderr, "picketctl: %s: %s\n", path, strerror(-rc));
	return rc;
}

/* Read only: the archive's own way tidies up behind a crash, which is the control plane's to do. */
static struct ruleset *rules_served(const char *directory)
{
	struct text current = {0};
	struct text record_text = {0};
	struct text document = {0};
	struct record_current now;
	struct record record;
	struct ruleset *rules = NULL;
	struct fault fault;
	char name[64];

	if (state_text(directory, "current", &current) < 0)
		goto out;
	if (record_current_parse(text_view(&current), &now, &fault) != PARSE_DONE) {
		fprintf(stderr, "picketctl: %s/rules/current is damaged\n", directory);
		goto out;
	}
	snprintf(name, sizeof(name), "%" PRIu64 ".record", now.generation);
	if (state_text(directory, name, &record_text) < 0)
		goto out;
	if (record_parse(text_view(&record_text), &record, &fault) != PARSE_DONE) {
		fprintf(stderr, "picketctl: %s/rules/%s is damaged\n", directory, name);
		goto out;
	}
	snprintf(name, sizeof(name), "%" PRIu64 ".yaml", now.generation);
	if (state_text(directory, name, &document) == 0)
		rules = rules_text_compile(text_view(&document), name, record.origin);
	if (rules)
		rules->generation = now.generation;
out:
	text_free(&current);
	text_free(&record_text);
	text_free(&document);
	return rules;
}

static int report_read(const struct call *call, const struct report_period *period)
{
	struct ruleset *served = NULL;
	struct rules_file file = {0};
	struct report report = {0};
	char why[WHY_BYTES];
	int code = CODE_USAGE;

	if (call->rules ? !rules_file_load(call->rules, NULL, &file)
			: !(served = rules_served(call->state)))
		goto out;
	if (report_make(served ? served : file.rules, call->state, period, wall_now(), &report, why,
		    sizeof(why)) < 0)
		fprintf(stderr, "picketctl: licence report: %s\n", why);
	else
		code = say_report(call, report.head, report.rows);
out:
	report_free(&report);
	ruleset_free(served);
	rules_file_free(&file);
	return code;
}

int verb_licence(const struct call *call)
{
	const char *from = call->month ? call->month : call->from;
	const char *to = call->month ? call->month : call->to;
	struct report_period period;
	const char *wrong;

	if (call->month && (call->from || call->to)) {
		fprintf(stderr, "picketctl: licence report: --month, or --from and --to\n");
		return CODE_USAGE;
	}
	if (call->rules && !call->state) {
		fprintf(stderr, "picketctl: licence report: --rules goes with --state\n");
		return CODE_USAGE;
	}
	if (!report_period_read(from, to, wall_now(), &period, &wrong)) {
		fprintf(stderr, "picketctl: licence report: %s\n", wrong);
		return CODE_USAGE;
	}
	return call->state ? report_read(call, &period) : report_asked(call, from, to);
}
