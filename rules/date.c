/* SPDX-License-Identifier: BSD-3-Clause */
/* Days and instants as the rules write them. */
#include "rules/date.h"

#include <stdio.h>

enum { DAY_S = 86400 };

struct civil {
	int32_t year, month, day; /* month and day from 1 */
};

static bool is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int32_t days_in(int32_t year, int32_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first of January. */
static int64_t days_before_year(int32_t year)
{
	int64_t y = year - 1;

	return 365 * (y - 1969) + (y / 4 - y / 100 + y / 400) -
	       (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int64_t days_of(struct civil c)
{
	int64_t days = days_before_year(c.year) + c.day - 1;

	for (int32_t month = 1; month < c.month; month++)
		days += days_in(c.year, month);
	return days;
}

static struct civil civil_of(int64_t days)
{
	struct civil c = {.year = (int32_t)(1970 + days / 366), .month = 1};

	/* The guess is never late, and early by less than one year in 366 of them. */
	while (days_before_year(c.year + 1) <= days)
		c.year++;
	while (days_before_year(c.year) > days)
		c.year--;
	days -= days_before_year(c.year);
	while (days >= days_in(c.year, c.month))
		days -= days_in(c.year, c.month++);
	c.day = (int32_t)days + 1;
	return c;
}

static int64_t floor_days(struct wall when)
{
	return when.s / DAY_S - (when.s % DAY_S < 0);
}

/* --- reading --- */

static bool digits(struct view text, uint32_t from, uint32_t count, int32_t *out)
{
	uint64_t value;

	if (!view_to_u64(view_sub(text, from, count), 9999, &value) || text.len < from + count)
		return false;
	*out = (int32_t)value;
	return true;
}

static bool bad(struct fault *fault, const char *cause, uint32_t offset)
{
	*fault = (struct fault){cause, offset};
	return false;
}

/* The shape of the text: digits where the pattern has 0, else the very byte. */
static bool has_shape(struct view text, const char *pattern, struct fault *fault)
{
	uint32_t i;

	for (i = 0; pattern[i] && i < text.len; i++) {
		bool digit = text.p[i] >= '0' && text.p[i] <= '9';

		if (pattern[i] == '0' ? !digit : text.p[i] != (uint8_t)pattern[i])
			return bad(fault, "not_a_date", i);
	}
	if (pattern[i] || i < text.len)
		return bad(fault, "not_a_date", i);
	return true;
}

static bool read_day(struct view text, int64_t *day_s, struct fault *fault)
{
	struct civil c = {0};

	if (!digits(text, 0, 4, &c.year) || !digits(text, 5, 2, &c.month) ||
		!digits(text, 8, 2, &c.day))
		return bad(fault, "not_a_date", 0);
	if (c.year < DATE_YEAR_MIN || c.year > DATE_YEAR_MAX)
		return bad(fault, "year_out_of_range", 0);
	if (c.month < 1 || c.month > 12)
		return bad(fault, "no_such_month", 5);
	if (c.day < 1 || c.day > days_in(c.year, c.month))
		return bad(fault, "no_such_day", 8);
	*day_s = days_of(c) * DAY_S;
	return true;
}

bool date_read(struct view text, struct wall *out, struct fault *fault)
{
	int32_t hour = 0;
	int32_t minute = 0;
	int32_t second = 0;
	int64_t day_s;

	if (!has_shape(text, text.len > 10 ? "0000-00-00T00:00:00Z" : "0000-00-00", fault) ||
		!read_day(text, &day_s, fault))
		return false;
	if (text.len > 10) {
		digits(text, 11, 2, &hour);
		digits(text, 14, 2, &minute);
		digits(text, 17, 2, &second);
		if (hour > 23 || minute > 59 || second > 59)
			return bad(fault, "no_such_time", hour > 23 ? 11 : minute > 59 ? 14 : 17);
	}
	out->s = day_s + hour * 3600 + minute * 60 + second;
	return true;
}

/* --- writing and counting --- */

void date_print(struct wall when, char out[static DATE_TEXT_BYTES])
{
	int64_t days = floor_days(when);
	int32_t second_of_day = (int32_t)(when.s - days * DAY_S);
	struct civil c;
	int used;

	if (when.s == DATE_NEVER.s) {
		snprintf(out, DATE_TEXT_BYTES, "never");
		return;
	}
	c = civil_of(days);
	used = snprintf(out, DATE_TEXT_BYTES, "%04u-%02u-%02u", (unsigned)c.year % 10000,
		(unsigned)c.month % 100, (unsigned)c.day % 100);
	if (second_of_day != 0)
		snprintf(out + used, (size_t)(DATE_TEXT_BYTES - used), "T%02u:%02u:%02uZ",
			(unsigned)(second_of_day / 3600) % 100,
			(unsigned)(second_of_day / 60 % 60) % 100,
			(unsigned)(second_of_day % 60) % 100);
}

int32_t date_month(struct wall when)
{
	struct civil c = civil_of(floor_days(when));

	return c.year * 12 + c.month - 1;
}

struct wall date_of_month(int32_t month)
{
	struct civil c = {month / 12, month % 12 + 1, 1};

	return (struct wall){days_of(c) * DAY_S};
}

struct wall date_after_days(struct wall when, uint32_t days)
{
	if (when.s > INT64_MAX - (int64_t)days * DAY_S)
		return DATE_NEVER;
	return (struct wall){when.s + (int64_t)days * DAY_S};
}
