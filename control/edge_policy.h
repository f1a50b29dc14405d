/* SPDX-License-Identifier: BSD-3-Clause */
/* What operators ask about policy, answered from the rules in force and the facts that are kept. */
#pragma once

#include "control/command.h"
#include "control/edge.h"

struct edge_policy;

/* state_directory: NULL when nothing is kept. All outlive it. NULL without memory. */
struct edge_policy *edge_policy_new(
	struct loop *loop, struct edge *edge, struct gate *gate, const char *state_directory);
/* Who waits for an answer hears that it does not come. Before the command servers go; accepts NULL. */
void edge_policy_free(struct edge_policy *policy);
/* For command_server_policy. */
struct command_policy edge_policy_commands(struct edge_policy *policy);
