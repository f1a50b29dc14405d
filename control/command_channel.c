/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that the dataplane answers: flows, drops, hitters; and those that give it a verdict. */
#include "control/command_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/channel/channel.h"
#include "rules/base/log.h"

enum { FLOWS_LIMIT = 200, HITTERS_LIMIT = 200 };

bool waiting_end(struct waiting *w)
{
	struct connection *c = w->asking.connection;

	c->waiting--;
	if (c->fd >= 0 && c->server)
		return true;
	json_decref(w->asking.id);
	json_decref(w->state);
	connection_close(c);
	free(w);
	return false;
}

struct waiting *waiting_new(struct asking *asking)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (!w) {
		answer_error(asking, "out of memory");
		return NULL;
	}
	w->asking = *asking;
	w->asking.message = NULL;
	w->asking.packet = NULL;
	w->asking.connection->waiting++;
	return w;
}

const char *dataplane_error(int error, const json_t *answer)
{
	const char *words = json_string_value(json_object_get(answer, "error"));

	if (error == -ENOTCONN)
		return "there is no dataplane";
	return words ? words : strerror(-error);
}

/* What does not fit with our members around it comes with the next page: the tool goes on behind the
 * rows that it got. */
bool answer_page(struct asking *asking, json_t *head, json_t *rows, json_int_t total)
{
	json_t *answer = json_pack("{s:b, s:o*, s:O, s:I, s:I}", "ok", 1, "head", head, "rows",
		rows, "offset", asking->offset, "total", total);

	while (json_dumpb(answer, NULL, 0, JSON_COMPACT) > CHANNEL_PACKET_BYTES - 1024 &&
		json_array_size(rows) > 0)
		json_array_remove(rows, json_array_size(rows) - 1);
	json_decref(rows);
	return answer_send(asking, answer);
}

static void dataplane_answered(void *arg, int error, const json_t *answer)
{
	struct waiting *w = arg;

	if (!waiting_end(w))
		return;
	w->handler(&w->asking, error, answer, w->state);
	json_decref(w->state);
	free(w);
}

bool dataplane_ask(
	struct asking *asking, json_t *question, dataplane_answer_h *handler, json_t *state)
{
	const struct command_sources *from = &asking->connection->server->sources;
	struct filter_client *filter = from->filter(from->arg);
	struct waiting *w = filter ? waiting_new(asking) : NULL;

	if (!w) {
		json_decref(question);
		json_decref(state);
		return filter ? false
			      : answer_error(asking, "there is no channel to the dataplane yet");
	}
	w->handler = handler;
	w->state = state;
	filter_client_ask(filter, question, dataplane_answered, w);
	return false;
}

/* --- lists that the dataplane gives as they are --- */

/* state: {"rows": the member of the answer, "paged": it begins at asking.offset} */
static void list_answered(struct asking *asking, int error, const json_t *answer, json_t *state)
{
	json_t *rows = json_object_get(answer, json_string_value(json_object_get(state, "rows")));

	if (error)
		answer_error(asking, dataplane_error(error, answer));
	else if (!json_is_array(rows))
		answer_error(asking, "the dataplane answered something else");
	else if (json_is_true(json_object_get(state, "paged")))
		answer_page(asking, NULL, json_copy(rows),
			json_integer_value(json_object_get(answer, "total")));
	else
		answer_rows(asking, NULL, json_incref(rows));
}

/* limit 0: the dataplane gives all at once. */
static bool ask_list(struct asking *asking, json_t *question, const char *rows, json_int_t limit)
{
	if (limit > 0) {
		if (limit > asking->limit)
			limit = asking->limit > 0 ? asking->limit : 1;
		json_object_set_new(question, "offset", json_integer(asking->offset));
		json_object_set_new(question, "limit", json_integer(limit));
	}
	return dataplane_ask(asking, question, list_answered,
		json_pack("{s:s, s:b}", "rows", rows, "paged", limit > 0));
}

bool command_show_flows(struct asking *asking)
{
	return ask_list(asking, json_pack("{s:s}", "type", "flows"), "flows", FLOWS_LIMIT);
}

bool command_show_drops(struct asking *asking)
{
	return ask_list(asking, json_pack("{s:s}", "type", "drops"), "drops", 0);
}

bool command_show_hitters(struct asking *asking)
{
	json_t *question = json_pack("{s:s, s:O*}", "type", "hitters", "cause",
		json_object_get(asking->message, "cause"));

	return ask_list(asking, question, "hitters", HITTERS_LIMIT);
}

/* --- changing commands --- */

static void change_done(void *arg, const char *error, const char *note)
{
	struct waiting *w = arg;

	if (!waiting_end(w))
		return;
	if (error)
		answer_error(&w->asking, error);
	else
		answer_send(&w->asking, json_pack("{s:b, s:{s:s*}, s:[], s:i}", "ok", 1, "head",
						"note", note, "rows", "total", 0));
	free(w);
}

static struct view text_member(const json_t *message, const char *key)
{
	const json_t *value = json_object_get(message, key);

	return view_make(json_string_value(value), json_string_length(value));
}

/* Who can give verdicts, and about whom; NULL: the asker has been told why not. */
static struct verdicts *target_read(struct asking *asking, struct operator_block *block)
{
	const struct command_sources *from = &asking->connection->server->sources;
	struct verdicts *verdicts = from->verdicts ? from->verdicts(from->arg) : NULL;
	struct view target = text_member(asking->message, "target");
	const json_t *subtree = json_object_get(asking->message, "subtree");
	char why[128 + 64];
	char words[256];

	if (!verdicts) {
		answer_error(asking, "verdicts cannot be given here");
		return NULL;
	}
	if (!target.p) {
		answer_error(asking, "'target' must be a prefix or a domain");
		return NULL;
	}
	if (subtree && !json_is_boolean(subtree)) {
		answer_error(asking, "'subtree' must be true or false");
		return NULL;
	}
	if (!verdicts_check(verdicts, target, json_is_true(subtree), block, why, sizeof(why))) {
		snprintf(words, sizeof(words), "target: %s", why);
		answer_error(asking, words);
		return NULL;
	}
	return verdicts;
}

bool command_block(struct asking *asking)
{
	const json_t *seconds = json_object_get(asking->message, "seconds");
	struct connection *c = asking->connection;
	struct operator_block block;
	struct verdicts *verdicts;
	struct waiting *w;
	char words[96];

	if (!json_is_integer(seconds) || json_integer_value(seconds) < 1 ||
		json_integer_value(seconds) > BLOCKS_SECONDS_MAX) {
		snprintf(words, sizeof(words), "'seconds' must be 1 to %d", BLOCKS_SECONDS_MAX);
		return answer_error(asking, words);
	}
	verdicts = target_read(asking, &block);
	if (!verdicts)
		return false;
	if (!block_read_reason(text_member(asking->message, "reason"), &block)) {
		snprintf(words, sizeof(words), "'reason' must be one line of at most %d bytes",
			BLOCKS_REASON_BYTES - 1);
		return answer_error(asking, words);
	}
	if (verdicts_count(verdicts) >= BLOCKS_MAX) {
		snprintf(words, sizeof(words), "there are %d blocks already", BLOCKS_MAX);
		return answer_error(asking, words);
	}
	w = waiting_new(asking);
	if (!w)
		return false;
	log_info("command: block of %s%s for %lld s, asked by uid %u, pid %d", block.what,
		block.subtree ? " and all below" : "", (long long)json_integer_value(seconds),
		(unsigned)c->uid, (int)c->pid);
	verdicts_block(verdicts, &block, (uint32_t)json_integer_value(seconds), change_done, w);
	return false;
}

bool command_unblock(struct asking *asking)
{
	struct connection *c = asking->connection;
	struct operator_block block;
	struct verdicts *verdicts = target_read(asking, &block);
	struct waiting *w = verdicts ? waiting_new(asking) : NULL;

	if (!w)
		return false;
	log_info("command: end of the block of %s%s, asked by uid %u, pid %d", block.what,
		block.subtree ? " and all below" : "", (unsigned)c->uid, (int)c->pid);
	verdicts_unblock(verdicts, &block, change_done, w);
	return false;
}
