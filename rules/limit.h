/* SPDX-License-Identifier: BSD-3-Clause */
/* How much a partner, or a source that no rule knows, may have at once and per second. The one list
 * of its keys, with the defaults, behind the document, the filter table and the dataplane. */
#pragma once

#include <stdint.h>

/* X(key, default of a partner, of an unknown prefix, of a suspicious partner, of a discovered domain).
 * Rates count both directions together. An unknown prefix is an IPv4 /24 or an IPv6 /56. A suspicious
 * partner has a connection each way, and another one each way while those end. A discovered domain is
 * known when it has proven its name: what is new is its prefix's, see DISCOVERED_KEYS. */
#define LIMIT_KEYS(X)                                                                              \
	X(new_connections_per_s, 20, 1, 1, 1)                                                      \
	X(new_connections_burst, 50, 5, 5, 5)                                                      \
	X(connections, 20, 2, 4, 4)                                                                \
	X(packets_per_s, 20000, 1000, 1000, 2000)                                                  \
	X(packets_burst, 40000, 2000, 2000, 4000)                                                  \
	X(bytes_per_s, 25000000, 1000000, 1000000, 2500000)                                        \
	X(bytes_burst, 50000000, 2000000, 2000000, 5000000)

enum limit_key {
#define LIMIT_ENUM(name, ...) LIMIT_##name,
	LIMIT_KEYS(LIMIT_ENUM)
#undef LIMIT_ENUM
		LIMIT_COUNT
};

struct limits {
	uint64_t value[LIMIT_COUNT];
};

/* Those that the dataplane counts of a discovered domain, over all that it has proven itself on. Its
 * connections the control plane counts. */
#define DISCOVERED_KEYS(X)                                                                         \
	X(packets_per_s)                                                                           \
	X(packets_burst)                                                                           \
	X(bytes_per_s)                                                                             \
	X(bytes_burst)

/* Of handshakes with everybody. Unknown sources together never have more than what is left beside
 * the reserved share, partners may have all. Burst and rate are shared out alike. */
#define HANDSHAKE_KEYS(X)                                                                          \
	X(handshakes_per_s, 2000)                                                                  \
	X(handshakes_burst, 4000)                                                                  \
	X(handshakes_reserved_percent, 25)

struct handshake_limits {
#define HANDSHAKE_FIELD(name, value) uint64_t name;
	HANDSHAKE_KEYS(HANDSHAKE_FIELD)
#undef HANDSHAKE_FIELD
};

/* Of messages, each way for itself. The control plane counts them, so the filter table has none of this.
 * 0: as many as there are. */
#define MESSAGE_LIMIT_KEYS(X)                                                                      \
	X(messages_per_s)                                                                          \
	X(users)

enum message_limit_key {
#define MESSAGE_LIMIT_ENUM(name) MESSAGE_LIMIT_##name,
	MESSAGE_LIMIT_KEYS(MESSAGE_LIMIT_ENUM)
#undef MESSAGE_LIMIT_ENUM
		MESSAGE_LIMIT_COUNT
};

struct message_limits {
	uint32_t value[MESSAGE_LIMIT_COUNT];
};

/* Who addresses users that there are not is suspicious for a time. X(key, default). Beside these stand
 * LIMIT_KEYS, which hold for such a partner where its own say more. */
#define SUSPICIOUS_KEYS(X)                                                                         \
	X(errors_percent, 50) /* of its messages; 0: nobody is */                                  \
	X(errors_least, 20)   /* and no fewer than these */                                        \
	X(minutes, 60)                                                                             \
	X(messages_per_s, 1)

struct suspicious_limits {
#define SUSPICIOUS_FIELD(name, value) uint32_t name;
	SUSPICIOUS_KEYS(SUSPICIOUS_FIELD)
#undef SUSPICIOUS_FIELD
};

enum {
	LIMIT_WINDOW_MINUTES = 60, /* the default */
	LIMIT_NUMBER_MAX = 100 * 1000 * 1000,
	LIMIT_BYTES_MIN = 10 * 1000, /* a burst below some frames would let none pass */
	LIMIT_PERCENT_MAX = 90,
	/* Of a request to an inside server. Kamailio takes 16 KiB unless it is told otherwise. */
	REQUEST_BYTES_MIN = 2000,
	REQUEST_BYTES_DEFAULT = 16000,
	REQUEST_BYTES_MAX = 65536,
	LIMIT_BURST_MAX_S = 3600, /* seconds of its rate that a burst may hold */
};
#define LIMIT_BYTES_MAX UINT64_C(12500000000)

extern const struct limits limits_partner_default;
extern const struct limits limits_unknown_default;
extern const struct limits limits_suspicious_default;
extern const struct limits limits_discovered_default;
extern const struct handshake_limits handshake_limits_default;
extern const struct suspicious_limits suspicious_limits_default;

/* "connections" */
const char *limit_name(enum limit_key key);
/* "users" */
const char *message_limit_name(enum message_limit_key key);
/* The smallest and largest value that a key may have. */
uint64_t limit_least(enum limit_key key);
uint64_t limit_most(enum limit_key key);
/* The rate that this burst belongs to, or LIMIT_COUNT if the key is no burst. */
enum limit_key limit_rate_of(enum limit_key key);
