/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel side: namespace, TAP, tc program and listeners, held together. */
#include "dataplane/border.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/load.h"
#include "dataplane/listener.h"
#include "dataplane/netstat.h"
#include "dataplane/preflight.h"
#include "dataplane/privilege.h"
#include "dataplane/setting.h"
#include "rules/base/log.h"

/* Touched only by the thread in the namespace, but for load, whose maps anyone may read, and netstat,
 * which stays with the namespace that it was opened in. */
static struct {
	struct load *load;
	struct tap tap;
	struct listener_set listeners;
	int netstat; /* of the namespace, -1 if there is none */
	uint64_t netstat_at_start[NETSTAT_COUNT];
} border = {.netstat = -1};

/* What a call carries into the thread and back. */
struct errand {
	const struct border_config *config;
	const struct service_list *services;
	const struct ip_address *address;
	struct adopt_count *count;
	int *fds;
	char *why;
	size_t why_bytes;
	uint16_t port;
	int fd;
};

static int check_here(const struct border_config *config, char *why, size_t why_bytes)
{
	static struct preflight_report report;
	const struct preflight asked = {
		.mode = config->handoff,
		.netns = config->netns,
		.tap = config->tap,
		.backlog = LISTENER_BACKLOG,
		.capabilities = privilege_effective(),
		.read = setting_read,
	};

	preflight_check(&asked, &report);
	for (uint32_t i = 0; i < report.count; i++) {
		if (report.findings[i].must)
			log_error("%s", report.findings[i].text);
		else
			log_warning("%s", report.findings[i].text);
	}
	if (report.musts == 0)
		return 0;
	snprintf(why, why_bytes,
		"%u of the things above must be put right first; scripts/netns up --netns %s sets all "
		"that are settings",
		report.musts, config->netns);
	return -EINVAL;
}

static bool read_netstat(uint64_t counts[static NETSTAT_COUNT])
{
	char text[NETSTAT_FILE_BYTES];
	ssize_t got = 0;
	size_t len = 0;

	while (border.netstat >= 0 && len < sizeof(text)) {
		got = pread(border.netstat, text + len, sizeof(text) - len, (off_t)len);
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	return got == 0 && netstat_read(view_make(text, len), counts);
}

/* Its counters began with the namespace, ours begin now. */
static void open_netstat(void)
{
	border.netstat = open("/proc/thread-self/net/netstat", O_RDONLY | O_CLOEXEC);
	if (!read_netstat(border.netstat_at_start))
		log_warning(
			"/proc/thread-self/net/netstat cannot be read: what the kernel's queues "
			"lose will not be counted");
}

static int open_here(void *arg)
{
	struct errand *e = arg;
	const struct border_config *config = e->config;
	int error = check_here(config, e->why, e->why_bytes);

	if (!error)
		open_netstat();
	if (!error)
		error = load_open(&border.load, config->handoff, e->why, e->why_bytes);
	if (!error)
		error = tap_open(&border.tap, config->tap, &config->mac, config->mtu, config->pool,
			e->why, e->why_bytes);
	/* The worker writes no frame before it runs, so nothing passes ahead of the program. */
	if (!error)
		error = load_attach(border.load, border.tap.ifindex, e->why, e->why_bytes);
	return error;
}

int border_open(const struct border_config *config, uint16_t *tap_id, char *why, size_t why_bytes)
{
	struct errand e = {.config = config, .why = why, .why_bytes = why_bytes};
	int error = netns_start(config->netns, why, why_bytes);

	if (!error)
		error = netns_call(open_here, &e);
	if (error) {
		border_close();
		return error;
	}
	*tap_id = border.tap.id;
	return 0;
}

static int adopt_here(void *arg)
{
	struct errand *e = arg;

	return adopt_run(e->services, e->count, e->why, e->why_bytes);
}

int border_adopt(
	const struct service_list *services, struct adopt_count *count, char *why, size_t why_bytes)
{
	struct errand e = {
		.services = services, .count = count, .why = why, .why_bytes = why_bytes};

	return netns_call(adopt_here, &e);
}

static int offer_here(void *arg)
{
	struct errand *e = arg;

	return listener_offer(&border.listeners, e->address, e->port, e->fd);
}

int border_offer(const struct ip_address *address, uint16_t port, int fd)
{
	struct errand e = {.address = address, .port = port, .fd = fd};

	return netns_call(offer_here, &e);
}

/* A listener that is to be closed leaves the map first: the control plane may hold the socket
 * longer than we do, and an entry goes only with the last holder. */
static void forget_unneeded(const struct service_list *services)
{
	for (uint32_t i = 0; i < border.listeners.count; i++) {
		const struct listener *l = &border.listeners.items[i];

		if (!services || !service_find(services, &l->address, l->port))
			load_listener_remove(border.load, &l->address, l->port);
	}
}

static int listeners_here(void *arg)
{
	struct errand *e = arg;
	char text[IP_TEXT_BYTES];
	int error;

	forget_unneeded(e->services);
	error = listener_complete(&border.listeners, e->services, e->why, e->why_bytes);
	for (uint32_t i = 0; i < border.listeners.count && !error; i++) {
		const struct listener *l = &border.listeners.items[i];

		error = load_listener_put(border.load, &l->address, l->port, l->fd);
		if (error) {
			ip_address_print(&l->address, text);
			snprintf(e->why, e->why_bytes,
				"the listener at %s port %u cannot be put before the hand-off "
				"program: %s",
				text, l->port, strerror(-error));
		}
		e->fds[i] = l->fd;
	}
	return error;
}

int border_listeners(const struct service_list *services, int fds[static SERVICES_MAX], char *why,
	size_t why_bytes)
{
	struct errand e = {.services = services, .fds = fds, .why = why, .why_bytes = why_bytes};

	snprintf(why, why_bytes, "the border is closed");
	return netns_call(listeners_here, &e);
}

static int silence_here(void *unused)
{
	if (border.load)
		forget_unneeded(NULL);
	listener_close_all(&border.listeners);
	return 0;
}

void border_silence(void)
{
	netns_call(silence_here, NULL);
}

static json_t *socket_counters(void)
{
	uint64_t counts[NETSTAT_COUNT];
	json_t *o;

	if (!read_netstat(counts))
		return NULL;
	o = json_object();
	for (uint32_t i = 0; i < NETSTAT_COUNT; i++)
		json_object_set_new(o, netstat_name(i),
			json_integer((json_int_t)(counts[i] - border.netstat_at_start[i])));
	return o;
}

json_t *border_counters(void)
{
	uint64_t counts[ABI_FATE_COUNT];
	json_t *passed, *dropped;

	if (!border.load || load_counters(border.load, counts) < 0)
		return NULL;
	passed = json_object();
	dropped = json_object();
	for (int i = 0; i < ABI_FATE_COUNT; i++)
		json_object_set_new(load_fate_passes((enum abi_fate)i) ? passed : dropped,
			load_fate_name((enum abi_fate)i), json_integer((json_int_t)counts[i]));
	return json_pack("{s:o, s:o, s:o*}", "passed", passed, "dropped", dropped, "sockets",
		socket_counters());
}

static int close_here(void *unused)
{
	silence_here(NULL);
	if (border.load && load_detach(border.load) < 0)
		log_warning("the hand-off program could not be detached");
	load_close(border.load);
	border.load = NULL;
	tap_close(&border.tap);
	if (border.netstat >= 0)
		close(border.netstat);
	border.netstat = -1;
	return 0;
}

void border_close(void)
{
	netns_call(close_here, NULL);
	netns_stop();
}
