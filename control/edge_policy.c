/* SPDX-License-Identifier: BSD-3-Clause */
/* What operators ask about policy. */
#include "control/edge_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/policy/explain.h"
#include "control/policy/report.h"
#include "control/workshop.h"

enum { WHY_BYTES = 512 };

/* A report under way; the workshop's while it is. */
struct reporting {
	struct generation *generation;
	struct report_period period;
	struct wall now;
	struct report report;
	int error;
	char why[WHY_BYTES];
	command_licences_done *done;
	void *done_arg;
};

struct edge_policy {
	struct edge *edge;
	struct gate *gate;
	const char *state_directory;
	struct workshop *workshop;
	struct reporting reporting; /* done NULL: none */
};

struct edge_policy *edge_policy_new(
	struct loop *loop, struct edge *edge, struct gate *gate, const char *state_directory)
{
	struct edge_policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->edge = edge;
	policy->gate = gate;
	policy->state_directory = state_directory;
	policy->workshop = workshop_new(loop);
	if (policy->workshop)
		return policy;
	free(policy);
	return NULL;
}

static void report_end(struct edge_policy *policy, const char *error)
{
	struct reporting r = policy->reporting;

	policy->reporting = (struct reporting){0};
	generation_drop(r.generation);
	if (error)
		r.done(r.done_arg, error, NULL, NULL);
	else
		r.done(r.done_arg, NULL, json_incref(r.report.head), json_incref(r.report.rows));
	report_free(&r.report);
}

void edge_policy_free(struct edge_policy *policy)
{
	if (!policy)
		return;
	workshop_free(policy->workshop);
	if (policy->reporting.done)
		report_end(policy, "the control plane stops");
	free(policy);
}

static void report_work(void *arg)
{
	struct edge_policy *policy = arg;
	struct reporting *r = &policy->reporting;

	r->error = report_make(r->generation->rules, policy->state_directory, &r->period, r->now,
		&r->report, r->why, sizeof(r->why));
}

static void report_done(void *arg)
{
	struct edge_policy *policy = arg;
	char why[WHY_BYTES];

	memcpy(why, policy->reporting.why, sizeof(why));
	report_end(policy, policy->reporting.error < 0 ? why : NULL);
}

static void licences(
	void *arg, const char *from, const char *to, command_licences_done *done, void *done_arg)
{
	struct edge_policy *policy = arg;
	struct reporting r = {.now = wall_now(), .done = done, .done_arg = done_arg};
	const char *why;

	if (policy->reporting.done) {
		done(done_arg, "busy: another report is being made", NULL, NULL);
		return;
	}
	if (!report_period_read(from, to, r.now, &r.period, &why)) {
		done(done_arg, why, NULL, NULL);
		return;
	}
	r.generation = generation_hold(edge_generation(policy->edge));
	policy->reporting = r;
	if (workshop_run(policy->workshop, report_work, report_done, policy) < 0)
		report_end(policy, "no thread for a report");
}

static const char *text_of(const json_t *question, const char *key)
{
	return json_string_value(json_object_get(question, key));
}

static json_t *explain(void *arg, const json_t *question, char *why, size_t why_bytes)
{
	struct edge_policy *policy = arg;
	const struct explain_asked asked = {.from = text_of(question, "from"),
		.to = text_of(question, "to"),
		.kind = text_of(question, "kind"),
		.direction = text_of(question, "direction"),
		.at = text_of(question, "at"),
		.protocol = text_of(question, "protocol"),
		.text = text_of(question, "text"),
		.contact = json_is_true(json_object_get(question, "contact"))};
	char words[EXPLAIN_WHY_BYTES];
	json_t *answer = explain_make(
		policy->gate, edge_generation(policy->edge)->rules, &asked, NULL, words);

	if (!answer)
		snprintf(why, why_bytes, "%s", words);
	return answer;
}

struct command_policy edge_policy_commands(struct edge_policy *policy)
{
	return (struct command_policy){.arg = policy, .licences = licences, .explain = explain};
}
