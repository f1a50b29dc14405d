/* SPDX-License-Identifier: BSD-3-Clause */
/* IP addresses and prefixes as values: strict reading, canonical writing (RFC 4291, RFC 5952). */
#include "rules/prefix.h"

#include "rules/base/text.h"

enum { GROUPS = 8, GROUP_DIGITS_MAX = 4 };

/* One decimal number without leading zeros at the start of *text, taken off it. */
static bool take_decimal(struct view *text, unsigned max, unsigned *out)
{
	unsigned sum = 0;
	uint32_t n = 0;

	while (n < text->len && n < 3 && text->p[n] >= '0' && text->p[n] <= '9')
		sum = sum * 10 + (unsigned)(text->p[n++] - '0');
	if (n == 0 || sum > max || (n > 1 && text->p[0] == '0'))
		return false;
	*text = view_sub(*text, n, text->len);
	*out = sum;
	return true;
}

static bool parse_v4(struct view text, uint8_t bytes[static 4])
{
	for (int i = 0; i < 4; i++) {
		unsigned octet;

		if (i > 0) {
			if (text.len == 0 || text.p[0] != '.')
				return false;
			text = view_sub(text, 1, text.len);
		}
		if (!take_decimal(&text, 255, &octet))
			return false;
		bytes[i] = (uint8_t)octet;
	}
	return text.len == 0;
}

/* Groups in text up to its end; each separated by one ':'. Returns how many (an IPv4 tail is two),
 * -1 if it is none of that. Empty text is no group. */
static int parse_groups(struct view text, bool tail_v4, uint16_t groups[static GROUPS])
{
	int count = 0;

	while (text.len) {
		uint8_t v4[4];
		uint32_t digits = 0;
		unsigned value = 0;

		if (count == GROUPS)
			return -1;
		while (digits < text.len && digits <= GROUP_DIGITS_MAX &&
			hex_value(text.p[digits]) >= 0)
			value = value << 4 | (unsigned)hex_value(text.p[digits++]);
		if (digits > 0 && digits <= GROUP_DIGITS_MAX && digits == text.len) {
			groups[count++] = (uint16_t)value;
			return count;
		}
		if (tail_v4 && count <= GROUPS - 2 && parse_v4(text, v4)) {
			groups[count++] = (uint16_t)(v4[0] << 8 | v4[1]);
			groups[count++] = (uint16_t)(v4[2] << 8 | v4[3]);
			return count;
		}
		/* A separator, and something behind it. */
		if (digits == 0 || digits > GROUP_DIGITS_MAX || text.p[digits] != ':' ||
			digits + 1 == text.len)
			return -1;
		groups[count++] = (uint16_t)value;
		text = view_sub(text, digits + 1, text.len);
	}
	return count;
}

static int64_t find_gap(struct view text)
{
	for (uint32_t i = 0; i + 1 < text.len; i++)
		if (text.p[i] == ':' && text.p[i + 1] == ':')
			return i;
	return -1;
}

static bool parse_v6(struct view text, uint8_t bytes[static 16])
{
	uint16_t head[GROUPS] = {0};
	uint16_t tail[GROUPS] = {0};
	int64_t gap = find_gap(text);
	int heads = 0;
	int tails = 0;

	if (gap < 0) {
		heads = parse_groups(text, true, head);
		if (heads != GROUPS)
			return false;
	} else {
		heads = parse_groups(view_sub(text, 0, (uint32_t)gap), false, head);
		tails = parse_groups(view_sub(text, (uint32_t)gap + 2, text.len), true, tail);
		/* "::" stands for at least one group. */
		if (heads < 0 || tails < 0 || heads + tails >= GROUPS)
			return false;
	}
	for (int i = 0; i < tails; i++)
		head[GROUPS - tails + i] = tail[i];
	for (int i = 0; i < GROUPS; i++) {
		bytes[2 * i] = (uint8_t)(head[i] >> 8);
		bytes[2 * i + 1] = (uint8_t)head[i];
	}
	return true;
}

static bool is_v4_mapped(const uint8_t bytes[static 16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(bytes, mapped, sizeof(mapped)) == 0;
}

bool ip_address_parse(struct view text, struct ip_address *out)
{
	struct ip_address address = {0};

	if (text.len == 0 || text.len >= IP_TEXT_BYTES)
		return false;
	if (view_find(text, ':') < 0) {
		address.family_bits = 32;
		if (!parse_v4(text, address.bytes))
			return false;
	} else {
		address.family_bits = 128;
		if (!parse_v6(text, address.bytes) || is_v4_mapped(address.bytes))
			return false;
	}
	*out = address;
	return true;
}

static bool host_bits_are_zero(const struct ip_address *address, unsigned length_bits)
{
	for (unsigned bit = length_bits; bit < address->family_bits; bit++)
		if (address->bytes[bit / 8] & (0x80u >> bit % 8))
			return false;
	return true;
}

bool prefix_parse(struct view text, struct prefix *out)
{
	int64_t slash = view_find(text, '/');
	struct prefix prefix;
	unsigned length_bits;
	struct view length;

	if (slash < 0) {
		if (!ip_address_parse(text, &prefix.address))
			return false;
		prefix.length_bits = prefix.address.family_bits;
		*out = prefix;
		return true;
	}
	length = view_sub(text, (uint32_t)slash + 1, text.len);
	if (!ip_address_parse(view_sub(text, 0, (uint32_t)slash), &prefix.address) ||
		!take_decimal(&length, prefix.address.family_bits, &length_bits) || length.len ||
		!host_bits_are_zero(&prefix.address, length_bits))
		return false;
	prefix.length_bits = (uint8_t)length_bits;
	*out = prefix;
	return true;
}

bool prefix_contains(const struct prefix *prefix, const struct ip_address *address)
{
	unsigned whole = prefix->length_bits / 8;
	unsigned rest = prefix->length_bits % 8;

	if (prefix->address.family_bits != address->family_bits ||
		memcmp(prefix->address.bytes, address->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       (prefix->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

bool ip_address_equal(const struct ip_address *a, const struct ip_address *b)
{
	return a->family_bits == b->family_bits &&
	       memcmp(a->bytes, b->bytes, a->family_bits / 8) == 0;
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952 section 4.2). */
static void find_zero_run(const uint16_t groups[static GROUPS], int *start, int *len)
{
	*start = -1;
	*len = 1;
	for (int i = 0; i < GROUPS; i++) {
		int n = 0;

		while (i + n < GROUPS && groups[i + n] == 0)
			n++;
		if (n > *len) {
			*start = i;
			*len = n;
		}
		i += n;
	}
}

static void print_v6(const uint8_t bytes[static 16], struct text *out)
{
	uint16_t groups[GROUPS];
	int start;
	int len;

	for (int i = 0; i < GROUPS; i++)
		groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	find_zero_run(groups, &start, &len);
	for (int i = 0; i < GROUPS; i++) {
		if (i == start) {
			text_puts(out, "::");
			i += len - 1;
			continue;
		}
		if (i > 0 && i != start + len)
			text_putc(out, ':');
		text_printf(out, "%x", groups[i]);
	}
}

static void print_address(const struct ip_address *address, struct text *out)
{
	const uint8_t *b = address->bytes;

	if (address->family_bits == 32)
		text_printf(out, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	else
		print_v6(b, out);
}

void ip_address_print(const struct ip_address *address, char out[static IP_TEXT_BYTES])
{
	struct text text;

	text_fixed(&text, out, IP_TEXT_BYTES);
	print_address(address, &text);
}

void prefix_print(const struct prefix *prefix, char out[static IP_TEXT_BYTES])
{
	struct text text;

	text_fixed(&text, out, IP_TEXT_BYTES);
	print_address(&prefix->address, &text);
	text_printf(&text, "/%u", prefix->length_bits);
}
