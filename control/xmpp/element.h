/* SPDX-License-Identifier: BSD-3-Clause */
/* A stanza as a tree, built by the stream reader in one arena and freed as one. Read only: what
 * leaves the edge is written anew (xml.h), never copied from here as bytes. */
#pragma once

#include "rules/base/view.h"

struct attribute {
	struct view ns; /* empty: none */
	struct view name;
	struct view value; /* unescaped UTF-8 */
	struct attribute *next;
};

struct element {
	struct view ns;   /* namespace URI, empty: none */
	struct view name; /* local name */
	struct view text; /* character data directly inside, concatenated, unescaped */
	struct attribute *attributes;
	struct element *parent;
	struct element *first_child, *last_child;
	struct element *next; /* sibling */
};

/* First child with that name and namespace, or NULL. */
const struct element *element_child(const struct element *e, struct view ns, struct view name);
/* The next sibling of `child` with the same name and namespace, or NULL. */
const struct element *element_next(const struct element *child);
bool element_is(const struct element *e, struct view ns, struct view name);
/* Value of the attribute without namespace; found is false (and the view empty) if absent. */
struct view element_attribute(const struct element *e, struct view name, bool *found);
/* xml:lang of the element itself or of its nearest ancestor that has one; empty if none. */
struct view element_lang(const struct element *e);

#define NS_SERVER   VIEW("jabber:server")
#define NS_STREAM   VIEW("http://etherx.jabber.org/streams")
#define NS_STREAMS  VIEW("urn:ietf:params:xml:ns:xmpp-streams")
#define NS_STANZAS  VIEW("urn:ietf:params:xml:ns:xmpp-stanzas")
#define NS_TLS      VIEW("urn:ietf:params:xml:ns:xmpp-tls")
#define NS_SASL     VIEW("urn:ietf:params:xml:ns:xmpp-sasl")
#define NS_PING     VIEW("urn:xmpp:ping")
#define NS_DIALBACK VIEW("jabber:server:dialback")
#define NS_XML      VIEW("http://www.w3.org/XML/1998/namespace")
