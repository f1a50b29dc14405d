/* SPDX-License-Identifier: BSD-3-Clause */
/* The owner of the TAP: all system calls for frames are made here, none by a worker's stages. For
 * now it runs on the worker's lcore; put and receive are where a ring to another lcore goes. */
#pragma once

#include "dataplane/outlet.h"

struct exception {
	struct outlet to_tap;
};

void exception_init(struct exception *exception, uint16_t tap_id);
/* Queue a frame for the kernel; false if there is no room: the frame stays the caller's. */
bool exception_put(struct exception *exception, struct rte_mbuf *frame, bool made);
/* Write what is queued. */
void exception_flush(struct exception *exception, struct fates *fates);
/* Frames that the kernel sent, at most max. */
uint16_t exception_receive(struct exception *exception, struct rte_mbuf **frames, uint16_t max);
void exception_clear(struct exception *exception);
