/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of users and seats that a rules document names: files from the disk, and commands, which nobody else
 * runs. */
#pragma once

#include "rules/source.h"

/* Of a rules_reader: arg is the directory of the document, where files are looked for and commands run, by
 * /bin/sh -c with our rights, our stderr and no stdin. -EIO: it failed, which it or we have said. */
int lists_read(void *directory, enum rules_source_kind kind, const char *name, uint8_t **bytes,
	size_t *len);
