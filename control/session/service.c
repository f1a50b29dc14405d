/* SPDX-License-Identifier: BSD-3-Clause */
/* What our domains answer by themselves: every iq gets exactly one reply (RFC 6120 section 8.2.3),
 * pings are answered (XEP-0199), and a stanza that cannot cross comes back as an error. */
#include "control/counters.h"
#include "control/parcel/xmpp_codec.h"
#include "control/session/session_int.h"
#include "control/xmpp/xml.h"

static void send_reply(
	struct session *session, struct view local, struct view remote, struct text *out)
{
	if (out->failed)
		counter_add("session", "replies_too_large", 1);
	else
		xmpp_pool_send(session->pool, local, remote, text_view(out), 0);
}

void service_refuse(struct session *session, struct view local, struct view remote,
	const struct element *stanza, const struct stanza_error *error)
{
	struct text out;
	bool found;

	/* An error is never answered (RFC 6120 section 8.3.1). */
	if (view_equal(element_attribute(stanza, VIEW("type"), &found), VIEW("error")))
		return;
	text_init(&out, STANZA_MAX_BYTES);
	stanza_put_error(stanza, error, &out);
	send_reply(session, local, remote, &out);
	text_free(&out);
}

/* Is it addressed to the domain itself? */
static bool to_domain(const struct element *stanza, struct view local)
{
	bool found;

	return view_equal_nocase(element_attribute(stanza, VIEW("to"), &found), local);
}

static void answer_ping(
	struct session *session, struct view local, struct view remote, const struct element *iq)
{
	struct text out;
	bool found;

	text_init(&out, STANZA_MAX_BYTES);
	text_puts(&out, "<iq type='result'");
	xml_put_attribute(&out, "from", element_attribute(iq, VIEW("to"), &found));
	xml_put_attribute(&out, "to", element_attribute(iq, VIEW("from"), &found));
	xml_put_attribute(&out, "id", element_attribute(iq, VIEW("id"), &found));
	text_puts(&out, "/>");
	send_reply(session, local, remote, &out);
	text_free(&out);
}

void service_iq(
	struct session *session, struct view local, struct view remote, const struct element *iq)
{
	bool found;
	struct view type = element_attribute(iq, VIEW("type"), &found);
	struct view id = element_attribute(iq, VIEW("id"), &found);

	if (view_equal(type, VIEW("result")) || view_equal(type, VIEW("error"))) {
		/* A ping that is answered with an error proves the same (XEP-0199 section 4.2). */
		if (!to_xmpp_pong(session->to_xmpp, local, remote, id))
			counter_add("session", "unmatched_iq_answers", 1);
		return;
	}
	counter_add("session", "iq_requests", 1);
	if (view_equal(type, VIEW("get")) && to_domain(iq, local) &&
		element_child(iq, NS_PING, VIEW("ping"))) {
		answer_ping(session, local, remote, iq);
		return;
	}
	/* To a user's address the same answer whether the user exists or not (RFC 6120 13.10.2). */
	service_refuse(session, local, remote, iq,
		&(struct stanza_error){STANZA_SERVICE_UNAVAILABLE, {0}});
}

void service_presence(struct session *session, struct view local, struct view remote,
	const struct element *presence)
{
	bool found;
	struct view type = element_attribute(presence, VIEW("type"), &found);

	/* Presence does not cross: who asks is told, who announces is not. */
	if (view_equal(type, VIEW("subscribe")) || view_equal(type, VIEW("probe"))) {
		counter_add("session.refused_in", "presence", 1);
		service_refuse(session, local, remote, presence,
			&(struct stanza_error){STANZA_SERVICE_UNAVAILABLE,
				VIEW("presence does not cross this gateway")});
		return;
	}
	counter_add("session", "presence_ignored", 1);
}
