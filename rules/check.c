/* SPDX-License-Identifier: BSD-3-Clause */
/* What the values of a rules document must be to each other. */
#include "rules/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/base/table.h"
#include "rules/build.h"
#include "rules/limit_check.h"

enum { KEY_BYTES = 96 };

/* What a domain can be said to be. */
enum role_kind { ROLE_LOCAL, ROLE_PARTNER, ROLE_BLOCKED, ROLE_PROVIDER };

static const char *const role_texts[] = {
	[ROLE_LOCAL] = "a local domain",
	[ROLE_PARTNER] = "a partner",
	[ROLE_BLOCKED] = "blocked",
	[ROLE_PROVIDER] = "a provider's",
};

struct role {
	enum role_kind kind;
	bool subtree; /* of a blocked domain */
	bool shared;  /* of a provider's: it may be ours as well */
	const struct scalar *domain;
	uint32_t i, k; /* in its list, and in the list of that */
};

struct roles {
	struct role *list;
	uint32_t count;
	struct table by_name;
};

static void print_role_key(const struct role *role, char key[static KEY_BYTES])
{
	switch (role->kind) {
	case ROLE_LOCAL:
		snprintf(key, KEY_BYTES, "local[%u].domain", role->i);
		break;
	case ROLE_PARTNER:
		snprintf(key, KEY_BYTES, "partners[%u].domain", role->i);
		break;
	case ROLE_BLOCKED:
		snprintf(key, KEY_BYTES, "blocked.domains[%u]", role->i);
		break;
	case ROLE_PROVIDER:
		snprintf(key, KEY_BYTES, "providers[%u].domains[%u]", role->i, role->k);
		break;
	}
}

static void add_role(struct roles *roles, struct role role)
{
	if (role.domain->ok)
		roles->list[roles->count++] = role;
}

static const struct draft_provider *draft_provider(const struct draft *draft, uint32_t i)
{
	return (const struct draft_provider *)draft->providers.items + i;
}

static void collect_providers(const struct draft *draft, struct roles *roles)
{
	for (uint32_t i = 0; i < draft->providers.count; i++) {
		const struct draft_provider *provider = draft_provider(draft, i);

		for (uint32_t k = 0; k < provider->domains.count; k++) {
			const struct draft_provider_domain *domain =
				(const struct draft_provider_domain *)provider->domains.items + k;

			add_role(roles, (struct role){.kind = ROLE_PROVIDER,
						.shared = provider->shared_address_space.on,
						.domain = &domain->domain,
						.i = i,
						.k = k});
		}
	}
}

static bool collect_roles(const struct draft *draft, struct roles *roles)
{
	const struct schema_list *blocked = &draft->blocked.domains;
	size_t most = (size_t)draft->locals.count + draft->partners.count + blocked->count;
	struct siphash_key key;

	for (uint32_t i = 0; i < draft->providers.count; i++)
		most += draft_provider(draft, i)->domains.count;

	if (siphash_key_random(&key))
		return false;
	table_init(&roles->by_name, key);
	roles->list = calloc(most + 1, sizeof(*roles->list));
	if (!roles->list)
		return false;
	for (uint32_t i = 0; i < draft->locals.count; i++)
		add_role(roles, (struct role){.kind = ROLE_LOCAL,
					.domain = &draft_local(draft, i)->domain,
					.i = i});
	for (uint32_t i = 0; i < draft->partners.count; i++)
		add_role(roles, (struct role){.kind = ROLE_PARTNER,
					.domain = &draft_partner(draft, i)->domain,
					.i = i});
	for (uint32_t i = 0; i < blocked->count; i++) {
		const struct draft_blocked_domain *domain = draft_blocked_domain(draft, i);

		add_role(roles, (struct role){.kind = ROLE_BLOCKED,
					.subtree = domain->subtree.on,
					.domain = &domain->domain,
					.i = i});
	}
	collect_providers(draft, roles);
	return true;
}

/* Every name has one role, once. */
static bool check_unique(struct roles *roles, struct rules_errors *errors)
{
	for (uint32_t i = 0; i < roles->count; i++) {
		struct role *role = &roles->list[i];
		struct view name = view_of(role->domain->text);
		const struct role *other = table_find(&roles->by_name, name);
		struct quoted quoted;
		char key[KEY_BYTES];

		if (!other) {
			if (table_put(&roles->by_name, name, role))
				return false;
			continue;
		}
		if (role->shared && other->kind == ROLE_LOCAL)
			continue;
		print_role_key(role, key);
		if (other->kind == role->kind)
			rules_errors_add(errors, role->domain->line, key,
				"'%s' is there twice, first in line %u: keep one",
				quote(name, &quoted), other->domain->line);
		else
			rules_errors_add(errors, role->domain->line, key,
				"'%s' cannot be %s: it is %s in line %u: remove one of them",
				quote(name, &quoted), role_texts[role->kind],
				role_texts[other->kind], other->domain->line);
	}
	return true;
}

/* The nearest domain above the name that is blocked with all below it, or NULL. */
static const struct role *find_blocked_parent(const struct roles *roles, struct view name)
{
	int64_t dot;

	while ((dot = view_find(name, '.')) >= 0) {
		const struct role *role;

		name = view_sub(name, (uint32_t)dot + 1, name.len);
		role = table_find(&roles->by_name, name);
		if (role && role->kind == ROLE_BLOCKED && role->subtree)
			return role;
	}
	return NULL;
}

/* A local domain or a partner below a domain that is blocked with its subtree could never be served.
 * The other way round it is a hole: what is blocked below a partner's subtree. */
static void check_parents(const struct roles *roles, struct rules_errors *errors)
{
	for (uint32_t i = 0; i < roles->count; i++) {
		const struct role *role = &roles->list[i];
		struct view name = view_of(role->domain->text);
		const struct role *parent;
		struct quoted quoted;
		char key[KEY_BYTES];

		parent = role->kind == ROLE_BLOCKED ? NULL : find_blocked_parent(roles, name);
		if (!parent)
			continue;
		print_role_key(role, key);
		rules_errors_add(errors, role->domain->line, key,
			"'%s' cannot be %s: line %u blocks it with all below '%.60s': "
			"remove one of them",
			quote(name, &quoted), role_texts[role->kind], parent->domain->line,
			parent->domain->text);
	}
}

static bool check_domains(const struct draft *draft, struct rules_errors *errors)
{
	struct roles roles = {0};
	bool ok = collect_roles(draft, &roles) && check_unique(&roles, errors);

	if (ok)
		check_parents(&roles, errors);
	table_free(&roles.by_name);
	free(roles.list);
	return ok;
}

/* A source or blocked prefix and where it stands. */
struct claim {
	struct prefix prefix;
	unsigned line;
	uint32_t i;       /* in its list */
	uint32_t partner; /* index of the partner */
	bool blocked;
};

/* Wider before narrower, so that whatever contains a prefix comes before it; of equals the blocked
 * one first, then by line. */
static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a;
	const struct claim *y = b;
	int order = memcmp(x->prefix.address.bytes, y->prefix.address.bytes, 16);

	if (x->prefix.address.family_bits != y->prefix.address.family_bits)
		return x->prefix.address.family_bits < y->prefix.address.family_bits ? -1 : 1;
	if (order)
		return order;
	if (x->prefix.length_bits != y->prefix.length_bits)
		return x->prefix.length_bits < y->prefix.length_bits ? -1 : 1;
	if (x->blocked != y->blocked)
		return x->blocked ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->partner != y->partner ? (x->partner < y->partner ? -1 : 1)
					: (x->i > y->i) - (x->i < y->i);
}

static bool same_prefix(const struct claim *a, const struct claim *b)
{
	return a->prefix.length_bits == b->prefix.length_bits &&
	       ip_address_equal(&a->prefix.address, &b->prefix.address);
}

static void complain_claim(
	struct rules_errors *errors, const struct claim *claim, const struct claim *other)
{
	char text[IP_TEXT_BYTES];
	char other_text[IP_TEXT_BYTES];
	char key[KEY_BYTES];

	prefix_print(&claim->prefix, text);
	prefix_print(&other->prefix, other_text);
	if (claim->blocked)
		snprintf(key, sizeof(key), "blocked.prefixes[%u]", claim->i);
	else
		snprintf(key, sizeof(key), "partners[%u].sources[%u]", claim->partner, claim->i);
	if (other->blocked && !claim->blocked)
		rules_errors_add(errors, claim->line, key,
			"'%s' cannot be a partner's: line %u blocks '%s': remove one of them", text,
			other->line, other_text);
	else if (claim->blocked || claim->partner == other->partner)
		rules_errors_add(errors, claim->line, key,
			"'%s' is there twice, first in line %u: keep one", text, other->line);
	else
		rules_errors_add(errors, claim->line, key,
			"'%s' is already a source of partners[%u] in line %u: give it to one of "
			"them",
			text, other->partner, other->line);
}

static void add_claims(struct claim *claims, uint32_t *count, const struct schema_list *list,
	bool blocked, uint32_t partner)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct scalar *value = draft_scalar(list, i);

		if (value->ok)
			claims[(*count)++] =
				(struct claim){value->prefix, value->line, i, partner, blocked};
	}
}

static bool check_prefixes(const struct draft *draft, struct rules_errors *errors)
{
	size_t most = draft->blocked.prefixes.count;
	const struct claim *wall = NULL; /* the widest blocked prefix around where we are */
	struct claim *claims;
	uint32_t count = 0;

	for (uint32_t i = 0; i < draft->partners.count; i++)
		most += draft_partner(draft, i)->sources.count;
	claims = calloc(most + 1, sizeof(*claims));
	if (!claims)
		return false;
	add_claims(claims, &count, &draft->blocked.prefixes, true, 0);
	for (uint32_t i = 0; i < draft->partners.count; i++)
		add_claims(claims, &count, &draft_partner(draft, i)->sources, false, i);
	qsort(claims, count, sizeof(*claims), compare_claims);
	for (uint32_t i = 0; i < count; i++) {
		const struct claim *claim = &claims[i];
		bool inside = wall && prefix_contains(&wall->prefix, &claim->prefix.address);

		if (inside && !claim->blocked)
			complain_claim(errors, claim, wall);
		else if (i > 0 && same_prefix(claim, claim - 1))
			complain_claim(errors, claim, claim - 1);
		if (claim->blocked && !inside)
			wall = claim;
	}
	free(claims);
	return true;
}

/* Can nobody connect to this address? */
static const char *find_unfit(const struct ip_address *address)
{
	static const struct {
		const char *prefix, *what;
	} rows[] = {
		{"0.0.0.0", "every address"},
		{"::", "every address"},
		{"224.0.0.0/4", "a multicast address"},
		{"ff00::/8", "a multicast address"},
		{"255.255.255.255", "the broadcast address"},
		{"fe80::/10", "a link-local address"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prefix prefix;

		if (prefix_parse(view_of(rows[i].prefix), &prefix) &&
			prefix_contains(&prefix, address))
			return rows[i].what;
	}
	return NULL;
}

static void check_addresses(const struct schema_list *addresses, struct rules_errors *errors)
{
	for (uint32_t i = 0; i < addresses->count; i++) {
		const struct scalar *value = draft_scalar(addresses, i);
		const char *unfit = value->ok ? find_unfit(&value->prefix.address) : NULL;
		char text[IP_TEXT_BYTES];
		char key[KEY_BYTES];

		ip_address_print(&value->prefix.address, text);
		snprintf(key, sizeof(key), "service.addresses[%u]", i);
		if (unfit)
			rules_errors_add(errors, value->line, key,
				"'%s' is %s: write the one address that partners connect to", text,
				unfit);
		for (uint32_t k = 0; k < i && value->ok; k++) {
			const struct scalar *other = draft_scalar(addresses, k);

			if (!other->ok ||
				!ip_address_equal(&value->prefix.address, &other->prefix.address))
				continue;
			rules_errors_add(errors, value->line, key,
				"'%s' is there twice, first in line %u: keep one", text,
				other->line);
			break;
		}
	}
}

/* Ports of `list` before `end` that are `port`. */
static const struct scalar *find_port(const struct schema_list *list, uint32_t end, uint16_t port)
{
	for (uint32_t i = 0; i < end; i++)
		if (draft_scalar(list, i)->ok && draft_scalar(list, i)->port == port)
			return draft_scalar(list, i);
	return NULL;
}

static void check_port_list(const struct schema_list *list, const char *name,
	const struct schema_list *other, uint16_t other_default, struct rules_errors *errors)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct scalar *value = draft_scalar(list, i);
		const struct scalar *first;
		char key[KEY_BYTES];

		if (!value->ok)
			continue;
		snprintf(key, sizeof(key), "service.ports.%s[%u]", name, i);
		first = find_port(list, i, value->port);
		if (first)
			rules_errors_add(errors, value->line, key,
				"'%u' is there twice, first in line %u: keep one", value->port,
				first->line);
		first = other ? find_port(other, other->count, value->port) : NULL;
		if (first)
			rules_errors_add(errors, value->line, key,
				"'%u' is also a port of the other protocol, in line %u: a port "
				"speaks one protocol",
				value->port, first->line);
		if (other && !other->line && value->port == other_default)
			rules_errors_add(errors, value->line, key,
				"'%u' is the default port of the other protocol: give that one "
				"ports of its own, or [] for none",
				value->port);
	}
}

static void check_service(const struct draft *draft, struct rules_errors *errors)
{
	const struct draft_ports *ports = &draft->service.ports;

	check_addresses(&draft->service.addresses, errors);
	/* A port in both lists is one complaint, at the second protocol's; a default that is
	 * taken must be seen from both sides. */
	check_port_list(&ports->sip, "sip", &ports->xmpp, XMPP_PORT_DEFAULT, errors);
	check_port_list(&ports->xmpp, "xmpp", ports->sip.line ? NULL : &ports->sip,
		SIP_PORT_DEFAULT, errors);
	if (ports->xmpp.line && ports->sip.line && !ports->xmpp.count && !ports->sip.count)
		rules_errors_add(errors, ports->line, "service.ports",
			"both lists are empty, so nobody can connect: give one protocol a port");
}

/* One protocol or both, and what is said about it. */
static void check_partner(
	const struct draft_partner *partner, uint32_t i, struct rules_errors *errors)
{
	const struct schema_list *protocols = &partner->terms.protocols;
	struct peer_terms otherwise = peer_terms_default();
	char where[KEY_BYTES];
	char key[KEY_BYTES / 2];

	snprintf(key, sizeof(key), "partners[%u]", i);
	snprintf(where, sizeof(where), "%s.protocol", key);
	if (partner->line && !partner->protocol.line && !protocols->line)
		rules_errors_add(
			errors, partner->line, where, "is missing: add it, like protocol: xmpp");
	if (partner->protocol.line && protocols->line)
		rules_errors_add(errors, partner->protocol.line, where,
			"is said by protocols in line %u too: keep one", protocols->line);
	snprintf(where, sizeof(where), "%s.port", key);
	if (partner->port.line && protocols->count > 1)
		rules_errors_add(errors, partner->port.line, where,
			"a port speaks one protocol, and there are two: remove it");
	otherwise.protocols = partner->protocol.ok ? 1u << partner->protocol.protocol : UINT32_MAX;
	terms_check(&partner->terms, &otherwise, key, errors);
}

static void check_routes(const struct draft *draft, struct rules_errors *errors)
{
	char key[KEY_BYTES];

	for (uint32_t i = 0; i < draft->locals.count; i++) {
		const struct scalar *protocol = &draft_local(draft, i)->inside.protocol;

		if (!protocol->ok || protocol->protocol == PROTOCOL_SIP)
			continue;
		snprintf(key, sizeof(key), "local[%u].inside.protocol", i);
		rules_errors_add(errors, protocol->line, key,
			"'xmpp' is not supported for the inside server yet: write sip");
	}
	for (uint32_t i = 0; i < draft->partners.count; i++) {
		const struct draft_partner *partner = draft_partner(draft, i);

		check_partner(partner, i, errors);
		if (!partner->port.line || partner->host.line)
			continue;
		snprintf(key, sizeof(key), "partners[%u].port", i);
		rules_errors_add(errors, partner->port.line, key,
			"a port without a host means nothing, DNS SRV has its own: add host, or "
			"remove port");
	}
}

bool draft_check(const struct draft *draft, struct rules_errors *errors)
{
	check_service(draft, errors);
	check_routes(draft, errors);
	draft_check_limits(draft, errors);
	if (check_domains(draft, errors) && check_prefixes(draft, errors))
		return true;
	rules_errors_add(errors, 0, "", "no memory to check the document");
	return false;
}
