/* SPDX-License-Identifier: BSD-3-Clause */
/* Single values of a rules document: one strict reader for each type. */
#pragma once

#include "rules/ruleset.h"

enum scalar_type {
	SCALAR_DOMAIN,
	SCALAR_HOST, /* a domain or an address */
	SCALAR_ADDRESS,
	SCALAR_PREFIX,
	SCALAR_PORT,
	SCALAR_PROTOCOL,
	SCALAR_PATH,
	SCALAR_COUNT,          /* 1 to LIMIT_NUMBER_MAX */
	SCALAR_BYTES,          /* LIMIT_BYTES_MIN to LIMIT_BYTES_MAX */
	SCALAR_PERCENT,        /* 0 to LIMIT_PERCENT_MAX */
	SCALAR_REQUEST_BYTES,  /* REQUEST_BYTES_MIN to REQUEST_BYTES_MAX */
	SCALAR_SWITCH,         /* true or false */
	SCALAR_DAYS,           /* 0 to SCALAR_DAYS_MAX */
	SCALAR_NAME,           /* of a policy, a site, an agreement: letters, digits and . - _ / */
	SCALAR_TEXT,           /* for people */
	SCALAR_USER,           /* alice@corp.example */
	SCALAR_DATE,           /* a day or an instant */
	SCALAR_END,            /* the same, or never */
	SCALAR_REGION,         /* two capital letters */
	SCALAR_LINK_PREFIX,    /* "http:", or default */
	SCALAR_LINK_EXTENSION, /* exe, or default */
	SCALAR_WORD,           /* one of a list of words: scalar_read_word */
	SCALAR_TYPES,
};

enum { SCALAR_NAME_BYTES_MAX = 64, SCALAR_TEXT_BYTES_MAX = 4000, SCALAR_DAYS_MAX = 3650 };

/* What was read, with where. */
struct scalar {
	unsigned line; /* 0: not in the document */
	bool ok;       /* readable; the member below that belongs to the type is set */
	union {
		char *text;           /* of scalar_has_text: canonical, owned */
		struct prefix prefix; /* address (length 32 or 128), prefix */
		uint16_t port;
		enum protocol protocol;
		uint64_t number; /* count, bytes, percent, days; of a word its place */
		bool on;         /* switch */
		struct wall when;
	};
};

enum { SCALAR_WHY_BYTES = 256 };

/* Read the value. `plain`: it stands without quotes. True, or false with `why` saying what is wrong,
 * with the value quoted, and what to do. Sets everything but the line. */
bool scalar_read(enum scalar_type type, struct view value, bool plain, struct scalar *out,
	char why[static SCALAR_WHY_BYTES]);
/* The same for one of the words, which NULL ends. */
bool scalar_read_word(const char *const *words, struct view value, struct scalar *out,
	char why[static SCALAR_WHY_BYTES]);
/* Is the value a text that is to be freed? */
bool scalar_has_text(enum scalar_type type);
/* "a domain" */
const char *scalar_type_text(enum scalar_type type);
/* Would YAML take this text without quotes for nothing, a truth value or a number? */
bool scalar_needs_quotes(struct view text);
