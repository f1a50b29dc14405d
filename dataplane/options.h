/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: EAL arguments, "--", and ours. Knows words, not what they lead to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "dataplane/worker.h"
#include "rules/base/log.h"
#include "rules/base/view.h"

/* --handoff */
enum options_handoff {
	OPTIONS_HANDOFF_AUTO, /* reqsk, if it works here */
	OPTIONS_HANDOFF_REQSK,
	OPTIONS_HANDOFF_SYN,
};

struct options {
	const char *netns;  /* name of the namespace of the kernel side */
	const char *tap;    /* name of the TAP in it */
	const char *socket; /* path of dataplane.sock */
	const char *group;  /* group that may connect to it; NULL: root's */
	const char *state;  /* directory of filter.bin */
	enum idle idle;
	int realtime_priority; /* 0: none */
	enum options_handoff handoff;
	enum log_level level;
	/* --vlan: the tag of a port; the name is not ended by '\0' but by its length */
	struct {
		struct view port;
		uint16_t id;
	} vlans[LEGS_MAX];
	uint32_t vlan_count;
};

enum options_outcome {
	OPTIONS_RUN,
	OPTIONS_HELP,    /* --help: print options_help and end */
	OPTIONS_VERSION, /* --version */
	OPTIONS_BAD,     /* why is filled */
};

/* Read the command line. eal_argc is the number of leading arguments that are the EAL's, the
 * program's name among them. The strings in *out point into argv. why: at least 256 bytes. Uses
 * getopt, so one thread at a time. */
enum options_outcome options_parse(
	int argc, char **argv, struct options *out, int *eal_argc, char *why, size_t why_bytes);

void options_help(FILE *out);
