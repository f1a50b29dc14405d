/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of keys that reads a document: one row per key says its type, where the value goes, and
 * what the manual says about it. Knows no particular key. */
#pragma once

#include "rules/document.h"
#include "rules/scalar.h"

enum schema_shape {
	SCHEMA_ONE,  /* a scalar: struct scalar */
	SCHEMA_LIST, /* a list of scalars: struct schema_list of struct scalar */
	/* keys of its own: a struct that starts with `unsigned line`, 0 if it is none */
	SCHEMA_MAP,
	SCHEMA_LIST_MAPS, /* a list of such: struct schema_list */
};

enum schema_flags {
	SCHEMA_REQUIRED = 1,     /* must be there; a list must not be empty */
	SCHEMA_MAY_BE_BLANK = 2, /* a list with nothing behind the colon is an empty one */
	/* An item of a list of maps may also be one scalar: then it is the value of the first key,
	 * and the others are not there. */
	SCHEMA_MAY_BE_FIRST_KEY = 4,
};

struct schema {
	const char *key; /* NULL ends a table */
	enum schema_shape shape;
	enum scalar_type type;       /* of scalars */
	const char *const *words;    /* of SCALAR_WORD, ended by NULL */
	unsigned flags;              /* enum schema_flags */
	uint32_t count_max;          /* of lists */
	size_t offset;               /* where the value goes, in the struct of its table */
	size_t item_bytes;           /* of an item of a list of maps */
	const struct schema *fields; /* of maps */
	const char *fallback;        /* what holds without it, in words; NULL: nothing */
	const char *example;
};

struct schema_list {
	unsigned line; /* 0: not in the document */
	uint32_t count;
	void *items; /* also those that could not be read: position is index in the document */
};

/* Read the mapping `root` into the zeroed struct at `into`, complaining about all that is wrong.
 * False only without memory. Free with schema_free in every case. */
bool schema_read(const struct schema *fields, yaml_document_t *document, const yaml_node_t *root,
	void *into, struct rules_errors *errors);
void schema_free(const struct schema *fields, void *into);

/* Call `row` for every row, depth first, with its dotted path: "partners[].domain". */
typedef void schema_row_h(void *arg, const char *path, const struct schema *row);
void schema_walk(const struct schema *fields, schema_row_h *row, void *arg);
