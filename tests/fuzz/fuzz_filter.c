/* SPDX-License-Identifier: BSD-3-Clause */
/* A filter table as it came and with its size and digest put right: refused, or every element of
 * it can be read to its last byte. */
#include "rules/filter.h"
#include "tests/fuzz/reseal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_name(struct view name)
{
	if (name.len == 0)
		abort();
	for (uint32_t i = 0; i < name.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", name.p[i]) || !name.p[i])
			abort();
}

static void walk(const struct filter *f)
{
	for (uint32_t i = 0; i < f->service_count; i++) {
		struct filter_service service;

		filter_service(f, i, &service);
		if (service.port == 0)
			abort();
	}
	for (uint32_t i = 0; i < f->partner_count; i++) {
		struct filter_partner partner;

		filter_partner(f, i, &partner);
		check_name(partner.domain);
	}
	for (uint32_t i = 0; i < f->source_count; i++) {
		struct filter_source source;

		filter_source(f, i, &source);
		if (!prefix_contains(&source.prefix, &source.prefix.address))
			abort();
	}
	for (uint32_t i = 0; i < f->limit_count; i++) {
		struct filter_limit limit;

		filter_limit(f, i, &limit);
		for (unsigned key = 0; key < LIMIT_COUNT; key++)
			if (limit.limits.value[key] == 0)
				abort();
	}
	for (uint32_t i = 0; i < f->local_count; i++)
		check_name(filter_local(f, i));
	for (uint32_t i = 0; i < f->blocked_domain_count; i++) {
		struct filter_blocked_domain blocked;

		filter_blocked_domain(f, i, &blocked);
		check_name(blocked.domain);
	}
}

static void open_and_walk(struct view block)
{
	char why[128] = "";
	struct filter f;

	if (filter_open(block, &f, why, sizeof(why)) == 0)
		walk(&f);
	else if (!why[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct reseal kind = {
		FILTER_HEADER_BYTES, FILTER_DIGEST_AT, filter_digest, open_and_walk};

	reseal_open(&kind, data, len);
	return 0;
}
