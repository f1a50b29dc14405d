/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of the messages of each partner. Numbers only go up; a partner that leaves the rules
 * keeps its numbers, so who computes rates sees no step back. Loop thread only. */
#pragma once

#include <jansson.h>

#include "rules/base/siphash.h"

enum tally_way {
	TALLY_IN,  /* from the partner's users to ours */
	TALLY_OUT, /* from our users to the partner's */
	TALLY_WAYS
};

/* The name of one for all domains that are discovered: theirs would be without bound. */
#define TALLY_DISCOVERED "(discovered)"

struct tallies;
struct tally; /* of one partner */

/* NULL without memory. */
struct tallies *tallies_new(struct siphash_key key);
/* Accepts NULL. */
void tallies_free(struct tallies *all);
/* The partner's own, made when it is asked for first; it stays where it is as long as `all`. `partner`
 * is a name of the rules: that bounds their number. NULL without memory, which the others accept. */
struct tally *tally_of(struct tallies *all, const char *partner);

/* Every message is counted once as it comes and once as it ends; between them it is on its way. */
void tally_message(struct tally *tally, enum tally_way way);
/* The other side took it. */
void tally_delivered(struct tally *tally, enum tally_way way);
/* It was not delivered and its sender was told so. `cause` is a string constant. */
void tally_refused(struct tally *tally, enum tally_way way, const char *cause);
/* Its sender was told that it may have arrived. */
void tally_unknown(struct tally *tally, enum tally_way way);

/* [{"partner", "in", "in_delivered", "in_refused", "in_unknown", the same for
 * out, "refused": {"in.CAUSE": n}}], those first that were made first, so that pages do not
 * shift. A new reference. */
json_t *tallies_json(const struct tallies *all);
