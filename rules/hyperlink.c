/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding links in a text. */
#include "rules/hyperlink.h"

#include "rules/hyperlink_int.h"

enum { LABEL_CHARACTERS_MAX = 63 };

const char *const hyperlink_prefixes_default[] = {"callto:", "file:", "ftp.",
	"ftp:", "gopher:", "http:", "https:", "ldap:", "mailto:", "news:", "nntp:", "sip:", "sips:",
	"tel:", "telnet:", "www*."};
const uint32_t hyperlink_prefixes_default_count =
	sizeof(hyperlink_prefixes_default) / sizeof(hyperlink_prefixes_default[0]);

const char *const hyperlink_extensions_default[] = {"ade", "adp", "app", "asp", "bas", "bat", "cer",
	"chm", "cmd", "com", "cpl", "crt", "csh", "exe", "fxp", "grp", "hlp", "hta", "inf", "ins",
	"isp", "its", "js", "jse", "ksh", "lnk", "mad", "maf", "mag", "mam", "maq", "mar", "mas",
	"mat", "mau", "mav", "maw", "mda", "mdb", "mde", "mdt", "mdw", "mdz", "msc", "msi", "msp",
	"mst", "ocx", "ops", "pcd", "pif", "pl", "pnp", "prf", "prg", "pst", "reg", "scf", "scr",
	"sct", "shb", "shs", "tmp", "url", "vb", "vbe", "vbs", "vsd", "vsmacros", "vss", "vst",
	"vsw", "ws", "wsc", "wsf", "wsh"};
const uint32_t hyperlink_extensions_default_count =
	sizeof(hyperlink_extensions_default) / sizeof(hyperlink_extensions_default[0]);

void hyperlink_rules_index(struct hyperlink_rules *rules)
{
	uint32_t i = 0;

	for (uint32_t letter = 0; letter <= HYPERLINK_LETTERS; letter++) {
		while (i < rules->prefix_count && rules->prefixes[i][0] < (char)('a' + letter))
			i++;
		rules->first[letter] = (uint8_t)i;
	}
}

bool hyperlink_list_has(const char *const *list, uint32_t count, struct view text)
{
	uint32_t low = 0;
	uint32_t high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct view other = view_of(list[middle]);
		uint32_t common = text.len < other.len ? text.len : other.len;
		int order = common ? memcmp(text.p, other.p, common) : 0;

		order = order ? order : (text.len > other.len) - (text.len < other.len);
		if (order == 0)
			return true;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* --- where one begins --- */

/* Behind what nobody sees. */
static uint32_t skip_invisible(struct view text, uint32_t i)
{
	uint32_t len;

	while (i < text.len && text.p[i] >= 0x80 &&
		hyperlink_char_is_invisible(hyperlink_char(text, i, &len)))
		i += len;
	return i;
}

/* Behind what can be the rest of a label. */
static uint32_t skip_label(struct view text, uint32_t i)
{
	uint32_t len;

	for (uint32_t count = 0; i < text.len && count < LABEL_CHARACTERS_MAX; i += len, count++) {
		uint32_t c = hyperlink_char(text, i, &len);

		if (!hyperlink_char_is_name(c) && c != '-' && !hyperlink_char_is_invisible(c))
			break;
	}
	return i;
}

/* *at goes behind the prefix. */
static bool prefix_matches(const char *prefix, struct view text, uint32_t *at)
{
	uint32_t i = *at;
	uint32_t len;

	for (; *prefix; prefix++) {
		if (*prefix == '*') {
			i = skip_label(text, i);
			continue;
		}
		i = skip_invisible(text, i);
		if (i >= text.len || hyperlink_char(text, i, &len) != (uint8_t)*prefix)
			return false;
		i += len;
	}
	*at = i;
	return true;
}

struct match {
	uint32_t host;    /* where it goes on behind the prefix and its slashes */
	uint32_t slashes; /* 3: or more */
	bool scheme;      /* the prefix ends in a colon */
	bool is_file;     /* of the scheme file */
};

/* What stands directly before it. An underscore is what defusing puts there: what is before that counts. */
static bool is_boundary(struct view text, uint32_t i)
{
	if (i > 0 && text.p[i - 1] == '_')
		i--;
	return i == 0 || !hyperlink_char_is_name(text.p[i - 1]);
}

/* Does a link go on here, which has only its prefix yet? */
static bool goes_on(struct view text, const struct match *m)
{
	uint32_t len;
	uint32_t c;

	if (m->host >= text.len)
		return false;
	c = hyperlink_char(text, m->host, &len);
	if (hyperlink_char_is_end(c))
		return false;
	if (m->scheme)
		return m->slashes > 0 || c >= 0x80 || !strchr(".,;:!?)]}'", (int)c);
	return hyperlink_char_is_name(c) || c >= 0x80 || c == '_' || c == '-';
}

static bool match_prefix(
	const struct hyperlink_search *s, const char *prefix, uint32_t i, struct match *out)
{
	uint32_t at = i;

	if (!prefix_matches(prefix, s->text, &at))
		return false;
	*out = (struct match){.scheme = prefix[strlen(prefix) - 1] == ':',
		.is_file = strcmp(prefix, "file:") == 0};
	at = skip_invisible(s->text, at);
	while (out->scheme && at < s->text.len && hyperlink_char_is_slash(s->text.p[at])) {
		out->slashes += out->slashes < 3;
		at = skip_invisible(s->text, at + 1);
	}
	out->host = at;
	if (!goes_on(s->text, out))
		return false;
	return out->slashes >= 2 || (i != s->host_at && is_boundary(s->text, i));
}

static bool match_at(const struct hyperlink_search *s, uint32_t i, uint32_t c, struct match *out)
{
	uint32_t letter = c - 'a';

	if (letter >= HYPERLINK_LETTERS)
		return false;
	for (uint32_t k = s->rules->first[letter]; k < s->rules->first[letter + 1]; k++)
		if (match_prefix(s, s->rules->prefixes[k], i, out))
			return true;
	return false;
}

/* --- what it is --- */

static uint32_t token_end(struct view text, uint32_t i)
{
	uint32_t len;

	for (; i < text.len; i += len)
		if (hyperlink_char_is_end(hyperlink_char(text, i, &len)))
			break;
	return i;
}

static void describe(
	struct hyperlink_search *s, uint32_t start, const struct match *m, struct hyperlink *out)
{
	/* The host of what is written without a scheme begins with the prefix. */
	uint32_t from = m->scheme ? m->host : start;
	bool host = !m->is_file || m->slashes == 2;
	struct view target;

	if (start >= s->token_end) {
		s->token_end = token_end(s->text, m->host);
		s->token_seen = false;
		s->token_file = false;
	}
	target = view_sub(s->text, from, s->token_end - from);
	*out = (struct hyperlink){.start = start,
		.defused = start > 0 && s->text.p[start - 1] == '_',
		.ignored = host && s->rules->ignored_count > 0 &&
			   hyperlink_is_ignored(s->rules, target, m->scheme && m->slashes == 0)};
	if (out->ignored || s->rules->extension_count == 0)
		return;
	/* Once for all links that hang together: all that is behind the first one's host is looked at. */
	if (!s->token_seen)
		s->token_file = hyperlink_has_file(s->rules, target, host);
	s->token_seen = true;
	out->file = s->token_file;
}

struct hyperlink_search hyperlink_search_begin(
	const struct hyperlink_rules *rules, struct view text)
{
	return (struct hyperlink_search){.rules = rules, .text = text, .host_at = UINT32_MAX};
}

bool hyperlink_next(struct hyperlink_search *s, struct hyperlink *out)
{
	struct match match;
	uint32_t len;

	for (; s->at < s->text.len; s->at += len) {
		uint32_t start = s->at;

		if (!match_at(s, start, hyperlink_char(s->text, start, &len), &match))
			continue;
		describe(s, start, &match, out);
		s->at = match.host;
		s->host_at = match.scheme ? match.host : UINT32_MAX;
		return true;
	}
	return false;
}
