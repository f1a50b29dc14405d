/* SPDX-License-Identifier: BSD-3-Clause */
/* What the limits of a rules document must be to each other. */
#include "rules/limit_check.h"

#include <stdio.h>

enum { KEY_BYTES = 96 };

/* What holds for a key, in a place that may state it: the value, and the line of it or 0. */
struct held {
	uint64_t value;
	unsigned line;
	bool ok;
};

static struct held hold(const struct scalar *stated, struct held otherwise)
{
	return stated->line ? (struct held){stated->number, stated->line, stated->ok} : otherwise;
}

/* One complaint, where the last of the two was stated. A burst of hours would be no limit. */
static void check_burst(struct held rate, struct held burst, const char *where, const char *name,
	const char *rate_name, struct rules_errors *errors)
{
	char key[KEY_BYTES];

	/* No overflow: the largest rate times an hour is 5 x 10^13. */
	if (!rate.ok || !burst.ok || burst.value <= rate.value * LIMIT_BURST_MAX_S)
		return;
	snprintf(key, sizeof(key), "%s.%s", where, name);
	rules_errors_add(errors, burst.line > rate.line ? burst.line : rate.line, key,
		"'%llu' is more than an hour of %s, which is %llu: write at most %llu, or raise "
		"%s",
		(unsigned long long)burst.value, rate_name, (unsigned long long)rate.value,
		(unsigned long long)rate.value * LIMIT_BURST_MAX_S, rate_name);
}

/* Where neither rate nor burst is stated nothing new can be wrong. */
static void check_place(const struct draft_limits *here, const struct draft_limits *above,
	const struct limits *defaults, const char *where, struct rules_errors *errors)
{
	for (unsigned key = 0; key < LIMIT_COUNT; key++) {
		enum limit_key rate = limit_rate_of((enum limit_key)key);
		struct held of_rate, of_burst;

		if (rate == LIMIT_COUNT || !(here->value[key].line || here->value[rate].line))
			continue;
		of_rate = (struct held){defaults->value[rate], 0, true};
		of_burst = (struct held){defaults->value[key], 0, true};
		if (above) {
			of_rate = hold(&above->value[rate], of_rate);
			of_burst = hold(&above->value[key], of_burst);
		}
		check_burst(hold(&here->value[rate], of_rate), hold(&here->value[key], of_burst),
			where, limit_name((enum limit_key)key), limit_name(rate), errors);
	}
}

void draft_check_limits(const struct draft *draft, struct rules_errors *errors)
{
	const struct draft_limit_rules *limits = &draft->limits;
	struct held rate = {handshake_limits_default.handshakes_per_s, 0, true};
	struct held burst = {handshake_limits_default.handshakes_burst, 0, true};

	check_place(&limits->partner, NULL, &limits_partner_default, "limits.partner", errors);
	check_place(&limits->unknown, NULL, &limits_unknown_default, "limits.unknown", errors);
	check_place(&limits->suspicious.limits, NULL, &limits_suspicious_default,
		"limits.suspicious", errors);
	check_place(&draft->discovery.limits.counted, NULL, &limits_discovered_default,
		"discovery.limits", errors);
	check_burst(hold(&limits->handshakes_per_s, rate), hold(&limits->handshakes_burst, burst),
		"limits", "handshakes_burst", "handshakes_per_s", errors);
	for (uint32_t i = 0; i < draft->partners.count; i++) {
		char where[KEY_BYTES / 2];

		snprintf(where, sizeof(where), "partners[%u].limits", i);
		check_place(&draft_partner(draft, i)->limits, &limits->partner,
			&limits_partner_default, where, errors);
	}
}
