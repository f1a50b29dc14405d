/* SPDX-License-Identifier: BSD-3-Clause */
/* Looking into a stanza. */
#include "control/xmpp/element.h"

bool element_is(const struct element *e, struct view ns, struct view name)
{
	return e && view_equal(e->name, name) && view_equal(e->ns, ns);
}

static const struct element *first_match(
	const struct element *from, struct view ns, struct view name)
{
	for (; from; from = from->next)
		if (element_is(from, ns, name))
			return from;
	return NULL;
}

const struct element *element_child(const struct element *e, struct view ns, struct view name)
{
	return e ? first_match(e->first_child, ns, name) : NULL;
}

const struct element *element_next(const struct element *child)
{
	return child ? first_match(child->next, child->ns, child->name) : NULL;
}

static struct view find_attribute(
	const struct element *e, struct view ns, struct view name, bool *found)
{
	for (const struct attribute *a = e ? e->attributes : NULL; a; a = a->next) {
		if (view_equal(a->name, name) && view_equal(a->ns, ns)) {
			*found = true;
			return a->value;
		}
	}
	*found = false;
	return (struct view){0};
}

struct view element_attribute(const struct element *e, struct view name, bool *found)
{
	return find_attribute(e, (struct view){0}, name, found);
}

struct view element_lang(const struct element *e)
{
	for (; e; e = e->parent) {
		bool found;
		struct view lang = find_attribute(e, NS_XML, VIEW("lang"), &found);

		if (found)
			return lang;
	}
	return (struct view){0};
}
