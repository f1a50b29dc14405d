/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes as hexadecimal digits, in the one form that the files of ours and the identifiers on the wire have: lower
 * case, two digits a byte. */
#pragma once

#include "rules/base/view.h"

/* 2 * bytes.len digits and a NUL. */
void hex_print(struct view bytes, char *out);

/* Exactly these many bytes, and no upper case: what was printed and nothing else. False: out is undefined. */
bool hex_read(struct view digits, uint8_t *out, uint32_t bytes);

/* 16 digits, the highest first. */
bool hex_read_u64(struct view digits, uint64_t *out);
