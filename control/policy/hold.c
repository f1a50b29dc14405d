/* SPDX-License-Identifier: BSD-3-Clause */
/* A message that waits for its seat. */
#include "control/policy/hold.h"

#include <errno.h>
#include <stdlib.h>

#include "control/policy/gate_int.h"
#include "control/policy/rename.h"

static void seat_done(void *arg, int error)
{
	struct hold *hold = arg;
	struct view ours = view_of(hold->ours);
	struct view theirs = view_of(hold->theirs);
	bool in = hold->heading == HEADING_IN;
	enum reason reason = error ? REASON_seat_not_written : REASON_none;

	if (error)
		gate_say_refused(hold->gate, in ? theirs : ours, in ? ours : theirs,
			question_kind_name(KIND_message), reason, "", 0, 0);
	/* What it was to say first has not been said. */
	if (error)
		conversation_end(
			in ? hold->gate->notices : hold->gate->conversations, ours, theirs);
	if (!error && !in)
		gate_remember(hold->gate, ours, theirs, hold->now);
	hold_end(hold);
	hold->done(hold->arg, reason);
}

int hold_begin(struct hold *hold, struct gate *gate, const struct ruleset *rules,
	struct usage_seat *seat, enum heading heading, const struct parcel *parcel,
	void (*done)(void *arg, enum reason reason), void *arg)
{
	const struct address *our = heading == HEADING_IN ? &parcel->to : &parcel->from;
	const struct address *their = heading == HEADING_IN ? &parcel->from : &parcel->to;
	char ours[GATE_ADDRESS_BYTES];
	char theirs[GATE_ADDRESS_BYTES];
	size_t our_bytes = gate_party(our, ours).address.len + 1;
	char undone[RENAME_BYTES];
	struct party party = gate_party(their, theirs);
	struct view known_as = rename_known_as(rules, &party, undone);

	*hold = (struct hold){.gate = gate,
		.done = done,
		.arg = arg,
		.heading = heading,
		.now = gate_now(gate),
		.ours = malloc(our_bytes + known_as.len + 1)};
	if (!hold->ours)
		return -ENOMEM;
	memcpy(hold->ours, ours, our_bytes);
	view_copy(known_as, hold->ours + our_bytes, known_as.len + 1);
	hold->theirs = hold->ours + our_bytes;
	usage_wait(seat, &hold->wait, seat_done, hold);
	return 0;
}

void hold_end(struct hold *hold)
{
	usage_wait_end(&hold->wait);
	free(hold->ours);
	hold->ours = NULL;
}
