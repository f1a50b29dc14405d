/* SPDX-License-Identifier: BSD-3-Clause */
/* A MESSAGE of the inside server on its way out: read, put before the rules, held for its seat. Then it goes by
 * one way, by the other if nothing of it got out by the first, and its requester has one final response. */
#pragma once

#include <sys/queue.h>

#include "control/parcel/warning.h"
#include "control/policy/hold.h"
#include "control/session/session_int.h"

struct departure {
	LIST_ENTRY(departure) entry;
	struct departures *all;
	struct sip_server_tx *tx;
	struct tally *tally;   /* the recipient's */
	struct parcel parcel;  /* as it goes */
	uint8_t *strings;      /* what its views point into */
	uint32_t max_forwards; /* that the request came with */
	uint32_t ways;         /* bit 1 << enum protocol: not tried yet */
	enum protocol way;     /* the one that it has taken, or takes first */
	struct mono since;
	struct hold hold;
	bool carried; /* by a way: who carries it gives it back with one of the calls below */

	/* What came of the first way, if it has taken the second. */
	struct sip_answer failed;
	const char *failed_cause;
};

/* Its requester's final response, and its end. */
void departure_answer(struct departure *d, const struct sip_answer *answer);
/* The same for one that we refuse: counted by its cause. */
void departure_refuse(
	struct departure *d, uint16_t code, const char *cause, const char *header_lines);
/* Nothing of it got out by the way that it has taken. With may_turn it goes by the other one, if that is left;
 * otherwise its requester hears the answer, whose warning is static. */
void departure_failed(
	struct departure *d, const struct sip_answer *answer, const char *cause, bool may_turn);
