/* SPDX-License-Identifier: BSD-3-Clause */
/* JID escaping (XEP-0106). */
#include "control/parcel/jid_escape.h"

enum { SEQUENCE_BYTES = 3 };

static const struct {
	char native;
	char sequence[SEQUENCE_BYTES + 1];
} escapes[] = {
	{' ', "\\20"},
	{'"', "\\22"},
	{'&', "\\26"},
	{'\'', "\\27"},
	{'/', "\\2f"},
	{':', "\\3a"},
	{'<', "\\3c"},
	{'>', "\\3e"},
	{'@', "\\40"},
	{'\\', "\\5c"},
};

enum { ESCAPES = sizeof(escapes) / sizeof(escapes[0]), BACKSLASH = ESCAPES - 1 };

/* The escape that v begins with, or -1. */
static int sequence_at(struct view v, bool any_case)
{
	struct view head = view_sub(v, 0, SEQUENCE_BYTES);

	for (int i = 0; i < ESCAPES; i++) {
		struct view sequence = view_make(escapes[i].sequence, SEQUENCE_BYTES);

		if (any_case ? view_equal_nocase(head, sequence) : view_equal(head, sequence))
			return i;
	}
	return -1;
}

static int escape_of(uint8_t c)
{
	for (int i = 0; i < BACKSLASH; i++)
		if ((uint8_t)escapes[i].native == c)
			return i;
	return -1;
}

bool jid_escape(struct view native, struct text *out)
{
	if (native.len && (native.p[0] == ' ' || native.p[native.len - 1] == ' '))
		return false;
	for (uint32_t i = 0; i < native.len; i++) {
		struct view rest = view_sub(native, i, SEQUENCE_BYTES);
		int escape = escape_of(native.p[i]);

		if (native.p[i] == '\\' && sequence_at(rest, true) >= 0)
			escape = BACKSLASH;
		if (escape >= 0)
			text_puts(out, escapes[escape].sequence);
		else
			text_putc(out, (char)native.p[i]);
	}
	return true;
}

void jid_unescape(struct view local, struct text *out)
{
	for (uint32_t i = 0; i < local.len;) {
		int escape = local.p[i] == '\\'
				     ? sequence_at(view_sub(local, i, SEQUENCE_BYTES), false)
				     : -1;

		text_putc(out, escape >= 0 ? escapes[escape].native : (char)local.p[i]);
		i += escape >= 0 ? SEQUENCE_BYTES : 1;
	}
}
