/* SPDX-License-Identifier: BSD-3-Clause */
/* Private to reader.c (input and parser) and reader_tree.c (what expat reports). */
#pragma once

#include "control/xmpp/arena.h"
#include "control/xmpp/reader.h"
#include "control/xmpp/utf8.h"

/* Between URI, local name and prefix in the names that expat reports. No XML 1.0 character, so it
 * can be part of none of them, not even by a character reference. */
#define READER_SEPARATOR '\x01'

/* A namespace declaration of the stream header. */
struct declaration {
	struct view prefix; /* empty: the default namespace */
	struct view uri;
	struct declaration *next;
};

/* An element under construction; the public part first. */
struct node {
	struct element element;
	uint32_t text_cap_bytes;
	struct attribute *last_attribute;
};

struct reader {
	struct reader_limits limits;
	struct budget budget;
	XML_Parser parser; /* NULL before the first byte and while asleep */
	bool suspended;    /* by an event; expat holds the rest of the chunk */
	bool priming;      /* it reads our own header */
	struct utf8 utf8;

	/* Positions in bytes since the parser was made. */
	uint64_t fed;       /* given to expat */
	uint64_t done;      /* start of the token that is incomplete, or fed */
	uint64_t stanza_at; /* where the open stanza starts */
	uint64_t event_end; /* behind the event that suspended the parser */
	uint64_t rescanned; /* bytes that expat had to look at again since all was done */

	uint32_t depth;      /* open elements, the stream itself included */
	uint32_t namespaces; /* declared by the element that is about to start */
	struct arena arena;  /* of the stanza */
	struct node *current;
	struct element *stanza; /* finished; its events are out until it is forgotten */

	struct arena header_arena;
	struct node *root;  /* the stream element; NULL until the header is read */
	struct view prefix; /* of the stream element */
	struct declaration *declarations;
	struct reader_header header;

	bool header_noted, stanza_noted, ended;
	enum stream_condition condition;
	const char *cause;
	enum stream_condition bad_condition; /* once what came before it is parsed */
	const char *bad_cause;
};

void reader_set_handlers(struct reader *r);
void reader_fail(struct reader *r, enum stream_condition condition, const char *cause);
void reader_fail_memory(struct reader *r);
