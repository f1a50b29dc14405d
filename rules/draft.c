/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a rules document: what drives its reading and what docs/rules.md describes. */
#include "rules/draft.h"

enum {
	ADDRESSES_MAX = 64,
	PORTS_MAX = 16,
	LOCALS_MAX = 1000,
	PARTNERS_MAX = 100 * 1000,
	SOURCES_MAX = 1024, /* of one partner */
	BLOCKED_MAX = 100 * 1000,
};

#define ONE(name, field, struct_, type_, flags_, fallback_, example_)                              \
	{                                                                                          \
		.key = name, .shape = SCHEMA_ONE, .type = type_, .flags = flags_,                  \
		.offset = offsetof(struct_, field), .fallback = fallback_, .example = example_     \
	}
#define LIST(name, field, struct_, type_, flags_, max, fallback_, example_)                        \
	{                                                                                          \
		.key = name, .shape = SCHEMA_LIST, .type = type_, .flags = flags_,                 \
		.count_max = max, .offset = offsetof(struct_, field), .fallback = fallback_,       \
		.example = example_                                                                \
	}
#define MAP(name, field, struct_, fields_, flags_, fallback_, example_)                            \
	{                                                                                          \
		.key = name, .shape = SCHEMA_MAP, .flags = flags_, .fields = fields_,              \
		.offset = offsetof(struct_, field), .fallback = fallback_, .example = example_     \
	}
#define LIST_MAPS(name, field, struct_, item, fields_, flags_, max, fallback_, example_)           \
	{                                                                                          \
		.key = name, .shape = SCHEMA_LIST_MAPS, .flags = flags_, .fields = fields_,        \
		.count_max = max, .offset = offsetof(struct_, field), .item_bytes = sizeof(item),  \
		.fallback = fallback_, .example = example_                                         \
	}
#define END                                                                                        \
	{                                                                                          \
		.key = NULL                                                                        \
	}

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

static const struct schema partner_schema[] = {
	ONE("domain", domain, struct draft_partner, SCALAR_DOMAIN, SCHEMA_REQUIRED, NULL,
		"partner.example"),
	ONE("protocol", protocol, struct draft_partner, SCALAR_PROTOCOL, SCHEMA_REQUIRED, NULL,
		"xmpp"),
	LIST("sources", sources, struct draft_partner, SCALAR_PREFIX, SCHEMA_MAY_BE_BLANK,
		SOURCES_MAX, "none", "[192.0.2.0/24]"),
	ONE("host", host, struct draft_partner, SCALAR_HOST, 0, "by DNS SRV", "192.0.2.10"),
	ONE("port", port, struct draft_partner, SCALAR_PORT, 0, "the protocol's default port",
		"5269"),
	END,
};

static const struct schema blocked_schema[] = {
	LIST("domains", domains, struct draft_blocked, SCALAR_DOMAIN, SCHEMA_MAY_BE_BLANK,
		BLOCKED_MAX, "none", "[bad.example]"),
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
	END,
};
