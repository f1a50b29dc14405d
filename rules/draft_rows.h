/* SPDX-License-Identifier: BSD-3-Clause */
/* How the rows of the tables of keys are written. */
#pragma once

#include "rules/draft.h"

#define ONE(name, field, struct_, type_, flags_, fallback_, example_)                              \
	{                                                                                          \
		.key = name, .shape = SCHEMA_ONE, .type = type_, .flags = flags_,                  \
		.offset = offsetof(struct_, field), .fallback = fallback_, .example = example_     \
	}
#define WORD(name, field, struct_, words_, flags_, fallback_, example_)                            \
	{                                                                                          \
		.key = name, .shape = SCHEMA_ONE, .type = SCALAR_WORD, .words = words_,            \
		.flags = flags_, .offset = offsetof(struct_, field), .fallback = fallback_,        \
		.example = example_                                                                \
	}
#define LIST(name, field, struct_, type_, flags_, max, fallback_, example_)                        \
	{                                                                                          \
		.key = name, .shape = SCHEMA_LIST, .type = type_, .flags = flags_,                 \
		.count_max = max, .offset = offsetof(struct_, field), .fallback = fallback_,       \
		.example = example_                                                                \
	}
#define WORDS(name, field, struct_, words_, max, fallback_, example_)                              \
	{                                                                                          \
		.key = name, .shape = SCHEMA_LIST, .type = SCALAR_WORD, .words = words_,           \
		.count_max = max, .offset = offsetof(struct_, field), .fallback = fallback_,       \
		.example = example_                                                                \
	}
#define MAP(name, field, struct_, fields_, flags_, fallback_, example_)                            \
	{                                                                                          \
		.key = name, .shape = SCHEMA_MAP, .flags = flags_, .fields = fields_,              \
		.offset = offsetof(struct_, field), .fallback = fallback_, .example = example_     \
	}
#define LIST_MAPS(name, field, struct_, item, fields_, flags_, max, fallback_, example_)           \
	{                                                                                          \
		.key = name, .shape = SCHEMA_LIST_MAPS, .flags = flags_, .fields = fields_,        \
		.count_max = max, .offset = offsetof(struct_, field), .item_bytes = sizeof(item),  \
		.fallback = fallback_, .example = example_                                         \
	}
#define END                                                                                        \
	{                                                                                          \
		.key = NULL                                                                        \
	}

/* The keys of struct draft_terms, in a struct that has it as `terms`; X is a kind of terms: only the
 * defaults differ. clang-format cannot know that these are rows. */
/* clang-format off */
#define TERMS_ROWS(struct_, X)                                                                     \
	WORDS("protocols", terms.protocols, struct_, protocol_words, 2, X##_PROTOCOLS,             \
		"[sip, xmpp]"),                                                                    \
	WORD("type", terms.type, struct_, partner_type_words, 0, X##_TYPE, "public-verified"),     \
	WORD("verification", terms.verification, struct_, verification_words, 0, X##_VERIFICATION, \
		"use-source"),                                                                     \
	WORD("missing_mark", terms.missing_mark, struct_, missing_mark_words, 0,                   \
		"needed with use-source", "unverified"),                                           \
	WORDS("capabilities", terms.capabilities, struct_, capability_words, CAPABILITY_COUNT,     \
		X##_CAPABILITIES, "[im, presence, typing]"),                                       \
	MAP("security", terms.security, struct_, draft_security_schema, 0, "those of its keys",    \
		"{tls: required, sasl: optional, dialback: true}"),                                \
	WORD("srv_hosts", terms.srv_hosts, struct_, srv_hosts_words, 0, "own of SIP, any of XMPP", \
		"own"),                                                                            \
	ONE("fold_presence", terms.fold_presence, struct_, SCALAR_SWITCH, 0, "false", "true"),     \
	ONE("fold_messages", terms.fold_messages, struct_, SCALAR_SWITCH, 0, "false", "true"),     \
	ONE("archive", terms.archive, struct_, SCALAR_SWITCH, 0, "false", "true"),                 \
	ONE("message_bytes_max", terms.message_bytes_max, struct_, SCALAR_COUNT, 0,                \
		"as much as is read", "16384"),                                                    \
	ONE("disclaimer", terms.disclaimer, struct_, SCALAR_TEXT, 0, "none",                       \
		"\"This conversation is archived.\""),                                            \
	MAP("links", terms.links, struct_, draft_links_schema, 0, "those of the document",         \
		"{action: block}")
#define CERTIFICATE_NAMES_ROW(struct_)                                                              \
	LIST("certificate_names", terms.certificate_names, struct_, SCALAR_DOMAIN, 0,              \
		CERTIFICATE_NAMES_MAX, "none", "[sip.partner.example]")
/* clang-format on */
