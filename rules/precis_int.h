/* SPDX-License-Identifier: BSD-3-Clause */
/* Between precis.c (the profiles) and precis_class.c (what is allowed where). */
#pragma once

#include "rules/precis.h"

/* Does the contextual rule (RFC 5892 appendix A) of the code point at `at` hold? */
bool precis_context_holds(const uint32_t *cp, size_t count, size_t at);
/* The Bidi rule (RFC 5893 section 2); true for a string without right-to-left code points. */
bool precis_bidi_holds(const uint32_t *cp, size_t count);
