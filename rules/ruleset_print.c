/* SPDX-License-Identifier: BSD-3-Clause */
/* A ruleset as the one canonical document that compiles to it. */
#include "rules/ruleset.h"

#include "rules/base/text.h"
#include "rules/diff_int.h"
#include "rules/scalar.h"

enum { FACTS_BYTES_MAX = 64 * 1024 * 1024 };

static const char *protocol_text(enum protocol protocol)
{
	return protocol == PROTOCOL_SIP ? "sip" : "xmpp";
}

/* Bytes that mean nothing to YAML wherever they stand. */
static bool is_harmless(struct view v)
{
	for (uint32_t i = 0; i < v.len; i++) {
		uint8_t c = v.p[i];
		bool alnum =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || (c != '.' && c != '-' && c != '_')) && c != '/')
			return false;
	}
	return true;
}

/* The code point at v.p[*i], which is valid UTF-8; moves *i behind it. */
static uint32_t take_code_point(struct view v, uint32_t *i)
{
	uint8_t first = v.p[(*i)++];
	uint32_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	uint32_t c = more == 3   ? first & 0x07
		     : more == 2 ? first & 0x0f
		     : more      ? first & 0x1f
				 : first;

	while (more-- && *i < v.len)
		c = c << 6 | (v.p[(*i)++] & 0x3f);
	return c;
}

void print_scalar(struct text *out, const char *text)
{
	struct view v = view_of(text);

	if (is_harmless(v) && !scalar_needs_quotes(v)) {
		text_put(out, v);
		return;
	}
	text_putc(out, '"');
	for (uint32_t i = 0; i < v.len;) {
		uint32_t c = take_code_point(v, &i);

		if (c == '"' || c == '\\')
			text_printf(out, "\\%c", (char)c);
		else if (c >= 0x20 && c < 0x7f)
			text_putc(out, (char)c);
		else
			text_printf(out, "\\U%08X", c);
	}
	text_putc(out, '"');
}

static void print_addresses(const struct ruleset *rules, struct text *out)
{
	text_puts(out, "  addresses: [");
	for (uint32_t i = 0; i < rules->service_count; i++) {
		char address[IP_TEXT_BYTES];

		/* The services of one address stand together. */
		if (i > 0 && ip_address_equal(
				     &rules->services[i].address, &rules->services[i - 1].address))
			continue;
		ip_address_print(&rules->services[i].address, address);
		text_puts(out, i > 0 ? ", " : "");
		print_scalar(out, address);
	}
	text_puts(out, "]\n");
}

static void print_ports(const struct ruleset *rules, enum protocol protocol, struct text *out)
{
	bool first = true;

	text_printf(out, "    %s: [", protocol_text(protocol));
	for (uint32_t i = 0; i < rules->service_count; i++) {
		const struct service *service = &rules->services[i];

		if (service->protocol != protocol ||
			!ip_address_equal(&service->address, &rules->services[0].address))
			continue;
		text_printf(out, "%s%u", first ? "" : ", ", service->port);
		first = false;
	}
	text_puts(out, "]\n");
}

static void print_local(const struct local_domain *local, struct text *out)
{
	text_puts(out, "  - domain: ");
	print_scalar(out, local->domain);
	text_puts(out, "\n    certificate: ");
	print_scalar(out, local->certificate_file);
	text_puts(out, "\n    key: ");
	print_scalar(out, local->key_file);
	text_printf(
		out, "\n    inside: {protocol: %s, host: ", protocol_text(local->inside.protocol));
	print_scalar(out, local->inside.host);
	text_printf(out, ", port: %u, name: ", local->inside.port);
	print_scalar(out, local->inside.name);
	text_printf(out, ", request_bytes_max: %u}\n", local->inside.request_bytes_max);
}

static void print_prefix(const struct prefix *prefix, struct text *out)
{
	char text[IP_TEXT_BYTES];

	prefix_print(prefix, text);
	print_scalar(out, text);
}

/* The keys of the mask, in the order of the list. */
static void print_limits(const struct limits *limits, uint32_t mask, int indent, struct text *out)
{
	for (unsigned key = 0; key < LIMIT_COUNT; key++)
		if (mask & UINT32_C(1) << key)
			text_printf(out, "%*s%s: %llu\n", indent, "",
				limit_name((enum limit_key)key),
				(unsigned long long)limits->value[key]);
}

static void print_messages(
	const struct message_limits *limits, uint32_t mask, int indent, struct text *out)
{
	for (unsigned key = 0; key < MESSAGE_LIMIT_COUNT; key++)
		if (mask & UINT32_C(1) << key)
			text_printf(out, "%*s%s: %u\n", indent, "",
				message_limit_name((enum message_limit_key)key),
				limits->value[key]);
}

/* Those that there are: no number says that there is none. */
static uint32_t messages_limited(const struct message_limits *limits)
{
	uint32_t mask = 0;

	for (unsigned key = 0; key < MESSAGE_LIMIT_COUNT; key++)
		mask |= limits->value[key] ? UINT32_C(1) << key : 0;
	return mask;
}

static void print_limit_rules(const struct ruleset *rules, struct text *out)
{
	text_puts(out, "limits:\n  partner:\n");
	print_limits(&rules->limits_partner, UINT32_MAX, 4, out);
	print_messages(
		&rules->messages_partner, messages_limited(&rules->messages_partner), 4, out);
	text_puts(out, "  unknown:\n");
	print_limits(&rules->limits_unknown, UINT32_MAX, 4, out);
	text_puts(out, "  suspicious:\n");
#define SUSPICIOUS_PRINT(name, value)                                                              \
	text_printf(out, "    " #name ": %u\n", rules->suspicious.name);
	SUSPICIOUS_KEYS(SUSPICIOUS_PRINT)
#undef SUSPICIOUS_PRINT
	print_limits(&rules->limits_suspicious, UINT32_MAX, 4, out);
	text_printf(out, "  window_minutes: %u\n", rules->window_minutes);
#define HANDSHAKE_PRINT(name, value)                                                               \
	text_printf(out, "  " #name ": %llu\n", (unsigned long long)rules->handshakes.name);
	HANDSHAKE_KEYS(HANDSHAKE_PRINT)
#undef HANDSHAKE_PRINT
}

static void print_terms(const struct partner *partner, struct facts *facts, struct text *out)
{
	struct peer_terms otherwise = partner_terms_otherwise(partner);

	facts_reset(facts);
	terms_facts(&partner->terms, &otherwise, facts);
	facts_print(facts, 4, out);
}

static void print_partner(const struct partner *partner, struct facts *facts, struct text *out)
{
	text_puts(out, "  - domain: ");
	print_scalar(out, partner->domain);
	text_putc(out, '\n');
	if ((partner->terms.protocols & (partner->terms.protocols - 1)) == 0)
		text_printf(out, "    protocol: %s\n", protocol_text(partner->protocol));
	if (partner->subtree)
		text_puts(out, "    subtree: true\n");
	if (partner->source_count)
		text_puts(out, "    sources:\n");
	for (uint32_t i = 0; i < partner->source_count; i++) {
		text_puts(out, "      - ");
		print_prefix(&partner->sources[i], out);
		text_putc(out, '\n');
	}
	if (partner->host) {
		text_puts(out, "    host: ");
		print_scalar(out, partner->host);
		text_putc(out, '\n');
	}
	if (partner->port)
		text_printf(out, "    port: %u\n", partner->port);
	print_terms(partner, facts, out);
	if (partner->limits_stated || partner->messages_stated)
		text_puts(out, "    limits:\n");
	print_limits(&partner->limits, partner->limits_stated, 6, out);
	print_messages(&partner->messages, partner->messages_stated, 6, out);
}

static void print_blocked(const struct ruleset *rules, struct text *out)
{
	if (!rules->blocked_domain_count && !rules->blocked_prefix_count)
		return;
	text_puts(out, "blocked:\n");
	if (rules->blocked_domain_count)
		text_puts(out, "  domains:\n");
	for (uint32_t i = 0; i < rules->blocked_domain_count; i++) {
		bool subtree = rules->blocked_domains[i].subtree;

		text_puts(out, subtree ? "    - {domain: " : "    - ");
		print_scalar(out, rules->blocked_domains[i].domain);
		text_puts(out, subtree ? ", subtree: true}\n" : "\n");
	}
	if (rules->blocked_prefix_count)
		text_puts(out, "  prefixes:\n");
	for (uint32_t i = 0; i < rules->blocked_prefix_count; i++) {
		text_puts(out, "    - ");
		print_prefix(&rules->blocked_prefixes[i], out);
		text_putc(out, '\n');
	}
}

/* Lists of things with names, by what there is to say of them. */
static void print_things(const struct ruleset *rules, struct facts *facts, struct text *out)
{
	static const struct {
		enum diff_area area;
		const char *list, *name;
	} rows[] = {
		{DIFF_POLICY, "policies", "name"},
		{DIFF_SITE, "sites", "name"},
		{DIFF_GROUP, "groups", "name"},
		{DIFF_USER, "users", "address"},
		{DIFF_PROVIDER, "providers", "name"},
		{DIFF_LICENCE, "licences", "agreement"},
	};
	char buffer[USER_ADDRESS_BYTES];
	struct text name;

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		const struct diff_things *things = &diff_things[rows[row].area];
		uint32_t count = things->count(rules);

		if (count > 0)
			text_printf(out, "%s:\n", rows[row].list);
		for (uint32_t i = 0; i < count; i++) {
			text_fixed(&name, buffer, sizeof(buffer));
			things->name_print(rules, i, &name);
			text_printf(out, "  - %s: ", rows[row].name);
			print_scalar(out, buffer);
			text_putc(out, '\n');
			facts_reset(facts);
			things->facts(rules, i, facts);
			facts_print(facts, 4, out);
		}
	}
}

static void print_policies(const struct ruleset *rules, struct facts *facts, struct text *out)
{
	facts_reset(facts);
	federation_facts(rules, 0, facts);
	facts_print(facts, 0, out);
	facts_reset(facts);
	links_facts(rules, 0, facts);
	if (facts->count > 0)
		text_puts(out, "links:\n");
	facts_print(facts, 2, out);
	facts_reset(facts);
	discovery_facts(rules, 0, facts);
	if (facts->count > 0)
		text_puts(out, "discovery:\n");
	facts_print(facts, 2, out);
	print_things(rules, facts, out);
}

void ruleset_print(const struct ruleset *rules, struct text *out)
{
	struct facts facts = {0};

	text_init(&facts.text, FACTS_BYTES_MAX);
	text_puts(out, "service:\n");
	print_addresses(rules, out);
	text_puts(out, "  ports:\n");
	print_ports(rules, PROTOCOL_XMPP, out);
	print_ports(rules, PROTOCOL_SIP, out);
	text_puts(out, "local:\n");
	for (uint32_t i = 0; i < rules->local_count; i++)
		print_local(&rules->locals[i], out);
	if (ruleset_named_partners(rules))
		text_puts(out, "partners:\n");
	for (uint32_t i = 0; i < ruleset_named_partners(rules); i++)
		print_partner(&rules->partners[i], &facts, out);
	print_blocked(rules, out);
	print_limit_rules(rules, out);
	if (rules->control_down_hold)
		text_puts(out, "control_down: hold\n");
	print_policies(rules, &facts, out);
	facts_free(&facts);
}
