/* SPDX-License-Identifier: BSD-3-Clause */
/* What DNS has said of the way to a domain, for the decision; and a refusal for what it said only after the message
 * had been let through. */
#pragma once

#include "control/policy/gate.h"

/* How XMPP's way to a domain ended just before: REASON_srv_missing, REASON_srv_conflict, or REASON_none. */
typedef enum reason way_h(void *arg, struct view domain);

/* Whom to ask; NULL: nobody. */
void way_ask(struct gate *gate, way_h *way, void *arg);
/* What of this a question is to know. */
void way_fill(const struct gate *gate, struct question *q);
/* A message of `from` (a domain of ours) to `to` came to nothing. */
void way_refused(struct gate *gate, const char *from, const char *to, enum reason reason);
