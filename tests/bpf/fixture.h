/* SPDX-License-Identifier: BSD-3-Clause */
/* The tc program loaded, with a listener of each family under the service's addresses. */
#pragma once

#include "tests/bpf/run.h"

struct fixture {
	struct load *load;
	int v4, v6; /* sockets */
};

static inline int fixture_open(void **state, enum handoff_mode mode)
{
	static struct fixture fixture;
	char why[256];

	if (load_open(&fixture.load, mode, why, sizeof(why)) < 0) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	fixture.v4 = loopback_listener(AF_INET);
	fixture.v6 = loopback_listener(AF_INET6);
	assert_int_equal(load_listener_put(fixture.load, &service4, SERVICE_PORT, fixture.v4), 0);
	assert_int_equal(load_listener_put(fixture.load, &service6, SERVICE_PORT, fixture.v6), 0);
	*state = &fixture;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->v4);
	close(fixture->v6);
	load_close(fixture->load);
	return 0;
}
