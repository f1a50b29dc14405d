/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's telemetry socket speaks for us too. */
#include "dataplane/telemetry.h"

#include <errno.h>
#include <stdio.h>

#include <rte_telemetry.h>

#include "dataplane/crew.h"
#include "dataplane/partner.h"
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
		{"made", &f->made},
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
	add(d, "copies_lost", &c.copies_lost);
	add_causes(d, "dropped", c.dropped);
	add_causes(d, "refused", c.refused);
	return 0;
}

/* DPDK gives a parameter as text, or NULL. */
static bool parameter_read(const char *parameters, uint64_t max, uint64_t *out)
{
	return parameters && view_to_u64(view_of(parameters), max, out);
}

static int tell_partners(const char *command, const char *parameters, struct rte_tel_data *d)
{
	uint32_t end = partner_slot_end();
	uint64_t offset = 0;

	if (parameters && !parameter_read(parameters, PARTNER_SLOTS, &offset))
		return -EINVAL;
	rte_tel_data_start_array(d, RTE_TEL_U64_VAL);
	for (uint32_t slot = 1 + (uint32_t)offset; slot < end; slot++) {
		struct partner_entry entry;

		partner_get(slot, &entry);
		if (rte_tel_data_add_array_u64(d, entry.id) < 0)
			break;
	}
	return 0;
}

/* The members of one partner, nested ones by "group_member": as flat as the others. */
static void add_members(struct rte_tel_data *d, const char *group, json_t *members)
{
	char name[RTE_TEL_MAX_STRING_LEN];
	const char *key;
	json_t *value;

	json_object_foreach(members, key, value)
	{
		snprintf(name, sizeof(name), "%s%s%s", group, group[0] ? "_" : "", key);
		if (json_is_object(value))
			add_members(d, key, value);
		else if (json_is_integer(value))
			rte_tel_data_add_dict_u64(d, name, (uint64_t)json_integer_value(value));
		else
			rte_tel_data_add_dict_string(d, name, json_string_value(value));
	}
}

static int tell_partner(const char *command, const char *parameters, struct rte_tel_data *d)
{
	uint64_t id;
	json_t *row;

	if (!parameter_read(parameters, PARTNER_ID_MAX, &id))
		return -EINVAL;
	row = report_partner((uint32_t)id);
	if (!row)
		return -ENOENT;
	rte_tel_data_start_dict(d);
	add_members(d, "", row);
	json_decref(row);
	return 0;
}

static int tell_hitters(const char *command, const char *parameters, struct rte_tel_data *d)
{
	char name[RTE_TEL_MAX_STRING_LEN];
	enum cause cause;
	uint32_t total;
	json_t *rows, *row;
	size_t i;

	if (!parameters || !cause_find(parameters, &cause))
		return -EINVAL;
	rows = report_hitters(cause, 0, HITTERS_MAX, &total);
	if (!rows)
		return -ENODEV;
	rte_tel_data_start_dict(d);
	/* Names must be words: addresses are none. */
	json_array_foreach(rows, i, row)
	{
		snprintf(name, sizeof(name), "source_%zu", i + 1);
		rte_tel_data_add_dict_string(
			d, name, json_string_value(json_object_get(row, "source")));
		snprintf(name, sizeof(name), "count_%zu", i + 1);
		rte_tel_data_add_dict_u64(
			d, name, (uint64_t)json_integer_value(json_object_get(row, "count")));
	}
	json_decref(rows);
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
		{"/picket/partners", tell_partners,
			"Ids of partners, at most 512. Parameter: how many to leave out before them"},
		{"/picket/partner", tell_partner,
			"What one partner uses. Parameter: its id, 0: "
			"everybody else"},
		{"/picket/hitters", tell_hitters,
			"Who is dropped and refused most. Parameter: the cause"},
		{"/picket/version", tell_version, "The version of the program. No parameters"},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < RTE_DIM(commands); i++)
		rc = rte_telemetry_register_cmd(
			commands[i].command, commands[i].tell, commands[i].help);
	return rc;
}
