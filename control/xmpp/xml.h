/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing XML: the only way by which bytes reach an XMPP stream. Escapes in text and attributes,
 * drops what is no XML 1.0 Char, refuses invalid UTF-8 (the text fails). */
#pragma once

#include "rules/base/text.h"

/* Character data: & < > " ' escaped. */
void xml_put_text(struct text *out, struct view utf8);
/* ` name='value'`, the value escaped, controls as character references. name is a literal of ours. */
void xml_put_attribute(struct text *out, const char *name, struct view value);
/* Is this well-formed UTF-8 made of XML 1.0 Chars only? */
bool xml_is_text(struct view utf8);
