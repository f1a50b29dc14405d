/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP over mutual TLS for the rest of the control plane: connections, framing, non-INVITE client and
 * server transactions (RFC 3261 section 17, RFC 4320). Every method is answered properly; only what
 * the handlers take goes further. */
#pragma once

#include "control/connect.h"
#include "control/door.h"
#include "control/sip/message.h"
#include "rules/base/text.h"

struct sip_endpoint;
struct sip_server_tx; /* a request that waits for our final response */
struct sip_client_tx; /* a request of ours that waits for one */

enum sip_peer_kind { SIP_PEER_INSIDE, SIP_PEER_PARTNER };

struct discovered;

/* Who is on the other end of the connection: proven by certificate. What is pointed at lives during the
 * call that gives it. */
struct sip_peer {
	enum sip_peer_kind kind;
	const struct local_domain *local; /* INSIDE: the domains' route this is the server of */
	const struct partner *partner;    /* PARTNER, From's; NULL: a domain that no rule names */
};

enum sip_outcome {
	SIP_RESPONDED,    /* final response in hand */
	SIP_TIMED_OUT,    /* Timer F: nothing is known of delivery */
	SIP_UNREACHABLE,  /* no connection could be had: not delivered */
	SIP_UNTRUSTED,    /* the server's certificate is not its own: not delivered */
	SIP_BROKEN,       /* the connection broke behind the request: nothing is known */
	SIP_NO_SERVER,    /* DNS names no SIP server of the domain: not delivered */
	SIP_SRV_CONFLICT, /* all that DNS names are outside of the domain: not delivered */
};

struct sip_endpoint_handlers {
	void *arg;
	/* A MESSAGE outside a dialog, syntax and routing headers checked (section 8.2): From's domain
	 * belongs to the peer, the Request-URI is sip. The message lives during the call; tx until it
	 * is responded to. 100 Trying is sent by itself when a final response takes long. */
	void (*message)(void *arg, struct sip_server_tx *tx, const struct sip_peer *peer,
		const struct sip_message *request);
	/* The server of this domain, a partner's or one that no rule names, is proven on this socket,
	 * accepted or opened by us. NULL: nobody wants to know. */
	void (*verified)(void *arg, int fd, struct view remote);
	/* Has an operator blocked this domain? NULL: none has. */
	bool (*shut)(void *arg, struct view domain);
};

typedef void sip_response_h(
	void *arg, enum sip_outcome outcome, const struct sip_message *response);

struct sip_endpoint *sip_endpoint_new(struct loop *loop, struct filter_client *filter,
	struct resolver *resolver, struct generation *generation,
	const struct sip_endpoint_handlers *handlers);
void sip_endpoint_free(struct sip_endpoint *endpoint);
/* Other rules are in force. An accepted connection whose peer they no longer know ends when all that is
 * pending on it is answered; requests of ours take the new routes, but for those that wait for their
 * answer on an old one, which then ends. What was to go where there is nobody any more has not been
 * delivered (SIP_UNREACHABLE). All others go on. Whoever belongs to a partner of another id now is told to
 * be verified again. */
void sip_endpoint_adopt(struct sip_endpoint *endpoint, struct generation *generation);
/* An operator has blocked something: the same, with whom that is about. */
void sip_endpoint_review(struct sip_endpoint *endpoint);

/* Before the first connection: what all of them pass. Without it nobody is counted, and handshakes are
 * the loop's. */
void sip_endpoint_door(struct sip_endpoint *endpoint, const struct door *door);
/* Domains that no rule names are served as the rules let them, and counted here. Without it none is. Before the
 * first connection; it must outlive the endpoint. */
void sip_endpoint_discover(struct sip_endpoint *endpoint, struct discovered *discovered);
/* A connection accepted on a federation listener of protocol sip, mark checked. Takes the fd. */
void sip_endpoint_accept_partner(
	struct sip_endpoint *endpoint, int fd, const struct ip_address *peer, uint32_t mark);
/* A connection accepted on the inside listener. Takes the fd. */
void sip_endpoint_accept_inside(
	struct sip_endpoint *endpoint, int fd, const struct ip_address *peer);

/* The final response: status line, Via, From, To (tag added), Call-ID, CSeq from the request. extra:
 * further complete header lines each ended by CRLF, or empty. Ends tx. */
void sip_respond(struct sip_server_tx *tx, uint16_t code, const char *reason, struct view extra);

/* What a request of ours is made of. Views are copied. */
struct sip_request {
	enum sip_method method;
	struct view uri;     /* Request-URI */
	struct view from;    /* URI, without tag */
	struct view to;      /* URI */
	struct view call_id; /* empty: a fresh one is made */
	struct view
		extra; /* further complete header lines, CRLF each: Subject, Content-Language, ... */
	struct view content_type;
	struct view body;
	uint32_t max_forwards; /* 0: 70 */
};

/* Send to the inside server of the local domain of this name (SIP_UNREACHABLE if it is none). The
 * handler runs once, never inside this call, also on failure. NULL only without memory (the handler
 * then never runs). */
struct sip_client_tx *sip_send_inside(struct sip_endpoint *endpoint, struct view local,
	const struct sip_request *request, sip_response_h *handler, void *arg);
/* Send to the server of a domain (canonical) that is served by SIP, showing the certificate of this
 * local domain. The same contract; SIP_UNREACHABLE also if the rules have no such domain. */
struct sip_client_tx *sip_send_partner(struct sip_endpoint *endpoint, struct view local,
	struct view remote, const struct sip_request *request, sip_response_h *handler, void *arg);
/* How the last way to this domain's server ended, as long as none is tried again; SIP_RESPONDED: one
 * would be tried. */
enum sip_outcome sip_endpoint_held(const struct sip_endpoint *endpoint, struct view remote);
/* Call the handler `verified` for every socket on which somebody is proven now. */
void sip_endpoint_tell_verified(const struct sip_endpoint *endpoint);
/* Connections for `picketctl show sessions`; a new reference. */
json_t *sip_endpoint_json(const struct sip_endpoint *endpoint);
