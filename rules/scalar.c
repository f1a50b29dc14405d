/* SPDX-License-Identifier: BSD-3-Clause */
/* Single values of a rules document. A value is what it says and nothing is guessed: no octal, no
 * unit, no yes for true. */
#include "rules/scalar.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/base/text.h"
#include "rules/date.h"
#include "rules/domain.h"
#include "rules/errors.h"
#include "rules/limit.h"
#include "rules/hyperlink.h"
#include "rules/user.h"

enum { PATH_MAX_BYTES = 4095, PORT_MAX = 65535 };

struct attempt {
	struct view value;
	bool plain;
	struct scalar *out;
	char *why;
	struct quoted quoted;
};

static bool refuse(struct attempt *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "'value' " and then the rest. */
static bool refuse(struct attempt *a, const char *format, ...)
{
	int used = snprintf(a->why, SCALAR_WHY_BYTES, "'%s' ", quote(a->value, &a->quoted));
	va_list args;

	va_start(args, format);
	vsnprintf(a->why + used, SCALAR_WHY_BYTES - (size_t)used, format, args);
	va_end(args);
	return false;
}

static bool keep(struct attempt *a, struct view text)
{
	a->out->text = view_dup(text);
	if (!a->out->text)
		return refuse(a, "cannot be kept: no memory");
	return true;
}

static bool is_one_of(struct view text, const char *const *words)
{
	for (; *words; words++)
		if (view_equal_nocase(text, view_of(*words)))
			return true;
	return false;
}

static bool is_null(struct view text)
{
	static const char *const words[] = {"~", "null", NULL};

	return text.len == 0 || is_one_of(text, words);
}

/* Numbers as YAML 1.1 and 1.2 know them, and what looks like one. */
static bool is_number(struct view text)
{
	static const char *const words[] = {".inf", "-.inf", "+.inf", ".nan", NULL};
	uint32_t dots = 0;
	uint32_t i = text.len && (text.p[0] == '-' || text.p[0] == '+') ? 1 : 0;

	if (is_one_of(text, words))
		return true;
	if (i == text.len)
		return false;
	if (text.len - i > 2 && text.p[i] == '0' && (text.p[i + 1] | 0x20) == 'x')
		return true;
	for (; i < text.len; i++) {
		uint8_t c = text.p[i];

		dots += c == '.';
		if ((c | 0x20) == 'e' && i + 1 < text.len && i > 0)
			continue;
		if (!(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-' && c != '+')
			return false;
	}
	return dots <= 1;
}

bool scalar_needs_quotes(struct view text)
{
	static const char *const words[] = {
		"true", "false", "yes", "no", "on", "off", "y", "n", NULL};

	return is_null(text) || is_one_of(text, words) || is_number(text);
}

/* No IPv6 address: these have more colons. */
static bool has_port(struct view value)
{
	int64_t colon = view_find(value, ':');

	return colon > 0 && view_find(view_sub(value, (uint32_t)colon + 1, UINT32_MAX), ':') < 0;
}

static bool read_domain(struct attempt *a)
{
	char ascii[DOMAIN_ASCII_BYTES];
	struct fault fault;

	if (domain_parse(a->value, ascii, &fault) == PARSE_DONE)
		return keep(a, view_of(ascii));
	if (view_starts(a->value, VIEW("*.")))
		return refuse(a,
			"is a wildcard: write the domain behind '*.', and subtree: true for "
			"the names below it");
	if (view_find(a->value, '/') >= 0)
		return refuse(a, "is a URL or a path: write the domain alone");
	if (view_find(a->value, '@') >= 0)
		return refuse(a, "is somebody's address: write the domain alone");
	if (has_port(a->value))
		return refuse(a, "has a port behind it: write the domain alone");
	return refuse(a, "%s", domain_cause_text(fault.cause));
}

static bool read_address(struct attempt *a)
{
	struct prefix *prefix = &a->out->prefix;

	if (!ip_address_parse(a->value, &prefix->address))
		return refuse(a, "is not an IP address: write it like 198.51.100.1 or 2001:db8::1, "
				 "without zone, port or leading zeros");
	prefix->length_bits = prefix->address.family_bits;
	return true;
}

static bool read_host(struct attempt *a)
{
	char ascii[DOMAIN_ASCII_BYTES];
	struct ip_address address;
	struct fault fault;

	if (ip_address_parse(a->value, &address)) {
		char text[IP_TEXT_BYTES];

		ip_address_print(&address, text);
		return keep(a, view_of(text));
	}
	if (domain_parse(a->value, ascii, &fault) != PARSE_DONE)
		return refuse(a, "is neither a host name nor an IP address: write it like "
				 "gw.partner.example or 192.0.2.10, the port apart");
	return keep(a, view_of(ascii));
}

/* The prefix that was meant when host bits are set. */
static bool clear_host_bits(struct view value, struct prefix *out)
{
	int64_t slash = view_find(value, '/');
	uint64_t length = 0;

	if (slash < 0 || !ip_address_parse(view_sub(value, 0, (uint32_t)slash), &out->address))
		return false;
	value = view_sub(value, (uint32_t)slash + 1, value.len);
	if (!view_to_u64(value, out->address.family_bits, &length) ||
		(value.len > 1 && value.p[0] == '0'))
		return false;
	out->length_bits = (uint8_t)length;
	for (unsigned bit = out->length_bits; bit < out->address.family_bits; bit++)
		out->address.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	return true;
}

static bool read_prefix(struct attempt *a)
{
	char text[IP_TEXT_BYTES];
	struct prefix meant;

	if (prefix_parse(a->value, &a->out->prefix))
		return true;
	if (!clear_host_bits(a->value, &meant))
		return refuse(a,
			"is not an IP prefix: write it like 192.0.2.0/24, 2001:db8::/32 or "
			"a single address, without leading zeros");
	prefix_print(&meant, text);
	return refuse(a, "has bits behind its length: write %s, or the one address", text);
}

static bool read_port(struct attempt *a)
{
	uint64_t port = 0;

	if (!a->plain)
		return refuse(a, "stands in quotes, which makes it a text: write the number alone");
	if (a->value.len > 1 && a->value.p[0] == '0')
		return refuse(a, "starts with 0: write a decimal number from 1 to 65535");
	if (!view_to_u64(a->value, PORT_MAX, &port) || port == 0)
		return refuse(a, "is not a port: write a decimal number from 1 to 65535");
	a->out->port = (uint16_t)port;
	return true;
}

/* A whole number without unit, sign or grouping. */
static bool read_number(struct attempt *a, uint64_t low, uint64_t high)
{
	unsigned long long from = low;
	unsigned long long to = high;

	if (!a->plain)
		return refuse(a, "stands in quotes, which makes it a text: write the number alone");
	if (a->value.len > 1 && a->value.p[0] == '0')
		return refuse(
			a, "starts with 0: write a decimal number from %llu to %llu", from, to);
	if (!view_to_u64(a->value, high, &a->out->number) || a->out->number < low)
		return refuse(a,
			"is not a number from %llu to %llu: write it in digits alone, without unit",
			from, to);
	return true;
}

static bool read_count(struct attempt *a)
{
	return read_number(a, 1, LIMIT_NUMBER_MAX);
}

static bool read_bytes(struct attempt *a)
{
	return read_number(a, LIMIT_BYTES_MIN, LIMIT_BYTES_MAX);
}

static bool read_percent(struct attempt *a)
{
	return read_number(a, 0, LIMIT_PERCENT_MAX);
}

static bool read_request_bytes(struct attempt *a)
{
	return read_number(a, REQUEST_BYTES_MIN, REQUEST_BYTES_MAX);
}

static bool read_days(struct attempt *a)
{
	return read_number(a, 0, SCALAR_DAYS_MAX);
}

static bool read_protocol(struct attempt *a)
{
	if (view_equal(a->value, VIEW("xmpp")))
		a->out->protocol = PROTOCOL_XMPP;
	else if (view_equal(a->value, VIEW("sip")))
		a->out->protocol = PROTOCOL_SIP;
	else
		return refuse(a, "is not a protocol: write sip or xmpp, in lower case");
	return true;
}

static bool read_switch(struct attempt *a)
{
	if (!a->plain)
		return refuse(
			a, "stands in quotes, which makes it a text: write true or false alone");
	a->out->on = view_equal(a->value, VIEW("true"));
	if (!a->out->on && !view_equal(a->value, VIEW("false")))
		return refuse(a, "is not a switch: write true or false, in lower case");
	return true;
}

static bool read_path(struct attempt *a)
{
	if (a->value.len > PATH_MAX_BYTES)
		return refuse(a, "is too long for a path: at most %d bytes", PATH_MAX_BYTES);
	for (uint32_t i = 0; i < a->value.len; i++)
		if (a->value.p[i] < 0x20 || a->value.p[i] == 0x7f)
			return refuse(a, "has a control character: write the path of a file");
	return keep(a, a->value);
}

static bool read_name(struct attempt *a)
{
	if (a->value.len > SCALAR_NAME_BYTES_MAX)
		return refuse(a, "is too long for a name: at most %d bytes", SCALAR_NAME_BYTES_MAX);
	for (uint32_t i = 0; i < a->value.len; i++) {
		uint8_t c = a->value.p[i];
		uint8_t lower = ascii_lower(c);

		if (c == 0 || (c < 0x80 && !(lower >= 'a' && lower <= 'z') &&
				      !(c >= '0' && c <= '9') && !strchr(".-_/", c)))
			return refuse(a, "is not a name: use letters, digits and . - _ /");
	}
	return keep(a, a->value);
}

static bool read_text(struct attempt *a)
{
	if (a->value.len > SCALAR_TEXT_BYTES_MAX)
		return refuse(a, "is too long: at most %d bytes", SCALAR_TEXT_BYTES_MAX);
	for (uint32_t i = 0; i < a->value.len; i++)
		if ((a->value.p[i] < 0x20 && a->value.p[i] != '\n') || a->value.p[i] == 0x7f)
			return refuse(a, "has a control character: write text");
	return keep(a, a->value);
}

static bool read_user(struct attempt *a)
{
	char address[USER_ADDRESS_BYTES];
	struct fault fault;

	if (user_address_parse(a->value, address, &fault) != PARSE_DONE)
		return refuse(a, "is not the address of a user: write it like alice@corp.example");
	return keep(a, view_of(address));
}

static bool read_date(struct attempt *a)
{
	struct fault fault;

	if (!date_read(a->value, &a->out->when, &fault))
		return refuse(a, "is not a date: write it like 2014-06-30 or "
				 "2014-06-30T12:00:00Z, in UTC");
	return true;
}

static bool read_end(struct attempt *a)
{
	a->out->when = DATE_NEVER;
	return view_equal(a->value, VIEW("never")) || read_date(a);
}

static bool read_region(struct attempt *a)
{
	if (a->value.len != 2 || a->value.p[0] < 'A' || a->value.p[0] > 'Z' ||
		a->value.p[1] < 'A' || a->value.p[1] > 'Z')
		return refuse(a, "is not a region: write two capital letters of ISO 3166, like CN");
	return keep(a, a->value);
}

/* In lower case. */
static bool keep_lower(struct attempt *a, uint32_t max_bytes)
{
	char lower[HYPERLINK_PREFIX_BYTES_MAX];

	if (a->value.len > max_bytes)
		return refuse(a, "is too long: at most %u characters", max_bytes);
	for (uint32_t i = 0; i < a->value.len; i++)
		lower[i] = (char)ascii_lower(a->value.p[i]);
	return keep(a, view_make(lower, a->value.len));
}

static bool is_link_prefix(struct view v)
{
	uint32_t len = v.len;
	uint8_t first = ascii_lower(v.p[0]);

	if (len < 2 || first < 'a' || first > 'z' || (v.p[len - 1] != ':' && v.p[len - 1] != '.'))
		return false;
	len -= v.p[len - 1] == '.' && v.p[len - 2] == '*' ? 2 : 1;
	for (uint32_t i = 0; i < len; i++) {
		uint8_t c = ascii_lower(v.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '+' && c != '-' &&
			c != '.')
			return false;
	}
	return true;
}

static bool read_link_prefix(struct attempt *a)
{
	if (!view_equal(a->value, VIEW("default")) && !is_link_prefix(a->value))
		return refuse(a, "is not what links begin with: write it like \"http:\" in quotes, "
				 "www. or www*., or default");
	return keep_lower(a, HYPERLINK_PREFIX_BYTES_MAX);
}

static bool read_link_extension(struct attempt *a)
{
	for (uint32_t i = 0; i < a->value.len; i++) {
		uint8_t c = ascii_lower(a->value.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
			return refuse(a, "is not the extension of a file: write it like exe, "
					 "without a dot, or default");
	}
	return keep_lower(a, HYPERLINK_EXTENSION_BYTES_MAX);
}

bool scalar_read_word(const char *const *words, struct view value, struct scalar *out,
	char why[static SCALAR_WHY_BYTES])
{
	struct quoted quoted;
	struct text said;

	for (uint32_t i = 0; words[i]; i++)
		if (view_equal(value, view_of(words[i]))) {
			out->number = i;
			out->ok = true;
			return true;
		}
	text_fixed(&said, why, SCALAR_WHY_BYTES);
	text_printf(&said, "'%s' is none of the words here: write ", quote(value, &quoted));
	for (uint32_t i = 0; words[i]; i++)
		text_printf(&said, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	return false;
}

static const struct {
	bool (*read)(struct attempt *a);
	const char *text;
	bool is_bare; /* numbers and set words, which the type itself checks for quotes */
	bool has_text;
} types[SCALAR_TYPES] = {
	[SCALAR_DOMAIN] = {read_domain, "a domain", false, true},
	[SCALAR_HOST] = {read_host, "a host name or address", false, true},
	[SCALAR_ADDRESS] = {read_address, "an IP address", false, false},
	[SCALAR_PREFIX] = {read_prefix, "an IP prefix", false, false},
	[SCALAR_PORT] = {read_port, "a port", true, false},
	[SCALAR_PROTOCOL] = {read_protocol, "a protocol", true, false},
	[SCALAR_PATH] = {read_path, "the path of a file", false, true},
	[SCALAR_COUNT] = {read_count, "a number", true, false},
	[SCALAR_BYTES] = {read_bytes, "a number of bytes", true, false},
	[SCALAR_PERCENT] = {read_percent, "a percentage", true, false},
	[SCALAR_REQUEST_BYTES] = {read_request_bytes, "a number of bytes", true, false},
	[SCALAR_SWITCH] = {read_switch, "true or false", true, false},
	[SCALAR_DAYS] = {read_days, "a number of days", true, false},
	[SCALAR_NAME] = {read_name, "a name", false, true},
	[SCALAR_TEXT] = {read_text, "a text", false, true},
	[SCALAR_USER] = {read_user, "the address of a user", false, true},
	[SCALAR_DATE] = {read_date, "a date", true, false},
	[SCALAR_END] = {read_end, "a date or never", true, false},
	[SCALAR_REGION] = {read_region, "a region", false, true},
	[SCALAR_LINK_PREFIX] = {read_link_prefix, "a prefix like \"http:\" in quotes", false, true},
	[SCALAR_LINK_EXTENSION] = {read_link_extension, "an extension like exe", false, true},
	[SCALAR_WORD] = {NULL, "one of its words", true, false},
};

bool scalar_has_text(enum scalar_type type)
{
	return types[type].has_text;
}

const char *scalar_type_text(enum scalar_type type)
{
	return types[type].text;
}

bool scalar_read(enum scalar_type type, struct view value, bool plain, struct scalar *out,
	char why[static SCALAR_WHY_BYTES])
{
	struct attempt a = {.value = value, .plain = plain, .out = out, .why = why};

	if (value.len == 0 || (plain && is_null(value)))
		refuse(&a, "is no value: write %s here, or remove the key", types[type].text);
	else if (plain && !types[type].is_bare && scalar_needs_quotes(value))
		refuse(&a, "reads as a number or a truth value: write %s, in quotes if it is meant",
			types[type].text);
	else
		out->ok = types[type].read(&a);
	/* Nothing is left of what was refused. */
	if (!out->ok)
		*out = (struct scalar){.line = out->line};
	return out->ok;
}
