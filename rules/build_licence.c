/* SPDX-License-Identifier: BSD-3-Clause */
/* Agreements: who has bought what, until when, for whom. */
#include <stdio.h>

#include "rules/build_int.h"
#include "rules/csv.h"

/* One agreement in hand. */
struct signing {
	struct building *b;
	const struct draft_agreement *from;
	struct agreement *out;
	struct seat_assignment *assignments;
	uint32_t assignment_cap;
	char key[BUILD_KEY_BYTES / 2]; /* "licences[0]" */
	struct origin file;            /* of its assignments */
};

static const struct draft_agreement *draft_agreement(const struct draft *draft, uint32_t i)
{
	return (const struct draft_agreement *)draft->agreements.items + i;
}

static void complain(struct signing *s, unsigned line, const char *key, const char *text)
{
	char where[BUILD_KEY_BYTES];

	snprintf(where, sizeof(where), "%s.%s", s->key, key);
	rules_errors_add(s->b->errors, line, where, "%s", text);
}

/* --- dates and domains --- */

static struct wall when_or(const struct scalar *scalar, struct wall otherwise)
{
	return scalar->ok ? scalar->when : otherwise;
}

static int compare_walls(const void *a, const void *b)
{
	const struct wall *x = a;
	const struct wall *y = b;

	return x->s < y->s ? -1 : x->s > y->s;
}

static void take_renewals(struct signing *s)
{
	const struct schema_list *list = &s->from->renewals;
	struct wall *renewals = build_array(s->b, list->count, sizeof(*renewals));

	s->out->renewals = renewals;
	for (uint32_t i = 0; i < list->count && renewals; i++)
		if (draft_scalar(list, i)->ok)
			renewals[s->out->renewal_count++] = draft_scalar(list, i)->when;
	if (renewals && s->out->renewal_count > 0)
		qsort(renewals, s->out->renewal_count, sizeof(*renewals), compare_walls);
}

static int compare_domains(const void *a, const void *b)
{
	return strcmp(((const struct agreement_domain *)a)->domain,
		((const struct agreement_domain *)b)->domain);
}

static void take_domains(struct signing *s)
{
	const struct schema_list *list = &s->from->domains;
	struct agreement_domain *domains = build_array(s->b, list->count, sizeof(*domains));
	char where[BUILD_KEY_BYTES];

	s->out->domains = domains;
	for (uint32_t i = 0; i < list->count && !s->b->failed; i++) {
		const struct draft_agreement_domain *from =
			(const struct draft_agreement_domain *)list->items + i;

		snprintf(where, sizeof(where), "%s.domains[%u]", s->key, i);
		if (from->domain.ok && check_local(s->b, &origin_document, from->line, where,
					       view_of(from->domain.text)))
			domains[s->out->domain_count++] =
				(struct agreement_domain){build_text(s->b, from->domain.text),
					when_or(&from->since, s->out->start), from->line};
	}
	if (s->b->failed || s->out->domain_count == 0)
		return;
	qsort(domains, s->out->domain_count, sizeof(*domains), compare_domains);
	for (uint32_t i = 1; i < s->out->domain_count; i++)
		if (strcmp(domains[i].domain, domains[i - 1].domain) == 0)
			complain(s, domains[i].line, "domains", "has a domain twice: keep one");
}

/* --- seats of users --- */

static void assign(struct signing *s, const struct origin *origin, unsigned line, const char *key,
	struct view user, struct wall from, struct wall to)
{
	struct agreement *out = s->out;

	if (!check_local(s->b, origin, line, key, user_domain(user)))
		return;
	if (out->assignment_count == s->assignment_cap) {
		uint32_t cap = s->assignment_cap ? s->assignment_cap * 2 : 64;
		struct seat_assignment *grown = realloc(s->assignments, cap * sizeof(*grown));

		if (!grown) {
			s->b->failed = true;
			return;
		}
		out->assignments = s->assignments = grown;
		s->assignment_cap = cap;
	}
	s->assignments[out->assignment_count] = (struct seat_assignment){
		string_pool_keep(&s->b->out->strings, user), from, to, line};
	if (!s->assignments[out->assignment_count].user)
		s->b->failed = true;
	else
		out->assignment_count++;
}

static void assign_listed(struct signing *s)
{
	const struct schema_list *list = &s->from->assignments;
	char where[BUILD_KEY_BYTES];

	for (uint32_t i = 0; i < list->count && !s->b->failed; i++) {
		const struct draft_assignment *from =
			(const struct draft_assignment *)list->items + i;

		snprintf(where, sizeof(where), "%s.assignments[%u]", s->key, i);
		if (from->user.ok)
			assign(s, &origin_document, from->line, where, view_of(from->user.text),
				when_or(&from->from, s->out->start),
				when_or(&from->to, DATE_NEVER));
	}
}

enum column { COLUMN_USER, COLUMN_FROM, COLUMN_TO };

static const char *const column_names[] = {"user", "from", "to", NULL};

static bool field_date(struct signing *s, const struct csv *csv, const char *key, struct view field,
	struct wall *when)
{
	struct quoted quoted;
	struct fault fault;

	if (field.len == 0 || date_read(field, when, &fault))
		return true;
	build_complain(s->b, &s->file, csv->line, key,
		"'%s' is not a date: write it like 2014-06-30, in UTC", quote(field, &quoted));
	return false;
}

static void assign_record(
	struct signing *s, const struct csv *csv, const struct csv_columns *columns)
{
	struct view user = csv_field(csv, columns, COLUMN_USER);
	struct wall from = s->out->start;
	struct wall to = DATE_NEVER;
	char address[USER_ADDRESS_BYTES];
	struct quoted quoted;
	struct fault fault;

	if (user_address_parse(user, address, &fault) != PARSE_DONE)
		build_complain(s->b, &s->file, csv->line, "user",
			"'%s' is not the address of a user: write it like alice@corp.example",
			quote(user, &quoted));
	else if (field_date(s, csv, "from", csv_field(csv, columns, COLUMN_FROM), &from) &&
		 field_date(s, csv, "to", csv_field(csv, columns, COLUMN_TO), &to))
		assign(s, &s->file, csv->line, "user", view_of(address), from, to);
}

static void assign_file(struct signing *s)
{
	const struct scalar *file = &s->from->assignments_file;
	struct csv_columns columns;
	struct fault fault = {0};
	char key[BUILD_KEY_BYTES];
	enum parse parse;
	struct view bytes;
	struct csv csv;

	if (!file->ok)
		return;
	snprintf(key, sizeof(key), "%s.assignments_file", s->key);
	s->file = (struct origin){USER_OF_FILE, file->text, file->line, key};
	if (!source_read(s->b, &s->file, RULES_FILE, &bytes))
		return;
	csv_begin(&csv, bytes);
	parse = csv_header(&csv, column_names, COLUMN_USER, &columns, &fault);
	while (parse == PARSE_DONE && !s->b->failed && s->out->assignment_count <= USERS_MAX) {
		parse = csv_next(&csv, &fault);
		if (parse == PARSE_DONE)
			assign_record(s, &csv, &columns);
	}
	if (parse == PARSE_BAD)
		complain_csv(s->b, &s->file, &csv, column_names, &fault);
	if (s->out->assignment_count > USERS_MAX)
		build_complain(s->b, &s->file, csv.line, "", "more than %d assignments", USERS_MAX);
	free((uint8_t *)bytes.p);
}

static int compare_assignments(const void *a, const void *b)
{
	const struct seat_assignment *x = a;
	const struct seat_assignment *y = b;
	int order = strcmp(x->user, y->user);

	if (order)
		return order;
	return x->from.s < y->from.s ? -1 : x->from.s > y->from.s;
}

static void take_assignments(struct signing *s)
{
	bool stated = s->from->assignments.count > 0 || s->from->assignments_file.line;

	if (stated && s->out->model != SEAT_ASSIGNED)
		complain(s,
			s->from->assignments.count > 0 ? s->from->assignments.line
						       : s->from->assignments_file.line,
			"assignments",
			"seats are taken by use with model: active: write model: assigned, or "
			"remove them");
	assign_listed(s);
	assign_file(s);
	if (!s->b->failed && s->out->assignment_count > 0)
		qsort(s->assignments, s->out->assignment_count, sizeof(*s->assignments),
			compare_assignments);
}

/* --- what no agreement may be --- */

static const char *print(struct wall when, char *out)
{
	date_print(when, out);
	return out;
}

static void say_too_late(struct signing *s, unsigned line, const char *key, const char *what,
	struct wall at, const char *until_key, struct wall until)
{
	char date[DATE_TEXT_BYTES];
	char last[DATE_TEXT_BYTES];
	char text[256];

	snprintf(text, sizeof(text),
		"%s on %s, but %s of its provider is %s: it must be before that, unless the "
		"provider states another %s",
		what, print(at, date), until_key, print(until, last), until_key);
	complain(s, line, key, text);
}

static void say_assignment(struct signing *s, unsigned line, const char *what)
{
	char text[256];
	char key[BUILD_KEY_BYTES];

	snprintf(key, sizeof(key), "%s.assignments", s->key);
	snprintf(text, sizeof(text), "%s", what);
	/* The line may be one of the file: of two lists of one agreement the lines do not tell. */
	if (s->from->assignments_file.ok && s->from->assignments.count == 0)
		build_complain(s->b, &s->file, line, "user", "%s", text);
	else
		rules_errors_add(s->b->errors, s->from->assignments_file.ok ? s->from->line : line,
			key, "%s", text);
}

static struct wall renewal_too_late(const struct agreement *a)
{
	for (uint32_t i = 0; i < a->renewal_count; i++)
		if (a->renewals[i].s >= a->terms->sell_until.s)
			return a->renewals[i];
	return a->end;
}

static struct wall domain_too_late(const struct agreement *a)
{
	for (uint32_t i = 0; i < a->domain_count; i++)
		if (a->domains[i].since.s >= a->terms->new_domains_until.s)
			return a->domains[i].since;
	return a->end;
}

static void check_agreement(struct signing *s)
{
	const struct draft_agreement *from = s->from;
	const struct agreement *a = s->out;
	char start[DATE_TEXT_BYTES];
	char end[DATE_TEXT_BYTES];
	char text[256];
	unsigned line;

	switch (agreement_check(a, &line)) {
	case AGREEMENT_FINE:
		return;
	case AGREEMENT_NO_MEMORY:
		s->b->failed = true;
		return;
	case AGREEMENT_ENDS_BEFORE_START:
		snprintf(text, sizeof(text), "'%s' is not after its start, %s: write a later day",
			print(a->end, end), print(a->start, start));
		complain(s, from->end.line, "end", text);
		return;
	case AGREEMENT_BOUGHT_TOO_LATE:
		say_too_late(s, from->purchased.ok ? from->purchased.line : from->start.line,
			from->purchased.ok ? "purchased" : "start",
			from->purchased.ok ? "it was bought" : "without purchased it was bought",
			a->purchased, "sell_until", a->terms->sell_until);
		return;
	case AGREEMENT_RENEWED_TOO_LATE:
		say_too_late(s, from->renewals.line, "renewals", "it was renewed",
			renewal_too_late(a), "sell_until", a->terms->sell_until);
		return;
	case AGREEMENT_DOMAIN_TOO_LATE:
		say_too_late(s, line, "domains", "a domain was added", domain_too_late(a),
			"new_domains_until", a->terms->new_domains_until);
		return;
	case AGREEMENT_ASSIGNMENT_BACKWARDS:
		say_assignment(s, line, "the assignment ends before it begins: swap from and to");
		return;
	case AGREEMENT_USER_TWICE:
		say_assignment(s, line, "the user has a seat already on that day: keep one");
		return;
	case AGREEMENT_TOO_FEW_SEATS:
		snprintf(text, sizeof(text),
			"more than %u users have a seat on one day: raise seats, or end some",
			a->seats);
		say_assignment(s, line, text);
		return;
	}
}

static void check_notice(struct signing *s)
{
	const struct scalar *days = &s->from->grace_days;

	if (s->from->notice.line && (days->ok ? days->number == 0 : days->line == 0))
		complain(s, s->from->notice.line, "notice",
			"is said in the days of grace, and there are none: write grace_days too, or "
			"remove it");
}

/* --- all of them --- */

static struct provider *provider_of(struct signing *s)
{
	struct policies *out = s->b->out;
	const struct scalar *name = &s->from->provider;
	char where[BUILD_KEY_BYTES];
	uint32_t found;
	char text[256];

	if (!name->ok)
		return NULL;
	found = named_find(
		out->providers, out->provider_count, sizeof(*out->providers), view_of(name->text));
	if (found == USER_NONE) {
		snprintf(where, sizeof(where), "%s.provider", s->key);
		complain_none_of(s->b, &origin_document, name->line, where, view_of(name->text),
			"providers",
			named_near(s->b, out->providers, out->provider_count,
				sizeof(*out->providers), view_of(name->text)));
		return NULL;
	}
	if (out->providers[found].terms.need == LICENCE_NEED_NONE) {
		snprintf(text, sizeof(text),
			"provider %s needs no licence: remove the agreement, or write licence: "
			"seat there",
			name->text);
		complain(s, name->line, "provider", text);
	}
	return &out->providers[found];
}

static void sign(struct building *b, uint32_t i)
{
	const struct draft_agreement *from = draft_agreement(b->draft, i);
	struct agreement *out = &b->out->agreements[b->out->agreement_count];
	struct signing s = {.b = b, .from = from, .out = out};
	struct provider *provider;

	snprintf(s.key, sizeof(s.key), "licences[%u]", i);
	provider = provider_of(&s);
	if (!provider || !from->id.ok || !from->seats.ok || !from->start.ok || !from->end.ok)
		return;
	b->out->agreement_count++;
	*out = (struct agreement){.id = build_text(b, from->id.text),
		.line = from->line,
		.terms = &provider->terms,
		.model = from->model.ok ? (enum seat_model)from->model.number : SEAT_ACTIVE,
		.seats = (uint32_t)from->seats.number,
		.start = from->start.when,
		.end = from->end.when,
		.purchased = when_or(&from->purchased, from->start.when),
		.grace_days = from->grace_days.ok ? (uint32_t)from->grace_days.number : 0,
		.notice = from->notice.ok ? build_text(b, from->notice.text) : NULL};
	check_notice(&s);
	take_renewals(&s);
	take_domains(&s);
	take_assignments(&s);
	if (!b->failed)
		check_agreement(&s);
}

/* Each provider's own. */
static void link_agreements(struct building *b)
{
	struct policies *out = b->out;

	for (uint32_t i = 0; i < out->provider_count; i++) {
		struct provider *provider = &out->providers[i];

		provider->agreements =
			build_array(b, out->agreement_count, sizeof(*provider->agreements));
		for (uint32_t k = 0; k < out->agreement_count && provider->agreements; k++)
			if (out->agreements[k].terms == &provider->terms)
				provider->agreements[provider->agreement_count++] =
					&out->agreements[k];
	}
}

void build_agreements(struct building *b)
{
	struct policies *out = b->out;

	out->agreements = build_array(b, b->draft->agreements.count, sizeof(*out->agreements));
	for (uint32_t i = 0; i < b->draft->agreements.count && !b->failed; i++)
		sign(b, i);
	if (b->failed)
		return;
	named_sort(b, out->agreements, out->agreement_count, sizeof(*out->agreements), "licences",
		"agreement");
	link_agreements(b);
}
