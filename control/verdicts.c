/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane is to be told of sources, domains and connections. */
#include "control/verdicts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "control/counters.h"
#include "control/socket_address.h"
#include "control/state_file.h"
#include "rules/base/log.h"
#include "rules/base/mark.h"

enum {
	WINDOW = 16, /* questions under way: few enough for the socket's buffer */
	QUEUE_MAX = 16384,
	REFRESH_MS =
		60000, /* how much longer a block may last because the machine was started anew */
	PATH_BYTES = 4096,
};

/* One question, and whom its answer is for. */
struct wish {
	STAILQ_ENTRY(wish) next;
	struct verdicts *verdicts;
	json_t *question;
	verdict_done_h *done; /* NULL: nobody waits */
	void *arg;
	struct operator_block block; /* with done */
	bool ends;
};

struct verdicts {
	struct loop *loop;
	struct generation *generation; /* in force */
	struct filter_client *filter;
	verdicts_again_h *again; /* NULL: nobody proves anything */
	void *again_arg;
	uint32_t only; /* while it runs: what is said of other partners is known; or PARTNER_NONE */
	struct view only_domain; /* likewise: of other domains; or empty */
	struct timer *timer;     /* writes the file again while there are blocks */
	struct blocks blocks;
	char path[PATH_BYTES]; /* "": nothing is kept */
	char boot_id[BLOCKS_BOOT_BYTES];
	STAILQ_HEAD(, wish) queue;
	uint32_t queued;
	uint32_t under_way;
};

/* --- the file --- */

static void boot_id_read(char out[static BLOCKS_BOOT_BYTES])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	/* Without one every start counts as a boot: blocks last a little longer. */
	if (!file || !fgets(out, BLOCKS_BOOT_BYTES, file))
		snprintf(out, BLOCKS_BOOT_BYTES, "%lld", (long long)wall_now().s);
	if (file)
		fclose(file);
}

static void blocks_load(struct verdicts *v)
{
	struct fault fault;
	struct text text;
	int rc = state_file_read(v->path, &text);

	if (rc < 0)
		log_warning("%s: %s; the blocks in it are not in force", v->path, strerror(-rc));
	else if (text.len > 0 && blocks_parse(text_view(&text), v->boot_id, loop_now(v->loop),
					 &v->blocks, &fault) != PARSE_DONE)
		log_warning("%s: %s at byte %u; the blocks in it are not in force", v->path,
			fault.cause, fault.offset_bytes);
	else if (v->blocks.count > 0)
		log_info("%s: %u blocks go on", v->path, v->blocks.count);
	text_free(&text);
}

static int blocks_save(struct verdicts *v)
{
	struct mono now = loop_now(v->loop);
	struct text text;
	int rc;

	blocks_expire(&v->blocks, now);
	if (v->blocks.count > 0)
		timer_set_ms(v->timer, REFRESH_MS);
	if (!v->path[0])
		return -ENOENT;
	text_init(&text, BLOCKS_FILE_BYTES_MAX);
	blocks_print(&v->blocks, v->boot_id, now, &text);
	rc = text.failed ? -ENOMEM : state_file_replace(v->path, text_view(&text));
	text_free(&text);
	return rc;
}

void verdicts_on_block(struct verdicts *v, verdicts_again_h *again, void *arg)
{
	v->again = again;
	v->again_arg = arg;
}

static void refresh(void *arg)
{
	blocks_save(arg);
}

struct verdicts *verdicts_new(
	struct loop *loop, struct generation *generation, const char *directory)
{
	struct verdicts *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->loop = loop;
	STAILQ_INIT(&v->queue);
	v->timer = timer_new(loop, refresh, v);
	if (!v->timer) {
		free(v);
		return NULL;
	}
	v->generation = generation_hold(generation);
	boot_id_read(v->boot_id);
	if (directory && strlen(directory) + sizeof("/blocks") <= sizeof(v->path)) {
		snprintf(v->path, sizeof(v->path), "%s/blocks", directory);
		blocks_load(v);
	}
	if (v->blocks.count > 0)
		timer_set_ms(v->timer, REFRESH_MS);
	return v;
}

static void wish_free(struct wish *wish)
{
	json_decref(wish->question);
	free(wish);
}

void verdicts_free(struct verdicts *v)
{
	struct wish *wish;

	if (!v)
		return;
	while ((wish = STAILQ_FIRST(&v->queue))) {
		STAILQ_REMOVE_HEAD(&v->queue, next);
		if (wish->done)
			wish->done(wish->arg, "the control plane is stopping", NULL);
		wish_free(wish);
	}
	timer_free(v->timer);
	generation_drop(v->generation);
	blocks_free(&v->blocks);
	free(v);
}

void verdicts_adopt(struct verdicts *v, struct generation *generation)
{
	generation_hold(generation);
	generation_drop(v->generation);
	v->generation = generation;
}

void verdicts_connect(struct verdicts *v, struct filter_client *filter)
{
	v->filter = filter;
}

/* --- the queue --- */

static void pump(struct verdicts *v);

/* What the operator is told of a block that holds now, or will. */
static void block_done(struct wish *wish, int error, const char *words)
{
	struct verdicts *v = wish->verdicts;
	char note[160] = "";
	int rc;

	if (error && error != -ENOTCONN) {
		wish->done(wish->arg, words ? words : strerror(-error), NULL);
		return;
	}
	rc = blocks_put(&v->blocks, &wish->block);
	if (rc < 0) {
		wish->done(wish->arg,
			error ? strerror(-rc)
			      : "in force, but not remembered: there are too many blocks",
			NULL);
		return;
	}
	rc = blocks_save(v);
	if (error)
		snprintf(note, sizeof(note),
			"the dataplane is not there: in force as soon as it is");
	else if (rc < 0)
		snprintf(note, sizeof(note),
			"in force, but not over a restart of the control plane: %s",
			v->path[0] ? strerror(-rc) : "it has no --state");
	wish->done(wish->arg, NULL, note[0] ? note : NULL);
	if (!error && wish->block.is_domain && v->again)
		v->again(v->again_arg);
}

static void unblock_done(struct wish *wish, int error, const char *words)
{
	struct verdicts *v = wish->verdicts;
	bool known = blocks_find(&v->blocks, wish->block.what, wish->block.subtree);
	bool other = blocks_find(&v->blocks, wish->block.what, !wish->block.subtree);

	/* Refused: the dataplane has no such block. It may be that only we had it. */
	if (!known && other && (error == -EACCES || error == -ENOTCONN)) {
		wish->done(wish->arg,
			wish->block.subtree
				? "unblock: that name is blocked alone: leave out --subtree"
				: "unblock: that name is blocked with its subtree: "
				  "say --subtree",
			NULL);
		return;
	}
	if (error && error != -ENOTCONN && !(error == -EACCES && known)) {
		wish->done(wish->arg, words ? words : strerror(-error), NULL);
		return;
	}
	if (error == -ENOTCONN && !known) {
		wish->done(wish->arg, "unblock: there is no such block", NULL);
		return;
	}
	blocks_remove(&v->blocks, wish->block.what, wish->block.subtree);
	blocks_save(v);
	wish->done(wish->arg, NULL, NULL);
}

static void answered(void *arg, int error, const json_t *answer)
{
	struct wish *wish = arg;
	struct verdicts *v = wish->verdicts;
	const char *words = json_string_value(json_object_get(answer, "error"));

	v->under_way--;
	if (error)
		counter_add("verdicts", "failed", 1);
	if (!wish->done)
		counter_add("verdicts", "said", !error);
	else if (wish->ends)
		unblock_done(wish, error, words);
	else
		block_done(wish, error, words);
	wish_free(wish);
	pump(v);
}

static void pump(struct verdicts *v)
{
	while (v->filter && v->under_way < WINDOW && !STAILQ_EMPTY(&v->queue)) {
		struct wish *wish = STAILQ_FIRST(&v->queue);

		STAILQ_REMOVE_HEAD(&v->queue, next);
		v->queued--;
		v->under_way++;
		filter_client_ask(v->filter, json_incref(wish->question), answered, wish);
	}
}

/* Takes question. NULL: it is not said. */
static struct wish *wish_add(struct verdicts *v, json_t *question)
{
	struct wish *wish = v->queued < QUEUE_MAX ? calloc(1, sizeof(*wish)) : NULL;

	if (!wish || !question) {
		counter_add("verdicts", "not_queued", 1);
		json_decref(question);
		free(wish);
		return NULL;
	}
	wish->verdicts = v;
	wish->question = question;
	STAILQ_INSERT_TAIL(&v->queue, wish, next);
	v->queued++;
	return wish;
}

/* --- what is said --- */

/* A question about the target of a block. */
static json_t *target_question(const char *type, const struct operator_block *block)
{
	return json_pack("{s:s, s:s, s:b}", "type", type, block->is_domain ? "domain" : "source",
		block->what, "subtree", block->subtree);
}

static json_t *block_question(const struct operator_block *block, uint64_t seconds)
{
	json_t *question = target_question("block", block);

	json_object_set_new(question, "seconds", json_integer((json_int_t)seconds));
	json_object_set_new(question, "reason", json_string(block->reason));
	return question;
}

void verdicts_ready(struct verdicts *v)
{
	struct mono now = loop_now(v->loop);

	blocks_expire(&v->blocks, now);
	for (uint32_t i = 0; i < v->blocks.count; i++)
		wish_add(v, block_question(&v->blocks.list[i],
				    block_seconds_left(&v->blocks.list[i], now)));
	pump(v);
}

static bool end_read(int fd, int (*name)(int, struct sockaddr *, socklen_t *),
	struct ip_address *address, uint16_t *port, char text[static IP_TEXT_BYTES])
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);

	if (name(fd, (struct sockaddr *)&storage, &len) < 0 ||
		!socket_address_read(&storage, address, port))
		return false;
	ip_address_print(address, text);
	return true;
}

static void flow_say(
	struct verdicts *v, int fd, const char *class, uint32_t partner_id, struct view domain)
{
	char remote_text[IP_TEXT_BYTES], local_text[IP_TEXT_BYTES];
	struct ip_address remote, local;
	uint16_t remote_port, local_port;

	if ((v->only != PARTNER_NONE && v->only != partner_id) ||
		(v->only_domain.len > 0 && !view_equal(v->only_domain, domain)))
		return;
	/* It may have ended meanwhile. */
	if (!end_read(fd, getpeername, &remote, &remote_port, remote_text) ||
		!end_read(fd, getsockname, &local, &local_port, local_text))
		return;
	wish_add(v, json_pack("{s:s, s:s, s:i, s:s, s:i, s:s, s:I, s:s%}", "type", "verdict",
			    "remote", remote_text, "remote_port", (int)remote_port, "local",
			    local_text, "local_port", (int)local_port, "class", class, "partner",
			    (json_int_t)partner_id, "domain", (const char *)domain.p,
			    (size_t)domain.len));
	pump(v);
}

void verdicts_proven(struct verdicts *v, int fd, uint32_t partner_id, struct view domain)
{
	flow_say(v, fd, "verified", partner_id, domain);
}

void verdicts_suspicious(struct verdicts *v, int fd, uint32_t partner_id, struct view domain)
{
	flow_say(v, fd, "suspicious", partner_id, domain);
}

void verdicts_suspects(
	struct verdicts *v, const uint32_t *partner_ids, uint32_t count, bool suspicious, bool anew)
{
	json_t *ids = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(ids, json_integer(partner_ids[i]));
	wish_add(v, json_pack("{s:s, s:o, s:b}", "type", "suspects",
			    suspicious ? "suspicious" : "trusted", ids, "anew", anew));
	pump(v);
}

void verdicts_say_again(struct verdicts *v, uint32_t partner_id)
{
	if (!v->again)
		return;
	v->only = partner_id;
	v->again(v->again_arg);
	v->only = PARTNER_NONE;
}

void verdicts_say_again_of(struct verdicts *v, struct view domain)
{
	if (!v->again)
		return;
	v->only_domain = domain;
	v->again(v->again_arg);
	v->only_domain = view_of("");
}

/* --- operators --- */

bool verdicts_check(const struct verdicts *v, struct view what, bool subtree,
	struct operator_block *out, char *why, size_t why_bytes)
{
	const struct ruleset *rules = v->generation->rules;

	*out = (struct operator_block){0};
	if (!block_read_target(what, subtree, out, why, why_bytes))
		return false;
	for (uint32_t i = 0; out->is_domain && i < rules->local_count; i++) {
		const char *domain = rules->locals[i].domain;
		size_t len = strlen(domain);
		size_t part = strlen(out->what);

		if (len >= part && strcmp(domain + len - part, out->what) == 0 &&
			(len == part || (subtree && domain[len - part - 1] == '.'))) {
			snprintf(why, why_bytes, "%s is a domain of ours", domain);
			return false;
		}
	}
	return true;
}

static void operator_wish(struct verdicts *v, json_t *question, const struct operator_block *block,
	bool ends, verdict_done_h *done, void *arg)
{
	struct wish *wish = wish_add(v, question);

	if (!wish) {
		done(arg, "too much waits to be said to the dataplane", NULL);
		return;
	}
	wish->block = *block;
	wish->ends = ends;
	wish->done = done;
	wish->arg = arg;
	pump(v);
}

void verdicts_block(struct verdicts *v, const struct operator_block *block, uint32_t seconds,
	verdict_done_h *done, void *arg)
{
	struct operator_block timed = *block;

	timed.expires = mono_after_ms(loop_now(v->loop), (uint64_t)seconds * 1000);
	blocks_expire(&v->blocks, loop_now(v->loop));
	operator_wish(v, block_question(&timed, seconds), &timed, false, done, arg);
}

void verdicts_unblock(
	struct verdicts *v, const struct operator_block *block, verdict_done_h *done, void *arg)
{
	operator_wish(v, target_question("unblock", block), block, true, done, arg);
}

bool verdicts_blocks_domain(const struct verdicts *v, struct view domain)
{
	struct mono now = loop_now(v->loop);

	for (uint32_t i = 0; i < v->blocks.count; i++)
		if (!mono_reached(now, v->blocks.list[i].expires) &&
			block_holds_for(&v->blocks.list[i], domain))
			return true;
	return false;
}

uint32_t verdicts_count(const struct verdicts *v)
{
	return v->blocks.count;
}
