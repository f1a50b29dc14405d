/* SPDX-License-Identifier: BSD-3-Clause */
/* What a public provider offers, and on which terms. */
#include "rules/provider.h"

#define FOREVER                                                                                    \
	{                                                                                          \
		INT64_MAX                                                                          \
	}
#define ALWAYS                                                                                     \
	{                                                                                          \
		INT64_MIN                                                                          \
	}
#define IM_AND_PRESENCE (CAPABILITY_BIT(im) | CAPABILITY_BIT(presence))

/* Instants as seconds; the test holds them against the dates. File transfer and conversations of
 * more than two were never part of public connectivity. */
static const struct provider_terms profiles[] = {
	{
		.name = "aol",
		.capabilities = IM_AND_PRESENCE,
		.service_begin = ALWAYS,
		.sell_until = FOREVER,
		.new_domains_until = {1380585600}, /* 2013-10-01 */
		.service_end = {1404172800},       /* 2014-06-30 was the last day */
	},
	{
		.name = "google-talk",
		.capabilities = IM_AND_PRESENCE,
		.service_begin = ALWAYS,
		.sell_until = FOREVER,
		.new_domains_until = FOREVER,
		.service_end = {1655337600}, /* 2022-06-16 */
		.by_xmpp = true,
	},
	{
		.name = "skype",
		.capabilities = IM_AND_PRESENCE | CAPABILITY_BIT(audio) | CAPABILITY_BIT(video),
		.service_begin = {1367366400}, /* 2013-05-01 */
		.sell_until = FOREVER,
		.new_domains_until = FOREVER,
		.service_end = {1746403200}, /* 2025-05-05 */
	},
	{
		.name = "windows-live",
		.capabilities = IM_AND_PRESENCE | CAPABILITY_BIT(audio) | CAPABILITY_BIT(video),
		.service_begin = ALWAYS,
		.sell_until = FOREVER,
		.new_domains_until = {1363305600}, /* 2013-03-15 */
		.service_end = {1363305600},
		.exempt_region = "CN",
	},
	{
		.name = "yahoo",
		.capabilities = IM_AND_PRESENCE,
		.need = LICENCE_NEED_SEAT,
		.service_begin = ALWAYS,
		.sell_until = {1346457600}, /* 2012-09-01 */
		.new_domains_until = FOREVER,
		.service_end = {1404172800}, /* 2014-06-30 was the last day */
	},
};

const struct provider_terms *provider_profile(struct view name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (view_equal(name, view_of(profiles[i].name)))
			return &profiles[i];
	return NULL;
}

const struct provider_terms *provider_profile_at(uint32_t i)
{
	return i < sizeof(profiles) / sizeof(profiles[0]) ? &profiles[i] : NULL;
}

struct wall provider_end(const struct provider_terms *terms, const char *region)
{
	if (terms->exempt_region[0] && strcmp(terms->exempt_region, region) == 0)
		return DATE_NEVER;
	return terms->service_end;
}

enum provider_state provider_state(
	const struct provider_terms *terms, const char *region, struct wall now)
{
	if (now.s < terms->service_begin.s)
		return PROVIDER_NOT_BEGUN;
	if (now.s >= provider_end(terms, region).s)
		return PROVIDER_RETIRED;
	if (now.s >= terms->sell_until.s || now.s >= terms->new_domains_until.s)
		return PROVIDER_CLOSED_TO_NEW;
	return PROVIDER_OPEN;
}
