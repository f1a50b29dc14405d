/* SPDX-License-Identifier: BSD-3-Clause */
/* JID escaping (XEP-0106): the ten characters that a localpart cannot hold as themselves. Bytes in,
 * bytes out; knows nothing of PRECIS or of URIs. */
#pragma once

#include "rules/base/text.h"

/* Append the localpart that stands for `native`. A backslash is escaped only where it would
 * otherwise read as the beginning of an escape, in either case of the hex digits, because case
 * mapping may come later. False, with nothing appended, when native begins or ends with a space
 * (XEP-0106 section 4.2 has no escape for it). */
bool jid_escape(struct view native, struct text *out);
/* Append what an escaped localpart stands for. Exactly the ten sequences, in lower case, are read;
 * every other backslash stands for itself. Never apply it twice, never compare its result. */
void jid_unescape(struct view local, struct text *out);
