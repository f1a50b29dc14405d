/* SPDX-License-Identifier: BSD-3-Clause */
/* From the bytes of one XML stream to its header and its first-level elements, strictly and within
 * bounds, over expat. Knows the namespaces that may appear, nothing of sockets or of negotiation:
 * each restart of a stream takes a new reader. (RFC 6120 sections 4.7, 4.8, 4.9.3, 11.) */
#pragma once

#include "control/xmpp/condition.h"
#include "control/xmpp/element.h"

enum {
	READER_DEPTH_MAX = 64,      /* open elements, the stanza itself being the first */
	READER_ATTRIBUTES_MAX = 64, /* of one element */
	READER_NAMESPACES_MAX = 16, /* declared by one element */
	READER_ATTRIBUTE_MAX_BYTES = 16384,
	READER_HEADER_MAX_BYTES = 16384, /* from the first byte to the header's end */
};

struct reader_limits {
	uint32_t stanza_bytes; /* raw bytes of one first-level element */
	size_t memory_bytes;   /* of parser and tree together, allocator overhead aside */
};

/* Before and after the peer has authenticated. */
extern const struct reader_limits reader_limits_stranger;
extern const struct reader_limits reader_limits_partner;

enum reader_event {
	READER_MORE,   /* everything was taken; nothing to report */
	READER_HEADER, /* reader_header */
	READER_STANZA, /* reader_stanza */
	READER_END,    /* </stream:stream>; nothing is read any more */
	READER_ERROR,  /* reader_condition, reader_cause; nothing is read any more */
};

/* Attributes of the stream header. Views live as long as the reader. */
struct reader_header {
	struct view to, from, id, lang;
	bool has_to, has_from, has_id;
};

struct reader;

/* NULL without memory. Allocates no parser yet. */
struct reader *reader_new(const struct reader_limits *limits);
void reader_free(struct reader *r); /* accepts NULL */
/* For what follows. The memory in use may be above a new, lower bound; then the next allocation
 * fails. */
void reader_set_limits(struct reader *r, const struct reader_limits *limits);

/* Take bytes from the front of *input and say what they complete. To be called until READER_MORE.
 * Bytes may be split anywhere. A byte order mark, any encoding but UTF-8, DTD, processing
 * instruction, comment or entity reference is an error before it has any effect. */
enum reader_event reader_next(struct reader *r, struct view *input);
/* Have bytes been given that lie behind the last event? (*input must be empty too, of course.) */
bool reader_has_rest(const struct reader *r);

const struct reader_header *reader_header(const struct reader *r);
/* Until the next call of reader_next. Its parent is the stream element, for the language. */
const struct element *reader_stanza(const struct reader *r);
enum stream_condition reader_condition(const struct reader *r);
const char *reader_cause(const struct reader *r);
/* Has the header been read? */
bool reader_is_open(const struct reader *r);

/* Nothing has come for a while: give back the parser and the tree's memory, if the stream stands
 * between two stanzas. The next byte makes a new parser, which is first fed a header of our own
 * making: the peer's stream prefix and all its namespace declarations, so that prefixes mean the
 * same as before and the peer's end tag still matches. White space alone does not wake it. False
 * if this is no such moment. */
bool reader_sleep(struct reader *r);
/* Bytes held now. */
size_t reader_memory_bytes(const struct reader *r);
