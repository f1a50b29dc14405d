/* SPDX-License-Identifier: BSD-3-Clause */
/* Between a parcel and an XMPP message stanza. */
#include "control/parcel/xmpp_codec.h"

#include <errno.h>

#include "control/parcel/language.h"
#include "control/xmpp/xml.h"

enum { JID_TEXT_BYTES = 2 * ADDRESS_PART_MAX_BYTES + DOMAIN_MAX_BYTES + 3 };

static int refused(struct stanza_error *refuse, enum stanza_condition condition, struct view text)
{
	*refuse = (struct stanza_error){.condition = condition, .text = text};
	return -EINVAL;
}

static struct view attribute(const struct element *stanza, struct view name)
{
	bool found;

	return element_attribute(stanza, name, &found);
}

static struct view child_text(const struct element *stanza, struct view name)
{
	const struct element *child = element_child(stanza, NS_SERVER, name);

	return child ? child->text : (struct view){0};
}

/* Several bodies or subjects are translations of one (RFC 7572 section 7): the one in the stanza's
 * own language, otherwise the first. */
static const struct element *choose(const struct element *stanza, struct view name)
{
	const struct element *first = element_child(stanza, NS_SERVER, name);
	struct view lang = element_lang(stanza);

	for (const struct element *e = first; e; e = element_next(e))
		if (view_equal_nocase(element_lang(e), lang))
			return e;
	return first;
}

/* What belongs between an account's own server and its own clients. Taken from a stranger it would
 * put words into anybody's mouth (XEP-0280, XEP-0297, XEP-0313). */
static bool has_foreign_wrapper(const struct element *stanza)
{
	return element_child(stanza, VIEW("urn:xmpp:carbons:2"), VIEW("received")) ||
	       element_child(stanza, VIEW("urn:xmpp:carbons:2"), VIEW("sent")) ||
	       element_child(stanza, VIEW("urn:xmpp:forward:0"), VIEW("forwarded")) ||
	       element_child(stanza, VIEW("urn:xmpp:mam:2"), VIEW("result")) ||
	       element_child(
		       stanza, VIEW("http://jabber.org/protocol/pubsub#event"), VIEW("event"));
}

/* OMEMO, OpenPGP and their elders. */
static bool is_encrypted(const struct element *stanza)
{
	static const struct {
		const char *ns, *name;
	} rows[] = {
		{"eu.siacs.conversations.axolotl", "encrypted"},
		{"urn:xmpp:omemo:1", "encrypted"},
		{"urn:xmpp:omemo:2", "encrypted"},
		{"urn:xmpp:openpgp:0", "openpgp"},
		{"urn:xmpp:otr:0", "encrypted"},
		{"jabber:x:encrypted", "x"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (element_child(stanza, view_of(rows[i].ns), view_of(rows[i].name)))
			return true;
	return false;
}

static bool read_addresses(const struct element *stanza, struct parcel *out)
{
	struct view to = attribute(stanza, VIEW("to"));
	struct view from = attribute(stanza, VIEW("from"));
	struct fault ignored;

	return address_from_jid(to, &out->to, &ignored) == PARSE_DONE &&
	       address_from_jid(from, &out->from, &ignored) == PARSE_DONE;
}

static bool is_type(const struct element *stanza, struct view type)
{
	return view_equal(attribute(stanza, VIEW("type")), type);
}

static int read_error(const struct element *stanza, struct parcel *out)
{
	const struct element *error = element_child(stanza, NS_SERVER, VIEW("error"));

	out->kind = PARCEL_ERROR;
	if (!error || !read_addresses(stanza, out))
		return -ENOMSG;
	for (const struct element *e = error->first_child; e; e = e->next) {
		if (!view_equal(e->ns, NS_STANZAS))
			continue;
		if (view_equal(e->name, VIEW("text")))
			out->error.text = e->text;
		else if (out->error.condition == STANZA_UNDEFINED_CONDITION)
			out->error.condition = stanza_condition_from_name(e->name);
	}
	return 0;
}

/* Who writes to whom; both must exist on the other side too. */
static int check_addresses(
	const struct element *stanza, struct parcel *out, struct stanza_error *refuse)
{
	if (!read_addresses(stanza, out))
		return refused(refuse, STANZA_JID_MALFORMED, VIEW("The address is not valid."));
	if (!out->to.local[0])
		return refused(refuse, STANZA_SERVICE_UNAVAILABLE,
			VIEW("Nobody reads messages to the domain itself."));
	if (!address_has_sip(&out->to))
		return refused(refuse, STANZA_ITEM_NOT_FOUND, VIEW("No SIP user has this name."));
	if (!address_has_sip(&out->from))
		return refused(refuse, STANZA_JID_MALFORMED,
			VIEW("The sender's name cannot be written as a SIP address."));
	return 0;
}

/* The stream reader lets nothing else through; what is written on depends on it. */
static bool is_clean(const struct parcel *p)
{
	return xml_is_text(p->id) && xml_is_text(p->body) && xml_is_text(p->subject) &&
	       xml_is_text(p->thread);
}

static int read_message(
	const struct element *stanza, struct parcel *out, struct stanza_error *refuse)
{
	const struct element *body = choose(stanza, VIEW("body"));
	const struct element *subject = choose(stanza, VIEW("subject"));
	int result;

	if (!body || body->text.len == 0 || is_type(stanza, VIEW("headline")))
		return -ENOMSG;
	if (is_type(stanza, VIEW("groupchat")))
		return refused(refuse, STANZA_SERVICE_UNAVAILABLE, VIEW("There is no room here."));
	result = check_addresses(stanza, out, refuse);
	if (result)
		return result;
	if (is_encrypted(stanza))
		return refused(refuse, STANZA_NOT_ACCEPTABLE,
			VIEW("The recipient cannot read encrypted messages. Send it without."));
	out->kind = PARCEL_MESSAGE;
	out->is_chat = is_type(stanza, VIEW("chat"));
	out->body = body->text;
	out->subject = subject ? subject->text : (struct view){0};
	out->thread = child_text(stanza, VIEW("thread"));
	out->lang = element_lang(body);
	if (!language_is_tag(out->lang))
		out->lang = (struct view){0};
	if (!is_clean(out))
		return refused(refuse, STANZA_BAD_REQUEST, VIEW("The text is not valid."));
	return 0;
}

int parcel_from_stanza(
	const struct element *stanza, struct parcel *out, struct stanza_error *refuse)
{
	*out = (struct parcel){0};
	*refuse = (struct stanza_error){0};
	if (!element_is(stanza, NS_SERVER, VIEW("message")) || has_foreign_wrapper(stanza))
		return -ENOMSG;
	out->id = attribute(stanza, VIEW("id"));
	if (is_type(stanza, VIEW("error")))
		return read_error(stanza, out);
	return read_message(stanza, out, refuse);
}

static void put_jid(struct text *out, const char *name, const struct address *a)
{
	char bytes[JID_TEXT_BYTES];
	struct text jid;

	text_fixed(&jid, bytes, sizeof(bytes));
	address_put_jid(a, &jid);
	xml_put_attribute(out, name, text_view(&jid));
}

static void put_id(struct text *out, struct view id)
{
	if (id.len)
		xml_put_attribute(out, "id", id);
}

static void put_child(struct text *out, const char *name, struct view content)
{
	if (content.len == 0)
		return;
	text_printf(out, "<%s>", name);
	xml_put_text(out, content);
	text_printf(out, "</%s>", name);
}

static void put_error(struct text *out, const struct stanza_error *error)
{
	text_printf(out, "<error type='%s'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>",
		stanza_condition_type(error->condition), stanza_condition_name(error->condition));
	if (error->text.len) {
		text_puts(out, "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'");
		xml_put_attribute(out, "xml:lang", VIEW("en"));
		text_putc(out, '>');
		xml_put_text(out, error->text);
		text_puts(out, "</text>");
	}
	text_puts(out, "</error>");
}

void parcel_put_stanza(const struct parcel *p, struct view id, struct text *out)
{
	text_puts(out, "<message");
	put_jid(out, "from", &p->from);
	put_jid(out, "to", &p->to);
	put_id(out, id);
	if (p->kind == PARCEL_ERROR)
		xml_put_attribute(out, "type", VIEW("error"));
	else if (p->is_chat)
		xml_put_attribute(out, "type", VIEW("chat"));
	if (language_is_tag(p->lang))
		xml_put_attribute(out, "xml:lang", p->lang);
	text_putc(out, '>');
	if (p->kind == PARCEL_ERROR) {
		put_error(out, &p->error);
	} else {
		if (!p->is_chat) /* clients take a subject in a chat for a room's */
			put_child(out, "subject", p->subject);
		put_child(out, "body", p->body);
		put_child(out, "thread", p->thread);
	}
	text_puts(out, "</message>");
}

void parcel_put_stanza_error(
	const struct parcel *message, const struct stanza_error *error, struct text *out)
{
	if (message->kind == PARCEL_ERROR) {
		out->failed = true;
		return;
	}
	text_puts(out, "<message");
	put_jid(out, "from", &message->to);
	put_jid(out, "to", &message->from);
	put_id(out, message->id);
	text_puts(out, " type='error'>");
	put_error(out, error);
	text_puts(out, "</message>");
}

/* An answer is of the kind of what it answers: the iq that comes back as a message is still waited for
 * (RFC 6120 section 8.2.3). */
static const char *kind_name(const struct element *stanza)
{
	if (element_is(stanza, NS_SERVER, VIEW("iq")))
		return "iq";
	return element_is(stanza, NS_SERVER, VIEW("presence")) ? "presence" : "message";
}

void stanza_put_error(
	const struct element *stanza, const struct stanza_error *error, struct text *out)
{
	const char *name = kind_name(stanza);

	if (is_type(stanza, VIEW("error"))) {
		out->failed = true;
		return;
	}
	text_putc(out, '<');
	text_puts(out, name);
	xml_put_attribute(out, "from", attribute(stanza, VIEW("to")));
	xml_put_attribute(out, "to", attribute(stanza, VIEW("from")));
	put_id(out, attribute(stanza, VIEW("id")));
	text_puts(out, " type='error'>");
	put_error(out, error);
	text_printf(out, "</%s>", name);
}
