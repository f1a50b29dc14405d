/* SPDX-License-Identifier: BSD-3-Clause */
/* The decision, step by step. */
#include "rules/decide.h"

#include <stdarg.h>
#include <stdio.h>

#include "rules/base/name.h"
#include "rules/decoration.h"
#include "rules/peer.h"

/* One decision under way. */
struct deciding {
	const struct ruleset *rules;
	const struct question *q;
	struct verdict *out;
	const struct peer_terms *terms; /* of the other side; from step partner on */
	unsigned terms_line;
	struct view inner;           /* domain in brackets within their address; empty: none */
	const struct policy *policy; /* of the user; from step policy on */
	uint32_t media_refused;      /* by it */
	uint32_t user_hash;          /* of ours */
	char *words;                 /* of the step in hand, or NULL: nobody reads them */
};

/* What a step is about, for who reads it. */
static void __attribute__((format(printf, 2, 3))) say(struct deciding *d, const char *format, ...)
{
	va_list args;

	if (!d->words)
		return;
	va_start(args, format);
	vsnprintf(d->words, EXPLANATION_WORDS_BYTES, format, args);
	va_end(args);
}

/* What does not apply. */
static enum reason skip(struct deciding *d, bool *applies, const char *why)
{
	say(d, "%s", why);
	*applies = false;
	return REASON_none;
}

static bool is_public(const struct deciding *d)
{
	return d->out->provider && d->out->provider->kind == PROVIDER_PUBLIC;
}

/* --- 1 to 3: the connection --- */

static enum reason step_connection(struct deciding *d, bool *applies)
{
	if (d->q->heading == HEADING_OUT && d->q->trust == TRUST_PROVEN)
		return skip(d, applies, "ours begins it");
	switch (d->q->trust) {
	case TRUST_BLOCKED:
		return REASON_source_blocked;
	case TRUST_SUSPICIOUS:
		return REASON_source_suspicious;
	case TRUST_PROVEN:
	case TRUST_CLAIMED:
	case TRUST_UNKNOWN:
		break;
	}
	say(d, "not blocked");
	return REASON_none;
}

static enum reason step_identity(struct deciding *d, bool *applies)
{
	if (d->q->trust != TRUST_PROVEN)
		return REASON_not_proven;
	if (d->q->proof == 0)
		return skip(d, applies, "proven by certificate, or nothing is proven yet");
	say(d, "proven by %s%s", proof_words(d->q->proof),
		d->q->proof == PROOF_SASL_TLS ? " (SASL EXTERNAL)" : "");
	return REASON_none;
}

/* A domain in brackets is who it really is: blocked in this form as well. */
static enum reason step_blocklist(struct deciding *d, bool *applies)
{
	const struct blocked_domain *blocked = ruleset_blocking(d->rules, d->q->theirs.domain);

	if (!blocked && d->inner.len > 0)
		blocked = ruleset_blocking(d->rules, d->inner);
	d->out->line = blocked ? blocked->line : 0;
	if (blocked)
		say(d, "%s%s", blocked->domain, blocked->subtree ? " and all below it" : "");
	else
		say(d, "%.*s is not blocked", VIEW_ARG(d->q->theirs.domain));
	return blocked ? REASON_domain_blocked : REASON_none;
}

/* --- 4 to 6: the partner --- */

struct other_side other_side_of(const struct ruleset *rules, struct view domain)
{
	struct other_side peer = {.partner = ruleset_partner(rules, domain)};
	const struct local_domain *local;
	uint32_t local_depth;
	uint32_t depth = 0;

	/* Found below by how much of the name its rule has. */
	if (peer.partner && peer.partner->provider)
		peer.partner = NULL;
	if (rules->policies.provider_domain_count > 0 && name_is_canonical(domain))
		peer.provider = policies_provider(&rules->policies, domain, &depth);
	/* Whoever speaks for a partner's name: no name of ours lies in between. */
	if (peer.partner && !peer.provider)
		return peer;
	local = ruleset_local_above(rules, domain);
	local_depth = local ? view_of(local->domain).len : 0;
	/* As deep as ours: an address space that is shared. */
	if (peer.provider && depth < local_depth)
		peer.provider = NULL;
	if (peer.partner && peer.provider) {
		if (depth < view_of(peer.partner->domain).len)
			peer.provider = NULL;
		else
			peer.partner = NULL;
	}
	peer.ours = local && !peer.partner && !peer.provider;
	return peer;
}

/* Who is in the brackets must be nobody else's. */
static enum reason look_into_brackets(struct deciding *d, const struct provider *provider)
{
	const char *routing = provider->decoration.routing_domain;
	enum decoration_form form;
	struct other_side inner;

	if (!routing || !view_equal(view_of(routing), d->q->theirs.domain))
		return REASON_none;
	form = decoration_read(d->q->theirs.address, &d->inner);
	if (form != DECORATION_WHOLE)
		return form == DECORATION_NONE ? REASON_none : REASON_name_malformed;
	inner = other_side_of(d->rules, d->inner);
	if (inner.ours || inner.partner || (inner.provider && inner.provider != provider))
		return REASON_name_of_another;
	d->out->undecorate = d->q->heading == HEADING_IN && inner.provider == provider;
	return REASON_none;
}

static enum reason found_provider(struct deciding *d, const struct provider *provider)
{
	d->out->provider = provider;
	d->out->line = provider->line;
	d->terms = &provider->peer;
	d->terms_line = provider->line;
	d->out->type = provider->kind == PROVIDER_PUBLIC ? FEDERATION_PUBLIC : FEDERATION_HOSTING;
	say(d, "%s provider %s", provider_kind_words[provider->kind], provider->name);
	if (!provider->enabled)
		return REASON_provider_off;
	if (d->q->heading == HEADING_OUT &&
		decoration_needed(&provider->decoration, d->q->theirs.domain)) {
		d->out->decorate = provider->decoration.routing_domain;
		return decoration_fits(d->q->theirs.address) ? REASON_none : REASON_name_malformed;
	}
	return look_into_brackets(d, provider);
}

static enum reason found_partner(struct deciding *d, const struct partner *partner)
{
	d->out->partner = partner;
	d->out->line = partner->line;
	d->terms = &partner->terms;
	d->terms_line = partner->line;
	d->out->type = FEDERATION_PARTNER;
	say(d, "partner %s", partner->domain);
	return REASON_none;
}

static enum reason find_peer(struct deciding *d)
{
	const struct policies *policies = &d->rules->policies;
	struct other_side peer = other_side_of(d->rules, d->q->theirs.domain);

	if (peer.partner)
		return found_partner(d, peer.partner);
	if (peer.provider)
		return found_provider(d, peer.provider);
	say(d, "%.*s", VIEW_ARG(d->q->theirs.domain));
	if (peer.ours)
		return REASON_domain_is_ours;
	d->out->line = policies->discovery_line;
	if (!policies->discovery || !peer_name_is_public(d->q->theirs.domain))
		return REASON_no_partner;
	d->terms = &policies->discovered;
	d->terms_line = policies->discovery_line;
	d->out->type = FEDERATION_DISCOVERED;
	say(d, "no rule names %.*s: it is looked for", VIEW_ARG(d->q->theirs.domain));
	return REASON_none;
}

static enum reason step_partner(struct deciding *d, bool *applies)
{
	const struct policies *p = &d->rules->policies;
	enum reason reason;

	if (!ruleset_local(d->rules, d->q->ours.domain)) {
		say(d, "%.*s", VIEW_ARG(d->q->ours.domain));
		return REASON_not_our_domain;
	}
	user_index_expect_address(&p->by_user, p->users, d->user_hash);
	reason = find_peer(d);
	if (reason == REASON_none && d->q->proof != 0 &&
		!(security_proofs(&d->terms->security) & d->q->proof))
		return REASON_proof_not_allowed;
	if (reason == REASON_none && d->q->heading == HEADING_IN &&
		!(d->terms->protocols & 1u << d->q->protocol))
		return REASON_other_protocol;
	return reason;
}

static enum reason step_type(struct deciding *d, bool *applies)
{
	if (d->q->type == FEDERATION_ANY)
		return skip(d, applies, "the connection has served nothing yet");
	if (d->q->type != d->out->type)
		return REASON_type_changed;
	say(d, "the same as before");
	return REASON_none;
}

static enum reason step_federation(struct deciding *d, bool *applies)
{
	d->out->line = d->rules->policies.federation_line;
	if (!d->rules->policies.federation)
		return REASON_federation_off;
	say(d, "switched on");
	return REASON_none;
}

/* --- 7 to 9: user, licence, capability --- */

/* The ways that the flags leave; out: each is a way of its own, in: the one that was taken. */
static uint32_t ways_allowed(const struct deciding *d, uint32_t flags)
{
	uint32_t ways = d->q->heading == HEADING_IN ? 1u << d->q->protocol : d->terms->protocols;

	if (!(flags & 1u << POLICY_federation))
		return 0;
	return flags & 1u << POLICY_xmpp ? ways : ways & ~(1u << PROTOCOL_XMPP);
}

static void say_policy(struct deciding *d, const struct policy_choice *choice)
{
	static const char *const scopes[] = {[SCOPE_USER] = "the user's own",
		[SCOPE_GROUP] = "of the group",
		[SCOPE_SITE] = "of the site",
		[SCOPE_GLOBAL] = "the global one"};

	if (!choice->policy->name)
		say(d, "no rule about %.*s", VIEW_ARG(d->q->ours.address));
	else
		say(d, "policy %s, %s%s%s", choice->policy->name, scopes[choice->scope],
			choice->name ? " " : "", choice->name ? choice->name : "");
}

/* Calls are refused, of what else has media only these are left out. */
static enum reason ask_public(struct deciding *d, uint32_t flags)
{
	if (!(flags & 1u << POLICY_public))
		return REASON_user_public;
	if (flags & 1u << POLICY_public_av)
		return REASON_none;
	d->media_refused = CAPABILITY_BIT(audio) | CAPABILITY_BIT(video);
	return d->q->kind == KIND_call ? REASON_user_public_av : REASON_none;
}

static enum reason step_policy(struct deciding *d, bool *applies)
{
	struct policy_choice choice;
	uint32_t flags;

	policies_of_hashed(
		&d->rules->policies, d->q->ours.address, d->user_hash, d->q->ours.domain, &choice);
	flags = choice.policy->allows[d->q->heading];
	d->policy = choice.policy;
	d->out->line = choice.line;
	d->out->file = choice.file;
	say_policy(d, &choice);
	d->out->protocols = d->terms->protocols;
	if (is_public(d))
		return ask_public(d, flags);
	if (!(flags & 1u << POLICY_federation))
		return REASON_user_federation;
	d->out->protocols = ways_allowed(d, flags);
	return d->out->protocols ? REASON_none : REASON_user_xmpp;
}

static enum reason reason_of_licence(enum licence_outcome outcome)
{
	static const enum reason reasons[LICENCE_OUTCOME_COUNT] = {
		[LICENCE_OUTCOME_provider_not_begun] = REASON_provider_not_begun,
		[LICENCE_OUTCOME_provider_retired] = REASON_provider_retired,
		[LICENCE_OUTCOME_no_agreement] = REASON_no_agreement,
		[LICENCE_OUTCOME_not_started] = REASON_licence_not_started,
		[LICENCE_OUTCOME_expired] = REASON_licence_expired,
		[LICENCE_OUTCOME_no_seat] = REASON_no_seat,
		[LICENCE_OUTCOME_seats_exhausted] = REASON_seats_exhausted,
	};

	return reasons[outcome];
}

static void say_licence(struct deciding *d, const struct licence_answer *answer)
{
	char since[DATE_TEXT_BYTES] = "";
	bool granted = licence_granted(answer->outcome);
	const struct agreement *agreement = answer->agreement;

	if (!d->words)
		return;
	if (answer->since.s != DATE_NEVER.s && answer->since.s != 0)
		date_print(answer->since, since);
	/* What was refused has words of its own. */
	say(d, "%s%s%s%s%s%s%s%s", granted ? licence_outcome_words(answer->outcome) : "",
		agreement ? (granted ? ", agreement " : "agreement ") : "",
		agreement ? agreement->id : "", answer->state == LICENCE_GRACE ? ", in grace" : "",
		answer->takes_seat ? ", taken by this" : "",
		since[0] && (granted || agreement) ? ", " : "",
		since[0] == '\0'                           ? ""
		: granted || answer->since.s > d->q->now.s ? "until "
							   : "since ",
		since);
}

static enum reason step_licence(struct deciding *d, bool *applies)
{
	const struct provider *provider = d->out->provider;
	struct licence_answer answer;
	struct licence_question ask;

	if (!provider || provider->kind != PROVIDER_PUBLIC)
		return skip(d, applies, "only public providers need one");
	ask = (struct licence_question){
		.terms = &provider->terms,
		.agreements = provider->agreements,
		.agreement_count = provider->agreement_count,
		.region = d->rules->policies.region,
		.user = d->q->ours.address,
		.domain = d->q->ours.domain,
		.now = d->q->now,
		.usage = d->q->usage,
	};
	licence_ask(&ask, &answer);
	d->out->line = answer.agreement ? answer.agreement->line : provider->line;
	d->out->since = answer.since;
	say_licence(d, &answer);
	if (!licence_granted(answer.outcome))
		return reason_of_licence(answer.outcome);
	if (answer.takes_seat && d->q->seats_are_stuck)
		return REASON_seat_not_written;
	if (answer.state == LICENCE_GRACE && d->q->heading == HEADING_IN &&
		d->q->kind == KIND_message)
		d->out->notice = answer.agreement->notice;
	d->out->agreement = answer.agreement;
	d->out->takes_seat = answer.takes_seat;
	return REASON_none;
}

static uint32_t capability_of(enum question_kind kind)
{
	static const uint32_t bits[KIND_COUNT] = {
#define KIND_CAPABILITY(name, capability) [KIND_##name] = CAPABILITY_BIT(capability),
		QUESTION_KINDS(KIND_CAPABILITY)
#undef KIND_CAPABILITY
	};

	return bits[kind];
}

/* Media that cannot cross are taken out; what is left of the offer goes on. */
static enum reason step_capability(struct deciding *d, bool *applies)
{
	uint32_t theirs = d->terms->capabilities;
	uint32_t needed = capability_of(d->q->kind);
	uint32_t allowed;

	if (d->out->provider)
		theirs &= d->out->provider->terms.capabilities;
	allowed = theirs & d->policy->capabilities;
	d->out->line = d->terms_line;
	d->out->media = d->q->media & allowed & ~d->media_refused;
	say(d, "%s%s", question_kind_name(d->q->kind),
		d->out->media != d->q->media ? ", without some of its media" : "");
	/* A call is what it offers. */
	if (d->q->kind == KIND_call && d->q->media != 0)
		needed = d->q->media & ~d->media_refused;
	if (allowed & needed)
		return REASON_none;
	if (theirs & needed) {
		d->out->line = d->policy->line;
		say(d, "%s, by policy %s", question_kind_name(d->q->kind),
			d->policy->name ? d->policy->name : "(none)");
	}
	return REASON_capability;
}

/* --- 10 to 14 --- */

static enum reason step_verification(struct deciding *d, bool *applies)
{
	const struct question *q = d->q;

	d->out->line = d->terms_line;
	if (q->heading == HEADING_OUT) {
		d->out->verified = true;
		return skip(d, applies, "the sender is ours");
	}
	d->out->verified =
		d->terms->verification == VERIFICATION_ALWAYS ||
		(d->terms->verification == VERIFICATION_BY_PARTNER && q->mark == MARK_VERIFIED);
	say(d, "%s%s", d->out->verified ? "verified" : "not verified",
		q->known_contact ? ", a contact" : "");
	if (d->terms->verification == VERIFICATION_BY_PARTNER && q->mark == MARK_MISSING &&
		d->terms->missing_mark_refused)
		return REASON_mark_missing;
	if (q->known_contact)
		return REASON_none;
	if (d->terms->type == PARTNER_PUBLIC_UNVERIFIED)
		return REASON_not_invited;
	return d->out->verified ? REASON_none : REASON_not_a_contact;
}

/* What there is to be within of. */
static void say_limits(struct deciding *d)
{
	struct message_limits limits;
	uint32_t per_s, users;
	const char *whose;

	if (!d->words)
		return;
	limits = peer_messages(d->rules, d->out->partner, d->out->provider);
	per_s = d->q->limit == LIMIT_ERRORS ? d->rules->suspicious.messages_per_s
					    : limits.value[MESSAGE_LIMIT_messages_per_s];
	users = limits.value[MESSAGE_LIMIT_users];
	whose = d->out->provider ? ", for all its domains together" : "";
	if (per_s && users)
		say(d, "at most %u messages a second, %u users in %u minutes%s", per_s, users,
			d->rules->window_minutes, whose);
	else if (per_s)
		say(d, "at most %u messages a second%s", per_s, whose);
	else if (users)
		say(d, "at most %u users in %u minutes%s", users, d->rules->window_minutes, whose);
	else
		say(d, "as many as there are");
}

static enum reason step_limit(struct deciding *d, bool *applies)
{
	static const enum reason reasons[] = {
		[LIMIT_FINE] = REASON_none,
		[LIMIT_MESSAGES] = REASON_over_messages,
		[LIMIT_USERS] = REASON_over_users,
		[LIMIT_ERRORS] = REASON_over_errors,
	};

	d->out->line = d->terms_line;
	say_limits(d);
	return reasons[d->q->limit];
}

/* What there is to say of links goes behind what there is to say of the size. */
static void say_links(struct deciding *d, uint32_t count, const char *what)
{
	uint32_t most = d->terms->message_bytes_max;
	char size[64] = "";

	if (!d->words)
		return;
	if (most != 0)
		snprintf(size, sizeof(size), "%u of at most %u bytes; ", d->q->bytes, most);
	say(d, "%s%u link%s%s", size, count, count == 1 ? "" : "s", what);
}

/* Whose rules about links hold for this, if any does. */
static const struct hyperlink_rules *links_of(const struct deciding *d)
{
	const struct hyperlink_rules *links =
		d->terms->links ? d->terms->links : d->rules->policies.links;

	if (!links || !(links->headings & 1u << d->q->heading) ||
		(d->q->kind != KIND_message && d->q->kind != KIND_group))
		return NULL;
	return links;
}

static enum reason ask_links(struct deciding *d, const struct hyperlink_rules *links)
{
	static const char *const done[] = {[HYPERLINK_PASS] = "",
		[HYPERLINK_DEFUSE] = ", an underscore before each",
		[HYPERLINK_WARN] = ", a notice before the text"};
	struct hyperlink_findings found = {0};

	d->out->line = links->line;
	if (!d->q->text.p) {
		say(d, "what becomes of links depends on the text, which is not known");
		d->out->links = links->action == HYPERLINK_PASS ? NULL : links;
		return REASON_none;
	}
	hyperlink_find(links, d->q->text, &found);
	hyperlink_find(links, d->q->subject, &found);
	d->out->link_count = found.count;
	say_links(d, found.count, "");
	if (found.file)
		return REASON_file_blocked;
	if (links->links_max != 0 && found.count > links->links_max)
		return REASON_too_many_links;
	if (found.count == 0)
		return REASON_none;
	if (links->action == HYPERLINK_BLOCK)
		return REASON_link_blocked;
	d->out->links = links->action == HYPERLINK_PASS ? NULL : links;
	say_links(d, found.count, done[links->action]);
	return REASON_none;
}

static enum reason step_content(struct deciding *d, bool *applies)
{
	const struct hyperlink_rules *links = links_of(d);
	uint32_t most = d->terms->message_bytes_max;

	d->out->line = d->terms_line;
	d->out->fold_text =
		d->terms->fold_text && (d->q->kind == KIND_message || d->q->kind == KIND_group);
	d->out->fold_presence = d->terms->fold_presence && d->q->kind == KIND_presence;
	if (most == 0 && !links)
		return skip(d, applies,
			d->out->fold_text || d->out->fold_presence ? "folded" : "no rule about it");
	if (most != 0)
		say(d, "%u of at most %u bytes", d->q->bytes, most);
	if (most != 0 && d->q->bytes > most)
		return REASON_too_large;
	return links ? ask_links(d, links) : REASON_none;
}

static enum reason step_archive(struct deciding *d, bool *applies)
{
	d->out->line = d->terms_line;
	if (d->q->heading == HEADING_OUT && d->q->kind == KIND_message)
		d->out->disclaimer = d->terms->disclaimer;
	if (!d->terms->archive)
		return skip(d, applies, d->out->disclaimer ? "disclaimer" : "no rule about it");
	if (d->q->archive_is_down)
		return REASON_archive_down;
	say(d, "archived%s", d->out->disclaimer ? ", disclaimer" : "");
	return REASON_none;
}

/* What is wrong with its ways, behind what there is to say. */
static const char *held_words(const struct deciding *d, char out[static EXPLANATION_WORDS_BYTES])
{
	static const char *const names[] = {[PROTOCOL_XMPP] = "XMPP", [PROTOCOL_SIP] = "SIP"};
	size_t len = 0;

	out[0] = '\0';
	for (uint32_t i = 0; d->words && i < sizeof(names) / sizeof(names[0]); i++)
		if (d->q->held[i] && d->terms->protocols & 1u << i)
			len += (size_t)snprintf(out + len, EXPLANATION_WORDS_BYTES / 2 - len,
				"; %s: %.80s", names[i], d->q->held[i]);
	return out;
}

/* What the ways that are left come to by DNS. */
static enum reason find_way(struct deciding *d)
{
	uint32_t ways = d->out->protocols & ~d->q->routes_down;
	uint32_t found = ways & ~d->q->srv_missing;
	char held[EXPLANATION_WORDS_BYTES];

	d->out->protocols = found & ~(d->q->srv_elsewhere & d->terms->srv_own);
	if (d->out->protocols)
		return REASON_none;
	say(d, "%.*s%s", VIEW_ARG(d->q->theirs.domain), held_words(d, held));
	return !ways ? REASON_no_route : found ? REASON_srv_conflict : REASON_srv_missing;
}

/* Where its server is stands in the rules. */
static bool has_host(const struct deciding *d)
{
	return d->out->partner ? d->out->partner->host != NULL
			       : d->out->provider && d->out->provider->host;
}

static enum reason step_route(struct deciding *d, bool *applies)
{
	uint32_t preferred = d->terms->preferred;
	char held[EXPLANATION_WORDS_BYTES];
	enum reason reason;

	d->out->line = d->terms_line;
	if (d->q->heading == HEADING_IN) {
		say(d, "to %.*s", VIEW_ARG(d->q->ours.domain));
		return REASON_none;
	}
	reason = find_way(d);
	if (reason != REASON_none)
		return reason;
	d->out->first = d->out->protocols & 1u << preferred      ? (enum protocol)preferred
			: d->out->protocols & 1u << PROTOCOL_SIP ? PROTOCOL_SIP
								 : PROTOCOL_XMPP;
	say(d, "by %s%s%s%s%s%s", d->out->first == PROTOCOL_SIP ? "SIP" : "XMPP",
		d->terms->srv_own & 1u << d->out->first && !has_host(d)
			? " to servers within the domain"
			: "",
		d->out->protocols & ~(1u << d->out->first) ? ", else by the other" : "",
		d->out->decorate ? ", decorated with " : "",
		d->out->decorate ? d->out->decorate : "", held_words(d, held));
	return REASON_none;
}

/* applies starts as true. */
static enum reason (*const steps[STEP_COUNT])(struct deciding *d, bool *applies) = {
#define STEP_FUNCTION(name, words) [STEP_##name] = step_##name,
	STEPS(STEP_FUNCTION)
#undef STEP_FUNCTION
};

/* Why it is refused, and in brackets what was said of it. */
static void say_refusal(struct deciding *d, enum reason reason)
{
	char detail[EXPLANATION_WORDS_BYTES];

	memcpy(detail, d->words, sizeof(detail));
	if (detail[0])
		say(d, "%s (%.*s)", reason_text(reason)->words, EXPLANATION_WORDS_BYTES / 2,
			detail);
	else
		say(d, "%s", reason_text(reason)->words);
}

static void note(struct deciding *d, struct explanation *explanation, enum step step,
	enum reason reason, bool applies)
{
	explanation->steps[step].line = d->out->line;
	explanation->steps[step].file = d->out->file;
	explanation->steps[step].outcome = reason != REASON_none ? STEP_REFUSED
					   : applies             ? STEP_PASSED
								 : STEP_DOES_NOT_APPLY;
	if (reason != REASON_none)
		say_refusal(d, reason);
}

/* Most of a decision's time is waiting for memory: what of it is known to be needed is asked for at once,
 * and then what that leads to. */
static void look_ahead(struct deciding *d)
{
	const struct policies *p = &d->rules->policies;
	uint64_t theirs = ruleset_expect(d->rules, d->q->theirs.domain);

	d->user_hash = user_index_hash(&p->by_user, d->q->ours.address);
	user_index_expect(&p->by_user, d->user_hash);
	memset(d->out, 0, sizeof(*d->out));
	if (!decoration_find(d->q->theirs.address, &d->inner))
		d->inner = (struct view){0};
	ruleset_expect_partner(d->rules, theirs);
	user_index_expect_user(&p->by_user, p->users, d->user_hash);
}

static void decide_steps(struct deciding *d, struct explanation *explanation)
{
	look_ahead(d);
	for (uint32_t i = 0; i < STEP_COUNT; i++) {
		bool applies = true;
		enum reason reason;

		d->words = explanation ? explanation->steps[i].words : NULL;
		d->out->line = 0;
		d->out->file = NULL;
		reason = steps[i](d, &applies);
		if (explanation)
			note(d, explanation, (enum step)i, reason, applies);
		if (reason != REASON_none) {
			d->out->reason = reason;
			d->out->step = (enum step)i;
			return;
		}
	}
}

void decide(const struct ruleset *rules, const struct question *question, struct verdict *out)
{
	struct deciding d = {.rules = rules, .q = question, .out = out};

	decide_steps(&d, NULL);
}

void decide_explain(const struct ruleset *rules, const struct question *question,
	struct verdict *out, struct explanation *explanation)
{
	struct deciding d = {.rules = rules, .q = question, .out = out};

	for (uint32_t i = 0; i < STEP_COUNT; i++) {
		explanation->steps[i].outcome = STEP_NOT_REACHED;
		explanation->steps[i].line = 0;
		explanation->steps[i].file = NULL;
		explanation->steps[i].words[0] = '\0';
	}
	decide_steps(&d, explanation);
}
