/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of picketctl. Each says what there is to say and returns the code to exit with. */
#pragma once

#include "control/ctl/call.h"

/* show.c */
int verb_show(const struct call *call);
/* block.c */
int verb_block(const struct call *call);
int verb_unblock(const struct call *call);
int verb_trust(const struct call *call);
/* look.c: rules in files, and those in force */
int verb_check(const struct call *call);
int verb_print(const struct call *call);
int verb_diff(const struct call *call);
/* explain.c */
int verb_explain(const struct call *call);
int verb_schema(const struct call *call);
/* apply.c: changes */
int verb_apply(const struct call *call);
int verb_rollback(const struct call *call);
int verb_reload(const struct call *call);
/* licence.c */
int verb_licence(const struct call *call);
