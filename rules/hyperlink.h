/* SPDX-License-Identifier: BSD-3-Clause */
/* Links in the text of messages: what the rules say of them, finding them, and what becomes of the text. Pure,
 * no allocation, in time proportional to the text; any thread. */
#pragma once

#include "rules/base/text.h"

enum hyperlink_action {
	HYPERLINK_PASS,
	HYPERLINK_DEFUSE, /* an underscore goes before it */
	HYPERLINK_WARN,   /* a notice goes before the text */
	HYPERLINK_BLOCK,  /* the message is refused */
};

/* Whose links do not count. */
struct hyperlink_name {
	const char *domain; /* canonical */
	bool subtree;
};

enum {
	HYPERLINK_PREFIX_BYTES_MAX = 32,
	HYPERLINK_EXTENSION_BYTES_MAX = 16,
	HYPERLINK_NOTICE_BYTES_MAX = 4000,
	HYPERLINK_PREFIXES_MAX = 64,
	HYPERLINK_LETTERS = 26,
};

/* Filled by links_take and policies_index, immutable then. */
struct hyperlink_rules {
	unsigned line; /* of the rule */
	enum hyperlink_action action;
	uint32_t headings; /* bit 1 << enum heading: of messages that go this way */
	const char *
		notice; /* of HYPERLINK_WARN: without an empty line, or a line end at its own ends */
	const char *const *replaces; /* such texts, of filters before this one */
	uint32_t replace_count;
	const char *const *prefixes; /* sorted, in lower case, ending in ':', '.' or "*." */
	uint32_t prefix_count;
	uint8_t first[HYPERLINK_LETTERS + 1]; /* in prefixes: the first of those that begin so */
	const char *const *extensions;        /* sorted, in lower case; of files that are refused */
	uint32_t extension_count;
	const struct hyperlink_name *ignored; /* sorted */
	uint32_t ignored_count;
	uint32_t links_max;         /* more are refused; 0: as many as there are */
	const char *const *notices; /* sorted: all notices of all rules, and what they replace */
	uint32_t notice_count;
	struct hyperlink_rules *next; /* of one ruleset */
};

/* Those of Lync: without "href", which is no link in a text. Sorted. */
extern const char *const hyperlink_prefixes_default[];
extern const uint32_t hyperlink_prefixes_default_count;
extern const char *const hyperlink_extensions_default[];
extern const uint32_t hyperlink_extensions_default_count;

/* Make `first` say where the prefixes are. */
void hyperlink_rules_index(struct hyperlink_rules *rules);
/* Is the text one of these sorted ones? */
bool hyperlink_list_has(const char *const *list, uint32_t count, struct view text);

struct hyperlink {
	uint32_t start; /* in the text, of its prefix */
	bool defused;   /* an underscore stands before it */
	bool ignored;   /* it leads to a name that does not count */
	bool file;      /* it leads to a file that is refused; not of one that is ignored */
};

/* A link begins with a prefix, in letters of any case, where no letter, digit or underscored word stands before
 * it, or anywhere when two slashes follow; one within another counts for itself, but for a host's name
 * behind its scheme. Characters that nobody sees make no difference. */
struct hyperlink_search {
	const struct hyperlink_rules *rules;
	struct view text;
	uint32_t at;
	uint32_t host_at;   /* here begins the host of the link before, or of none: UINT32_MAX */
	uint32_t token_end; /* of the characters that hang together with the link before */
	bool token_seen;    /* and they have been looked through for files */
	bool token_file;
};

struct hyperlink_search hyperlink_search_begin(
	const struct hyperlink_rules *rules, struct view text);
/* The next one; false: there is none. */
bool hyperlink_next(struct hyperlink_search *search, struct hyperlink *out);

/* What there is in a text, notices of filters at its top left out. Adds to *out. */
struct hyperlink_findings {
	uint32_t count; /* that are not ignored */
	bool file;
};
void hyperlink_find(
	const struct hyperlink_rules *rules, struct view text, struct hyperlink_findings *out);

/* How many bytes at the top of the text are notices of filters, each with the empty line behind it. */
uint32_t hyperlink_notices(const struct hyperlink_rules *rules, struct view text);

/* What becomes of the text when something in the message is to be defused or warned of; of HYPERLINK_PASS and
 * HYPERLINK_BLOCK it stays. Appends at most its length, as many bytes as it has links, the notice and an empty line.
 * Done again it changes nothing. Returns how many of the bytes that it appended are notices. */
uint32_t hyperlink_put(const struct hyperlink_rules *rules, struct view text, struct text *out);
/* Only the underscores, of what has no room for a notice: a subject. */
void hyperlink_put_defused(const struct hyperlink_rules *rules, struct view text, struct text *out);
