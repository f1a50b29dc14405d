/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a rules document: what drives its reading and what docs/rules.md describes. */
#include "rules/draft.h"

#include "rules/draft_rows.h"

enum {
	ADDRESSES_MAX = 64,
	PORTS_MAX = 16,
	LOCALS_MAX = 1000,
	PARTNERS_MAX = 100 * 1000,
	SOURCES_MAX = 1024, /* of one partner */
	BLOCKED_MAX = 100 * 1000,
};

static const struct schema ports_schema[] = {
	LIST("xmpp", xmpp, struct draft_ports, SCALAR_PORT, 0, PORTS_MAX, "[5269]", "[5269]"),
	LIST("sip", sip, struct draft_ports, SCALAR_PORT, 0, PORTS_MAX, "[5061]", "[5061]"),
	END,
};

static const struct schema service_schema[] = {
	LIST("addresses", addresses, struct draft_service, SCALAR_ADDRESS, SCHEMA_REQUIRED,
		ADDRESSES_MAX, NULL, "[198.51.100.1]"),
	MAP("ports", ports, struct draft_service, ports_schema, 0, "the default ports",
		"{xmpp: [5269], sip: [5061]}"),
	END,
};

static const struct schema inside_schema[] = {
	ONE("protocol", protocol, struct draft_inside, SCALAR_PROTOCOL, SCHEMA_REQUIRED, NULL,
		"sip"),
	ONE("host", host, struct draft_inside, SCALAR_HOST, SCHEMA_REQUIRED, NULL, "10.77.1.30"),
	ONE("port", port, struct draft_inside, SCALAR_PORT, 0, "5061", "5061"),
	ONE("name", name, struct draft_inside, SCALAR_DOMAIN, 0, "the local domain",
		"corp.example"),
	ONE("request_bytes_max", request_bytes_max, struct draft_inside, SCALAR_REQUEST_BYTES, 0,
		"16000", "65536"),
	END,
};

static const struct schema local_schema[] = {
	ONE("domain", domain, struct draft_local, SCALAR_DOMAIN, SCHEMA_REQUIRED, NULL,
		"corp.example"),
	ONE("certificate", certificate, struct draft_local, SCALAR_PATH, SCHEMA_REQUIRED, NULL,
		"corp.example.crt"),
	ONE("key", key, struct draft_local, SCALAR_PATH, SCHEMA_REQUIRED, NULL, "corp.example.key"),
	MAP("inside", inside, struct draft_local, inside_schema, SCHEMA_REQUIRED, NULL,
		"{protocol: sip, host: 10.77.1.30}"),
	END,
};

/* The keys, once for each place that has them: only the defaults differ. */
#define LIMIT_ROWS(struct_, values, fallback)                                                      \
	LIMIT_ROW(struct_, values, new_connections_per_s, SCALAR_COUNT, fallback, "20"),           \
		LIMIT_ROW(struct_, values, new_connections_burst, SCALAR_COUNT, fallback, "50"),   \
		LIMIT_ROW(struct_, values, connections, SCALAR_COUNT, fallback, "20"),             \
		LIMIT_ROW(struct_, values, packets_per_s, SCALAR_COUNT, fallback, "20000"),        \
		LIMIT_ROW(struct_, values, packets_burst, SCALAR_COUNT, fallback, "40000"),        \
		LIMIT_ROW(struct_, values, bytes_per_s, SCALAR_BYTES, fallback, "25000000"),       \
		LIMIT_ROW(struct_, values, bytes_burst, SCALAR_BYTES, fallback, "50000000")
#define LIMIT_ROW(struct_, values, name, type, fallback, example)                                  \
	ONE(#name, values[LIMIT_##name], struct_, type, 0, fallback(name), example)

#define MESSAGE_ROWS(fallback)                                                                     \
	MESSAGE_ROW(messages_per_s, fallback, "20"), MESSAGE_ROW(users, fallback, "1000")
#define MESSAGE_ROW(name, fallback, example)                                                       \
	ONE(#name, messages[MESSAGE_LIMIT_##name], struct draft_limits, SCALAR_COUNT, 0, fallback, \
		example)

/* The defaults as texts. */
#define PARTNER_TEXT(name, partner, unknown, suspicious, discovered)                               \
	static const char partner_##name[] = #partner;
#define UNKNOWN_TEXT(name, partner, unknown, suspicious, discovered)                               \
	static const char unknown_##name[] = #unknown;
#define SUSPICIOUS_TEXT(name, partner, unknown, suspicious, discovered)                            \
	static const char suspicious_##name[] = #suspicious;
LIMIT_KEYS(PARTNER_TEXT)
LIMIT_KEYS(UNKNOWN_TEXT)
LIMIT_KEYS(SUSPICIOUS_TEXT)
#undef PARTNER_TEXT
#undef UNKNOWN_TEXT
#undef SUSPICIOUS_TEXT

#define OF_PARTNER(name)    partner_##name
#define OF_UNKNOWN(name)    unknown_##name
#define OF_SUSPICIOUS(name) suspicious_##name
#define OF_OVERRIDE(name)   "that of limits.partner"

static const struct schema limits_partner_schema[] = {
	LIMIT_ROWS(struct draft_limits, value, OF_PARTNER), MESSAGE_ROWS("as many as there are"),
	END};
static const struct schema limits_unknown_schema[] = {
	LIMIT_ROWS(struct draft_limits, value, OF_UNKNOWN), END};
static const struct schema limits_override_schema[] = {
	LIMIT_ROWS(struct draft_limits, value, OF_OVERRIDE), MESSAGE_ROWS("that of limits.partner"),
	END};

static const struct schema suspicious_schema[] = {
	ONE("errors_percent", errors_percent, struct draft_suspicious, SCALAR_PERCENT, 0, "50",
		"50"),
	ONE("errors_least", errors_least, struct draft_suspicious, SCALAR_COUNT, 0, "20", "20"),
	ONE("minutes", minutes, struct draft_suspicious, SCALAR_COUNT, 0, "60", "60"),
	ONE("messages_per_s", messages_per_s, struct draft_suspicious, SCALAR_COUNT, 0, "1", "1"),
	LIMIT_ROWS(struct draft_suspicious, limits.value, OF_SUSPICIOUS),
	END,
};

static const struct schema limits_schema[] = {
	MAP("partner", partner, struct draft_limit_rules, limits_partner_schema, 0,
		"those of its keys", "{connections: 20}"),
	MAP("unknown", unknown, struct draft_limit_rules, limits_unknown_schema, 0,
		"those of its keys", "{connections: 2}"),
	MAP("suspicious", suspicious, struct draft_limit_rules, suspicious_schema, 0,
		"those of its keys", "{errors_percent: 50}"),
	ONE("window_minutes", window_minutes, struct draft_limit_rules, SCALAR_COUNT, 0, "60",
		"60"),
	ONE("handshakes_per_s", handshakes_per_s, struct draft_limit_rules, SCALAR_COUNT, 0, "2000",
		"2000"),
	ONE("handshakes_burst", handshakes_burst, struct draft_limit_rules, SCALAR_COUNT, 0, "4000",
		"4000"),
	ONE("handshakes_reserved_percent", handshakes_reserved_percent, struct draft_limit_rules,
		SCALAR_PERCENT, 0, "25", "25"),
	END,
};

#define PARTNER_PROTOCOLS    "protocol alone"
#define PARTNER_TYPE         "federated"
#define PARTNER_VERIFICATION "always-verifiable"
#define PARTNER_CAPABILITIES "all"

static const struct schema partner_schema[] = {
	ONE("domain", domain, struct draft_partner, SCALAR_DOMAIN, SCHEMA_REQUIRED, NULL,
		"partner.example"),
	ONE("protocol", protocol, struct draft_partner, SCALAR_PROTOCOL, 0,
		"the first of protocols", "xmpp"),
	ONE("subtree", subtree, struct draft_partner, SCALAR_SWITCH, 0, "false", "true"),
	LIST("sources", sources, struct draft_partner, SCALAR_PREFIX, SCHEMA_MAY_BE_BLANK,
		SOURCES_MAX, "none", "[192.0.2.0/24]"),
	ONE("host", host, struct draft_partner, SCALAR_HOST, 0, "by DNS SRV", "192.0.2.10"),
	ONE("port", port, struct draft_partner, SCALAR_PORT, 0, "the protocol's default port",
		"5269"),
	TERMS_ROWS(struct draft_partner, PARTNER),
	CERTIFICATE_NAMES_ROW(struct draft_partner),
	MAP("limits", limits, struct draft_partner, limits_override_schema, 0,
		"those of limits.partner", "{connections: 40}"),
	END,
};

static const struct schema blocked_domain_schema[] = {
	ONE("domain", domain, struct draft_blocked_domain, SCALAR_DOMAIN, SCHEMA_REQUIRED, NULL,
		"bad.example"),
	ONE("subtree", subtree, struct draft_blocked_domain, SCALAR_SWITCH, 0, "false", "true"),
	END,
};

static const struct schema blocked_schema[] = {
	LIST_MAPS("domains", domains, struct draft_blocked, struct draft_blocked_domain,
		blocked_domain_schema, SCHEMA_MAY_BE_BLANK | SCHEMA_MAY_BE_FIRST_KEY, BLOCKED_MAX,
		"none", "[bad.example, {domain: evil.example, subtree: true}]"),
	LIST("prefixes", prefixes, struct draft_blocked, SCALAR_PREFIX, SCHEMA_MAY_BE_BLANK,
		BLOCKED_MAX, "none", "[203.0.113.0/24]"),
	END,
};

const struct schema draft_schema[] = {
	MAP("service", service, struct draft, service_schema, SCHEMA_REQUIRED, NULL,
		"{addresses: [198.51.100.1]}"),
	LIST_MAPS("local", locals, struct draft, struct draft_local, local_schema, SCHEMA_REQUIRED,
		LOCALS_MAX, NULL, "[{domain: corp.example, ...}]"),
	LIST_MAPS("partners", partners, struct draft, struct draft_partner, partner_schema,
		SCHEMA_MAY_BE_BLANK, PARTNERS_MAX, "none",
		"[{domain: partner.example, protocol: xmpp}]"),
	MAP("blocked", blocked, struct draft, blocked_schema, 0, "nothing",
		"{domains: [bad.example]}"),
	MAP("limits", limits, struct draft, limits_schema, 0, "the default limits",
		"{partner: {connections: 20}}"),
	WORD("control_down", control_down, struct draft, control_down_words, 0, "refuse", "hold"),
	ONE("federation", federation, struct draft, SCALAR_SWITCH, 0, "true", "false"),
	ONE("region", region, struct draft, SCALAR_REGION, 0, "none", "CN"),
	MAP("links", links, struct draft, draft_links_schema, 0, "all pass",
		"{action: defuse, extensions: [default]}"),
	MAP("discovery", discovery, struct draft, draft_discovery_schema, 0, "off",
		"{enabled: true}"),
	MAP("policy", policy, struct draft, draft_choice_schema, 0, "everything is allowed",
		"{global: staff}"),
	LIST_MAPS("policies", policies, struct draft, struct draft_policy, draft_policy_schema,
		SCHEMA_MAY_BE_BLANK, POLICIES_MAX, "none",
		"[{name: staff, in: [federation], out: [federation]}]"),
	LIST_MAPS("sites", sites, struct draft, struct draft_site, draft_site_schema,
		SCHEMA_MAY_BE_BLANK, SITES_MAX, "none", "[{name: berlin, policy: staff}]"),
	LIST_MAPS("groups", groups, struct draft, struct draft_group, draft_group_schema,
		SCHEMA_MAY_BE_BLANK, GROUPS_MAX, "none", "[{name: board, policy: staff}]"),
	LIST_MAPS("users", users, struct draft, struct draft_user, draft_user_schema,
		SCHEMA_MAY_BE_BLANK, USERS_MAX, "none",
		"[{address: alice@corp.example, policy: staff}]"),
	MAP("directory", directory, struct draft, draft_directory_schema, 0, "none",
		"{file: users.csv}"),
	LIST_MAPS("providers", providers, struct draft, struct draft_provider,
		draft_provider_schema, SCHEMA_MAY_BE_BLANK, PROVIDERS_MAX, "none",
		"[{name: yahoo, profile: yahoo, domains: [yahoo.example]}]"),
	LIST_MAPS("licences", agreements, struct draft, struct draft_agreement,
		draft_agreement_schema, SCHEMA_MAY_BE_BLANK, AGREEMENTS_MAX, "none",
		"[{agreement: EA-1234, provider: yahoo, ...}]"),
	END,
};
