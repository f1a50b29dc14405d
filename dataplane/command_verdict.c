/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions about verdicts: what is decided, and what holds. */
#include "dataplane/command_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "dataplane/report.h"
#include "dataplane/suspects.h"
#include "dataplane/verdict.h"
#include "rules/base/mark.h"
#include "rules/base/name.h"

enum { SUSPECTS_MAX = 1000 }; /* each way in one question */

static int refuse_rc(struct command_answer *answer, const char *type, int rc)
{
	switch (rc) {
	case -ENOSPC:
		return REFUSE(answer, "%s: too many blocks hold already", type);
	case -EAGAIN:
		return REFUSE(answer, "%s: too many verdicts wait", type);
	case -ENOENT:
		return REFUSE(answer, "%s: there is no such block", type);
	default:
		return REFUSE(answer, "%s: %s", type, strerror(-rc));
	}
}

static struct view get_text(const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	return view_make(json_string_value(value), json_string_length(value));
}

int command_answer_verdict(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	const json_t *asked = question->message;
	const char *class = json_string_value(json_object_get(asked, "class"));
	struct view domain = get_text(asked, "domain");
	struct tuple key = {.protocol = IPPROTO_TCP};
	struct ip_address remote, local;
	bool verified;
	int64_t partner;
	int rc;

	if (!command_get_address(asked, "remote", &remote) ||
		!command_get_address(asked, "local", &local) ||
		remote.family_bits != local.family_bits)
		return REFUSE(
			answer, "verdict: 'remote' and 'local' must be addresses of one family");
	if (!command_get_port(asked, "remote_port", &key.src_port) ||
		!command_get_port(asked, "local_port", &key.dst_port))
		return REFUSE(answer, "verdict: 'remote_port' and 'local_port' must be 1 to 65535");
	verified = class && strcmp(class, "verified") == 0;
	if (!verified && (!class || strcmp(class, "suspicious") != 0))
		return REFUSE(answer, "verdict: 'class' must be verified or suspicious");
	if (!command_get_integer(asked, "partner", 0, PARTNER_ID_MAX, &partner) ||
		(verified && partner == PARTNER_NONE && domain.len == 0))
		return REFUSE(answer,
			"verdict: 'partner' must be 1 to %d, or 0 for suspicious or with 'domain'",
			PARTNER_ID_MAX);
	if (domain.p && !name_is_canonical(domain))
		return REFUSE(
			answer, "verdict: 'domain' must be a name in A-labels and lower case");
	key.family = remote.family_bits == 32 ? TUPLE_IPV4 : TUPLE_IPV6;
	memcpy(key.src, remote.bytes, sizeof(key.src));
	memcpy(key.dst, local.bytes, sizeof(key.dst));
	rc = verdict_say_flow(&key,
		mark_make(verified ? CLASS_VERIFIED : CLASS_SUSPICIOUS, (uint32_t)partner), domain,
		mono_now());
	return rc < 0 ? refuse_rc(answer, "verdict", rc) : 0;
}

static int get_target(const json_t *asked, const char *type, struct block_target *out,
	struct command_answer *answer)
{
	struct view source = get_text(asked, "source");
	struct view domain = get_text(asked, "domain");
	const json_t *subtree = json_object_get(asked, "subtree");
	struct prefix prefix;

	if ((source.p != NULL) == (domain.p != NULL))
		return REFUSE(answer, "%s: one of 'source' and 'domain' must be there", type);
	if (subtree && (!json_is_boolean(subtree) || (source.p && json_is_true(subtree))))
		return REFUSE(answer, "%s: 'subtree' must be true or false, and goes with 'domain'",
			type);
	if (domain.p && (!name_is_canonical(domain) ||
				!block_target_name(domain, json_is_true(subtree), out)))
		return REFUSE(
			answer, "%s: 'domain' must be a name in A-labels and lower case", type);
	if (source.p && !prefix_parse(source, &prefix))
		return REFUSE(answer, "%s: 'source' must be a prefix without host bits", type);
	if (source.p)
		*out = block_target_prefix(&prefix);
	return 0;
}

int command_answer_block(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	struct view reason = get_text(question->message, "reason");
	struct block block = {0};
	struct mono now = mono_now();
	int64_t seconds;
	int rc;

	if (get_target(question->message, "block", &block.target, answer) < 0)
		return -EINVAL;
	if (!command_get_integer(question->message, "seconds", 1, VERDICT_SECONDS_MAX, &seconds))
		return REFUSE(answer, "block: 'seconds' must be 1 to %d", VERDICT_SECONDS_MAX);
	if (!view_copy(reason, block.reason, sizeof(block.reason)))
		return REFUSE(answer, "block: 'reason' must be a text of at most %d bytes",
			BLOCK_REASON_BYTES - 1);
	block.expires.ns = now.ns + (uint64_t)seconds * NS_PER_S;
	rc = verdict_block(&block, now);
	return rc < 0 ? refuse_rc(answer, "block", rc) : 0;
}

int command_answer_unblock(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	struct block_target target;
	int rc;

	if (get_target(question->message, "unblock", &target, answer) < 0)
		return -EINVAL;
	rc = verdict_unblock(&target, mono_now());
	return rc < 0 ? refuse_rc(answer, "unblock", rc) : 0;
}

static bool is_partners(const json_t *ids)
{
	const json_t *id;
	size_t i;

	if (ids && (!json_is_array(ids) || json_array_size(ids) > SUSPECTS_MAX))
		return false;
	json_array_foreach(ids, i, id)
	{
		json_int_t value = json_integer_value(id); /* 0 of what is no integer */

		if (value < 1 || value > PARTNER_ID_MAX)
			return false;
	}
	return true;
}

static void suspects_each(const json_t *ids, bool suspicious)
{
	const json_t *id;
	size_t i;

	json_array_foreach(ids, i, id) suspects_say((uint32_t)json_integer_value(id), suspicious);
}

int command_answer_suspects(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	const json_t *suspicious = json_object_get(question->message, "suspicious");
	const json_t *trusted = json_object_get(question->message, "trusted");
	const json_t *anew = json_object_get(question->message, "anew");

	if (anew && !json_is_boolean(anew))
		return REFUSE(answer, "suspects: 'anew' must be true or false");
	if (!is_partners(suspicious) || !is_partners(trusted))
		return REFUSE(answer,
			"suspects: 'suspicious' and 'trusted' must be lists of at most %d partners",
			SUSPECTS_MAX);
	if (json_is_true(anew))
		suspects_forget();
	suspects_each(suspicious, true);
	suspects_each(trusted, false);
	return 0;
}

int command_answer_verdicts(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	int64_t offset, limit;
	uint32_t total;
	json_t *rows;

	if (command_get_page(
		    question->message, "verdicts", BLOCK_PAGE_MAX, &offset, &limit, answer) < 0)
		return -EINVAL;
	rows = report_verdicts((uint32_t)offset, (uint32_t)limit, &total);
	if (!rows)
		return REFUSE(answer, "verdicts: no memory");
	command_shorten(rows);
	json_object_set_new(answer->members, "verdicts", rows);
	json_object_set_new(answer->members, "total", json_integer(total));
	return 0;
}

int command_answer_drops(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	json_t *rows = report_drops();

	if (!rows)
		return REFUSE(answer, "drops: there are no counters yet");
	json_object_set_new(answer->members, "drops", rows);
	return 0;
}
