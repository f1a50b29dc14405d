/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules while the daemon runs. */
#include "control/rulebook.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "control/change.h"
#include "control/counters.h"
#include "control/proposal.h"
#include "control/workshop.h"
#include "dataplane/channel/sealed.h"
#include "rules/base/log.h"

enum { PRINT_BYTES_MAX = 64 * 1024 * 1024, DIGEST_SHOWN = 16, DATE_BYTES = 32 };

/* What the dataplane's answers come back to: they may outlive the rulebook. */
struct ticket {
	struct rulebook *book; /* NULL: it is gone */
};

struct rulebook {
	struct loop *loop;
	struct rulebook_world world;
	struct archive *archive;
	struct record record;
	struct change change;
	struct workshop *workshop;
	/* The one under way. */
	struct proposal proposal;
	struct generation *generation;           /* made of it, once it is decided */
	struct ticket *ticket;                   /* with the dataplane, or for it; NULL: none */
	struct mono compiled, prepared, written; /* when these steps ended */
	rulebook_answer_h *handler;
	void *handler_arg;
};

/* --- steps --- */

static const char *failure_of(const struct rulebook *book)
{
	return book->proposal.why.len > 0 ? book->proposal.why.p : NULL;
}

static void compile_work(void *arg)
{
	struct rulebook *book = arg;

	proposal_compile(&book->proposal);
}

static void compile_done(void *arg)
{
	struct rulebook *book = arg;

	change_compiled(&book->change, failure_of(book), loop_now(book->loop));
}

static void step_compile(void *arg)
{
	struct rulebook *book = arg;
	int rc = workshop_run(book->workshop, compile_work, compile_done, book);

	if (rc < 0)
		change_compiled(&book->change, strerror(-rc), loop_now(book->loop));
}

/* The rulebook, unless it is gone; the ticket is used up. */
static struct rulebook *ticket_take(struct ticket *ticket)
{
	struct rulebook *book = ticket->book;

	if (book)
		book->ticket = NULL;
	free(ticket);
	return book;
}

static struct ticket *ticket_make(struct rulebook *book)
{
	book->ticket = malloc(sizeof(*book->ticket));
	if (book->ticket)
		book->ticket->book = book;
	return book->ticket;
}

static void dataplane_prepared(void *arg, int error, const char *words)
{
	struct rulebook *book = ticket_take(arg);

	if (book)
		change_prepared(&book->change, error, words, loop_now(book->loop));
}

static void step_prepare(void *arg)
{
	struct rulebook *book = arg;
	struct filter_client *filter = book->world.filter(book->world.arg);
	struct ticket *ticket = filter ? ticket_make(book) : NULL;

	book->compiled = loop_now(book->loop);
	if (!ticket)
		change_prepared(
			&book->change, filter ? -ENOMEM : -ENOTCONN, NULL, loop_now(book->loop));
	else
		filter_client_prepare(filter, &book->proposal.table, dataplane_prepared, ticket);
}

static void step_abandon(void *arg)
{
	struct rulebook *book = arg;
	struct filter_client *filter = book->world.filter(book->world.arg);

	if (filter)
		filter_client_abandon(filter);
	/* Of a question that was forgotten nobody hears. */
	free(book->ticket);
	book->ticket = NULL;
}

static void write_work(void *arg)
{
	struct rulebook *book = arg;

	proposal_write(&book->proposal);
}

static void write_done(void *arg)
{
	struct rulebook *book = arg;

	change_written(&book->change, failure_of(book));
}

static void step_write(void *arg)
{
	struct rulebook *book = arg;
	int rc;

	book->prepared = loop_now(book->loop);
	/* While there still is a way back: after the decision there must be no want of memory. */
	if (ticket_make(book))
		book->generation = generation_new(book->proposal.rules, book->proposal.tls);
	if (!book->generation) {
		change_written(&book->change, "out of memory; nothing was changed");
		return;
	}
	/* The work needs neither. */
	book->proposal.rules = NULL;
	book->proposal.tls = NULL;
	rc = workshop_run(book->workshop, write_work, write_done, book);
	if (rc < 0)
		change_written(&book->change, strerror(-rc));
}

static void dataplane_committed(void *arg, int error, const char *words)
{
	struct rulebook *book = ticket_take(arg);

	if (book)
		change_committed(&book->change, error, words);
}

static void step_commit(void *arg)
{
	struct rulebook *book = arg;
	const struct proposal *p = &book->proposal;
	struct filter_client *filter = book->world.filter(book->world.arg);

	book->written = loop_now(book->loop);
	book->record = p->record;
	if (archive_took(book->archive, &p->record, &p->current) < 0)
		log_warning("rules: out of memory; generation %" PRIu64
			    " can be rolled back to after a restart only",
			p->record.generation);
	filter_client_commit(filter, book->generation, dataplane_committed, book->ticket);
}

static void step_adopt(void *arg)
{
	struct rulebook *book = arg;

	book->world.adopt(book->world.arg, book->generation);
}

/* --- the end --- */

static void digest_show(const struct record *record, char out[static DIGEST_SHOWN + 1])
{
	snprintf(out, DIGEST_SHOWN + 1, "%.*s", DIGEST_SHOWN, record->digest);
}

static json_t *answer_make(const struct rulebook *book, const char *note)
{
	const struct proposal *p = &book->proposal;
	char digest[DIGEST_SHOWN + 1];
	char notes[CHANGE_WORDS_BYTES * 2];

	digest_show(&p->record, digest);
	snprintf(notes, sizeof(notes), "%s%s%s", note ? note : "",
		note && p->kept_authorities ? "; " : "",
		p->kept_authorities
			? "the CA file cannot be read any more, so the authorities that "
			  "were read before hold on"
			: "");
	return json_pack("{s:I, s:s, s:s, s:i, s:i, s:i, s:s*}", "generation",
		(json_int_t)p->record.generation, "digest", digest, "file", p->record.origin,
		"added", (int)p->partners.added, "removed", (int)p->partners.removed, "changed",
		(int)p->partners.changed, "note", notes[0] ? notes : NULL);
}

static void log_end(const struct rulebook *book, const char *error, const char *note)
{
	const struct change_asker *asker = &book->change.asker;
	const struct proposal *p = &book->proposal;
	struct mono now = loop_now(book->loop);
	char digest[DIGEST_SHOWN + 1];

	if (error) {
		counter_add("rules.refused", asker->what, 1);
		log_warning("rules: %s of %s by uid %u, pid %d refused: %s", asker->what,
			asker->file, (unsigned)asker->uid, (int)asker->pid, error);
		return;
	}
	counter_add("rules.changed", asker->what, 1);
	digest_show(&p->record, digest);
	log_info("rules: %s of %s by uid %u, pid %d: generation %" PRIu64
		 ", digest %s, partners: %u added, %u removed, %u changed; in force after %" PRIu64
		 " ms (compiled %" PRIu64 ", prepared %" PRIu64 ", written %" PRIu64
		 ", committed %" PRIu64 ")",
		asker->what, p->record.origin, (unsigned)asker->uid, (int)asker->pid,
		p->record.generation, digest, p->partners.added, p->partners.removed,
		p->partners.changed, mono_since_ms(now, book->change.since),
		mono_since_ms(book->compiled, book->change.since),
		mono_since_ms(book->prepared, book->compiled),
		mono_since_ms(book->written, book->prepared), mono_since_ms(now, book->written));
	if (note)
		log_warning("rules: generation %" PRIu64 ": %s", p->record.generation, note);
}

/* What the change held, whether it came to its end or not. */
static void proposal_end(struct rulebook *book)
{
	generation_drop(book->generation);
	book->generation = NULL;
	generation_drop(book->proposal.before);
	proposal_free(&book->proposal);
	proposal_init(&book->proposal);
}

static void step_finish(void *arg, const char *error, const char *note)
{
	struct rulebook *book = arg;
	rulebook_answer_h *handler = book->handler;
	void *handler_arg = book->handler_arg;
	json_t *answer = error ? NULL : answer_make(book, note);
	/* It may be the proposal's own. */
	char *words = error ? strdup(error) : NULL;

	log_end(book, error, note);
	proposal_end(book);
	book->handler = NULL;
	handler(handler_arg, error && !words ? "out of memory" : words, answer);
	free(words);
}

/* --- the beginning --- */

/* What must be so before anybody works. Words why not, or NULL. */
static const char *wish_check(struct rulebook *book, const struct rulebook_wish *wish)
{
	struct proposal *p = &book->proposal;
	const struct record *target = NULL;

	if (!book->archive)
		return "the control plane runs without --state: it would forget them";
	if (wish->what == RECORD_CERTIFICATES)
		target = &book->record;
	else if (wish->what == RECORD_ROLLBACK)
		target = archive_find(book->archive, book->record.back);
	if (wish->what == RECORD_ROLLBACK && !target)
		return "no earlier rules are kept";
	if (target && target->generation != wish->generation)
		return "other rules came into force meanwhile; say it again";
	if (target)
		p->target = *target;
	return NULL;
}

static const char *bundle_take(
	struct proposal *p, const struct rulebook_wish *wish, char *words, size_t words_bytes)
{
	struct fault fault;
	int rc = sealed_map(wish->fd, wish->bytes, BUNDLE_BYTES_MAX, &p->block);

	if (rc < 0)
		snprintf(words, words_bytes, "what was sent along cannot be used: %s",
			rc == -EPERM ? "it is not sealed" : strerror(-rc));
	else if (bundle_open(p->block, &p->bundle, &fault) != PARSE_DONE)
		snprintf(words, words_bytes, "what was sent along is damaged: %s at %u",
			fault.cause, fault.offset_bytes);
	else
		return NULL;
	return words;
}

static void proposal_fill(struct rulebook *book, const struct rulebook_wish *wish)
{
	struct proposal *p = &book->proposal;

	p->what = wish->what;
	p->uid = wish->uid;
	p->now = book->world.wall();
	p->state_directory = book->world.state_directory;
	p->archive_directory = archive_directory(book->archive);
	p->ca_file = book->world.ca_file;
	p->rules_path = book->world.rules_path;
	p->before = generation_hold(book->world.generation(book->world.arg));
	p->base = book->record;
	p->seen = *archive_seen(book->archive);
}

static void asker_fill(
	const struct rulebook *book, const struct rulebook_wish *wish, struct change_asker *asker)
{
	struct view origin = book->proposal.bundle.origin;
	uint32_t from = origin.len < sizeof(asker->file) ? 0 : origin.len + 1 - sizeof(asker->file);

	*asker = (struct change_asker){
		.what = record_what_name(wish->what), .uid = wish->uid, .pid = wish->pid};
	/* Not from within a character. */
	while (from > 0 && from < origin.len && (origin.p[from] & 0xc0) == 0x80)
		from++;
	(void)view_copy(view_sub(origin, from, UINT32_MAX), asker->file, sizeof(asker->file));
}

static void refuse(struct rulebook *book, const struct rulebook_wish *wish, const char *error,
	rulebook_answer_h *handler, void *arg)
{
	counter_add("rules.refused", record_what_name(wish->what), 1);
	log_warning("rules: %s by uid %u, pid %d refused: %s", record_what_name(wish->what),
		(unsigned)wish->uid, (int)wish->pid, error);
	handler(arg, error, NULL);
}

void rulebook_change(struct rulebook *book, const struct rulebook_wish *wish,
	rulebook_answer_h *handler, void *arg)
{
	struct filter_client *filter = book->world.filter(book->world.arg);
	struct change_asker asker;
	char busy[CHANGE_WORDS_BYTES];
	char words[CHANGE_WORDS_BYTES + 8];
	const char *error = words;

	/* The proposal is that of the change under way. */
	if (change_says(&book->change, loop_now(book->loop), busy, sizeof(busy))) {
		snprintf(words, sizeof(words), "busy: %s", busy);
		refuse(book, wish, words, handler, arg);
		return;
	}
	error = wish_check(book, wish);
	if (!error)
		error = bundle_take(&book->proposal, wish, words, sizeof(words));
	if (!error) {
		proposal_fill(book, wish);
		asker_fill(book, wish, &asker);
		book->handler = handler;
		book->handler_arg = arg;
		if (change_begin(&book->change, &asker, filter && filter_client_ready(filter),
			    loop_now(book->loop), words, sizeof(words)))
			return;
		error = words;
	}
	proposal_end(book);
	refuse(book, wish, error, handler, arg);
}

/* --- what there is to see --- */

static void moment_print(int64_t at_s, char out[static DATE_BYTES])
{
	time_t at = (time_t)at_s;
	struct tm utc;

	out[0] = '\0';
	if (gmtime_r(&at, &utc))
		strftime(out, DATE_BYTES, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

json_t *rulebook_head(const struct rulebook *book)
{
	const struct ruleset *rules = book->world.generation(book->world.arg)->rules;
	const struct record *record = &book->record;
	char digest[DIGEST_SHOWN + 1];
	char since[DATE_BYTES];
	char change[CHANGE_WORDS_BYTES];
	bool busy = change_says(&book->change, loop_now(book->loop), change, sizeof(change));

	digest_show(record, digest);
	moment_print(record->at_s, since);
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:i, s:i, s:i, s:i, s:s}", "generation",
		(json_int_t)record->generation, "digest", digest, "file", record->origin, "since",
		since, "by", record_what_name(record->what), "uid", (json_int_t)record->uid,
		"local_domains", (int)rules->local_count, "partners",
		(int)ruleset_named_partners(rules), "blocked_domains",
		(int)rules->blocked_domain_count, "blocked_prefixes",
		(int)rules->blocked_prefix_count, "change", busy ? change : "none");
}

json_t *rulebook_rows(const struct rulebook *book)
{
	json_t *rows = json_array();
	const struct record *record;

	for (uint32_t i = 0; book->archive && (record = archive_at(book->archive, i)); i++) {
		bool current = record->generation == book->record.generation;
		bool back = record->generation == book->record.back;
		char digest[DIGEST_SHOWN + 1];
		char since[DATE_BYTES];

		digest_show(record, digest);
		moment_print(record->at_s, since);
		json_array_insert_new(rows, 0,
			json_pack("{s:I, s:s, s:s, s:I, s:s, s:s, s:s}", "generation",
				(json_int_t)record->generation, "since", since, "by",
				record_what_name(record->what), "uid", (json_int_t)record->uid,
				"digest", digest, "file", record->origin, "state",
				current ? "in force"
				: back  ? "rollback goes here"
					: ""));
	}
	return rows;
}

static int document_print(const struct rulebook *book, struct text *out, char *why, size_t bytes)
{
	text_init(out, PRINT_BYTES_MAX);
	ruleset_print(book->world.generation(book->world.arg)->rules, out);
	if (!out->failed)
		return 0;
	snprintf(why, bytes, "out of memory");
	return -ENOMEM;
}

int rulebook_document(const struct rulebook *book, enum rulebook_document which, struct text *out,
	struct record *record, char *why, size_t why_bytes)
{
	const struct record *kept;

	*out = (struct text){0};
	*record = book->record;
	if (which == RULEBOOK_PRINTED)
		return document_print(book, out, why, why_bytes);
	if (!book->archive) {
		snprintf(why, why_bytes,
			"the control plane runs without --state: it keeps no documents");
		return -ENOENT;
	}
	kept = archive_find(book->archive,
		which == RULEBOOK_BACK ? book->record.back : book->record.generation);
	if (!kept) {
		snprintf(why, why_bytes, "no earlier rules are kept");
		return -ENOENT;
	}
	*record = *kept;
	return archive_document(book->archive, kept, out, why, why_bytes);
}

/* --- life --- */

struct rulebook *rulebook_new(struct loop *loop, const struct rulebook_world *world,
	struct archive *archive, const struct record *record)
{
	struct rulebook *book = calloc(1, sizeof(*book));
	const struct change_steps steps = {
		.arg = book,
		.compile = step_compile,
		.prepare = step_prepare,
		.write = step_write,
		.commit = step_commit,
		.abandon = step_abandon,
		.adopt = step_adopt,
		.finish = step_finish,
	};

	if (book)
		book->workshop = workshop_new(loop);
	if (!book || !book->workshop) {
		free(book);
		archive_free(archive);
		return NULL;
	}
	book->loop = loop;
	book->world = *world;
	book->archive = archive;
	book->record = *record;
	change_init(&book->change, &steps);
	proposal_init(&book->proposal);
	return book;
}

/* The loop will not come to it any more. */
static void change_break(struct rulebook *book)
{
	bool decided = book->change.phase == CHANGE_COMMITTING ||
		       (book->change.phase == CHANGE_WRITING && !failure_of(book));
	const char *words =
		decided ? "the control plane is stopping; its next start serves these rules"
			: "the control plane is stopping; nothing was changed";

	if (book->change.phase == CHANGE_IDLE)
		return;
	log_warning("rules: %s of %s: %s", book->change.asker.what, book->change.asker.file, words);
	/* The dataplane brings its ticket back in any case. */
	if (book->change.phase == CHANGE_WRITING)
		free(book->ticket);
	else if (book->ticket)
		book->ticket->book = NULL;
	book->handler(book->handler_arg, words, NULL);
}

void rulebook_free(struct rulebook *book)
{
	if (!book)
		return;
	workshop_free(book->workshop);
	change_break(book);
	proposal_end(book);
	proposal_free(&book->proposal);
	archive_free(book->archive);
	free(book);
}
