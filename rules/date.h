/* SPDX-License-Identifier: BSD-3-Clause */
/* Days and instants as the rules write them: RFC 3339, always UTC. Knows no clock. */
#pragma once

#include "rules/base/clock.h"
#include "rules/base/view.h"

enum { DATE_TEXT_BYTES = 24, DATE_YEAR_MIN = 1990, DATE_YEAR_MAX = 9998 };

/* Beyond every date that can be written. */
#define DATE_NEVER ((struct wall){INT64_MAX})

/* "2014-06-30" is the first instant of that day, "2014-06-30T12:00:00Z" what it says (RFC 3339 section
 * 5.6, capital letters, no fractions, no leap second, no other zone). Days that no calendar has are
 * refused. False with a fault. */
bool date_read(struct view text, struct wall *out, struct fault *fault);

/* A day when it is midnight, else the instant; "never". Years DATE_YEAR_MIN to DATE_YEAR_MAX. */
void date_print(struct wall when, char out[static DATE_TEXT_BYTES]);

/* Months since January of year 0 in UTC: what "a calendar month" is counted by. */
int32_t date_month(struct wall when);
/* The first instant of such a month. */
struct wall date_of_month(int32_t month);
/* n days of 86,400 s later; never stays never. */
struct wall date_after_days(struct wall when, uint32_t days);
