/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of stanzas that somebody asks about, by cookie: kept until it is forgotten or final,
 * told in order and always in a later round of the loop. Knows nothing of streams. */
#pragma once

#include <sys/queue.h>

#include "control/xmpp/pool.h"

enum { FATES_MAX = 65536 }; /* cookies of all streams together */

struct sent;
LIST_HEAD(sent_list, sent);

struct fates;

struct fates *fates_new(struct loop *loop,
	void (*tell)(void *arg, uint64_t cookie, enum xmpp_fate fate), void *arg);
void fates_free(struct fates *f); /* tells nothing; accepts NULL */

/* A stanza that waits to be written; *slot becomes NULL when it is forgotten or freed. NULL when
 * there are too many, or no memory. cookie is not 0. */
struct sent *fates_add(struct fates *f, uint64_t cookie, struct sent **slot);
/* It was written: told, and from now on a member of list. slot is used no more. */
void fates_written(struct fates *f, struct sent *sent, struct sent_list *list);
/* Told, and the end of it. */
void fates_final(struct fates *f, struct sent *sent, enum xmpp_fate fate);
/* The same for every member of list. */
void fates_final_all(struct fates *f, struct sent_list *list, enum xmpp_fate fate);
/* A fate without a stay. */
void fates_at_once(struct fates *f, uint64_t cookie, enum xmpp_fate fate);
void fates_forget(struct fates *f, uint64_t cookie);
uint32_t fates_count(const struct fates *f);
