/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys that say who may talk to whom. */
#include "rules/draft_policy.h"

#include "rules/draft_rows.h"
#include "rules/hyperlink.h"

const struct schema draft_security_schema[] = {
	WORD("tls", tls, struct draft_security, negotiation_words, 0, "required", "required"),
	WORD("sasl", sasl, struct draft_security, negotiation_words, 0, "required", "optional"),
	ONE("dialback", dialback, struct draft_security, SCALAR_SWITCH, 0, "false", "true"),
	END,
};

static const struct schema hyperlink_name_schema[] = {
	ONE("domain", domain, struct draft_link_name, SCALAR_DOMAIN, SCHEMA_REQUIRED, NULL,
		"intranet.corp.example"),
	ONE("subtree", subtree, struct draft_link_name, SCALAR_SWITCH, 0, "false", "true"),
	END,
};

const struct schema draft_links_schema[] = {
	WORD("action", action, struct draft_links, hyperlink_action_words, 0, "pass", "warn"),
	ONE("notice", notice, struct draft_links, SCALAR_TEXT, 0, "needed with warn",
		"\"Careful: these links lead outside.\""),
	LIST("replaces", replaces, struct draft_links, SCALAR_TEXT, 0, LINK_REPLACES_MAX, "none",
		"[\"Caution: link from outside.\"]"),
	LIST("prefixes", prefixes, struct draft_links, SCALAR_LINK_PREFIX, 0,
		HYPERLINK_PREFIXES_MAX, "[default]", "[default, \"xmpp:\"]"),
	LIST("extensions", extensions, struct draft_links, SCALAR_LINK_EXTENSION, 0,
		LINK_EXTENSIONS_MAX, "none", "[default, iso]"),
	LIST_MAPS("ignore", ignore, struct draft_links, struct draft_link_name,
		hyperlink_name_schema, SCHEMA_MAY_BE_BLANK | SCHEMA_MAY_BE_FIRST_KEY,
		LINK_NAMES_MAX, "none", "[{domain: corp.example, subtree: true}]"),
	ONE("links_max", links_max, struct draft_links, SCALAR_COUNT, 0, "as many as there are",
		"1000"),
	WORDS("directions", directions, struct draft_links, heading_words, HEADING_COUNT,
		"[in, out]", "[in]"),
	END,
};

#define DISCOVERY_PROTOCOLS    "[sip, xmpp]"
#define DISCOVERY_TYPE         "federated"
#define DISCOVERY_VERIFICATION "use-source, and unverified without mark"
#define DISCOVERY_CAPABILITIES "[im, presence, typing, receipts]"

#define COUNTED(name, type, fallback)                                                              \
	ONE(#name, counted.value[LIMIT_##name], struct draft_discovery_limits, type, 0, fallback,  \
		fallback)

static const struct schema discovery_limits_schema[] = {
	ONE("connections", connections, struct draft_discovery_limits, SCALAR_COUNT, 0, "4", "4"),
	ONE("messages_per_s", messages_per_s, struct draft_discovery_limits, SCALAR_COUNT, 0, "20",
		"20"),
	ONE("users", users, struct draft_discovery_limits, SCALAR_COUNT, 0, "1000", "1000"),
	COUNTED(packets_per_s, SCALAR_COUNT, "2000"),
	COUNTED(packets_burst, SCALAR_COUNT, "4000"),
	COUNTED(bytes_per_s, SCALAR_BYTES, "2500000"),
	COUNTED(bytes_burst, SCALAR_BYTES, "5000000"),
	END,
};

const struct schema draft_discovery_schema[] = {
	ONE("enabled", enabled, struct draft_discovery, SCALAR_SWITCH, 0, "false", "true"),
	TERMS_ROWS(struct draft_discovery, DISCOVERY),
	MAP("limits", limits, struct draft_discovery, discovery_limits_schema, 0,
		"those of its keys", "{messages_per_s: 20}"),
	END,
};

const struct schema draft_policy_schema[] = {
	ONE("name", name, struct draft_policy, SCALAR_NAME, SCHEMA_REQUIRED, NULL, "staff"),
	WORDS("in", in, struct draft_policy, policy_flag_words, POLICY_FLAG_COUNT, "[]",
		"[federation, xmpp]"),
	WORDS("out", out, struct draft_policy, policy_flag_words, POLICY_FLAG_COUNT, "[]",
		"[federation, xmpp, public]"),
	WORDS("capabilities", capabilities, struct draft_policy, capability_words, CAPABILITY_COUNT,
		"all", "[im, presence]"),
	END,
};

const struct schema draft_choice_schema[] = {
	ONE("global", global, struct draft_policy_choice, SCALAR_NAME, 0, "everything is allowed",
		"staff"),
	END,
};

const struct schema draft_site_schema[] = {
	ONE("name", name, struct draft_site, SCALAR_NAME, SCHEMA_REQUIRED, NULL, "berlin"),
	LIST("domains", domains, struct draft_site, SCALAR_DOMAIN, 0, 1000, "none",
		"[berlin.corp.example]"),
	ONE("policy", policy, struct draft_site, SCALAR_NAME, 0, "the global one", "staff"),
	END,
};

const struct schema draft_group_schema[] = {
	ONE("name", name, struct draft_group, SCALAR_NAME, SCHEMA_REQUIRED, NULL, "board"),
	ONE("policy", policy, struct draft_group, SCALAR_NAME, 0, "none", "staff"),
	LIST("members", members, struct draft_group, SCALAR_USER, SCHEMA_MAY_BE_BLANK, USERS_MAX,
		"none", "[alice@corp.example]"),
	END,
};

const struct schema draft_user_schema[] = {
	ONE("address", address, struct draft_user, SCALAR_USER, SCHEMA_REQUIRED, NULL,
		"alice@corp.example"),
	ONE("site", site, struct draft_user, SCALAR_NAME, 0, "that of the domain", "berlin"),
	ONE("policy", policy, struct draft_user, SCALAR_NAME, 0, "that of a group", "staff"),
	LIST("groups", groups, struct draft_user, SCALAR_NAME, 0, USER_GROUPS_MAX, "none",
		"[board]"),
	END,
};

const struct schema draft_directory_schema[] = {
	ONE("file", file, struct draft_directory, SCALAR_PATH, 0, "none", "users.csv"),
	ONE("command", command, struct draft_directory, SCALAR_PATH, 0, "none",
		"\"/usr/local/bin/list-users --csv\""),
	END,
};

const struct schema draft_people_schema[] = {
	LIST_MAPS("users", users, struct draft_people, struct draft_user, draft_user_schema, 0,
		USERS_MAX, "none", "[{address: alice@corp.example, groups: [board]}]"),
	LIST_MAPS("groups", groups, struct draft_people, struct draft_group, draft_group_schema, 0,
		GROUPS_MAX, "none", "[{name: board, policy: staff}]"),
	END,
};

static const struct schema provider_domain_schema[] = {
	ONE("domain", domain, struct draft_provider_domain, SCALAR_DOMAIN, SCHEMA_REQUIRED, NULL,
		"yahoo.example"),
	ONE("subtree", subtree, struct draft_provider_domain, SCALAR_SWITCH, 0, "false", "true"),
	END,
};

static const struct schema decoration_schema[] = {
	ONE("routing_domain", routing_domain, struct draft_decoration, SCALAR_DOMAIN,
		SCHEMA_REQUIRED, NULL, "msn.example"),
	LIST("excluded", excluded, struct draft_decoration, SCALAR_DOMAIN, 0, 1000, "none",
		"[msn.example, live.example]"),
	END,
};

static const struct schema provider_limits_schema[] = {
	ONE("messages_per_s", messages[MESSAGE_LIMIT_messages_per_s], struct draft_provider_limits,
		SCALAR_COUNT, 0, "that of limits.partner", "20"),
	ONE("users", messages[MESSAGE_LIMIT_users], struct draft_provider_limits, SCALAR_COUNT, 0,
		"that of limits.partner", "1000"),
	END,
};

#define PROVIDER_PROTOCOLS    "[sip]; [xmpp] of google-talk"
#define PROVIDER_TYPE         "public-verified; federated of a hosting provider"
#define PROVIDER_VERIFICATION "always-verifiable"
#define PROVIDER_CAPABILITIES "those of the profile"

const struct schema draft_provider_schema[] = {
	ONE("name", name, struct draft_provider, SCALAR_NAME, SCHEMA_REQUIRED, NULL, "yahoo"),
	WORD("kind", kind, struct draft_provider, provider_kind_words, 0, "public", "hosting"),
	ONE("profile", profile, struct draft_provider, SCALAR_NAME, 0, "none", "yahoo"),
	ONE("enabled", enabled, struct draft_provider, SCALAR_SWITCH, 0, "false", "true"),
	LIST_MAPS("domains", domains, struct draft_provider, struct draft_provider_domain,
		provider_domain_schema, SCHEMA_REQUIRED | SCHEMA_MAY_BE_FIRST_KEY,
		PROVIDER_DOMAINS_MAX, NULL,
		"[yahoo.example, {domain: mail.example, subtree: true}]"),
	ONE("host", host, struct draft_provider, SCALAR_HOST, 0, "by DNS SRV",
		"edge.yahoo.example"),
	ONE("port", port, struct draft_provider, SCALAR_PORT, 0, "the protocol's default port",
		"5061"),
	TERMS_ROWS(struct draft_provider, PROVIDER),
	CERTIFICATE_NAMES_ROW(struct draft_provider),
	MAP("limits", limits, struct draft_provider, provider_limits_schema, 0,
		"those of limits.partner", "{messages_per_s: 20}"),
	WORD("licence", licence, struct draft_provider, licence_need_words, 0,
		"that of the profile, or none", "seat"),
	ONE("service_begin", service_begin, struct draft_provider, SCALAR_DATE, 0,
		"that of the profile, or always", "2013-05-01"),
	ONE("sell_until", sell_until, struct draft_provider, SCALAR_END, 0,
		"that of the profile, or never", "2012-09-01"),
	ONE("new_domains_until", new_domains_until, struct draft_provider, SCALAR_END, 0,
		"that of the profile, or never", "2013-10-01"),
	ONE("service_end", service_end, struct draft_provider, SCALAR_END, 0,
		"that of the profile, or never", "2030-01-01"),
	ONE("shared_address_space", shared_address_space, struct draft_provider, SCALAR_SWITCH, 0,
		"false", "true"),
	MAP("name_decoration", decoration, struct draft_provider, decoration_schema, 0, "none",
		"{routing_domain: msn.example, excluded: [msn.example]}"),
	END,
};

static const struct schema agreement_domain_schema[] = {
	ONE("domain", domain, struct draft_agreement_domain, SCALAR_DOMAIN, SCHEMA_REQUIRED, NULL,
		"corp.example"),
	ONE("since", since, struct draft_agreement_domain, SCALAR_DATE, 0, "the agreement's start",
		"2011-05-01"),
	END,
};

static const struct schema assignment_schema[] = {
	ONE("user", user, struct draft_assignment, SCALAR_USER, SCHEMA_REQUIRED, NULL,
		"alice@corp.example"),
	ONE("from", from, struct draft_assignment, SCALAR_DATE, 0, "the agreement's start",
		"2011-05-01"),
	ONE("to", to, struct draft_assignment, SCALAR_END, 0, "never", "2012-05-01"),
	END,
};

const struct schema draft_agreement_schema[] = {
	ONE("agreement", id, struct draft_agreement, SCALAR_NAME, SCHEMA_REQUIRED, NULL, "EA-1234"),
	ONE("provider", provider, struct draft_agreement, SCALAR_NAME, SCHEMA_REQUIRED, NULL,
		"yahoo"),
	WORD("model", model, struct draft_agreement, seat_model_words, 0, "active", "assigned"),
	ONE("seats", seats, struct draft_agreement, SCALAR_COUNT, SCHEMA_REQUIRED, NULL, "500"),
	ONE("start", start, struct draft_agreement, SCALAR_DATE, SCHEMA_REQUIRED, NULL,
		"2011-05-01"),
	ONE("end", end, struct draft_agreement, SCALAR_DATE, SCHEMA_REQUIRED, NULL, "2014-05-01"),
	ONE("purchased", purchased, struct draft_agreement, SCALAR_DATE, 0, "its start",
		"2011-04-20"),
	LIST("renewals", renewals, struct draft_agreement, SCALAR_DATE, 0, RENEWALS_MAX, "none",
		"[2012-05-01]"),
	ONE("grace_days", grace_days, struct draft_agreement, SCALAR_DAYS, 0, "0", "30"),
	ONE("notice", notice, struct draft_agreement, SCALAR_TEXT, 0, "none",
		"\"Our agreement has ended: write by mail from February on.\""),
	LIST_MAPS("domains", domains, struct draft_agreement, struct draft_agreement_domain,
		agreement_domain_schema, SCHEMA_MAY_BE_FIRST_KEY, 1000, "all of ours",
		"[corp.example]"),
	LIST_MAPS("assignments", assignments, struct draft_agreement, struct draft_assignment,
		assignment_schema, SCHEMA_MAY_BE_BLANK | SCHEMA_MAY_BE_FIRST_KEY, USERS_MAX, "none",
		"[alice@corp.example]"),
	ONE("assignments_file", assignments_file, struct draft_agreement, SCALAR_PATH, 0, "none",
		"seats.csv"),
	END,
};
