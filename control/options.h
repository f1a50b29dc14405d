/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of picket-control. */
#pragma once

#include "rules/prefix.h"

enum { RESOLVER_OPTIONS_MAX = 16, OPTIONS_PATH_BYTES = 512 };

struct options {
	const char *rules_file;
	const char *ca_file;
	const char *dataplane_path;
	const char *control_path;
	const char *statistics_path;  /* statistics.sock beside control_path unless given */
	const char *statistics_group; /* NULL: that of the user */
	bool has_inside;
	struct ip_address inside_address;
	uint16_t inside_port;
	const char *resolver; /* NULL: resolv.conf */
	const char *resolver_options[RESOLVER_OPTIONS_MAX];
	uint32_t resolver_option_count;
	const char *user;           /* NULL: stay */
	const char *netns;          /* NULL: stay */
	const char *state_dir;      /* NULL: remember nothing */
	uint32_t handshake_threads; /* 0: none, the loop does it */
	uint32_t unproven_max;      /* connections that have proven nothing */
	uint32_t realtime_priority; /* 0: none */
	bool check;
	bool verbose;
	char statistics_beside[OPTIONS_PATH_BYTES]; /* what statistics_path points to by default */
};

/* Exit codes of the programs. */
enum { EXIT_FINE = 0, EXIT_TROUBLE = 1, EXIT_USAGE = 2 };

/* Views into argv and into *out itself, which must stay where it is. -1: go on; otherwise the code to exit with, everything said. */
int options_read(int argc, char **argv, struct options *out);

/* "192.0.2.1:5061" or "[2001:db8::1]:5061", port not 0. */
bool address_port_parse(struct view text, struct ip_address *address, uint16_t *port);
