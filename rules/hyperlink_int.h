/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files that find links share: characters as links are made of them, and where a link leads. */
#pragma once

#include "rules/base/view.h"

/* The character at v.p[i], i < v.len; *len: its bytes. Letters that some programs take for a to z in any case are
 * those. U+FFFD for a byte that begins none. */
uint32_t hyperlink_char(struct view v, uint32_t i, uint32_t *len);
/* Nobody sees it, alone. */
bool hyperlink_char_is_invisible(uint32_t c);
/* No link goes on behind it. */
bool hyperlink_char_is_end(uint32_t c);

static inline bool hyperlink_char_is_name(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static inline bool hyperlink_char_is_slash(uint32_t c)
{
	return c == '/' || c == '\\';
}

struct hyperlink_rules;

/* hyperlink_target.c: does a link lead to a name that does not count? `target` is what is behind its scheme and
 * slashes, up to the end of what hangs together; opaque: there were none of these. */
bool hyperlink_is_ignored(const struct hyperlink_rules *rules, struct view target, bool opaque);
/* Does any part of it look like the name of a refused file? host: it begins with a host. */
bool hyperlink_has_file(const struct hyperlink_rules *rules, struct view target, bool host);
