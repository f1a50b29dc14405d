/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's telemetry socket speaks for us too. */
#include "dataplane/telemetry.h"

#include <errno.h>
#include <stdio.h>

#include <rte_telemetry.h>

#include "dataplane/crew.h"
#include "dataplane/report.h"

static void add(struct rte_tel_data *d, const char *name, const uint64_t *counter)
{
	rte_tel_data_add_dict_u64(d, name, __atomic_load_n(counter, __ATOMIC_RELAXED));
}

static void add_direction(struct rte_tel_data *d, const char *direction, const struct fates *f)
{
	const struct {
		const char *name;
		const uint64_t *counter;
	} fates[] = {
		{"received", &f->received},
		{"forwarded", &f->forwarded},
		{"answered", &f->answered},
		{"consumed", &f->consumed},
		{"held", &f->held},
		{"dropped", &f->dropped},
		{"bytes", &f->bytes},
		{"resets", &f->resets},
	};
	char name[RTE_TEL_MAX_STRING_LEN];

	for (size_t i = 0; i < RTE_DIM(fates); i++) {
		snprintf(name, sizeof(name), "%s_%s", direction, fates[i].name);
		add(d, name, fates[i].counter);
	}
}

static void add_causes(
	struct rte_tel_data *d, const char *kind, const uint64_t counters[static CAUSE_COUNT])
{
	char name[RTE_TEL_MAX_STRING_LEN];

	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++) {
		if (__atomic_load_n(&counters[c], __ATOMIC_RELAXED) == 0)
			continue;
		snprintf(name, sizeof(name), "%s_%s", kind, cause_name((enum cause)c));
		add(d, name, &counters[c]);
	}
}

static int tell_counters(const char *command, const char *parameters, struct rte_tel_data *d)
{
	struct counters c;

	if (crew_size() == 0)
		return -ENODEV;
	crew_counters(&c);
	rte_tel_data_start_dict(d);
	add_direction(d, "in", &c.fates[DIRECTION_IN]);
	add_direction(d, "out", &c.fates[DIRECTION_OUT]);
	add(d, "late", &c.late);
	add(d, "resets_lost", &c.resets_lost);
	add_causes(d, "dropped", c.dropped);
	add_causes(d, "refused", c.refused);
	return 0;
}

static int tell_causes(const char *command, const char *parameters, struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	for (int c = CAUSE_none + 1; c < CAUSE_COUNT; c++)
		rte_tel_data_add_dict_string(
			d, cause_name((enum cause)c), cause_text((enum cause)c));
	return 0;
}

static int tell_version(const char *command, const char *parameters, struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	return rte_tel_data_add_dict_string(d, "picket", PICKET_VERSION);
}

int telemetry_register(void)
{
	static const struct {
		const char *command;
		telemetry_cb tell;
		const char *help;
	} commands[] = {
		{"/picket/counters", tell_counters, "The fate of every frame. No parameters"},
		{"/picket/causes", tell_causes, "What each cause means. No parameters"},
		{"/picket/version", tell_version, "The version of the program. No parameters"},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < RTE_DIM(commands); i++)
		rc = rte_telemetry_register_cmd(
			commands[i].command, commands[i].tell, commands[i].help);
	return rc;
}
