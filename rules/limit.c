/* SPDX-License-Identifier: BSD-3-Clause */
/* How much a partner, or a source that no rule knows, may have. */
#include "rules/limit.h"

const struct limits limits_partner_default = {{
#define LIMIT_PARTNER(name, partner, unknown, suspicious, discovered) [LIMIT_##name] = partner,
	LIMIT_KEYS(LIMIT_PARTNER)
#undef LIMIT_PARTNER
}};

const struct limits limits_unknown_default = {{
#define LIMIT_UNKNOWN(name, partner, unknown, suspicious, discovered) [LIMIT_##name] = unknown,
	LIMIT_KEYS(LIMIT_UNKNOWN)
#undef LIMIT_UNKNOWN
}};

const struct limits limits_suspicious_default = {{
#define LIMIT_SUSPICIOUS(name, partner, unknown, suspicious, discovered)                           \
	[LIMIT_##name] = suspicious,
	LIMIT_KEYS(LIMIT_SUSPICIOUS)
#undef LIMIT_SUSPICIOUS
}};

const struct limits limits_discovered_default = {{
#define LIMIT_DISCOVERED(name, partner, unknown, suspicious, discovered)                           \
	[LIMIT_##name] = discovered,
	LIMIT_KEYS(LIMIT_DISCOVERED)
#undef LIMIT_DISCOVERED
}};

const struct handshake_limits handshake_limits_default = {
#define HANDSHAKE_DEFAULT(name, value) .name = value,
	HANDSHAKE_KEYS(HANDSHAKE_DEFAULT)
#undef HANDSHAKE_DEFAULT
};

const struct suspicious_limits suspicious_limits_default = {
#define SUSPICIOUS_DEFAULT(name, value) .name = value,
	SUSPICIOUS_KEYS(SUSPICIOUS_DEFAULT)
#undef SUSPICIOUS_DEFAULT
};

const char *message_limit_name(enum message_limit_key key)
{
	static const char *const names[MESSAGE_LIMIT_COUNT] = {
#define MESSAGE_LIMIT_NAME(name) #name,
		MESSAGE_LIMIT_KEYS(MESSAGE_LIMIT_NAME)
#undef MESSAGE_LIMIT_NAME
	};

	return names[key];
}

const char *limit_name(enum limit_key key)
{
	static const char *const names[LIMIT_COUNT] = {
#define LIMIT_NAME(name, ...) #name,
		LIMIT_KEYS(LIMIT_NAME)
#undef LIMIT_NAME
	};

	return names[key];
}

static int counts_bytes(enum limit_key key)
{
	return key == LIMIT_bytes_per_s || key == LIMIT_bytes_burst;
}

uint64_t limit_least(enum limit_key key)
{
	return counts_bytes(key) ? LIMIT_BYTES_MIN : 1;
}

uint64_t limit_most(enum limit_key key)
{
	return counts_bytes(key) ? LIMIT_BYTES_MAX : LIMIT_NUMBER_MAX;
}

enum limit_key limit_rate_of(enum limit_key key)
{
	switch (key) {
	case LIMIT_new_connections_burst:
		return LIMIT_new_connections_per_s;
	case LIMIT_packets_burst:
		return LIMIT_packets_per_s;
	case LIMIT_bytes_burst:
		return LIMIT_bytes_per_s;
	default:
		return LIMIT_COUNT;
	}
}
