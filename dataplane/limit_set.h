/* SPDX-License-Identifier: BSD-3-Clause */
/* The limits of the rules in the form that packets are counted against. */
#pragma once

#include "dataplane/lease.h"
#include "rules/limit.h"

enum rate_kind { RATE_CONNECTIONS, RATE_PACKETS, RATE_BYTES, RATE_KINDS };

struct limit_set {
	struct rate rates[RATE_KINDS];
	uint32_t connections; /* open at once */
};

void limit_set_make(const struct limits *limits, struct limit_set *out);
/* Key by key what is less. */
struct limits limits_least(const struct limits *a, const struct limits *b);
/* What a /64 may have of its /56: three quarters, rounded up, so that its neighbours keep a share. */
struct limits limits_narrow(const struct limits *limits);
