/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests: a stanza as text. */
#include "tests/unit/stanza.h"

#include "control/xmpp/xml.h"

enum { HEADER_MAX_BYTES = 512 };

const struct element *stanza_read(struct view xml, const char *lang, struct reader **reader)
{
	char bytes[HEADER_MAX_BYTES];
	struct text header;
	struct view input;
	const struct element *stanza;

	*reader = reader_new(&reader_limits_partner);
	text_fixed(&header, bytes, sizeof(bytes));
	text_puts(&header, "<stream:stream xmlns='jabber:server' version='1.0' "
			   "xmlns:stream='http://etherx.jabber.org/streams'");
	if (lang)
		xml_put_attribute(&header, "xml:lang", view_of(lang));
	text_putc(&header, '>');
	input = text_view(&header);
	if (!*reader || reader_next(*reader, &input) != READER_HEADER || input.len)
		return NULL;
	input = xml;
	if (reader_next(*reader, &input) != READER_STANZA || input.len)
		return NULL;
	stanza = reader_stanza(*reader);
	return stanza;
}
