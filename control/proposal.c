/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules that somebody wants in force. */
#include "control/proposal.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/history.h"
#include "dataplane/channel/sealed.h"
#include "rules/errors.h"

enum { WORDS_BYTES = 768 };

void proposal_init(struct proposal *p)
{
	*p = (struct proposal){0};
	text_init(&p->why, PROPOSAL_WHY_BYTES);
}

void proposal_free(struct proposal *p)
{
	filter_table_free(&p->table);
	tls_store_free(p->tls);
	ruleset_free(p->rules);
	sealed_unmap(&p->block);
	text_free(&p->why);
}

/* A line with what the document is called in front. */
static void say(struct proposal *p, const char *words)
{
	text_printf(&p->why, "%s: %s", p->record.origin, words);
}

/* As many lines as an answer holds. */
static void say_errors(struct proposal *p, const struct rules_errors *errors)
{
	uint32_t left_out = errors->more;

	for (uint32_t i = 0; i < errors->count; i++) {
		struct text line;

		text_init(&line, RECORD_PATH_BYTES + 1024);
		rules_error_print(p->record.origin, &errors->list[i], &line);
		if (line.failed || p->why.len + line.len + 64 > PROPOSAL_WHY_BYTES)
			left_out++;
		else
			text_printf(&p->why, "%s%s", p->why.len > 0 ? "\n" : "", line.p);
		text_free(&line);
	}
	if (left_out > 0)
		text_printf(&p->why, "%sand %u more", p->why.len > 0 ? "\n" : "", left_out);
}

static bool file_find(void *arg, const char *name, struct view *out)
{
	const struct proposal *p = arg;

	return bundle_file(&p->bundle, view_of(name), out);
}

/* What the operator's tool was told to send again must be what we have. */
static bool is_what_was_asked_for(struct proposal *p)
{
	if (p->what != RECORD_ROLLBACK && p->what != RECORD_CERTIFICATES)
		return true;
	if (strcmp(p->record.digest, p->target.digest) == 0 &&
		strcmp(p->record.origin, p->target.origin) == 0)
		return true;
	say(p, "this is not the document of that generation");
	return false;
}

static bool compile(struct proposal *p)
{
	struct rules_errors *errors = calloc(1, sizeof(*errors));

	if (!errors) {
		say(p, "out of memory");
		return false;
	}
	p->rules = ruleset_compile(p->bundle.document, p->record.origin, errors);
	if (!p->rules)
		say_errors(p, errors);
	free(errors);
	return p->rules;
}

static bool open_certificates(struct proposal *p)
{
	struct tls_source source = {
		.ca_file = p->ca_file, .before = p->before->tls, .file = file_find, .arg = p};
	char why[WORDS_BYTES];

	p->tls = tls_store_make(p->rules, &source, why, sizeof(why));
	p->kept_authorities = source.kept_authorities;
	if (!p->tls)
		say(p, why);
	return p->tls;
}

static bool number(struct proposal *p)
{
	char why[WORDS_BYTES];

	if (history_ids(p->state_directory, p->rules, why, sizeof(why)) == 0 &&
		history_advance(p->state_directory, p->rules, p->base.generation, p->now, why,
			sizeof(why)) == 0 &&
		filter_table_make(p->rules, &p->table, why, sizeof(why)) == 0)
		return true;
	say(p, why);
	return false;
}

/* Where a rollback from here goes: to the last document that was another one. */
static uint64_t way_back(const struct proposal *p)
{
	if (p->what == RECORD_ROLLBACK)
		return p->target.back;
	if (strcmp(p->record.digest, p->base.digest) == 0 &&
		strcmp(p->record.origin, p->base.origin) == 0)
		return p->base.back;
	return p->base.generation;
}

static bool fill_record(struct proposal *p)
{
	p->record.generation = p->rules->generation;
	p->record.back = way_back(p);
	p->record.what = p->what;
	p->record.at_s = p->now.s;
	p->record.uid = p->uid;
	p->current = p->seen;
	p->current.generation = p->record.generation;
	if (p->what == RECORD_APPLY && strcmp(p->record.origin, p->rules_path) == 0) {
		memcpy(p->current.seen, p->record.digest, sizeof(p->current.seen));
		memcpy(p->current.seen_path, p->record.origin, sizeof(p->current.seen_path));
	}
	if (history_content(p->rules, &p->record.table) == 0 &&
		ruleset_diff_partners(p->before->rules, p->rules, &p->partners) == 0)
		return true;
	say(p, "out of memory");
	return false;
}

void proposal_compile(struct proposal *p)
{
	/* bundle_open has seen to its length. */
	(void)view_copy(p->bundle.origin, p->record.origin, sizeof(p->record.origin));
	record_digest(p->bundle.document, p->record.digest);
	if (is_what_was_asked_for(p) && compile(p) && open_certificates(p) && number(p))
		fill_record(p);
}

void proposal_write(struct proposal *p)
{
	char why[WORDS_BYTES];

	if (archive_write(p->archive_directory, &p->record, p->bundle.document, &p->current, why,
		    sizeof(why)) < 0)
		text_printf(&p->why, "%s; nothing was changed", why);
}
