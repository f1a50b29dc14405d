/* SPDX-License-Identifier: BSD-3-Clause */
/* What somebody speaks who was refused for not speaking the port's protocol: for the operator, who
 * wants to know whether a partner is misconfigured or a scanner came by. Fixed, anchored signatures
 * in Hyperscan; it decides nothing. */
#pragma once

#include "rules/base/view.h"

#define SPOKEN(X)                                                                                  \
	/* name, pattern on the first bytes, words */                                              \
	X(tls, "^\\x16\\x03[\\x00-\\x04]", "a TLS record")                                         \
	X(http, "^(GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|TRACE|PATCH|PRI) [^\\r\\n ]+ HTTP/",   \
		"an HTTP request")                                                                 \
	X(sip, "^[A-Z]+ sips?:[^\\r\\n ]+ SIP/2\\.0", "a SIP request in the clear")                \
	X(xmpp, "^(<\\?xml|<stream:stream)", "an XML stream")                                      \
	X(ssh, "^SSH-[12]\\.", "an SSH banner")                                                    \
	X(smtp, "^(EHLO|HELO|MAIL FROM) ?", "an SMTP command")                                     \
	X(rdp, "^\\x03\\x00\\x00.\\x0e\\xe0|^\\x03\\x00\\x00.[\\x20-\\x40]\\xe0",                  \
		"an RDP connection request")                                                       \
	X(smb, "^\\x00..[\\x00-\\xff][\\xfe\\xff]SMB", "an SMB message")                           \
	X(socks, "^(\\x05[\\x01-\\x0a]|\\x04[\\x01\\x02])", "a SOCKS greeting")                    \
	X(proxy, "^(PROXY (TCP|UNKNOWN)|\\r\\n\\r\\n\\x00\\r\\nQUIT\\n)", "a PROXY header")

enum spoken {
#define SPOKEN_ENUM(name, pattern, text) SPOKEN_##name,
	SPOKEN(SPOKEN_ENUM)
#undef SPOKEN_ENUM
		SPOKEN_unknown, /* none of them */
	SPOKEN_COUNT
};

enum { SIGNATURE_BYTES = 64 }; /* of the first bytes that are looked at */

/* Compile the signatures for so many workers. Once, before they start. 0; -ENOTSUP: this processor cannot run
 * Hyperscan, everything is unknown then; -ENOMEM. */
int signature_setup(uint32_t workers);
void signature_finish(void);

/* The thread of this worker. */
enum spoken signature_match(uint32_t worker, struct view first_bytes);
const char *spoken_name(enum spoken spoken);
