/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads the tc program that stands between the TAP and the kernel, and reaches its maps. */
#include "bpf/load.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>

#include "bpf/handoff.object.h"
#include "rules/base/log.h"
#include "rules/base/mark.h"

static_assert(ABI_MARK_MAC_0 == MARK_MAC_PREFIX_0, "the program and the mark agree");
static_assert(ABI_MARK_MAC_1 == MARK_MAC_PREFIX_1, "the program and the mark agree");
static_assert(sizeof(struct abi_listener_key) == 20, "a key has no padding");

/* Fixed, so that a restarted dataplane replaces what a killed one left. */
enum { FILTER_HANDLE = 1, FILTER_PRIORITY = 1 };

struct load {
	struct bpf_object *object;
	int program_fd;   /* owned by object, like the maps */
	int listeners_fd; /* key to listening socket */
	int fates_fd;     /* per-CPU counters */
	int ifindex;      /* where it is attached; 0: nowhere */
	bool made_hook;   /* the clsact qdisc is ours to remove */
};

static int libbpf_to_log(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];
	size_t len;

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	len = strlen(line);
	if (len && line[len - 1] == '\n')
		line[len - 1] = '\0';
	/* What is expected comes as a warning too (a qdisc that is there already); what matters
	 * reaches the log as an error of ours. */
	log_debug("%s", line);
	return 0;
}

static int find_parts(struct load *load)
{
	struct bpf_program *program = bpf_object__find_program_by_name(load->object, "handoff");

	if (!program)
		return -ENOENT;
	load->program_fd = bpf_program__fd(program);
	load->listeners_fd = bpf_object__find_map_fd_by_name(load->object, "listeners");
	load->fates_fd = bpf_object__find_map_fd_by_name(load->object, "fates");
	if (load->program_fd < 0 || load->listeners_fd < 0 || load->fates_fd < 0)
		return -ENOENT;
	return 0;
}

static const char *load_remedy(int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return "start as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN";
	case -ENOMEM:
		return "raise the limit of locked memory (ulimit -l)";
	default:
		return "a kernel with CONFIG_BPF_SYSCALL, CONFIG_NET_CLS_BPF, CONFIG_NET_CLS_ACT and "
		       "CONFIG_BPF_STREAM_PARSER is needed";
	}
}

static const char *const mode_names[] = {
	[HANDOFF_SYN] = "syn",
	[HANDOFF_REQSK] = "reqsk",
};

const char *load_mode_name(enum handoff_mode mode)
{
	return mode_names[mode];
}

/* Constants are set between opening and loading. */
static int set_mode(struct bpf_object *object, enum handoff_mode mode)
{
	const uint32_t value = mode;
	struct bpf_map *map = bpf_object__find_map_by_name(object, ABI_MODE_SECTION);

	return map ? bpf_map__set_initial_value(map, &value, sizeof(value)) : -ENOENT;
}

int load_open(struct load **out, enum handoff_mode mode, char *why, size_t why_bytes)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "picket");
	struct load *load = calloc(1, sizeof(*load));
	int error;

	*out = NULL;
	if (!load) {
		snprintf(why, why_bytes, "no memory");
		return -ENOMEM;
	}
	libbpf_set_print(libbpf_to_log);
	load->object = bpf_object__open_mem(handoff_object, sizeof(handoff_object), &options);
	error = load->object ? set_mode(load->object, mode) : -errno;
	if (!error)
		error = bpf_object__load(load->object);
	if (!error)
		error = find_parts(load);
	if (error) {
		snprintf(why, why_bytes, "cannot load the hand-off program: %s; %s",
			strerror(-error), load_remedy(error));
		load_close(load);
		return error;
	}
	*out = load;
	return 0;
}

void load_close(struct load *load)
{
	if (!load)
		return;
	load_detach(load);
	if (load->object)
		bpf_object__close(load->object);
	free(load);
}

int load_attach(struct load *load, int ifindex, char *why, size_t why_bytes)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		.prog_fd = load->program_fd, .flags = BPF_TC_F_REPLACE);
	int error = bpf_tc_hook_create(&hook);
	bool made_hook = !error;

	/* -EEXIST: our clsact from before, or an ingress qdisc of the TAP driver. Both take it. */
	if (!error || error == -EEXIST)
		error = bpf_tc_attach(&hook, &options);
	if (error) {
		snprintf(why, why_bytes,
			"cannot attach the hand-off program: %s; "
			"CAP_NET_ADMIN and CONFIG_NET_CLS_BPF are needed",
			strerror(-error));
		return error;
	}
	load->ifindex = ifindex;
	load->made_hook = made_hook;
	return 0;
}

int load_detach(struct load *load)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = load->ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	int error;

	if (!load->ifindex)
		return 0;
	load->ifindex = 0;
	error = bpf_tc_detach(&hook, &options);
	if (error && error != -ENOENT)
		return error;
	/* With a qdisc that was there before us somebody else's filters may live. */
	if (!load->made_hook)
		return 0;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	error = bpf_tc_hook_destroy(&hook);
	return error == -ENOENT || error == -EINVAL ? 0 : error;
}

static struct abi_listener_key make_key(const struct ip_address *address, uint16_t port)
{
	struct abi_listener_key key = {.port = htons(port), .family_bits = address->family_bits};

	memcpy(key.address, address->bytes, address->family_bits / 8);
	return key;
}

int load_listener_put(struct load *load, const struct ip_address *address, uint16_t port, int fd)
{
	struct abi_listener_key key = make_key(address, port);
	uint64_t socket = (uint64_t)fd;

	/* libbpf 1.x: -errno. */
	return bpf_map_update_elem(load->listeners_fd, &key, &socket, BPF_ANY);
}

int load_listener_remove(struct load *load, const struct ip_address *address, uint16_t port)
{
	struct abi_listener_key key = make_key(address, port);
	int error = bpf_map_delete_elem(load->listeners_fd, &key);

	return error == -ENOENT || error == -EINVAL ? 0 : error;
}

int load_counters(struct load *load, uint64_t out[static ABI_FATE_COUNT])
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *each;
	int error = 0;

	if (cpus < 0)
		return cpus;
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	for (uint32_t fate = 0; fate < ABI_FATE_COUNT && !error; fate++) {
		error = bpf_map_lookup_elem(load->fates_fd, &fate, each);
		out[fate] = 0;
		for (int cpu = 0; cpu < cpus && !error; cpu++)
			out[fate] += each[cpu];
	}
	free(each);
	return error;
}

static const struct {
	const char *name;
	bool passes;
} fates[] = {
#define FATE_ROW(fate, passed, text) {#fate, passed},
	ABI_FATES(FATE_ROW)
#undef FATE_ROW
};

const char *load_fate_name(enum abi_fate fate)
{
	return fates[fate].name;
}

bool load_fate_passes(enum abi_fate fate)
{
	return fates[fate].passes;
}

int load_program_fd(const struct load *load)
{
	return load->program_fd;
}
