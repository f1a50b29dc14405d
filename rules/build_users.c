/* SPDX-License-Identifier: BSD-3-Clause */
/* Users and groups, from the document and from what it names. */
#include <errno.h>
#include <stdio.h>

#include "rules/build_int.h"
#include "rules/csv.h"

/* One user as it is said somewhere. */
struct said {
	unsigned line;
	const char *key; /* of the user, for complaints */
	struct view address, site, policy;
	struct view groups[USER_GROUPS_MAX];
	uint32_t group_count;
};

struct membership {
	uint32_t user, group;
};

/* What there is while users come in, in no order yet. */
struct people {
	struct building *b;
	struct user_index index;
	uint32_t user_cap;
	struct membership *memberships;
	uint32_t membership_count, membership_cap;
};

static const struct schema_list *list_of_users(const struct building *b, enum user_source source)
{
	return source == USER_OF_DOCUMENT ? &b->draft->users : &b->people[source].users;
}

static const struct schema_list *list_of_groups(const struct building *b, enum user_source source)
{
	return source == USER_OF_DOCUMENT ? &b->draft->groups : &b->people[source].groups;
}

/* --- groups --- */

static void add_group(
	struct building *b, const struct origin *origin, const struct draft_group *from, uint32_t i)
{
	struct policies *out = b->out;
	char where[BUILD_KEY_BYTES];

	snprintf(where, sizeof(where), "groups[%u].policy", i);
	if (from->name.ok)
		out->groups[out->group_count++] =
			(struct group){build_text(b, from->name.text), from->line,
				policy_of_scalar(b, origin, &from->policy, where), origin->source};
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a;
	const struct group *y = b;
	int order = strcmp(x->name, y->name);

	if (order || x->source != y->source)
		return order ? order : (int)x->source - (int)y->source;
	return (x->line > y->line) - (x->line < y->line);
}

void build_groups(struct building *b)
{
	struct policies *out = b->out;
	size_t most = 0;

	for (int source = 0; source < USER_SOURCES; source++)
		most += list_of_groups(b, (enum user_source)source)->count;
	out->groups = build_array(b, most, sizeof(*out->groups));
	for (int source = 0; source < USER_SOURCES; source++) {
		const struct schema_list *list = list_of_groups(b, (enum user_source)source);
		struct origin origin = origin_of(b, (enum user_source)source);

		for (uint32_t i = 0; i < list->count && !b->failed; i++)
			add_group(b, &origin, (const struct draft_group *)list->items + i, i);
	}
	if (b->failed)
		return;
	if (out->group_count > 0)
		qsort(out->groups, out->group_count, sizeof(*out->groups), compare_groups);
	for (uint32_t i = 1; i < out->group_count; i++) {
		const struct group *group = &out->groups[i];
		struct origin origin = origin_of(b, group->source);

		if (strcmp(group->name, group[-1].name) == 0)
			build_complain(b, &origin, group->line, "groups[].name",
				"'%s' is there twice, first in %s%sline %u: keep one", group->name,
				group[-1].source ? out->sources[group[-1].source] : "",
				group[-1].source ? ", " : "", group[-1].line);
	}
}

/* --- one user --- */

static bool grow(struct building *b, void **array, uint32_t *cap, uint32_t count, size_t each)
{
	uint32_t wider = *cap ? *cap * 2 : 256;
	void *grown;

	if (count < *cap)
		return true;
	grown = realloc(*array, wider * each);
	if (!grown) {
		b->failed = true;
		return false;
	}
	*array = grown;
	*cap = wider;
	return true;
}

/* A user that is not there yet; the address is prepared. USER_NONE without memory. */
static uint32_t user_new(
	struct people *p, const struct origin *origin, unsigned line, struct view address)
{
	struct policies *out = p->b->out;
	uint32_t i = out->user_count;
	void *users = out->users;

	if (!grow(p->b, &users, &p->user_cap, i, sizeof(*out->users)))
		return USER_NONE;
	out->users = users;
	out->users[i] = (struct user){.address = string_pool_keep(&out->strings, address),
		.site = USER_NONE,
		.policy = USER_NONE,
		.group = USER_NONE,
		.line = line,
		.source = origin->source};
	if (!out->users[i].address || user_index_put(&p->index, out->users, i) != 0) {
		p->b->failed = true;
		return USER_NONE;
	}
	out->user_count++;
	return i;
}

static void join(struct people *p, uint32_t user, uint32_t group)
{
	void *memberships = p->memberships;

	if (!grow(p->b, &memberships, &p->membership_cap, p->membership_count,
		    sizeof(*p->memberships)))
		return;
	p->memberships = memberships;
	p->memberships[p->membership_count++] = (struct membership){user, group};
}

static void complain_name(struct people *p, const struct origin *origin, const struct said *said,
	const char *key, struct view name, const char *things, const char *near)
{
	char where[BUILD_KEY_BYTES];

	snprintf(where, sizeof(where), "%s%s%s", said->key, said->key[0] ? "." : "", key);
	complain_none_of(p->b, origin, said->line, where, name, things, near);
}

static void user_add(struct people *p, const struct origin *origin, const struct said *said)
{
	struct policies *out = p->b->out;
	uint32_t i = user_index_find(&p->index, out->users, said->address);
	struct user *user;

	if (i != USER_NONE) {
		build_complain(p->b, origin, said->line, said->key,
			"'%s' is there twice, first in %s%sline %u: keep one",
			out->users[i].address,
			out->users[i].source ? out->sources[out->users[i].source] : "",
			out->users[i].source ? ", " : "", out->users[i].line);
		return;
	}
	if (!check_local(p->b, origin, said->line, said->key, user_domain(said->address)))
		return;
	i = user_new(p, origin, said->line, said->address);
	if (i == USER_NONE)
		return;
	user = &out->users[i];
	if (said->site.len > 0) {
		user->site =
			named_find(out->sites, out->site_count, sizeof(*out->sites), said->site);
		if (user->site == USER_NONE)
			complain_name(p, origin, said, "site", said->site, "sites",
				named_near(p->b, out->sites, out->site_count, sizeof(*out->sites),
					said->site));
	}
	if (said->policy.len > 0) {
		user->policy = policy_find(out, said->policy);
		if (user->policy == USER_NONE)
			complain_name(p, origin, said, "policy", said->policy, "policies",
				policy_near(p->b, said->policy));
	}
	for (uint32_t k = 0; k < said->group_count; k++) {
		uint32_t group = named_find(
			out->groups, out->group_count, sizeof(*out->groups), said->groups[k]);

		if (group == USER_NONE)
			complain_name(p, origin, said, "groups", said->groups[k], "groups",
				named_near(p->b, out->groups, out->group_count,
					sizeof(*out->groups), said->groups[k]));
		else
			join(p, i, group);
	}
}

/* --- from a list in the document or in JSON --- */

static struct view text_of(const struct scalar *scalar)
{
	return scalar->ok ? view_of(scalar->text) : (struct view){0};
}

static void add_listed(struct people *p, enum user_source source)
{
	const struct schema_list *list = list_of_users(p->b, source);
	struct origin origin = origin_of(p->b, source);

	for (uint32_t i = 0; i < list->count && !p->b->failed; i++) {
		const struct draft_user *from = (const struct draft_user *)list->items + i;
		char where[BUILD_KEY_BYTES / 2];
		struct said said = {.line = from->line, .key = where};

		if (!from->address.ok)
			continue;
		snprintf(where, sizeof(where), "users[%u]", i);
		said.address = text_of(&from->address);
		said.site = text_of(&from->site);
		said.policy = text_of(&from->policy);
		for (uint32_t k = 0; k < from->groups.count; k++)
			if (draft_scalar(&from->groups, k)->ok)
				said.groups[said.group_count++] =
					text_of(draft_scalar(&from->groups, k));
		user_add(p, &origin, &said);
	}
}

/* --- from comma-separated values --- */

enum column { COLUMN_ADDRESS, COLUMN_SITE, COLUMN_POLICY, COLUMN_GROUPS, COLUMNS };

static const char *const column_names[] = {"address", "site", "policy", "groups", NULL};

static bool split_groups(struct said *said, struct view text)
{
	while (text.len > 0) {
		uint32_t len = 0;

		while (len < text.len && text.p[len] != ' ' && text.p[len] != ';')
			len++;
		if (len > 0 && said->group_count == USER_GROUPS_MAX)
			return false;
		if (len > 0)
			said->groups[said->group_count++] = view_sub(text, 0, len);
		text = view_sub(text, len + 1, UINT32_MAX);
	}
	return true;
}

static void add_record(struct people *p, const struct origin *origin,
	const struct csv_columns *columns, const struct csv *csv)
{
	char address[USER_ADDRESS_BYTES];
	struct said said = {.line = csv->line, .key = ""};
	struct view field = csv_field(csv, columns, COLUMN_ADDRESS);
	struct quoted quoted;
	struct fault fault;

	if (user_address_parse(field, address, &fault) != PARSE_DONE) {
		build_complain(p->b, origin, csv->line, "address",
			"'%s' is not the address of a user: write it like alice@corp.example",
			quote(field, &quoted));
		return;
	}
	said.address = view_of(address);
	said.site = csv_field(csv, columns, COLUMN_SITE);
	said.policy = csv_field(csv, columns, COLUMN_POLICY);
	if (!split_groups(&said, csv_field(csv, columns, COLUMN_GROUPS)))
		build_complain(
			p->b, origin, csv->line, "groups", "more than %d groups", USER_GROUPS_MAX);
	else
		user_add(p, origin, &said);
}

static void add_csv(struct people *p, enum user_source source)
{
	struct origin origin = origin_of(p->b, source);
	struct csv_columns columns;
	struct fault fault = {0};
	enum parse parse;
	struct csv csv;

	if (p->b->bytes[source].len == 0)
		return;
	csv_begin(&csv, p->b->bytes[source]);
	parse = csv_header(&csv, column_names, COLUMN_ADDRESS, &columns, &fault);
	while (parse == PARSE_DONE && !p->b->failed) {
		parse = csv_next(&csv, &fault);
		if (parse == PARSE_DONE)
			add_record(p, &origin, &columns, &csv);
		if (p->b->out->user_count > USERS_MAX) {
			build_complain(
				p->b, &origin, csv.line, "", "more than %d users", USERS_MAX);
			return;
		}
	}
	if (parse == PARSE_BAD)
		complain_csv(p->b, &origin, &csv, column_names, &fault);
}

/* --- members that groups name --- */

static void add_members(struct people *p, enum user_source source)
{
	const struct schema_list *list = list_of_groups(p->b, source);
	struct origin origin = origin_of(p->b, source);
	struct policies *out = p->b->out;

	for (uint32_t i = 0; i < list->count; i++) {
		const struct draft_group *from = (const struct draft_group *)list->items + i;
		uint32_t group = from->name.ok
					 ? named_find(out->groups, out->group_count,
						   sizeof(*out->groups), view_of(from->name.text))
					 : USER_NONE;

		for (uint32_t k = 0; k < from->members.count && group != USER_NONE && !p->b->failed;
			k++) {
			const struct scalar *member = draft_scalar(&from->members, k);
			struct view address = text_of(member);
			char where[BUILD_KEY_BYTES];
			uint32_t user;

			if (!member->ok)
				continue;
			snprintf(where, sizeof(where), "groups[%u].members[%u]", i, k);
			user = user_index_find(&p->index, out->users, address);
			if (user == USER_NONE && check_local(p->b, &origin, member->line, where,
							 user_domain(address)))
				user = user_new(p, &origin, member->line, address);
			if (user != USER_NONE)
				join(p, user, group);
		}
	}
}

/* --- in order --- */

static int compare_users(const void *a, const void *b)
{
	return strcmp(((const struct user *)a)->address, ((const struct user *)b)->address);
}

static int compare_memberships(const void *a, const void *b)
{
	const struct membership *x = a;
	const struct membership *y = b;

	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	return x->group < y->group ? -1 : x->group > y->group;
}

/* By address; memberships follow their users, each one once. */
static void sort_people(struct people *p)
{
	struct policies *out = p->b->out;
	uint32_t *moved = build_array(p->b, out->user_count, sizeof(*moved));

	out->memberships = build_array(p->b, p->membership_count, sizeof(*out->memberships));
	if (!p->b->failed && out->user_count > 0) {
		for (uint32_t i = 0; i < out->user_count; i++)
			out->users[i].groups = i;
		qsort(out->users, out->user_count, sizeof(*out->users), compare_users);
		for (uint32_t i = 0; i < out->user_count; i++)
			moved[out->users[i].groups] = i;
		for (uint32_t i = 0; i < p->membership_count; i++)
			p->memberships[i].user = moved[p->memberships[i].user];
	}
	if (!p->b->failed && p->membership_count > 0)
		qsort(p->memberships, p->membership_count, sizeof(*p->memberships),
			compare_memberships);
	for (uint32_t i = 0; i < p->membership_count && !p->b->failed; i++) {
		struct user *user = &out->users[p->memberships[i].user];

		if (i > 0 && compare_memberships(&p->memberships[i], &p->memberships[i - 1]) == 0)
			continue;
		if (user->group_count++ == 0)
			user->groups = out->membership_count;
		out->memberships[out->membership_count++] = p->memberships[i].group;
	}
	free(moved);
}

/* Who has no policy of its own has that of its groups, which must agree. */
static void choose_policies(struct building *b)
{
	struct policies *out = b->out;

	for (uint32_t i = 0; i < out->user_count; i++) {
		struct user *user = &out->users[i];
		struct origin origin = origin_of(b, (enum user_source)user->source);

		if (user->group_count == 0)
			user->groups = 0;
		if (user->policy != POLICY_INDEX_NONE)
			continue;
		for (uint32_t k = 0; k < user->group_count; k++) {
			uint32_t at = out->memberships[user->groups + k];
			const struct group *group = &out->groups[at];

			if (group->policy == POLICY_INDEX_NONE || group->policy == user->policy)
				continue;
			if (user->policy != POLICY_INDEX_NONE) {
				build_complain(b, &origin, user->line, "users",
					"'%s' is in the groups %s and %s, which have different "
					"policies: give the user a policy",
					user->address, out->groups[user->group].name, group->name);
				break;
			}
			user->policy = group->policy;
			user->group = at;
		}
	}
}

void build_users(struct building *b)
{
	struct people people = {.b = b};
	struct siphash_key key;

	if (siphash_key_random(&key)) {
		b->failed = true;
		return;
	}
	user_index_init(&people.index, key);
	for (int source = 0; source < USER_SOURCES && !b->failed; source++) {
		add_listed(&people, (enum user_source)source);
		add_csv(&people, (enum user_source)source);
	}
	for (int source = 0; source < USER_SOURCES && !b->failed; source++)
		add_members(&people, (enum user_source)source);
	if (!b->failed)
		sort_people(&people);
	if (!b->failed)
		choose_policies(b);
	user_index_free(&people.index);
	free(people.memberships);
}
