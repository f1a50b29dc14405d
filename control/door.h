/* SPDX-License-Identifier: BSD-3-Clause */
/* What all connections pass, whatever they speak: the threads for handshakes, the book of those who have
 * proven nothing yet, and the addresses of those who did before. */
#pragma once

#include "control/guests.h"
#include "control/handshake.h"
#include "control/known.h"

struct door {
	struct handshakers *hands; /* NULL: handshakes are the loop's */
	struct guests *guests;     /* NULL: whoever comes is let in */
	struct known *known;       /* NULL: nobody is remembered */
};
