/* SPDX-License-Identifier: BSD-3-Clause */
/* control/loop.h with a clock that the test owns: sockets are real, time passes only when it is told
 * to. For tests that link it in the place of control/loop.c. */
#pragma once

#include "control/loop.h"

/* What is ready now. */
void fake_loop_round(struct loop *loop);
/* Let time pass; every timer fires at its time, and what is ready is done behind each. */
void fake_loop_pass_ms(struct loop *loop, uint64_t ms);
