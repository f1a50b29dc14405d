/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files that build policies share. */
#pragma once

#include <stdlib.h>

#include "rules/base/table.h"
#include "rules/build.h"
#include "rules/csv.h"

enum { BUILD_KEY_BYTES = 96 };

struct building {
	const struct draft *draft;
	const struct rules_reader *reader;
	struct rules_errors *errors;
	struct policies *out;
	struct table locals;                      /* our domains, to their scalars */
	struct draft_people people[USER_SOURCES]; /* of sources that are JSON */
	struct view bytes[USER_SOURCES];          /* of sources that are not; owned */
	bool failed;                              /* no memory */
};

/* Whence a rule comes that is in hand. */
struct origin {
	enum user_source source;
	const char *name; /* of the file; NULL: the document */
	unsigned line;    /* where the document names it, and by which key */
	const char *key;
};

extern const struct origin origin_document;

void build_complain(struct building *b, const struct origin *origin, unsigned line, const char *key,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* calloc that sets failed. */
void *build_array(struct building *b, size_t count, size_t each);
/* A text that lives as long as the policies; NULL for NULL, and without memory. */
const char *build_text(struct building *b, const char *text);

/* Sort things that begin as struct called does, and complain of names that are there twice. key is that
 * of the list: "sites". */
void named_sort(struct building *b, void *things, uint32_t count, size_t each, const char *key,
	const char *name_key);
/* The position of a name, or USER_NONE. */
uint32_t named_find(const void *things, uint32_t count, size_t each, struct view name);
uint32_t policy_find(const struct policies *policies, struct view name);
/* The name that was probably meant by one that is none of them, or NULL. */
const char *named_near(const struct building *b, const void *things, uint32_t count, size_t each,
	struct view name);
const char *policy_near(const struct building *b, struct view name);
/* Complain that a name is none of these ("policies"); near: one that was probably meant, or NULL. */
void complain_none_of(struct building *b, const struct origin *origin, unsigned line,
	const char *key, struct view name, const char *things, const char *near);
/* The same of a scalar that was stated, with a complaint when there is none of this name. */
uint32_t policy_of_scalar(struct building *b, const struct origin *origin,
	const struct scalar *scalar, const char *key);

/* One of our domains? Otherwise a complaint. */
bool check_local(struct building *b, const struct origin *origin, unsigned line, const char *key,
	struct view domain);
/* What is wrong with a list of comma-separated values itself. columns: as for csv_header. */
void complain_csv(struct building *b, const struct origin *origin, const struct csv *csv,
	const char *const *columns, const struct fault *fault);
/* Read a source: false with a complaint. */
bool source_read(struct building *b, const struct origin *origin, enum rules_source_kind kind,
	struct view *bytes);

/* In this order. */
void build_policies(struct building *b);
void build_sources(struct building *b);
void build_groups(struct building *b);
void build_users(struct building *b);
void build_providers(struct building *b);
void build_agreements(struct building *b);

/* How a directory is known in complaints. */
struct origin origin_of(const struct building *b, enum user_source source);
