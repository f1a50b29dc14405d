/* SPDX-License-Identifier: BSD-3-Clause */
/* One question and its decision as JSON. */
#include "control/policy/explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "rules/nearest.h"
#include "rules/peer.h"

enum { PLACE_BYTES = 320, BECOMES_BYTES_MAX = 256 * 1024 };

struct asking {
	char from[USER_ADDRESS_BYTES], to[USER_ADDRESS_BYTES];
	struct question question;
	struct verdict verdict;
	struct explanation explanation;
	char *why;
};

/* --- what is asked --- */

static bool wrong(struct asking *a, const char *option, const char *value, const char *words)
{
	snprintf(a->why, EXPLAIN_WHY_BYTES, "%s '%.1300s' %s", option, value ? value : "", words);
	return false;
}

static bool address_read(struct asking *a, const char *option, const char *value, char *out)
{
	struct fault fault;

	if (!value)
		return wrong(a, option, value, "is needed: an address like alice@corp.example");
	if (user_address_parse(view_of(value), out, &fault) != PARSE_DONE)
		return wrong(a, option, value, "is not an address like alice@corp.example");
	return true;
}

/* Our domain that was probably meant, or NULL. */
static const char *near_local(const struct ruleset *rules, struct view domain)
{
	struct nearest nearest;

	nearest_begin(&nearest, domain);
	for (uint32_t i = 0; i < rules->local_count; i++)
		nearest_offer(&nearest, view_of(rules->locals[i].domain));
	return (const char *)nearest.name.p;
}

/* The same of those that the rules name. */
static const char *near_partner(const struct ruleset *rules, struct view domain)
{
	const struct policies *p = &rules->policies;
	struct nearest nearest;

	nearest_begin(&nearest, domain);
	for (uint32_t i = 0; i < ruleset_named_partners(rules); i++)
		nearest_offer(&nearest, view_of(rules->partners[i].domain));
	for (uint32_t i = 0; i < p->provider_domain_count; i++)
		nearest_offer(&nearest, view_of(p->provider_domains[i].domain));
	return (const char *)nearest.name.p;
}

static bool misspelt(struct asking *a, const char *option, const char *value, const char *near)
{
	char words[320];

	snprintf(words, sizeof(words), "is none of ours: did you mean '%.253s'?", near);
	return wrong(a, option, value, words);
}

/* Who misspells our domain does not want to hear of somebody else's. */
static bool nobody_is_ours(struct asking *a, const struct ruleset *rules)
{
	const char *near = near_local(rules, user_domain(view_of(a->from)));

	if (near)
		return misspelt(a, "--from", a->from, near);
	near = near_local(rules, user_domain(view_of(a->to)));
	if (near)
		return misspelt(a, "--to", a->to, near);
	return wrong(a, "--from", a->from,
		"is none of ours, and neither is --to: say --direction if that is what you ask");
}

/* Out if it comes from us, unless somebody says so or both sides are ours. */
static bool direction_read(
	struct asking *a, const struct ruleset *rules, const char *direction, enum heading *out)
{
	bool from_us = ruleset_local(rules, user_domain(view_of(a->from)));
	bool to_us = ruleset_local(rules, user_domain(view_of(a->to)));

	if (direction && strcmp(direction, "in") == 0)
		*out = HEADING_IN;
	else if (direction && strcmp(direction, "out") == 0)
		*out = HEADING_OUT;
	else if (direction)
		return wrong(a, "--direction", direction, "is neither in nor out");
	else if (from_us && to_us)
		return wrong(a, "--direction", NULL, "is needed: both sides are ours");
	else if (!from_us && !to_us)
		return nobody_is_ours(a, rules);
	else
		*out = from_us ? HEADING_OUT : HEADING_IN;
	return true;
}

static bool protocol_read(
	struct asking *a, const struct ruleset *rules, const char *name, struct question *q)
{
	enum protocol protocol = peer_preferred(rules, q->theirs.domain);

	if (name && strcmp(name, "sip") != 0 && strcmp(name, "xmpp") != 0)
		return wrong(a, "--by", name, "is neither sip nor xmpp");
	if (name)
		protocol = strcmp(name, "sip") == 0 ? PROTOCOL_SIP : PROTOCOL_XMPP;
	question_come_by(q, protocol);
	return true;
}

static bool asking_read(
	struct asking *a, const struct ruleset *rules, const struct explain_asked *asked)
{
	struct question *q = &a->question;
	struct party from, to;
	struct fault fault;

	if (!address_read(a, "--from", asked->from, a->from) ||
		!address_read(a, "--to", asked->to, a->to) ||
		!direction_read(a, rules, asked->direction, &q->heading))
		return false;
	from = (struct party){view_of(a->from), user_domain(view_of(a->from))};
	to = (struct party){view_of(a->to), user_domain(view_of(a->to))};
	q->ours = q->heading == HEADING_OUT ? from : to;
	q->theirs = q->heading == HEADING_OUT ? to : from;
	q->known_contact = asked->contact;
	if (asked->protocol && q->heading == HEADING_OUT)
		return wrong(a, "--by", asked->protocol,
			"is for what comes in: of what goes out the rules say the way");
	if (!protocol_read(a, rules, asked->protocol, q))
		return false;
	if (!question_kind_read(view_of(asked->kind ? asked->kind : "message"), &q->kind))
		return wrong(a, "--kind", asked->kind,
			"is none of message, presence, subscription, typing, receipt, file, call, "
			"group");
	if (asked->at && !date_read(view_of(asked->at), &q->now, &fault))
		return wrong(a, "--at", asked->at,
			"is not a time like 2026-06-30 or 2026-06-30T12:00:00Z (UTC)");
	if (q->kind == KIND_call)
		q->media = CAPABILITY_BIT(audio);
	if (asked->text && q->kind != KIND_message && q->kind != KIND_group)
		return wrong(a, "--text", NULL, "is for messages");
	if (asked->text) {
		q->text = view_of(asked->text);
		q->bytes = q->text.len;
	}
	return true;
}

static void ask_rules(const struct ruleset *rules, struct asking *a)
{
	a->question.trust = TRUST_PROVEN;
	/* What is used only the control plane knows. */
	a->question.usage = &licence_unused;
	/* As there: nothing archives yet. */
	a->question.archive_is_down = true;
	if (a->question.now.s == 0)
		a->question.now = wall_now();
	decide_explain(rules, &a->question, &a->verdict, &a->explanation);
}

/* --- what is said --- */

/* "rules.yaml:12" */
static const char *place(
	const char *name, const char *file, unsigned line, char out[static PLACE_BYTES])
{
	out[0] = '\0';
	if (line && (file || name))
		snprintf(out, PLACE_BYTES, "%.255s:%u", file ? file : name, line);
	else if (line)
		snprintf(out, PLACE_BYTES, "line %u", line);
	return out;
}

/* Words may have been cut in the midst of a character, and then are no text for JSON. */
static json_t *words_json(const char *words)
{
	json_t *json = json_string(words);
	char ascii[EXPLANATION_WORDS_BYTES];

	if (json)
		return json;
	snprintf(ascii, sizeof(ascii), "%s", words);
	for (char *p = ascii; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return json_string(ascii);
}

static json_t *steps_json(const struct asking *a, const char *name)
{
	static const char *const outcomes[] = {[STEP_PASSED] = "passed",
		[STEP_REFUSED] = "refused",
		[STEP_DOES_NOT_APPLY] = "does not apply"};
	json_t *steps = json_array();
	char where[PLACE_BYTES];

	for (uint32_t i = 0; i < STEP_COUNT; i++) {
		if (a->explanation.steps[i].outcome == STEP_NOT_REACHED)
			break;
		place(name, a->explanation.steps[i].file, a->explanation.steps[i].line, where);
		json_array_append_new(steps,
			json_pack("{s:s, s:s, s:o, s:s}", "step", step_name((enum step)i),
				"outcome", outcomes[a->explanation.steps[i].outcome], "words",
				words_json(a->explanation.steps[i].words), "rule", where));
	}
	return steps;
}

static void put_refusal(json_t *all, enum reason reason)
{
	const struct reason_text *text = reason_text(reason);

	json_object_set_new(all, "sip", json_integer(text->sip));
	json_object_set_new(all, "condition", json_string(reason_condition(reason)));
	json_object_set_new(all, "outside", json_string(text->outside));
	if (text->diagnostics)
		json_object_set_new(all, "diagnostics", json_integer(text->diagnostics));
}

/* What becomes of the text, if somebody said which; else what becomes of one with links. */
static void put_links(json_t *effects, const struct verdict *v, struct view text)
{
	const struct hyperlink_rules *links = v->links;
	struct text becomes;

	json_object_set_new(effects, "links", json_string(hyperlink_action_words[links->action]));
	if (links->action == HYPERLINK_WARN)
		json_object_set_new(effects, "links_notice", json_string(links->notice));
	if (!text.p)
		return;
	json_object_set_new(effects, "links_found", json_integer(v->link_count));
	text_init(&becomes, BECOMES_BYTES_MAX);
	hyperlink_put(links, text, &becomes);
	if (!becomes.failed)
		json_object_set_new(effects, "text", json_stringn(becomes.p, becomes.len));
	text_free(&becomes);
}

static void put_effects(json_t *all, const struct verdict *v, struct view text)
{
	json_t *effects = json_object();

	if (v->agreement) {
		json_object_set_new(effects, "agreement", json_string(v->agreement->id));
		json_object_set_new(effects, "takes_seat", json_boolean(v->takes_seat));
	}
	if (v->decorate)
		json_object_set_new(effects, "decorate", json_string(v->decorate));
	if (v->undecorate)
		json_object_set_new(effects, "undecorate", json_true());
	if (v->fold_text)
		json_object_set_new(effects, "fold_text", json_true());
	if (v->fold_presence)
		json_object_set_new(effects, "fold_presence", json_true());
	if (v->disclaimer)
		json_object_set_new(effects, "disclaimer", json_string(v->disclaimer));
	if (v->notice)
		json_object_set_new(effects, "notice", json_string(v->notice));
	if (v->links)
		put_links(effects, v, text);
	json_object_set_new(all, "effects", effects);
}

static json_t *asking_json(const struct asking *a, const struct ruleset *rules, const char *name)
{
	const struct question *q = &a->question;
	char at[DATE_TEXT_BYTES];
	const char *near = NULL;
	json_t *all;

	date_print(q->now, at);
	all = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:o}", "kind",
		question_kind_name(q->kind), "from", a->from, "to", a->to, "direction",
		q->heading == HEADING_IN ? "in" : "out", "at", at, "contact", q->known_contact,
		"allowed", a->verdict.reason == REASON_none, "reason",
		reason_text(a->verdict.reason)->name, "steps", steps_json(a, name));
	if (all && q->heading == HEADING_IN)
		json_object_set_new(all, "protocol", json_string(protocol_words[q->protocol]));
	if (all && a->verdict.reason == REASON_none)
		put_effects(all, &a->verdict, q->text);
	else if (all)
		put_refusal(all, a->verdict.reason);
	if (all && a->verdict.reason == REASON_no_partner)
		near = near_partner(rules, q->theirs.domain);
	if (near)
		json_object_set_new(all, "near", json_string(near));
	return all;
}

json_t *explain_make(struct gate *gate, const struct ruleset *rules,
	const struct explain_asked *asked, const char *name, char why[static EXPLAIN_WHY_BYTES])
{
	struct asking *a = calloc(1, sizeof(*a));
	json_t *all = NULL;

	snprintf(why, EXPLAIN_WHY_BYTES, "out of memory");
	if (!a)
		return NULL;
	a->why = why;
	if (asking_read(a, rules, asked)) {
		if (gate)
			gate_explain(gate, rules, &a->question, &a->verdict, &a->explanation);
		else
			ask_rules(rules, a);
		all = asking_json(a, rules, name);
	}
	free(a);
	return all;
}
