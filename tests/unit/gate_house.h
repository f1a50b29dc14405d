/* SPDX-License-Identifier: BSD-3-Clause */
/* A session that asks its gate, with rules that a test makes as it goes. */
#pragma once

#include "tests/unit/session_house.h"

static struct gate *gate;
static struct contacts *contacts;

/* Rules that say this besides what is ours, in the place of those of before. */
static inline void rules_say(struct session *session, const char *more)
{
	char yaml[2048];

	snprintf(yaml, sizeof(yaml),
		"service: {addresses: [198.51.100.1]}\n"
		"local:\n"
		"  - {domain: corp.example, certificate: c, key: k,\n"
		"     inside: {protocol: sip, host: 192.0.2.10}}\n"
		"%s",
		more);
	adopt_rules(session, yaml);
}

static inline int gate_start(void **state)
{
	char why[STORE_WHY_BYTES];
	int rc = start(state);

	contacts = contacts_open(NULL, why, sizeof(why));
	gate = gate_new(NULL, NULL, contacts);
	session_gate(*state, gate);
	return rc || !contacts || !gate;
}

static inline int gate_stop(void **state)
{
	int rc = stop(state);

	gate_free(gate);
	contacts_free(contacts);
	return rc;
}

#define GATE_ROW(name) cmocka_unit_test_setup_teardown(name, gate_start, gate_stop)
