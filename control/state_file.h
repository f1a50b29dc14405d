/* SPDX-License-Identifier: BSD-3-Clause */
/* Small files of the state directory, read and written whole. */
#pragma once

#include "rules/base/text.h"

/* The whole file; *out empty if there is none. The caller frees *out, also on failure. 0, -errno. */
int state_file_read(const char *path, struct text *out);
/* The old content or the new one, never a part: written beside it, then renamed; on the disk when it
 * returns 0. -errno: as before. */
int state_file_replace(const char *path, struct view bytes);

/* "FILE: WORDS" for whoever asked, NULL: those of the error. Returns the error. */
int state_file_fail(int error, const char *file, const char *words, char *why, size_t why_bytes);

/* The absolute path of a file, its directory without symbolic links: the one that its neighbours are found
 * in, also when the file itself is a link to elsewhere. The caller frees it; NULL with errno. */
char *file_absolute(const char *file);
