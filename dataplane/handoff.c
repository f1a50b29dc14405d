/* SPDX-License-Identifier: BSD-3-Clause */
/* How an admitted connection reaches the kernel. */
#include "dataplane/handoff.h"

const char *handoff_name(enum handoff_mode mode)
{
	return mode == HANDOFF_REQSK ? "reqsk" : "syn";
}
