/* SPDX-License-Identifier: BSD-3-Clause */
/* What users may exchange, as a set. */
#pragma once

#include "rules/base/view.h"

#define CAPABILITIES(X)                                                                            \
	X(im, "text messages between two people")                                                  \
	X(presence, "who is there, and contacts")                                                  \
	X(typing, "that somebody writes just now")                                                 \
	X(receipts, "that a message arrived or was read")                                          \
	X(file, "files")                                                                           \
	X(audio, "calls")                                                                          \
	X(video, "calls with pictures")                                                            \
	X(group, "conversations of more than two")

enum capability {
#define CAPABILITY_ENUM(name, words) CAPABILITY_##name,
	CAPABILITIES(CAPABILITY_ENUM)
#undef CAPABILITY_ENUM
		CAPABILITY_COUNT
};

/* Bit 1 << enum capability. */
#define CAPABILITY_BIT(name) (UINT32_C(1) << CAPABILITY_##name)
#define CAPABILITIES_ALL     ((UINT32_C(1) << CAPABILITY_COUNT) - 1)

/* "im" */
const char *capability_name(enum capability capability);
/* False: there is none of this name. */
bool capability_read(struct view name, enum capability *out);
