/* SPDX-License-Identifier: BSD-3-Clause */
/* A SIP message as views into the bytes it was parsed from (RFC 3261 section 7). The parser is
 * strict, allocates nothing and decodes what every user of a message needs. */
#pragma once

#include "control/sip/uri.h"

enum sip_method {
	SIP_METHOD_OTHER, /* a token that we do not know */
	SIP_INVITE,
	SIP_ACK,
	SIP_BYE,
	SIP_CANCEL,
	SIP_OPTIONS,
	SIP_REGISTER,
	SIP_MESSAGE,
	SIP_SUBSCRIBE,
	SIP_NOTIFY,
	SIP_PUBLISH,
	SIP_INFO,
	SIP_PRACK,
	SIP_UPDATE,
	SIP_REFER,
	SIP_METHODS,
};

/* From, To, Contact, ...: name-addr or addr-spec with header parameters. */
struct sip_address {
	struct view display;  /* as written, quotes included; empty if none */
	struct view uri_text; /* without < > */
	struct sip_uri uri;   /* decoded when the scheme is sip or sips, else only scheme is set */
	struct view tag;      /* empty: none */
	struct view params;   /* everything behind, as written */
};

struct sip_via {
	struct view transport; /* "TLS" */
	struct view host;
	uint16_t port; /* 0: not given */
	struct view branch;
	struct view params;
};

enum sip_header_name {
	SIP_HEADER_OTHER,
	SIP_HEADER_ACCEPT,
	SIP_HEADER_ALLOW,
	SIP_HEADER_CALL_ID,
	SIP_HEADER_CONTACT,
	SIP_HEADER_CONTENT_ENCODING,
	SIP_HEADER_CONTENT_LANGUAGE,
	SIP_HEADER_CONTENT_LENGTH,
	SIP_HEADER_CONTENT_TYPE,
	SIP_HEADER_CSEQ,
	SIP_HEADER_DATE,
	SIP_HEADER_EVENT,
	SIP_HEADER_EXPIRES,
	SIP_HEADER_FROM,
	SIP_HEADER_MAX_FORWARDS,
	SIP_HEADER_P_ASSERTED_IDENTITY,
	SIP_HEADER_PROXY_REQUIRE,
	SIP_HEADER_RECORD_ROUTE,
	SIP_HEADER_REQUIRE,
	SIP_HEADER_ROUTE,
	SIP_HEADER_SUBJECT,
	SIP_HEADER_SUPPORTED,
	SIP_HEADER_TO,
	SIP_HEADER_VIA,
	SIP_HEADER_WARNING,
	SIP_HEADER_RETRY_AFTER,
	SIP_HEADER_SUBSCRIPTION_STATE,
	SIP_HEADER_NAMES,
};

struct sip_header {
	enum sip_header_name name; /* compact forms are resolved */
	struct view name_text;     /* as written */
	struct view value;         /* trimmed; folds are still in it */
};

enum {
	SIP_HEADERS_MAX = 128,
	SIP_VIAS_MAX = 70,
	SIP_HEAD_MAX_BYTES = 32 * 1024,
	SIP_LINE_MAX_BYTES = 8 * 1024,
	SIP_BODY_MAX_BYTES = 256 * 1024
};

struct sip_message {
	struct view bytes; /* the whole message, body included */
	bool is_request;
	/* request */
	enum sip_method method;
	struct view method_text;
	struct view uri_text;
	struct sip_uri uri;
	/* response */
	uint16_t code;
	struct view reason;

	struct sip_header headers[SIP_HEADERS_MAX];
	uint32_t header_count;
	/* Present and valid in every message that the parser accepts: */
	struct sip_address from, to;
	struct sip_via via; /* the topmost */
	struct view call_id;
	uint32_t cseq;
	enum sip_method cseq_method;
	struct view cseq_method_text;
	uint32_t max_forwards; /* 70 when absent */
	bool has_max_forwards;
	struct view body;
};

/* What to do with bytes that are no message. */
struct sip_fault {
	struct fault fault;
	uint16_t respond; /* 400, 416, 505, ...; 0: no answer is possible or due */
	bool close;       /* framing is lost: the connection must go */
};

/* Take one message from the front of a stream (RFC 3261 sections 7.5 and 18.3): leading CRLFs are
 * skipped, Content-Length is mandatory. DONE: *consumed covers it, out points into bytes.
 * NEED_MORE: nothing consumed. BAD: fault says why; when !fault->close, *consumed still covers the
 * message, out holds as much as could be read (enough to answer it), and the stream goes on. */
enum parse sip_message_parse(
	struct view bytes, struct sip_message *out, uint32_t *consumed, struct sip_fault *fault);

/* The n-th (from 0) header of that name, or NULL. */
const struct sip_header *sip_header_find(
	const struct sip_message *m, enum sip_header_name name, uint32_t n);
const char *sip_method_name(enum sip_method method);
