/* SPDX-License-Identifier: BSD-3-Clause */
/* From a document to a ruleset: read, check, then take over what was read in canonical order. */
#include "rules/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "rules/base/text.h"
#include "rules/build.h"
#include "rules/check.h"
#include "rules/provided.h"

/* calloc that gives a pointer also for nothing. */
static void *allocate(size_t count, size_t each)
{
	return calloc(count ? count : 1, each);
}

/* Move the text of a scalar out of the draft. */
static char *take_text(const struct scalar *scalar)
{
	char *text = scalar->text;

	((struct scalar *)scalar)->text = NULL;
	return text;
}

char *rules_directory_of(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (!slash)
		return strdup(".");
	return view_dup(view_make(file, slash == file ? 1 : (size_t)(slash - file)));
}

static int compare_locals(const void *a, const void *b)
{
	return strcmp(
		((const struct local_domain *)a)->domain, ((const struct local_domain *)b)->domain);
}

static int compare_partners(const void *a, const void *b)
{
	return strcmp(((const struct partner *)a)->domain, ((const struct partner *)b)->domain);
}

static int compare_blocked(const void *a, const void *b)
{
	return strcmp(((const struct blocked_domain *)a)->domain,
		((const struct blocked_domain *)b)->domain);
}

static int compare_prefixes(const void *a, const void *b)
{
	const struct prefix *x = a;
	const struct prefix *y = b;
	int order = memcmp(x->address.bytes, y->address.bytes, sizeof(x->address.bytes));

	if (x->address.family_bits != y->address.family_bits)
		return x->address.family_bits < y->address.family_bits ? -1 : 1;
	return order ? order
		     : (x->length_bits > y->length_bits) - (x->length_bits < y->length_bits);
}

/* One service for each port of the list, or for the default port without a list. */
static void add_services(struct ruleset *rules, const struct ip_address *address,
	const struct schema_list *ports, uint16_t default_port, enum protocol protocol)
{
	uint32_t count = ports->line ? ports->count : 1;

	for (uint32_t i = 0; i < count; i++)
		rules->services[rules->service_count++] = (struct service){
			.address = *address,
			.port = ports->line ? draft_scalar(ports, i)->port : default_port,
			.protocol = protocol,
		};
}

static bool take_services(struct ruleset *rules, const struct draft *draft)
{
	const struct schema_list *addresses = &draft->service.addresses;
	const struct draft_ports *ports = &draft->service.ports;
	size_t each = (size_t)ports->xmpp.count + ports->sip.count + 2;

	rules->services = allocate(addresses->count * each, sizeof(*rules->services));
	if (!rules->services)
		return false;
	for (uint32_t i = 0; i < addresses->count; i++) {
		const struct ip_address *address = &draft_scalar(addresses, i)->prefix.address;

		add_services(rules, address, &ports->xmpp, XMPP_PORT_DEFAULT, PROTOCOL_XMPP);
		add_services(rules, address, &ports->sip, SIP_PORT_DEFAULT, PROTOCOL_SIP);
	}
	return true;
}

static bool take_locals(struct ruleset *rules, const struct draft *draft)
{
	rules->locals = allocate(draft->locals.count, sizeof(*rules->locals));
	if (!rules->locals)
		return false;
	for (uint32_t i = 0; i < draft->locals.count; i++) {
		const struct draft_local *from = draft_local(draft, i);
		struct local_domain *local = &rules->locals[rules->local_count++];

		local->line = from->line;
		local->domain = take_text(&from->domain);
		local->certificate_file = take_text(&from->certificate);
		local->key_file = take_text(&from->key);
		local->inside.line = from->inside.line;
		local->inside.protocol = from->inside.protocol.protocol;
		local->inside.host = take_text(&from->inside.host);
		local->inside.port =
			from->inside.port.line ? from->inside.port.port : SIP_PORT_DEFAULT;
		local->inside.request_bytes_max =
			from->inside.request_bytes_max.ok
				? (uint32_t)from->inside.request_bytes_max.number
				: REQUEST_BYTES_DEFAULT;
		local->inside.name = from->inside.name.line ? take_text(&from->inside.name)
							    : strdup(local->domain);
		if (!local->inside.name)
			return false;
	}
	qsort(rules->locals, rules->local_count, sizeof(*rules->locals), compare_locals);
	return true;
}

/* The prefixes of a list, sorted. NULL without memory. */
static struct prefix *take_prefixes(const struct schema_list *list, uint32_t *count)
{
	struct prefix *prefixes = allocate(list->count, sizeof(*prefixes));

	if (!prefixes)
		return NULL;
	for (uint32_t i = 0; i < list->count; i++)
		prefixes[i] = draft_scalar(list, i)->prefix;
	*count = list->count;
	qsort(prefixes, *count, sizeof(*prefixes), compare_prefixes);
	return prefixes;
}

/* What is stated, over what holds else; which keys were stated. */
static uint32_t take_limits(
	const struct draft_limits *from, const struct limits *otherwise, struct limits *out)
{
	uint32_t stated = 0;

	*out = *otherwise;
	for (uint32_t key = 0; key < LIMIT_COUNT; key++) {
		if (!from->value[key].line)
			continue;
		out->value[key] = from->value[key].number;
		stated |= UINT32_C(1) << key;
	}
	return stated;
}

static uint32_t take_messages(const struct draft_limits *from,
	const struct message_limits *otherwise, struct message_limits *out)
{
	uint32_t stated = 0;

	*out = *otherwise;
	for (uint32_t key = 0; key < MESSAGE_LIMIT_COUNT; key++) {
		if (!from->messages[key].line)
			continue;
		out->value[key] = (uint32_t)from->messages[key].number;
		stated |= UINT32_C(1) << key;
	}
	return stated;
}

static void take_watch(struct ruleset *rules, const struct draft_limit_rules *from)
{
	static const struct message_limits as_many_as_there_are;

	take_messages(&from->partner, &as_many_as_there_are, &rules->messages_partner);
	rules->suspicious = suspicious_limits_default;
#define SUSPICIOUS_TAKE(name, value)                                                               \
	if (from->suspicious.name.line)                                                            \
		rules->suspicious.name = (uint32_t)from->suspicious.name.number;
	SUSPICIOUS_KEYS(SUSPICIOUS_TAKE)
#undef SUSPICIOUS_TAKE
	rules->window_minutes = from->window_minutes.line ? (uint32_t)from->window_minutes.number
							  : LIMIT_WINDOW_MINUTES;
}

static void take_limit_rules(struct ruleset *rules, const struct draft *draft)
{
	const struct draft_limit_rules *from = &draft->limits;

	take_limits(&from->partner, &limits_partner_default, &rules->limits_partner);
	take_limits(&from->unknown, &limits_unknown_default, &rules->limits_unknown);
	take_limits(
		&from->suspicious.limits, &limits_suspicious_default, &rules->limits_suspicious);
	take_watch(rules, from);
	rules->handshakes = handshake_limits_default;
#define HANDSHAKE_TAKE(name, value)                                                                \
	if (from->name.line)                                                                       \
		rules->handshakes.name = from->name.number;
	HANDSHAKE_KEYS(HANDSHAKE_TAKE)
#undef HANDSHAKE_TAKE
}

static bool take_terms(
	struct ruleset *rules, const struct draft_partner *from, struct partner *partner)
{
	struct peer_terms otherwise = peer_terms_default();

	otherwise.preferred = from->protocol.protocol;
	otherwise.protocols = 1u << otherwise.preferred;
	if (!terms_take(&from->terms, &otherwise, &rules->policies, &partner->terms))
		return false;
	partner->protocol = (enum protocol)partner->terms.preferred;
	return true;
}

static bool take_partners(struct ruleset *rules, const struct draft *draft)
{
	rules->partners = allocate((size_t)draft->partners.count + provided_count(&rules->policies),
		sizeof(*rules->partners));
	if (!rules->partners)
		return false;
	for (uint32_t i = 0; i < draft->partners.count; i++) {
		const struct draft_partner *from = draft_partner(draft, i);
		struct partner *partner = &rules->partners[rules->partner_count++];

		partner->line = from->line;
		partner->domain = take_text(&from->domain);
		partner->subtree = from->subtree.on;
		partner->host = take_text(&from->host);
		partner->port = from->port.port;
		partner->limits_stated =
			take_limits(&from->limits, &rules->limits_partner, &partner->limits);
		partner->messages_stated =
			take_messages(&from->limits, &rules->messages_partner, &partner->messages);
		if (!take_terms(rules, from, partner))
			return false;
		partner->sources = take_prefixes(&from->sources, &partner->source_count);
		if (!partner->sources)
			return false;
	}
	qsort(rules->partners, rules->partner_count, sizeof(*rules->partners), compare_partners);
	provided_take(rules);
	for (uint32_t i = 0; i < rules->partner_count; i++)
		rules->partners[i].id = i + 1;
	return true;
}

static bool take_blocked(struct ruleset *rules, const struct draft *draft)
{
	const struct schema_list *domains = &draft->blocked.domains;

	rules->blocked_prefixes =
		take_prefixes(&draft->blocked.prefixes, &rules->blocked_prefix_count);
	rules->blocked_domains = allocate(domains->count, sizeof(*rules->blocked_domains));
	if (!rules->blocked_prefixes || !rules->blocked_domains)
		return false;
	for (uint32_t i = 0; i < domains->count; i++) {
		const struct draft_blocked_domain *from = draft_blocked_domain(draft, i);

		rules->blocked_domains[rules->blocked_domain_count++] =
			(struct blocked_domain){.domain = take_text(&from->domain),
				.subtree = from->subtree.on,
				.line = from->line};
	}
	qsort(rules->blocked_domains, rules->blocked_domain_count, sizeof(*rules->blocked_domains),
		compare_blocked);
	return true;
}

/* A draft without errors becomes a ruleset; so do the policies, which move. */
static struct ruleset *take_draft(const struct draft *draft, struct policies *policies,
	const char *file, struct rules_errors *errors)
{
	struct ruleset *rules = calloc(1, sizeof(*rules));

	if (rules) {
		rules->generation = 1;
		rules->directory = rules_directory_of(file);
		rules->policies = *policies;
		*policies = (struct policies){0};
		take_limit_rules(rules, draft);
		rules->control_down_hold = draft->control_down.ok && draft->control_down.number;
		if (rules->directory && take_services(rules, draft) && take_locals(rules, draft) &&
			take_partners(rules, draft) && take_blocked(rules, draft) &&
			policies_index(&rules->policies) == 0 && ruleset_index_build(rules) == 0)
			return rules;
	}
	ruleset_free(rules);
	rules_errors_add(errors, 0, "", "no memory for the rules");
	return NULL;
}

struct ruleset *ruleset_compile_with(struct view document, const char *file,
	const struct rules_reader *reader, struct rules_errors *errors)
{
	struct policies policies = {0};
	struct ruleset *rules = NULL;
	struct draft draft = {0};
	yaml_document_t tree;
	bool whole;

	*errors = (struct rules_errors){0};
	if (!document_load(document, &tree, errors))
		return NULL;
	whole = schema_read(
		draft_schema, &tree, yaml_document_get_root_node(&tree), &draft, errors);
	yaml_document_delete(&tree);
	if (whole && draft_check(&draft, errors) &&
		policies_build(&draft, reader, &policies, errors) && errors->count == 0)
		rules = take_draft(&draft, &policies, file, errors);
	policies_free(&policies);
	schema_free(draft_schema, &draft);
	return rules;
}

struct ruleset *ruleset_compile(struct view document, const char *file, struct rules_errors *errors)
{
	return ruleset_compile_with(document, file, NULL, errors);
}

struct ruleset *ruleset_load_with(
	const char *file, const struct rules_reader *reader, struct rules_errors *errors)
{
	struct ruleset *rules;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int error = 0;
	int fd;

	*errors = (struct rules_errors){0};
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		rules_errors_add(errors, 0, "", "cannot be opened: %s: check path and permissions",
			strerror(errno));
		return NULL;
	}
	error = rules_read_fd(fd, DOCUMENT_MAX_BYTES, &bytes, &len);
	close(fd);
	if (error) {
		rules_errors_add(errors, 0, "", "cannot be read: %s: it must be a text file%s",
			strerror(-error), error == -EFBIG ? " of at most 16 MiB" : "");
		return NULL;
	}
	rules = ruleset_compile_with(view_make(bytes, len), file, reader, errors);
	free(bytes);
	return rules;
}

struct ruleset *ruleset_load(const char *file, struct rules_errors *errors)
{
	char *directory = rules_directory_of(file);
	struct rules_reader reader = {rules_read_disk, directory};
	struct ruleset *rules;

	if (!directory) {
		*errors = (struct rules_errors){0};
		rules_errors_add(errors, 0, "", "no memory for the rules");
		return NULL;
	}
	rules = ruleset_load_with(file, &reader, errors);
	free(directory);
	return rules;
}

void ruleset_free(struct ruleset *rules)
{
	if (!rules)
		return;
	ruleset_index_free(rules);
	for (uint32_t i = 0; i < rules->local_count; i++) {
		free(rules->locals[i].domain);
		free(rules->locals[i].certificate_file);
		free(rules->locals[i].key_file);
		free(rules->locals[i].inside.host);
		free(rules->locals[i].inside.name);
	}
	for (uint32_t i = 0; i < ruleset_named_partners(rules); i++) {
		free(rules->partners[i].domain);
		free(rules->partners[i].sources);
		free(rules->partners[i].host);
	}
	for (uint32_t i = 0; i < rules->blocked_domain_count; i++)
		free(rules->blocked_domains[i].domain);
	policies_free(&rules->policies);
	free(rules->directory);
	free(rules->services);
	free(rules->locals);
	free(rules->partners);
	free(rules->blocked_domains);
	free(rules->blocked_prefixes);
	free(rules);
}
