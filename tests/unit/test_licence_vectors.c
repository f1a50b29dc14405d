/* SPDX-License-Identifier: BSD-3-Clause */
/* Licences from the document to the decision: the rules R1 to R13 and the dates of history, each by its name. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "control/policy/clock.h"
#include "rules/decide.h"
#include "tests/unit/instant.h"

#define BASE                                                                                       \
	"service: {addresses: [198.51.100.1]}\n"                                                   \
	"local:\n"                                                                                 \
	"  - {domain: corp.example, certificate: c, key: k, inside: {protocol: sip, host: "        \
	"h.example}}\n"                                                                            \
	"  - {domain: new.example, certificate: c, key: k, inside: {protocol: sip, host: "         \
	"h.example}}\n"
#define PROVIDER(keys)                                                                             \
	"providers:\n  - {name: p, enabled: true, domains: [p.example], protocols: [sip], " keys   \
	"}\n"
#define LICENCE(keys) "licences:\n  - {agreement: EA-1, provider: p, " keys "}\n"

#define YAHOO PROVIDER("profile: yahoo")
#define ASSIGNED                                                                                   \
	"model: assigned, seats: 1, start: 2012-01-01, end: 2015-01-01, assignments: [{user: "     \
	"alice@corp.example, from: 2012-03-01, to: 2012-04-01}]"
#define ACTIVE "seats: 10, start: 2012-01-01, end: 2015-01-01"

enum { IN = 1, OUT = 2, BOTH = 3 };

struct vector {
	const char *name, *rules;
	const char *now; /* NULL: it is about what is read */
	enum reason reason;
	const char *error; /* part of it; NULL: the rules are fine */
	int ways;          /* 0: both */
	enum question_kind kind;
	uint32_t used; /* seats that are taken this month */
	bool has;      /* ... and alice's is one of them */
	bool takes;    /* hers is taken by this */
	const char *user;
};

#define SERVED(n, r, at, ...)                                                                      \
	{                                                                                          \
		.name = n, .rules = r, .now = at, ##__VA_ARGS__                                    \
	}
#define REFUSED(n, r, at, why, ...)                                                                \
	{                                                                                          \
		.name = n, .rules = r, .now = at, .reason = REASON_##why, ##__VA_ARGS__            \
	}
#define WRONG(n, r, key)                                                                           \
	{                                                                                          \
		.name = n, .rules = r, .error = key                                                \
	}

static const struct vector vectors[] = {
	REFUSED("R1: a second before it starts", YAHOO LICENCE(ACTIVE), "2011-12-31T23:59:59Z",
		licence_not_started),
	SERVED("R1: from its first instant", YAHOO LICENCE(ACTIVE), "2012-01-01", .takes = true),
	REFUSED("R2: the end is exclusive",
		YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2013-12-31"), "2013-12-31",
		licence_expired),
	SERVED("R2: a second before the end",
		YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2013-12-31"),
		"2013-12-30T23:59:59Z", .takes = true),
	REFUSED("R2: the provider's end comes first", YAHOO LICENCE(ACTIVE), "2014-07-01",
		provider_retired),
	REFUSED("R2: the agreement's end comes first",
		YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2014-06-01"), "2014-06-15",
		licence_expired),
	WRONG("R3: bought too late", YAHOO LICENCE(ACTIVE ", purchased: 2012-09-01"), "purchased"),
	WRONG("R3: renewed too late", YAHOO LICENCE(ACTIVE ", renewals: [2012-06-01, 2012-10-01]"),
		"renewals"),
	SERVED("R3: what was renewed in time is served",
		YAHOO LICENCE(ACTIVE ", renewals: [2012-08-31]"), "2014-01-01", .takes = true),
	WRONG("R4: a domain that was added too late",
		PROVIDER("profile: aol, licence: seat")
			LICENCE(ACTIVE ", domains: [{domain: new.example, since: 2013-10-01}]"),
		"domains"),
	SERVED("R4: one that was there before is served after it",
		PROVIDER("profile: aol, licence: seat")
			LICENCE(ACTIVE ", domains: [{domain: corp.example, since: 2013-09-30}]"),
		"2014-03-01", .takes = true),
	REFUSED("R4: not before its day",
		PROVIDER("profile: aol, licence: seat")
			LICENCE(ACTIVE ", domains: [{domain: corp.example, since: 2013-09-30}]"),
		"2013-09-29", no_agreement),
	REFUSED("R5: no agreement at all", YAHOO, "2013-01-01", no_agreement),
	REFUSED("R5: no seat, in", YAHOO LICENCE(ASSIGNED), "2012-03-15", no_seat, .ways = IN,
		.user = "bob@corp.example"),
	REFUSED("R5: no seat, out", YAHOO LICENCE(ASSIGNED), "2012-03-15", no_seat, .ways = OUT,
		.user = "bob@corp.example"),
	SERVED("R5: who needs none has none", PROVIDER("profile: aol"), "2013-01-01"),
	REFUSED("R6: before it is assigned", YAHOO LICENCE(ASSIGNED), "2012-02-29T23:59:59Z",
		no_seat),
	SERVED("R6: while it is assigned", YAHOO LICENCE(ASSIGNED), "2012-03-31T23:59:59Z"),
	REFUSED("R6: after it was assigned", YAHOO LICENCE(ASSIGNED), "2012-04-01", no_seat),
	WRONG("R6: more names than seats",
		YAHOO LICENCE("model: assigned, seats: 1, start: 2012-01-01, end: 2015-01-01, "
			      "assignments: [alice@corp.example, bob@corp.example]"),
		"assignments"),
	SERVED("R7: the first message takes one", YAHOO LICENCE(ACTIVE), "2012-03-01",
		.takes = true, .used = 9),
	SERVED("R7: the first subscription takes one", YAHOO LICENCE(ACTIVE), "2012-03-01",
		.takes = true, .used = 9, .kind = KIND_subscription),
	SERVED("R7: it is had to the end of the month", YAHOO LICENCE(ACTIVE),
		"2012-03-31T23:59:59Z", .has = true, .used = 3),
	REFUSED("R8: all are taken", YAHOO LICENCE(ACTIVE), "2012-03-20", seats_exhausted,
		.used = 10),
	SERVED("R8: who was counted goes on", YAHOO LICENCE(ACTIVE), "2012-03-20", .has = true,
		.used = 10),
	SERVED("R8: who was counted goes on with fewer seats",
		YAHOO LICENCE("seats: 3, start: 2012-01-01, end: 2015-01-01"), "2012-03-20",
		.has = true, .used = 10),
	REFUSED("R9: no calls with yahoo", YAHOO LICENCE(ACTIVE), "2012-03-20", capability,
		.kind = KIND_call, .has = true),
	REFUSED("R9: no files with yahoo", YAHOO LICENCE(ACTIVE), "2012-03-20", capability,
		.kind = KIND_file, .has = true),
	REFUSED("R9: no groups with yahoo", YAHOO LICENCE(ACTIVE), "2012-03-20", capability,
		.kind = KIND_group, .has = true),
	SERVED("R9: and messages all the same", YAHOO LICENCE(ACTIVE), "2012-03-20", .has = true),
	REFUSED("R9: no files with skype", PROVIDER("profile: skype"), "2020-01-01", capability,
		.kind = KIND_file),
	REFUSED("R10: retired, a subscription", YAHOO LICENCE(ACTIVE), "2014-08-01",
		provider_retired, .kind = KIND_subscription, .has = true),
	REFUSED("R10: retired, presence", YAHOO LICENCE(ACTIVE), "2014-08-01", provider_retired,
		.kind = KIND_presence, .has = true),
	SERVED("R10: closed to new, who is there is served", YAHOO LICENCE(ACTIVE), "2013-01-01",
		.takes = true),
	REFUSED("R12: no grace if nothing is said",
		YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2013-01-01"), "2013-01-01",
		licence_expired),
	SERVED("R12: the last second of grace",
		YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2013-01-01, grace_days: 30"),
		"2013-01-30T23:59:59Z", .takes = true),
	REFUSED("R12: grace is over",
		YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2013-01-01, grace_days: 30"),
		"2013-01-31", licence_expired),
	REFUSED("R12: no grace past the provider's end",
		YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2014-06-20, grace_days: 30"),
		"2014-07-01", provider_retired),
	SERVED("2012-08-31T23:59:59 buy ok",
		YAHOO LICENCE(ACTIVE ", purchased: 2012-08-31T23:59:59Z"), "2012-10-01",
		.takes = true),
	WRONG("2012-09-01T00:00:00 buy refused",
		YAHOO LICENCE(ACTIVE ", purchased: 2012-09-01T00:00:00Z"), "purchased"),
	SERVED("Yahoo 2014-06-30 is the last day served", YAHOO LICENCE(ACTIVE),
		"2014-06-30T23:59:59Z", .takes = true),
	REFUSED("Yahoo 2014-07-01 refused", YAHOO LICENCE(ACTIVE), "2014-07-01T00:00:00Z",
		provider_retired),
	REFUSED("USL ending 2013-12-31 stops then",
		YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2013-12-31"),
		"2013-12-31T00:00:00Z", licence_expired),
	REFUSED("USL ending 2013-12-31 stops then, not in 2014",
		YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2013-12-31"), "2014-01-01",
		licence_expired),
	SERVED("AOL with no USL ok", PROVIDER("profile: aol"), "2013-06-01"),
	SERVED("AOL with no USL ok until the end", PROVIDER("profile: aol"),
		"2014-06-30T23:59:59Z"),
	REFUSED("AOL at its end", PROVIDER("profile: aol"), "2014-07-01", provider_retired),
	SERVED("WLM before 2013-03-15 ok", PROVIDER("profile: windows-live"),
		"2013-03-14T23:59:59Z"),
	REFUSED("WLM at 2013-03-15 refused", PROVIDER("profile: windows-live"), "2013-03-15",
		provider_retired),
	SERVED("WLM in region CN after 2013-03-15 ok",
		"region: CN\n" PROVIDER("profile: windows-live"), "2013-03-16"),
	REFUSED("WLM in another region after 2013-03-15 refused",
		"region: TW\n" PROVIDER("profile: windows-live"), "2013-03-16", provider_retired),
	REFUSED("Skype before May 2013", PROVIDER("profile: skype"), "2013-04-30T23:59:59Z",
		provider_not_begun),
	SERVED("Skype from May 2013", PROVIDER("profile: skype"), "2013-05-01"),
	SERVED("Skype on 2025-05-04", PROVIDER("profile: skype"), "2025-05-04T23:59:59Z"),
	REFUSED("Skype stopped on 2025-05-05", PROVIDER("profile: skype"), "2025-05-05",
		provider_retired),
	SERVED("a successor states another date", PROVIDER("profile: aol, service_end: 2030-01-01"),
		"2029-12-31"),
	REFUSED("a successor's date ends it too", PROVIDER("profile: aol, service_end: 2030-01-01"),
		"2030-01-01", provider_retired),
};

static struct rules_errors errors;

static struct ruleset *read_rules(const struct vector *v)
{
	char yaml[2048];

	snprintf(yaml, sizeof(yaml), "%s%s", BASE, v->rules);
	return ruleset_compile(view_of(yaml), NULL, &errors);
}

static bool has(const void *arg, const struct agreement *a, struct view user, int32_t month)
{
	return ((const struct vector *)arg)->has;
}

static uint32_t count(const void *arg, const struct agreement *a, int32_t month)
{
	return ((const struct vector *)arg)->used;
}

static void ask(const struct ruleset *rules, const struct vector *v, enum heading heading,
	struct wall now, struct verdict *out)
{
	const struct licence_usage usage = {v, has, count};
	struct view user = view_of(v->user ? v->user : "alice@corp.example");
	const struct question q = {.ours = {user, user_domain(user)},
		.theirs = {VIEW("x@p.example"), VIEW("p.example")},
		.heading = heading,
		.kind = v->kind,
		.media = v->kind == KIND_call ? CAPABILITY_BIT(audio) : 0,
		.trust = TRUST_PROVEN,
		.protocol = PROTOCOL_SIP,
		.now = now,
		.usage = &usage};

	decide(rules, &q, out);
}

static void check_way(const struct ruleset *rules, const struct vector *v, enum heading heading)
{
	struct verdict verdict;

	ask(rules, v, heading, at(v->now), &verdict);
	if (verdict.reason != v->reason)
		fail_msg("%s (%s): %s", v->name, heading == HEADING_IN ? "in" : "out",
			reason_text(verdict.reason)->name);
	if (verdict.reason == REASON_none && verdict.takes_seat != v->takes)
		fail_msg("%s: takes %d", v->name, verdict.takes_seat);
}

static void each_vector_is_decided_as_it_says(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		struct ruleset *rules = read_rules(v);

		if (v->error && (rules || !strstr(errors.list[0].key, v->error)))
			fail_msg("%s: %s", v->name,
				rules ? "the rules are taken" : errors.list[0].key);
		if (!v->error && !rules)
			fail_msg("%s: %s: %s", v->name, errors.list[0].key, errors.list[0].text);
		if (rules && (v->ways != OUT))
			check_way(rules, v, HEADING_IN);
		if (rules && (v->ways != IN))
			check_way(rules, v, HEADING_OUT);
		ruleset_free(rules);
	}
}

/* R12: the days of grace have a text, for what comes in to our users and nothing else. */
static void in_grace_and_only_then_our_users_are_told(void **state)
{
#define GRACE(more)                                                                                \
	YAHOO LICENCE("seats: 9, start: 2012-01-01, end: 2013-12-31, grace_days: 30" more)
#define NOTICE ", notice: It has ended."
	static const struct {
		const char *name, *rules, *now;
		enum heading heading;
		enum question_kind kind;
		bool told;
	} rows[] = {
		{"the last second before", GRACE(NOTICE), "2013-12-30T23:59:59Z", HEADING_IN,
			KIND_message, false},
		{"the first instant", GRACE(NOTICE), "2013-12-31", HEADING_IN, KIND_message, true},
		{"the last second", GRACE(NOTICE), "2014-01-29T23:59:59Z", HEADING_IN, KIND_message,
			true},
		{"our user writes", GRACE(NOTICE), "2014-01-01", HEADING_OUT, KIND_message, false},
		{"presence", GRACE(NOTICE), "2014-01-01", HEADING_IN, KIND_presence, false},
		{"a subscription", GRACE(NOTICE), "2014-01-01", HEADING_IN, KIND_subscription,
			false},
		{"nothing to say", GRACE(""), "2014-01-01", HEADING_IN, KIND_message, false},
		{"another agreement is in force",
			GRACE(NOTICE "}\n  - {agreement: EA-2, provider: p, seats: 9, "
				     "start: 2013-06-01, end: 2014-06-01, purchased: 2012-08-01"),
			"2014-01-01", HEADING_IN, KIND_message, false},
		{"an assigned seat",
			YAHOO LICENCE("model: assigned, seats: 1, start: 2012-01-01, "
				      "end: 2013-12-31, grace_days: 30, assignments: "
				      "[alice@corp.example]" NOTICE),
			"2014-01-01", HEADING_IN, KIND_message, true},
		{"with a seat of this month", GRACE(NOTICE), "2014-01-15", HEADING_IN, KIND_message,
			true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct vector v = {
			.rules = rows[i].rules, .kind = rows[i].kind, .has = i + 1 == 10};
		struct ruleset *rules = read_rules(&v);
		struct verdict verdict;

		if (!rules)
			fail_msg("%s: %s", rows[i].name, errors.list[0].text);
		ask(rules, &v, rows[i].heading, at(rows[i].now), &verdict);
		if (verdict.reason != REASON_none || !verdict.notice != !rows[i].told ||
			(verdict.notice && strcmp(verdict.notice, "It has ended.") != 0))
			fail_msg("%s: %s, '%s'", rows[i].name, reason_text(verdict.reason)->name,
				verdict.notice ? verdict.notice : "");
		ruleset_free(rules);
	}
}

/* R12: and then it is over, whatever there was to say. */
static void after_grace_nobody_is_told_and_nobody_served(void **state)
{
	const struct vector v = {.rules = GRACE(NOTICE), .has = true};
	struct ruleset *rules = read_rules(&v);
	struct verdict verdict;

	ask(rules, &v, HEADING_IN, at("2014-01-30"), &verdict);
	assert_int_equal(verdict.reason, REASON_licence_expired);
	assert_null(verdict.notice);
	ruleset_free(rules);
}

/* R8: at the seat that reaches it. */
static void alarms_are_at_90_and_100_percent(void **state)
{
	assert_int_equal(licence_alarm(10, 8), 0);
	assert_int_equal(licence_alarm(10, 9), 90);
	assert_int_equal(licence_alarm(10, 10), 100);
}

/* R9: a call goes on with the media that are left. */
static void only_the_media_that_cannot_be_are_refused(void **state)
{
	const struct vector v = {
		.rules = PROVIDER("profile: skype, capabilities: [im, presence, audio]"),
		.kind = KIND_call};
	struct ruleset *rules = read_rules(&v);
	const struct licence_usage usage = {&v, has, count};
	struct question q = {
		.ours = {VIEW("alice@corp.example"), VIEW("corp.example")},
		.theirs = {VIEW("x@p.example"), VIEW("p.example")},
		.heading = HEADING_OUT,
		.kind = KIND_call,
		.media = CAPABILITY_BIT(audio) | CAPABILITY_BIT(video),
		.trust = TRUST_PROVEN,
		.now = at("2020-01-01"),
		.usage = &usage,
	};
	struct verdict verdict;

	assert_non_null(rules);
	decide(rules, &q, &verdict);
	assert_int_equal(verdict.reason, REASON_none);
	assert_int_equal(verdict.media, CAPABILITY_BIT(audio));
	ruleset_free(rules);
}

/* R11: max(0, end - service_end) / (end - start), per agreement. */
static void the_credit_is_the_unused_part(void **state)
{
	static const struct {
		const char *name, *licence;
		int64_t unused_days, paid_days;
	} rows[] = {
		{"half of it",
			"seats: 1, start: 2014-01-01, end: 2015-01-01, purchased: 2012-01-01", 184,
			365},
		{"nothing, it ended before", "seats: 1, start: 2012-01-01, end: 2014-07-01", 0,
			912},
		{"all of it, it began after",
			"seats: 1, start: 2014-07-01, end: 2015-07-01, purchased: 2012-01-01", 365,
			365},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char yaml[512];
		struct vector v = {.rules = yaml};
		struct licence_credit credit;
		struct ruleset *rules;

		snprintf(yaml, sizeof(yaml),
			YAHOO "licences:\n  - {agreement: a, provider: p, %s}\n", rows[i].licence);
		rules = read_rules(&v);
		if (!rules)
			fail_msg("%s: %s", rows[i].name, errors.list[0].text);
		credit = licence_credit(&rules->policies.agreements[0], "");
		/* As a fraction. */
		if (credit.unused_s * rows[i].paid_days != rows[i].unused_days * credit.paid_s)
			fail_msg("%s: %lld of %lld", rows[i].name, (long long)credit.unused_s,
				(long long)credit.paid_s);
		ruleset_free(rules);
	}
}

/* R13: whoever sets the clock back does not bring an agreement back. */
static void the_clock_never_goes_back(void **state)
{
	const struct vector v = {
		.rules = YAHOO LICENCE("seats: 1, start: 2012-01-01, end: 2013-01-01")};
	struct ruleset *rules = read_rules(&v);
	struct policy_clock clock = {0};
	struct verdict verdict;
	int64_t jumped_s;
	struct wall now =
		policy_clock_now(&clock, at("2013-01-01"), (struct mono){NS_PER_S}, &jumped_s);

	ask(rules, &v, HEADING_OUT, now, &verdict);
	assert_int_equal(verdict.reason, REASON_licence_expired);
	now = policy_clock_now(
		&clock, at("2012-06-01"), (struct mono){UINT64_C(2) * NS_PER_S}, &jumped_s);
	assert_true(jumped_s < -POLICY_CLOCK_JUMP_S);
	ask(rules, &v, HEADING_OUT, now, &verdict);
	assert_int_equal(verdict.reason, REASON_licence_expired);
	ruleset_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_is_decided_as_it_says),
		cmocka_unit_test(in_grace_and_only_then_our_users_are_told),
		cmocka_unit_test(after_grace_nobody_is_told_and_nobody_served),
		cmocka_unit_test(alarms_are_at_90_and_100_percent),
		cmocka_unit_test(only_the_media_that_cannot_be_are_refused),
		cmocka_unit_test(the_credit_is_the_unused_part),
		cmocka_unit_test(the_clock_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
