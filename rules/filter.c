/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter table's checked reader. */
#include "rules/filter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "rules/base/name.h"
#include "rules/base/octets.h"
#include "rules/base/siphash.h"

enum { ALIGN_BYTES = 8, IP_BYTES = 16 };

uint32_t filter_element_bytes(enum filter_section section)
{
	static const uint8_t bytes[FILTER_SECTION_KINDS] = {
		[FILTER_SERVICES] = 20,
		[FILTER_PARTNERS] = 12,
		[FILTER_SOURCES] = 24,
		[FILTER_LOCALS] = 8,
		[FILTER_BLOCKED_DOMAINS] = 8,
		[FILTER_NAMES] = 1,
		[FILTER_LIMITS] = 8 + 8 * LIMIT_COUNT,
		[FILTER_HANDSHAKES] = sizeof(struct handshake_limits),
		[FILTER_CONTROL] = 8,
		[FILTER_SUSPICIOUS] = 8 * LIMIT_COUNT,
		[FILTER_DISCOVERED] = 8 * LIMIT_COUNT,
	};

	return bytes[section];
}

uint64_t filter_digest(struct view block)
{
	static const uint8_t fixed[17] = "picket filter v1";
	struct siphash_key key = siphash_key_make(fixed);
	struct view digested = view_sub(block, FILTER_DIGESTED_FROM, block.len);

	return siphash(&key, digested.p, digested.len);
}

static const uint8_t *element(const struct filter *f, enum filter_section section, uint32_t i)
{
	return f->sections[section].p + (size_t)i * filter_element_bytes(section);
}

static struct view name_at(const struct filter *f, const uint8_t *p)
{
	return view_sub(f->sections[FILTER_NAMES], get32(p), p[4]);
}

void filter_service(const struct filter *f, uint32_t i, struct filter_service *out)
{
	const uint8_t *p = element(f, FILTER_SERVICES, i);

	*out = (struct filter_service){
		.address.family_bits = p[0], .protocol = p[1], .port = get16(p + 2)};
	memcpy(out->address.bytes, p + 4, IP_BYTES);
}

void filter_partner(const struct filter *f, uint32_t i, struct filter_partner *out)
{
	const uint8_t *p = element(f, FILTER_PARTNERS, i);

	*out = (struct filter_partner){
		.id = get32(p), .protocol = p[9], .subtree = p[10], .domain = name_at(f, p + 4)};
}

void filter_source(const struct filter *f, uint32_t i, struct filter_source *out)
{
	const uint8_t *p = element(f, FILTER_SOURCES, i);

	*out = (struct filter_source){.prefix.address.family_bits = p[16],
		.prefix.length_bits = p[17],
		.partner_id = get32(p + 20)};
	memcpy(out->prefix.address.bytes, p, IP_BYTES);
}

static struct limits get_limits(const uint8_t *p)
{
	struct limits limits;

	for (uint32_t key = 0; key < LIMIT_COUNT; key++)
		limits.value[key] = get64(p + 8 * key);
	return limits;
}

void filter_limit(const struct filter *f, uint32_t i, struct filter_limit *out)
{
	const uint8_t *p = element(f, FILTER_LIMITS, i);

	out->partner_id = get32(p);
	out->class = (enum source_class)p[4];
	out->limits = get_limits(p + 8);
}

void filter_handshakes(const struct filter *f, struct handshake_limits *out)
{
	const uint8_t *p = f->sections[FILTER_HANDSHAKES].p;

	*out = handshake_limits_default;
	if (f->sections[FILTER_HANDSHAKES].len == 0)
		return;
#define HANDSHAKE_GET(name, value)                                                                 \
	out->name = get64(p);                                                                      \
	p += 8;
	HANDSHAKE_KEYS(HANDSHAKE_GET)
#undef HANDSHAKE_GET
}

static struct limits limits_or_else(
	const struct filter *f, enum filter_section section, const struct limits *otherwise)
{
	struct view values = f->sections[section];

	return values.len > 0 ? get_limits(values.p) : *otherwise;
}

void filter_suspicious(const struct filter *f, struct limits *out)
{
	*out = limits_or_else(f, FILTER_SUSPICIOUS, &limits_suspicious_default);
}

void filter_discovered(const struct filter *f, struct limits *out)
{
	*out = limits_or_else(f, FILTER_DISCOVERED, &limits_discovered_default);
}

bool filter_control_hold(const struct filter *f)
{
	return f->sections[FILTER_CONTROL].len > 0 && f->sections[FILTER_CONTROL].p[0];
}

struct view filter_local(const struct filter *f, uint32_t i)
{
	return name_at(f, element(f, FILTER_LOCALS, i));
}

void filter_blocked_domain(const struct filter *f, uint32_t i, struct filter_blocked_domain *out)
{
	const uint8_t *p = element(f, FILTER_BLOCKED_DOMAINS, i);

	*out = (struct filter_blocked_domain){.domain = name_at(f, p), .subtree = p[5]};
}

/* Where a refusal is written. */
struct refusal {
	char *why;
	size_t why_bytes;
};

static bool refuse(const struct refusal *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool refuse(const struct refusal *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->why_bytes, format, args);
	va_end(args);
	return false;
}

static bool all_zero(const uint8_t *p, size_t len)
{
	while (len && *p == 0) {
		p++;
		len--;
	}
	return len == 0;
}

static bool check_header(struct view block, const struct refusal *r)
{
	if (block.len < FILTER_HEADER_BYTES)
		return refuse(r, "%u bytes are less than a header", block.len);
	if (memcmp(block.p, FILTER_MAGIC, 8) != 0)
		return refuse(r, "not a filter table: wrong magic");
	if (get32(block.p + 8) != FILTER_VERSION)
		return refuse(r, "version %u, this program reads version %d", get32(block.p + 8),
			FILTER_VERSION);
	if (get32(block.p + 12) != block.len)
		return refuse(r, "says %u bytes, has %u", get32(block.p + 12), block.len);
	if (get64(block.p + FILTER_DIGEST_AT) != filter_digest(block))
		return refuse(r, "wrong digest: the table is damaged");
	if (get32(block.p + 32) > FILTER_SECTIONS_MAX || get32(block.p + 36) != 0)
		return refuse(r, "header: %u sections, reserved word %u", get32(block.p + 32),
			get32(block.p + 36));
	if (block.len < FILTER_HEADER_BYTES + get32(block.p + 32) * FILTER_SECTION_BYTES)
		return refuse(r, "ends inside the section table");
	return true;
}

static void set_count(struct filter *f, enum filter_section section, uint32_t count)
{
	switch (section) {
	case FILTER_SERVICES:
		f->service_count = count;
		break;
	case FILTER_PARTNERS:
		f->partner_count = count;
		break;
	case FILTER_SOURCES:
		f->source_count = count;
		break;
	case FILTER_LOCALS:
		f->local_count = count;
		break;
	case FILTER_BLOCKED_DOMAINS:
		f->blocked_domain_count = count;
		break;
	case FILTER_LIMITS:
		f->limit_count = count;
		break;
	default:
		break;
	}
}

/* Row i of the section table. *next is where its section must start; moved behind its padding. */
static bool open_section(struct filter *f, uint32_t i, uint64_t *next, const struct refusal *r)
{
	const uint8_t *row = f->block.p + FILTER_HEADER_BYTES + (size_t)i * FILTER_SECTION_BYTES;
	uint32_t kind = get32(row);
	uint32_t section = kind & ~FILTER_SECTION_OPTIONAL;
	uint32_t offset = get32(row + 4);
	uint32_t count = get32(row + 8);
	uint32_t each = get32(row + 12);
	uint64_t bytes = (uint64_t)count * each;
	uint64_t padding = -bytes & (ALIGN_BYTES - 1);

	if (i > 0 && kind <= get32(row - FILTER_SECTION_BYTES))
		return refuse(r, "section %u: kind %u is not above the one before", i, kind);
	/* bytes fits: both factors are 32 bits. The sum is compared without being formed. */
	if (offset != *next || *next > f->block.len || bytes > f->block.len - *next ||
		padding > f->block.len - *next - bytes)
		return refuse(r, "section %u (kind %u): %u elements of %u bytes at %u do not fit",
			i, kind, count, each, offset);
	if (!all_zero(f->block.p + *next + bytes, padding))
		return refuse(r, "section %u (kind %u): padding is not zero", i, kind);
	if (section < FILTER_SECTION_KINDS && kind == filter_kind(section)) {
		if (each != filter_element_bytes(section))
			return refuse(
				r, "section %u (kind %u): elements of %u bytes", i, section, each);
		f->sections[section] = view_make(f->block.p + *next, bytes);
		set_count(f, section, count);
	} else if (!(kind & FILTER_SECTION_OPTIONAL)) {
		return refuse(r, "section %u: unknown kind %u", i, kind);
	}
	*next += bytes + padding;
	return true;
}

static bool open_sections(struct filter *f, const struct refusal *r)
{
	uint32_t sections = get32(f->block.p + 32);
	uint64_t next = FILTER_HEADER_BYTES + (uint64_t)sections * FILTER_SECTION_BYTES;

	for (uint32_t i = 0; i < sections; i++)
		if (!open_section(f, i, &next, r))
			return false;
	if (next != f->block.len)
		return refuse(r, "the last section ends at %llu of %u bytes",
			(unsigned long long)next, f->block.len);
	for (unsigned kind = 1; kind <= FILTER_NAMES; kind++)
		if (!f->sections[kind].p)
			return refuse(r, "section of kind %u is missing", kind);
	return true;
}

static bool address_ok(uint8_t family_bits, const uint8_t *bytes)
{
	return family_bits == 128 || (family_bits == 32 && all_zero(bytes + 4, IP_BYTES - 4));
}

static bool check_services(const struct filter *f, const struct refusal *r)
{
	for (uint32_t i = 0; i < f->service_count; i++) {
		struct filter_service s;

		filter_service(f, i, &s);
		if (!address_ok(s.address.family_bits, s.address.bytes))
			return refuse(r, "service %u: bad address", i);
		if (s.protocol > FILTER_SIP || s.port == 0)
			return refuse(r, "service %u: protocol %u, port %u", i, s.protocol, s.port);
	}
	return true;
}

/* The name that the five bytes at p point to lies inside and is a domain. */
static bool check_name(const struct filter *f, const uint8_t *p)
{
	uint32_t offset = get32(p);
	uint32_t names = f->sections[FILTER_NAMES].len;

	return offset <= names && p[4] <= names - offset && name_is_canonical(name_at(f, p));
}

static bool check_partners(const struct filter *f, const struct refusal *r)
{
	uint32_t before = PARTNER_NONE;

	for (uint32_t i = 0; i < f->partner_count; i++) {
		const uint8_t *p = element(f, FILTER_PARTNERS, i);

		if (get32(p) <= before || get32(p) > PARTNER_ID_MAX)
			return refuse(r, "partner %u: id %u after %u", i, get32(p), before);
		before = get32(p);
		if (!check_name(f, p + 4))
			return refuse(r, "partner %u: bad name", i);
		if (p[9] > FILTER_SIP)
			return refuse(r, "partner %u: protocol %u", i, p[9]);
		if (p[10] > 1 || p[11] != 0)
			return refuse(r, "partner %u: subtree %u", i, p[10]);
	}
	return true;
}

static bool has_partner(const struct filter *f, uint32_t id)
{
	uint32_t low = 0;
	uint32_t high = f->partner_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t here = get32(element(f, FILTER_PARTNERS, middle));

		if (here == id)
			return true;
		if (here < id)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Sources ascend by family, address, length. */
static bool source_is_above(const uint8_t *p, const uint8_t *before)
{
	int order = memcmp(p, before, IP_BYTES);

	if (p[16] != before[16])
		return p[16] > before[16];
	return order ? order > 0 : p[17] > before[17];
}

static bool check_sources(const struct filter *f, const struct refusal *r)
{
	for (uint32_t i = 0; i < f->source_count; i++) {
		const uint8_t *p = element(f, FILTER_SOURCES, i);
		struct filter_source s;
		struct ip_address base = {0};

		filter_source(f, i, &s);
		if (!address_ok(p[16], p) || p[17] > p[16])
			return refuse(r, "source %u: bad prefix", i);
		base.family_bits = p[16];
		memcpy(base.bytes, p, (p[17] + 7u) / 8);
		if (p[17] % 8)
			base.bytes[p[17] / 8] &= (uint8_t)(0xff00u >> p[17] % 8);
		if (!ip_address_equal(&base, &s.prefix.address))
			return refuse(r, "source %u: host bits are not zero", i);
		if (i > 0 && !source_is_above(p, element(f, FILTER_SOURCES, i - 1)))
			return refuse(r, "source %u: out of order", i);
		if (!all_zero(p + 18, 2) ||
			(s.partner_id != PARTNER_NONE && !has_partner(f, s.partner_id)))
			return refuse(r, "source %u: no partner %u", i, s.partner_id);
	}
	return true;
}

static bool check_domains(const struct filter *f, enum filter_section section, uint32_t count,
	const char *what, const struct refusal *r)
{
	struct view before = {0};

	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *p = element(f, section, i);
		struct view name;
		int order;

		if (!check_name(f, p))
			return refuse(r, "%s domain %u: bad name", what, i);
		if (p[5] > (section == FILTER_BLOCKED_DOMAINS) || !all_zero(p + 6, 2))
			return refuse(r, "%s domain %u: subtree %u", what, i, p[5]);
		name = name_at(f, p);
		order = before.len ? memcmp(name.p, before.p,
					     name.len < before.len ? name.len : before.len)
				   : 1;
		if (order < 0 || (order == 0 && name.len <= before.len))
			return refuse(r, "%s domain %u: out of order", what, i);
		before = name;
	}
	return true;
}

static bool limits_ok(const struct limits *limits)
{
	for (unsigned key = 0; key < LIMIT_COUNT; key++) {
		enum limit_key rate = limit_rate_of((enum limit_key)key);
		uint64_t value = limits->value[key];

		if (value < limit_least((enum limit_key)key) ||
			value > limit_most((enum limit_key)key))
			return false;
		if (rate != LIMIT_COUNT && value / LIMIT_BURST_MAX_S > limits->value[rate])
			return false;
	}
	return true;
}

/* Whose element i must be is known of the first two; the others are partners, ids ascending. */
static bool limit_owner_ok(const struct filter *f, uint32_t i, uint32_t before)
{
	struct filter_limit limit;

	filter_limit(f, i, &limit);
	if (i < 2)
		return limit.class == (i == 0 ? CLASS_UNKNOWN : CLASS_CLAIMED) &&
		       limit.partner_id == PARTNER_NONE;
	return limit.class == CLASS_CLAIMED && limit.partner_id > before &&
	       has_partner(f, limit.partner_id);
}

static bool check_limits(const struct filter *f, const struct refusal *r)
{
	uint32_t before = PARTNER_NONE;

	if (f->limit_count == 1)
		return refuse(r, "limits: of one class only");
	for (uint32_t i = 0; i < f->limit_count; i++) {
		const uint8_t *p = element(f, FILTER_LIMITS, i);
		struct filter_limit limit;

		filter_limit(f, i, &limit);
		if (!limit_owner_ok(f, i, before) || !all_zero(p + 5, 3))
			return refuse(r, "limit %u: class %u, partner %u", i, p[4], get32(p));
		if (!limits_ok(&limit.limits))
			return refuse(r, "limit %u: value out of range", i);
		before = limit.partner_id;
	}
	return true;
}

static bool check_handshakes(const struct filter *f, const struct refusal *r)
{
	struct handshake_limits h;

	filter_handshakes(f, &h);
	if (f->sections[FILTER_HANDSHAKES].len > sizeof(struct handshake_limits))
		return refuse(r, "handshakes: more than one element");
	if (h.handshakes_per_s == 0 || h.handshakes_per_s > LIMIT_NUMBER_MAX ||
		h.handshakes_burst == 0 || h.handshakes_burst > LIMIT_NUMBER_MAX ||
		h.handshakes_burst / LIMIT_BURST_MAX_S > h.handshakes_per_s ||
		h.handshakes_reserved_percent > LIMIT_PERCENT_MAX)
		return refuse(r, "handshakes: value out of range");
	return true;
}

static bool check_control(const struct filter *f, const struct refusal *r)
{
	struct view section = f->sections[FILTER_CONTROL];

	if (section.len > filter_element_bytes(FILTER_CONTROL))
		return refuse(r, "control: more than one element");
	if (section.len > 0 && (section.p[0] > 1 || !all_zero(section.p + 1, section.len - 1)))
		return refuse(r, "control: value out of range");
	return true;
}

/* Limits that are all of their section. */
static bool check_alone(const struct filter *f, enum filter_section section, const char *what,
	const struct refusal *r)
{
	struct limits limits = limits_or_else(f, section, &limits_unknown_default);

	if (f->sections[section].len > filter_element_bytes(section))
		return refuse(r, "%s: more than one element", what);
	return limits_ok(&limits) || refuse(r, "%s: value out of range", what);
}

int filter_open(struct view block, struct filter *out, char *why, size_t why_bytes)
{
	struct refusal r = {why, why_bytes};
	struct filter f = {.block = block};

	if (!check_header(block, &r))
		return -EINVAL;
	f.generation = get64(block.p + FILTER_DIGESTED_FROM);
	f.digest = get64(block.p + FILTER_DIGEST_AT);
	if (!open_sections(&f, &r) || !check_services(&f, &r) || !check_partners(&f, &r) ||
		!check_sources(&f, &r) ||
		!check_domains(&f, FILTER_LOCALS, f.local_count, "local", &r) ||
		!check_domains(&f, FILTER_BLOCKED_DOMAINS, f.blocked_domain_count, "blocked", &r) ||
		!check_limits(&f, &r) || !check_handshakes(&f, &r) || !check_control(&f, &r) ||
		!check_alone(&f, FILTER_SUSPICIOUS, "suspicious", &r) ||
		!check_alone(&f, FILTER_DISCOVERED, "discovered", &r))
		return -EINVAL;
	*out = f;
	return 0;
}
