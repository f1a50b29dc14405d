/* SPDX-License-Identifier: BSD-3-Clause */
/* What PRECIS allows where: derived properties, contextual rules, the Bidi rule. Unicode's tables
 * are libunistring's; only what it lacks stands here. */
#include "rules/precis_int.h"

#include <stdlib.h>

#include <unictype.h>
#include <uninorm.h>

enum { ZWNJ = 0x200c, ZWJ = 0x200d, NFKC_MAX = 32 };

struct range {
	uint32_t first, last;
	enum precis_property property;
};

/* RFC 8264 section 9.6: the code points that the algorithm alone would judge wrongly. */
/* clang-format off */
static const struct range exceptions[] = {
	{0x00b7, 0x00b7, PRECIS_CONTEXTO},   {0x00df, 0x00df, PRECIS_PVALID},
	{0x0375, 0x0375, PRECIS_CONTEXTO},   {0x03c2, 0x03c2, PRECIS_PVALID},
	{0x05f3, 0x05f4, PRECIS_CONTEXTO},   {0x0640, 0x0640, PRECIS_DISALLOWED},
	{0x0660, 0x0669, PRECIS_CONTEXTO},   {0x06f0, 0x06f9, PRECIS_CONTEXTO},
	{0x06fd, 0x06fe, PRECIS_PVALID},     {0x07fa, 0x07fa, PRECIS_DISALLOWED},
	{0x0f0b, 0x0f0b, PRECIS_PVALID},     {0x3007, 0x3007, PRECIS_PVALID},
	{0x302e, 0x302f, PRECIS_DISALLOWED}, {0x3031, 0x3035, PRECIS_DISALLOWED},
	{0x303b, 0x303b, PRECIS_DISALLOWED}, {0x30fb, 0x30fb, PRECIS_CONTEXTO},
};

/* Hangul_Syllable_Type L, V and T (section 9.9): closed blocks, and libunistring has no table. */
static const struct range old_hangul_jamo[] = {
	{0x1100, 0x11ff, PRECIS_DISALLOWED}, {0xa960, 0xa97c, PRECIS_DISALLOWED},
	{0xd7b0, 0xd7c6, PRECIS_DISALLOWED}, {0xd7cb, 0xd7fb, PRECIS_DISALLOWED},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct range *find(const struct range *ranges, size_t count, uint32_t cp)
{
	for (size_t i = 0; i < count; i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return &ranges[i];
	return NULL;
}

/* Section 9.17: toNFKC(cp) != cp. */
static bool has_compat(uint32_t cp)
{
	uint32_t buffer[NFKC_MAX];
	size_t len = NFKC_MAX;
	uint32_t *nfkc = u32_normalize(UNINORM_NFKC, &cp, 1, buffer, &len);
	bool differs = !nfkc || len != 1 || nfkc[0] != cp;

	if (nfkc != buffer)
		free(nfkc);
	return differs;
}

/* Sections 9.1, 9.14, 9.15, 9.16 and 9.18: what is left is a matter of the general category. */
static enum precis_property by_category(uint32_t cp, uint32_t category)
{
	const uint32_t letter_digits = UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lu |
				       UC_CATEGORY_MASK_Lo | UC_CATEGORY_MASK_Nd |
				       UC_CATEGORY_MASK_Lm | UC_CATEGORY_MASK_Mn |
				       UC_CATEGORY_MASK_Mc;
	const uint32_t free_only = UC_CATEGORY_MASK_Lt | UC_CATEGORY_MASK_Nl | UC_CATEGORY_MASK_No |
				   UC_CATEGORY_MASK_Me | UC_CATEGORY_MASK_Zs | UC_CATEGORY_MASK_S |
				   UC_CATEGORY_MASK_P;

	if (has_compat(cp))
		return PRECIS_FREE_PVAL;
	if (category & letter_digits)
		return PRECIS_PVALID;
	return category & free_only ? PRECIS_FREE_PVAL : PRECIS_DISALLOWED;
}

/* The steps of RFC 8264 section 8, in its order. */
enum precis_property precis_property(uint32_t cp)
{
	const struct range *exception = find(exceptions, COUNT(exceptions), cp);
	uint32_t category = uc_general_category(cp).bitmask;

	if (exception)
		return exception->property;
	if (category & UC_CATEGORY_MASK_Cn && !uc_is_property_not_a_character(cp))
		return PRECIS_UNASSIGNED;
	if (cp >= 0x21 && cp <= 0x7e)
		return PRECIS_PVALID;
	if (uc_is_property_join_control(cp))
		return PRECIS_CONTEXTJ;
	if (find(old_hangul_jamo, COUNT(old_hangul_jamo), cp) ||
		uc_is_property_default_ignorable_code_point(cp) ||
		uc_is_property_not_a_character(cp) ||
		category & (UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cs))
		return PRECIS_DISALLOWED;
	return by_category(cp, category);
}

static bool is_script(uint32_t cp, const char *name)
{
	const uc_script_t *script = uc_script(cp);

	return script && strcmp(script->name, name) == 0;
}

/* (Joining_Type:{L,D})(Joining_Type:T)* cp (Joining_Type:T)*(Joining_Type:{R,D}) */
static bool joins_on_both_sides(const uint32_t *cp, size_t count, size_t at)
{
	size_t before = at;
	size_t after = at + 1;
	int type;

	while (before > 0 && uc_joining_type(cp[before - 1]) == UC_JOINING_TYPE_T)
		before--;
	while (after < count && uc_joining_type(cp[after]) == UC_JOINING_TYPE_T)
		after++;
	if (before == 0 || after == count)
		return false;
	type = uc_joining_type(cp[before - 1]);
	if (type != UC_JOINING_TYPE_L && type != UC_JOINING_TYPE_D)
		return false;
	type = uc_joining_type(cp[after]);
	return type == UC_JOINING_TYPE_R || type == UC_JOINING_TYPE_D;
}

static bool has_japanese(const uint32_t *cp, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_script(cp[i], "Hiragana") || is_script(cp[i], "Katakana") ||
			is_script(cp[i], "Han"))
			return true;
	return false;
}

static bool has_between(const uint32_t *cp, size_t count, uint32_t first, uint32_t last)
{
	for (size_t i = 0; i < count; i++)
		if (cp[i] >= first && cp[i] <= last)
			return true;
	return false;
}

bool precis_context_holds(const uint32_t *cp, size_t count, size_t at)
{
	bool behind_virama = at > 0 && uc_combining_class(cp[at - 1]) == UC_CCC_VR;

	switch (cp[at]) {
	case ZWNJ: /* A.1 */
		return behind_virama || joins_on_both_sides(cp, count, at);
	case ZWJ: /* A.2 */
		return behind_virama;
	case 0x00b7: /* A.3 MIDDLE DOT: Catalan only */
		return at > 0 && at + 1 < count && cp[at - 1] == 'l' && cp[at + 1] == 'l';
	case 0x0375: /* A.4 GREEK LOWER NUMERAL SIGN */
		return at + 1 < count && is_script(cp[at + 1], "Greek");
	case 0x05f3: /* A.5, A.6 HEBREW PUNCTUATION GERESH, GERSHAYIM */
	case 0x05f4:
		return at > 0 && is_script(cp[at - 1], "Hebrew");
	case 0x30fb: /* A.7 KATAKANA MIDDLE DOT */
		return has_japanese(cp, count);
	default: /* A.8, A.9: the two series of Arabic digits do not mix */
		if (cp[at] >= 0x0660 && cp[at] <= 0x0669)
			return !has_between(cp, count, 0x06f0, 0x06f9);
		if (cp[at] >= 0x06f0 && cp[at] <= 0x06f9)
			return !has_between(cp, count, 0x0660, 0x0669);
		return false;
	}
}

#define BIDI_BIT(class) (UINT32_C(1) << (class))

static uint32_t bidi_bit(uint32_t cp)
{
	return BIDI_BIT(uc_bidi_class(cp));
}

bool precis_bidi_holds(const uint32_t *cp, size_t count)
{
	const uint32_t rtl = BIDI_BIT(UC_BIDI_R) | BIDI_BIT(UC_BIDI_AL) | BIDI_BIT(UC_BIDI_AN);
	const uint32_t neutral = BIDI_BIT(UC_BIDI_ES) | BIDI_BIT(UC_BIDI_CS) |
				 BIDI_BIT(UC_BIDI_ET) | BIDI_BIT(UC_BIDI_ON) |
				 BIDI_BIT(UC_BIDI_BN) | BIDI_BIT(UC_BIDI_NSM);
	const uint32_t en = BIDI_BIT(UC_BIDI_EN);
	const uint32_t an = BIDI_BIT(UC_BIDI_AN);
	uint32_t seen = 0;

	for (size_t i = 0; i < count; i++)
		seen |= bidi_bit(cp[i]);
	if (!(seen & rtl))
		return true;
	/* A first L would make it an LTR label, in which rule 5 allows none of R, AL, AN; rule 1
	 * forbids any other beginning. So only an RTL label is left: rules 2, 3 and 4. */
	if (!(bidi_bit(cp[0]) & (BIDI_BIT(UC_BIDI_R) | BIDI_BIT(UC_BIDI_AL))))
		return false;
	if (seen & ~(rtl | en | neutral) || (seen & en && seen & an))
		return false;
	while (uc_bidi_class(cp[count - 1]) == UC_BIDI_NSM)
		count--;
	return bidi_bit(cp[count - 1]) & (rtl | en);
}
