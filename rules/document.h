/* SPDX-License-Identifier: BSD-3-Clause */
/* A YAML document as a tree of libyaml's nodes, of which only the plain part of YAML is left: one
 * document, no anchors, aliases, tags or directives, all sizes bounded. Knows no key. */
#pragma once

#include <yaml.h>

#include "rules/errors.h"

enum {
	DOCUMENT_MAX_BYTES = 16 * 1024 * 1024,
	DOCUMENT_DEPTH_MAX = 16,
	DOCUMENT_NODES_MAX = 1000 * 1000, /* about 100 bytes of memory each */
};

/* Load a document. True: *out is filled, its root is no scalar, and the caller frees it with
 * yaml_document_delete. False: a complaint was added and there is nothing to free. */
bool document_load(struct view text, yaml_document_t *out, struct rules_errors *errors);

static inline unsigned node_line(const yaml_node_t *node)
{
	return (unsigned)node->start_mark.line + 1;
}

static inline struct view node_text(const yaml_node_t *scalar)
{
	return view_make(scalar->data.scalar.value, scalar->data.scalar.length);
}

/* A scalar without quotes or block style: the kind that YAML guesses a type for. */
static inline bool node_is_plain(const yaml_node_t *scalar)
{
	return scalar->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}
