/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests: a stanza as text, read by the stream reader as if a partner had sent it. */
#pragma once

#include "control/xmpp/reader.h"

/* Reads `xml` as the only first-level element of a server stream with the language `lang` (NULL:
 * none). NULL when the reader refuses it or finds anything but exactly one stanza. The tree lives
 * until reader_free(*reader), which is also due on failure. */
const struct element *stanza_read(struct view xml, const char *lang, struct reader **reader);
