/* SPDX-License-Identifier: BSD-3-Clause */
/* All who handle frames: the workers, what they share, and the lcore of the TAP. One crew a process. */
#pragma once

#include "dataplane/edge.h"
#include "dataplane/ferry.h"

/* Make the state of all: flow tables, counters, rings. After rte_eal_init, before flow_adopt,
 * expect_add, verdict_*, report_* and crew_open; the ports may come later, but their number and queues
 * are known. 0, -ENOMEM, -EINVAL, -EBUSY (there is one), -EIO. Calls tables_setup. */
int crew_prepare(const struct worker_config *config);

/* The ports are configured and started, the TAP too: take their ids and MACs. Before anybody runs. */
void crew_open(const struct worker_config *config);

/* The workers, 0 to crew_size() - 1; 0 of them before crew_prepare. */
uint32_t crew_size(void);
struct edge *crew_edge(uint32_t number);
/* The lcore of the TAP; NULL: the one worker does its work. */
struct ferry *crew_ferry(void);
/* What the workers know of the ports. */
struct legs *crew_legs(void);

/* Is there a control plane that accepts connections? At first yes; while not, a SYN to a service is
 * answered with RST instead of being left without an answer. Any thread, after crew_prepare. */
void crew_attend(bool attended);

/* Ask the loops to end; for good. Any thread, also a signal handler. */
void crew_stop(void);
bool crew_stopping(void);

/* Free all, after the loops have ended. */
void crew_finish(void);

/* The sum of all counters; partners is NULL. Frames between two lcores are held. Any thread. */
void crew_counters(struct counters *sum);
void crew_partner(uint32_t slot, struct partner_counters *sum);
/* Likewise why its frames were dropped and refused, and its open connections by class. */
void crew_causes(uint32_t slot, struct cause_counts *sum);
void crew_classes(uint32_t slot, struct flow_classes *sum);
/* The time of the last turn that any worker has begun. Any thread. */
struct mono crew_now(void);
/* Who causes most of it. Any thread. */
void crew_hitters(enum cause cause, struct mono now, struct hitters_list *sum);
