/* SPDX-License-Identifier: BSD-3-Clause */
/* Domain names in their canonical form. */
#include "rules/domain.h"

#include <errno.h>
#include <stdlib.h>

#include <idn2.h>
#include <uninorm.h>
#include <unistr.h>
#include <unicase.h>

#include "rules/base/name.h"
#include "rules/base/text.h"
#include "rules/prefix.h"

enum {
	LABEL_MAX_BYTES = 63,
	LABEL_UTF8_MAX_BYTES = 4 * LABEL_MAX_BYTES, /* a U-label is shorter than its A-label */
	IDNA2008 = IDN2_NFC_INPUT | IDN2_NO_TR46,
};

static enum parse bad(struct fault *fault, const char *cause, uint32_t offset_bytes)
{
	*fault = (struct fault){cause, offset_bytes};
	return PARSE_BAD;
}

/* Encode one U-label. NULL, or what the caller frees with idn2_free. libidn2 lets hyphens at the
 * ends pass (RFC 5891 section 4.2.3.1 does not). */
static char *encode(const char *label, int *result)
{
	uint8_t *out = NULL;

	if (label[0] == '-' || (label[0] && label[strlen(label) - 1] == '-')) {
		*result = IDN2_HYPHEN_STARTEND;
		return NULL;
	}
	*result = idn2_lookup_u8((const uint8_t *)label, &out, IDNA2008);
	return *result == IDN2_OK ? (char *)out : NULL;
}

/* One character in lower case and normal width; 0 when it must not be mapped. */
static ucs4_t map_character(ucs4_t c)
{
	ucs4_t wide[UC_DECOMPOSITION_MAX_LENGTH];
	int tag;

	if (c == 0x130) /* its lower case is two characters, and people mean either */
		return 0;
	if (c >= 0x80 && uc_decomposition(c, &tag, wide) == 1 &&
		(tag == UC_DECOMP_WIDE || tag == UC_DECOMP_NARROW))
		c = wide[0];
	return uc_tolower(c);
}

/* The label in lower case and normal width. Characters that come out as ASCII must be letters,
 * digits or hyphens: a mapping never makes a dot. */
static bool map_label(struct view label, char out[static LABEL_UTF8_MAX_BYTES + 1])
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < label.len;) {
		ucs4_t c;
		int n = u8_mbtoucr(&c, label.p + i, label.len - i);
		int put;

		if (n <= 0)
			return false;
		i += (uint32_t)n;
		c = map_character(c);
		if (c < 0x80 && !name_is_canonical_byte((uint8_t)c))
			return false;
		put = u8_uctomb((uint8_t *)out + used, c, (ptrdiff_t)(LABEL_UTF8_MAX_BYTES - used));
		if (put <= 0)
			return false;
		used += (uint32_t)put;
	}
	out[used] = '\0';
	return true;
}

/* "xn--...", in lower case: is it exactly what its U-label encodes to? */
static const char *check_a_label(const char *label)
{
	char *unicode = NULL;
	char *again = NULL;
	const char *cause = "label_bad_a_label";
	int result = idn2_to_unicode_8z8z(label, &unicode, 0);

	if (result == IDN2_OK && !view_is_ascii(view_of(unicode)) &&
		strlen(unicode) <= LABEL_UTF8_MAX_BYTES)
		again = encode(unicode, &result);
	if (again && strcmp(again, label) == 0)
		cause = NULL;
	else if (result == IDN2_MALLOC)
		cause = "no_memory";
	idn2_free(again);
	idn2_free(unicode);
	return cause;
}

/* Check a label that is already ASCII and write it in lower case. NULL, or the cause. */
static const char *take_ascii_label(
	struct view label, char out[static LABEL_MAX_BYTES + 1], uint32_t *at_bytes)
{
	if (label.len > LABEL_MAX_BYTES)
		return "label_too_long";
	for (uint32_t i = 0; i < label.len; i++) {
		out[i] = (char)ascii_lower(label.p[i]);
		if (!name_is_canonical_byte((uint8_t)out[i])) {
			*at_bytes = i;
			return "label_character";
		}
	}
	out[label.len] = '\0';
	if (out[0] == '-' || out[label.len - 1] == '-')
		return "label_hyphen";
	if (strncmp(out, "xn--", 4) == 0)
		return check_a_label(out);
	if (label.len >= 4 && out[2] == '-' && out[3] == '-')
		return "label_reserved";
	return NULL;
}

static const char *cause_of(int idn2_result)
{
	switch (idn2_result) {
	case IDN2_MALLOC:
		return "no_memory";
	case IDN2_TOO_BIG_LABEL:
	case IDN2_TOO_BIG_DOMAIN:
	case IDN2_PUNYCODE_BIG_OUTPUT:
		return "label_too_long";
	case IDN2_HYPHEN_STARTEND:
		return "label_hyphen";
	case IDN2_2HYPHEN:
		return "label_reserved";
	default:
		return "label_character";
	}
}

/* Encode a label with non-ASCII characters. NULL, or the cause. */
static const char *take_unicode_label(struct view label, char out[static LABEL_MAX_BYTES + 1])
{
	char utf8[LABEL_UTF8_MAX_BYTES + 1];
	const char *cause;
	uint32_t ignored;
	int result;
	char *ascii;

	if (label.len > LABEL_UTF8_MAX_BYTES)
		return "label_too_long";
	if (u8_check(label.p, label.len) || !view_copy(label, utf8, sizeof(utf8)))
		return "label_character";
	ascii = encode(utf8, &result);
	if (!ascii && result != IDN2_MALLOC && map_label(label, utf8))
		ascii = encode(utf8, &result);
	if (!ascii)
		return cause_of(result);
	cause = take_ascii_label(view_of(ascii), out, &ignored);
	idn2_free(ascii);
	return cause;
}

/* Programs take names whose last label is a number for addresses ("10.1", "0x7f.1"). */
static bool is_number(struct view label)
{
	bool hex = label.len >= 2 && label.p[0] == '0' && label.p[1] == 'x';

	for (uint32_t i = hex ? 2 : 0; i < label.len; i++) {
		uint8_t c = label.p[i];

		if (!(c >= '0' && c <= '9') && !(hex && c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

static bool is_address(struct view text)
{
	struct ip_address ignored;

	return (text.len && text.p[0] == '[') || view_find(text, ':') >= 0 ||
	       ip_address_parse(text, &ignored);
}

enum parse domain_parse(
	struct view text, char ascii[static DOMAIN_ASCII_BYTES], struct fault *fault)
{
	char label[LABEL_MAX_BYTES + 1] = "";
	struct text out;

	text_fixed(&out, ascii, DOMAIN_ASCII_BYTES);
	if (is_address(text))
		return bad(fault, "domain_is_address", 0);
	if (text.len && text.p[text.len - 1] == '.')
		text.len--;
	if (text.len == 0)
		return bad(fault, "domain_empty", 0);
	for (uint32_t at = 0; at <= text.len;) {
		struct view rest = view_sub(text, at, text.len);
		int64_t dot = view_find(rest, '.');
		struct view one = view_sub(rest, 0, dot < 0 ? rest.len : (uint32_t)dot);
		const char *cause = "label_empty";
		uint32_t offset = 0;

		if (one.len)
			cause = view_is_ascii(one) ? take_ascii_label(one, label, &offset)
						   : take_unicode_label(one, label);
		if (cause)
			return bad(fault, cause, at + offset);
		if (at)
			text_putc(&out, '.');
		text_puts(&out, label);
		if (out.failed)
			return bad(fault, "domain_too_long", at);
		at += one.len + 1;
	}
	if (is_number(view_of(label)))
		return bad(fault, "domain_is_address", 0);
	return PARSE_DONE;
}

const char *domain_cause_text(const char *cause)
{
	static const struct {
		const char *cause, *text;
	} rows[] = {
		{"domain_empty", "is empty: write a name like partner.example"},
		{"domain_too_long", "is too long: a name has at most 253 bytes"},
		{"domain_is_address", "is an address or a number: write a domain name"},
		{"label_empty", "has an empty label: write one dot between labels, none in front"},
		{"label_too_long", "has a label that is too long: at most 63 bytes, encoded"},
		{"label_character",
			"has a character no domain may have: use letters, digits and hyphens"},
		{"label_hyphen", "has a label that starts or ends with a hyphen: remove it"},
		{"label_reserved",
			"has '--' as third and fourth character of a label: such names are reserved"},
		{"label_bad_a_label",
			"has a label in xn-- form that decodes to no valid name: write it in Unicode"},
		{"no_memory", "could not be checked: no memory"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].cause, cause) == 0)
			return rows[i].text;
	return "is not a domain name";
}

int domain_to_unicode(struct view ascii, char unicode[static DOMAIN_UNICODE_BYTES])
{
	char name[DOMAIN_ASCII_BYTES];
	char *decoded = NULL;
	int result;

	unicode[0] = '\0';
	if (!view_copy(ascii, name, sizeof(name)))
		return -EINVAL;
	result = idn2_to_unicode_8z8z(name, &decoded, 0);
	if (result == IDN2_OK && !view_copy(view_of(decoded), unicode, DOMAIN_UNICODE_BYTES))
		result = IDN2_TOO_BIG_DOMAIN;
	idn2_free(decoded);
	if (result == IDN2_OK)
		return 0;
	return result == IDN2_MALLOC ? -ENOMEM : -EINVAL;
}
