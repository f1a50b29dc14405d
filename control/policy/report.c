/* SPDX-License-Identifier: BSD-3-Clause */
/* What has been used of each agreement. */
#include "control/policy/report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/state_file.h"

enum { MONTH_TEXT_BYTES = 16, BUSY_MS = 2000, DAY_S = 86400 };

/* --- the period --- */

static bool month_read(const char *text, int32_t *out)
{
	char day[16];
	struct fault fault;
	struct wall when;

	if (strlen(text) != 7 || snprintf(day, sizeof(day), "%s-01", text) != 10 ||
		!date_read(view_of(day), &when, &fault))
		return false;
	*out = date_month(when);
	return true;
}

bool report_period_read(const char *from, const char *to, struct wall now,
	struct report_period *out, const char **why)
{
	*why = "a month is written like 2026-06";
	out->is_open = !from;
	out->to = date_month(now);
	if (to && !month_read(to, &out->to))
		return false;
	out->from = out->to - REPORT_MONTHS_MAX + 1;
	if (from && !month_read(from, &out->from))
		return false;
	*why = "the period ends before it begins";
	if (out->from > out->to)
		return false;
	*why = "the period is longer than 50 years";
	return out->to - out->from < REPORT_MONTHS_MAX;
}

static const char *month_print(int32_t month, char out[static MONTH_TEXT_BYTES])
{
	snprintf(out, MONTH_TEXT_BYTES, "%04d-%02d", month / 12 % 10000, month % 12 + 1);
	return out;
}

static json_t *date_json(struct wall when)
{
	char text[DATE_TEXT_BYTES];

	date_print(when, text);
	return json_string(text);
}

/* --- months --- */

/* One month of an agreement. */
struct used {
	int32_t month;
	uint32_t seats;
	uint32_t of;               /* seats that the agreement had at last; 0: nobody knows */
	uint32_t alarm;            /* the highest: 0, 90 or 100 percent */
	struct wall at_90, at_100; /* when an alarm came; 0: it did not, or nobody knows when */
};

static void put_month(json_t *row, const struct used *used)
{
	json_t *peak = json_object_get(row, "peak");
	char month[MONTH_TEXT_BYTES];
	json_t *m = json_pack("{s:s, s:I}", "month", month_print(used->month, month), "seats",
		(json_int_t)used->seats);

	if (used->of)
		json_object_set_new(m, "of", json_integer(used->of));
	json_object_set_new(m, "alarm", json_integer(used->alarm));
	if (used->at_90.s)
		json_object_set_new(m, "alarm_90_at", date_json(used->at_90));
	if (used->at_100.s)
		json_object_set_new(m, "alarm_100_at", date_json(used->at_100));
	json_array_append_new(json_object_get(row, "months"), m);
	if (json_integer_value(json_object_get(peak, "seats")) < (json_int_t)used->seats)
		json_object_set_new(row, "peak",
			json_pack("{s:s, s:I}", "month", month, "seats", (json_int_t)used->seats));
}

/* The most that were assigned at one instant of each month, while the agreement is served at all. */
static int put_assigned(
	json_t *row, const struct agreement *a, int64_t end, const struct report_period *period)
{
	uint32_t count;
	struct licence_turn *turns = licence_turns(a, a->start.s, end, &count);
	uint32_t held = 0;
	uint32_t i = 0;

	if (!turns)
		return -ENOMEM;
	for (int32_t month = period->from; month <= period->to; month++) {
		int64_t begin = date_of_month(month).s;
		int64_t next = date_of_month(month + 1).s;
		struct used used = {.month = month};

		for (; i < count && turns[i].at_s <= begin; i++)
			held += (uint32_t)turns[i].change;
		used.seats = held;
		for (; i < count && turns[i].at_s < next; i++) {
			held += (uint32_t)turns[i].change;
			used.seats = held > used.seats ? held : used.seats;
		}
		if (used.seats > 0) {
			used.of = a->seats;
			used.alarm = licence_alarm(a->seats, used.seats);
			put_month(row, &used);
		}
	}
	free(turns);
	return 0;
}

/* --- agreements --- */

static const char *model_name(const struct agreement *a)
{
	return a->model == SEAT_ASSIGNED ? "assigned" : "active";
}

static const struct provider *provider_of(const struct ruleset *rules, const struct agreement *a)
{
	for (uint32_t i = 0; i < rules->policies.provider_count; i++)
		if (&rules->policies.providers[i].terms == a->terms)
			return &rules->policies.providers[i];
	return NULL;
}

static json_t *credit_json(const struct agreement *a, const char *region)
{
	struct licence_credit credit = licence_credit(a, region);

	return json_pack("{s:f, s:f, s:f}", "unused_days", (double)credit.unused_s / DAY_S,
		"paid_days", (double)(a->end.s - a->start.s) / DAY_S, "percent",
		(double)(credit.unused_s * 10000 / credit.paid_s) / 100);
}

static void put_windows(json_t *row, const struct agreement *a, const char *region)
{
	json_t *renewals = json_array();

	for (uint32_t i = 0; i < a->renewal_count; i++)
		json_array_append_new(renewals, date_json(a->renewals[i]));
	json_object_set_new(row, "purchased", date_json(a->purchased));
	json_object_set_new(row, "renewals", renewals);
	json_object_set_new(row, "sell_until", date_json(a->terms->sell_until));
	json_object_set_new(row, "new_domains_until", date_json(a->terms->new_domains_until));
	json_object_set_new(row, "start", date_json(a->start));
	json_object_set_new(row, "end", date_json(a->end));
	json_object_set_new(row, "grace_days", json_integer(a->grace_days));
	json_object_set_new(row, "service_end", date_json(provider_end(a->terms, region)));
}

static json_t *agreement_json(
	const struct ruleset *rules, const struct agreement *a, struct wall now)
{
	static const char *const states[] = {[LICENCE_NOT_STARTED] = "not started",
		[LICENCE_ACTIVE] = "active",
		[LICENCE_GRACE] = "grace",
		[LICENCE_EXPIRED] = "expired"};
	static const char *const provider_states[] = {[PROVIDER_NOT_BEGUN] = "not begun",
		[PROVIDER_OPEN] = "open",
		[PROVIDER_CLOSED_TO_NEW] = "closed to new",
		[PROVIDER_RETIRED] = "retired"};
	const char *region = rules->policies.region;
	const struct provider *provider = provider_of(rules, a);
	json_t *row = json_pack("{s:s, s:s, s:b, s:s, s:I, s:s, s:s}", "agreement", a->id,
		"provider", provider ? provider->name : "", "in_rules", 1, "model", model_name(a),
		"seats", (json_int_t)a->seats, "state", states[licence_state(a, now)],
		"provider_state", provider_states[provider_state(a->terms, region, now)]);

	put_windows(row, a, region);
	json_object_set_new(row, "months", json_array());
	json_object_set_new(row, "peak", json_null());
	json_object_set_new(row, "credit", credit_json(a, region));
	return row;
}

/* All of the rules, with what is assigned. */
static int put_agreements(const struct ruleset *rules, const struct report_period *period,
	struct wall now, json_t *rows)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < rules->policies.agreement_count; i++) {
		const struct agreement *a = &rules->policies.agreements[i];
		int64_t served = date_after_days(a->end, a->grace_days).s;
		int64_t retired = provider_end(a->terms, rules->policies.region).s;
		json_t *row = agreement_json(rules, a, now);

		if (!row || json_array_append_new(rows, row) < 0)
			return -ENOMEM;
		if (a->model == SEAT_ASSIGNED)
			rc = put_assigned(row, a, served < retired ? served : retired, period);
	}
	return rc;
}

/* --- the record --- */

/* The agreement of a row that comes; made up if the rules do not name it any more. */
static json_t *row_of(json_t *rows, const char *agreement, const char *provider)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "agreement")), agreement) == 0)
			return row;
	}
	row = json_pack("{s:s, s:s, s:b, s:s, s:n, s:[], s:n, s:n}", "agreement", agreement,
		"provider", provider, "in_rules", 0, "model", "active", "seats", "months", "peak",
		"credit");
	json_array_append_new(rows, row);
	return row;
}

struct counting {
	json_t *rows;
	json_t *row; /* of the agreement in hand */
	struct used used;
};

static void counting_end(struct counting *c)
{
	if (c->used.seats > 0)
		put_month(c->row, &c->used);
	c->used = (struct used){0};
}

/* One seat more, of those that the agreement had then (0: that is not known); they come by agreement,
 * month and number. */
static void counting_take(struct counting *c, const char *agreement, const char *provider,
	int32_t month, struct wall at, int64_t of)
{
	const char *now = c->row ? json_string_value(json_object_get(c->row, "agreement")) : NULL;
	uint32_t alarm = 0;

	if (!now || strcmp(now, agreement) != 0 || c->used.month != month) {
		if (c->row)
			counting_end(c);
		c->row = row_of(c->rows, agreement, provider);
		c->used.month = month;
	}
	c->used.seats++;
	c->used.of = of > 0 && of <= UINT32_MAX ? (uint32_t)of : 0;
	if (!c->used.of)
		of = json_integer_value(json_object_get(c->row, "seats"));
	if (of > 0)
		alarm = licence_alarm((uint32_t)of, c->used.seats);
	if (alarm > c->used.alarm)
		c->used.alarm = alarm;
	if (alarm >= 90 && !c->used.at_90.s)
		c->used.at_90 = at;
	if (alarm == 100 && !c->used.at_100.s)
		c->used.at_100 = at;
}

static int put_active(sqlite3 *database, const struct report_period *period, json_t *rows)
{
	struct counting c = {.rows = rows};
	sqlite3_stmt *statement = NULL;
	char sql[192];
	int rc;

	snprintf(sql, sizeof(sql),
		"SELECT agreement, provider, month, at, %s FROM usage WHERE agreement <> ''"
		" AND month BETWEEN ? AND ? ORDER BY agreement, month, seq",
		usage_seats_column(database));
	rc = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int(statement, 1, period->from);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int(statement, 2, period->to);
	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
			counting_take(&c, (const char *)sqlite3_column_text(statement, 0),
				(const char *)sqlite3_column_text(statement, 1),
				sqlite3_column_int(statement, 2),
				(struct wall){sqlite3_column_int64(statement, 3)},
				sqlite3_column_int64(statement, 4));
	sqlite3_finalize(statement);
	if (c.row)
		counting_end(&c);
	return rc == SQLITE_DONE ? 0 : -EIO;
}

static void put_check(json_t *head, const struct usage_check *check)
{
	static const char *const faults[] = {
		[USAGE_FINE] = "whole", [USAGE_EDITED] = "edited", [USAGE_CUT_OFF] = "cut off"};
	char text[CHAIN_TEXT_BYTES];

	chain_print(&check->head, text);
	json_object_set_new(head, "record", json_string(faults[check->fault]));
	if (check->fault != USAGE_FINE)
		json_object_set_new(head, "wrong_from_row", json_integer((json_int_t)check->seq));
	json_object_set_new(head, "whole_rows", json_integer((json_int_t)check->head.seq));
	json_object_set_new(head, "whole_head", json_string(text));
}

/* The head that was written down beside the database. It is read first: what it says is in there. */
static int known_head(const char *directory, bool *is_known, struct chain_head *out)
{
	char path[PATH_MAX];
	struct text text;
	int rc;

	snprintf(path, sizeof(path), "%s/" USAGE_HEAD_FILE, directory);
	rc = state_file_read(path, &text);
	*is_known = rc == 0 && text.len > 0 &&
		    chain_read(view_trim(view_sub(text_view(&text), 0, text.len - 1)), out);
	text_free(&text);
	return rc;
}

static int database_open(const char *directory, sqlite3 **database, char *why, size_t why_bytes)
{
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/" USAGE_DATABASE_FILE, directory);
	rc = sqlite3_open_v2(path, database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(*database, BUSY_MS);
	/* All of one state, whoever writes meanwhile. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*database, "BEGIN; SELECT count(*) FROM usage", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	snprintf(why, why_bytes, "%s: %s", path,
		*database ? sqlite3_errmsg(*database) : sqlite3_errstr(rc));
	return -EIO;
}

static int put_record(const char *directory, const struct report_period *period, struct report *out,
	char *why, size_t why_bytes)
{
	struct usage_check check;
	struct chain_head known;
	sqlite3 *database = NULL;
	bool is_known;
	int rc = known_head(directory, &is_known, &known);

	if (rc < 0) {
		snprintf(why, why_bytes, "%s/" USAGE_HEAD_FILE ": %s", directory, strerror(-rc));
		return rc;
	}
	rc = database_open(directory, &database, why, why_bytes);
	if (rc == 0) {
		rc = usage_verify(database, is_known ? &known : NULL, &check);
		if (rc == 0)
			rc = put_active(database, period, out->rows);
		if (rc < 0)
			snprintf(why, why_bytes, "%s/" USAGE_DATABASE_FILE ": %s", directory,
				sqlite3_errmsg(database));
	}
	sqlite3_close(database);
	if (rc == 0) {
		put_check(out->head, &check);
		out->fault = check.fault;
	}
	return rc;
}

int report_make(const struct ruleset *rules, const char *state_directory,
	const struct report_period *period, struct wall now, struct report *out, char *why,
	size_t why_bytes)
{
	char from[MONTH_TEXT_BYTES];
	char to[MONTH_TEXT_BYTES];
	int rc;

	*out = (struct report){.rows = json_array(),
		.head = json_pack("{s:s?, s:s, s:o, s:I}", "from",
			period->is_open ? NULL : month_print(period->from, from), "to",
			month_print(period->to, to), "now", date_json(now), "generation",
			(json_int_t)rules->generation)};
	snprintf(why, why_bytes, "out of memory");
	if (!out->rows || !out->head)
		return -ENOMEM;
	rc = put_agreements(rules, period, now, out->rows);
	if (rc == 0 && state_directory)
		rc = put_record(state_directory, period, out, why, why_bytes);
	else if (rc == 0)
		json_object_set_new(out->head, "record", json_string("none"));
	return rc;
}

void report_free(struct report *report)
{
	json_decref(report->head);
	json_decref(report->rows);
	*report = (struct report){0};
}
