/* SPDX-License-Identifier: BSD-3-Clause */
/* picket-dataplane: start-up and end, in order. What each step does is in the files it calls. */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "bpf/probe.h"
#include "dataplane/border.h"
#include "dataplane/command.h"
#include "dataplane/crew.h"
#include "dataplane/handoff.h"
#include "dataplane/options.h"
#include "dataplane/port.h"
#include "dataplane/privilege.h"
#include "dataplane/signature.h"
#include "dataplane/telemetry.h"
#include "rules/base/log.h"

enum { EXIT_USAGE = 2, WHY_BYTES = 256 };

struct dataplane {
	struct options options;
	struct port ports[LEGS_MAX];
	struct rte_mempool *pool;
	struct worker_config workers;
	struct service_list services; /* at start, of the saved filter table */
	char handoff_why[WHY_BYTES];
	gid_t group;
	bool prepared; /* crew_finish is due */
};

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
	stopping = 1;
	crew_stop();
}

static void stop_signals(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGTERM);
	sigaddset(out, SIGINT);
	sigaddset(out, SIGHUP);
}

/* The TAP's driver takes a real-time signal of its own and needs it to arrive in one thread: the
 * one that reads the TAP, whose sleep it ends. The last one is privilege.c's, everywhere. */
static void tap_signals(sigset_t *out)
{
	sigemptyset(out);
	for (int number = SIGRTMIN; number < SIGRTMAX; number++)
		sigaddset(out, number);
}

/* Before any thread: all are born with everything blocked that is meant for one thread. */
static void prepare_signals(void)
{
	struct sigaction stop = {.sa_handler = on_stop};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	stop_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	tap_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* SIGIO: the kernel's word for an overflow of real-time signals; by default it kills. */
	sigaction(SIGIO, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	privilege_prepare();
}

/* The thread that reads the TAP: one lcore is worker and exception lcore in one, of several the main
 * one is the latter. */
static int run_here(void)
{
	struct ferry *ferry = crew_ferry();
	sigset_t set;
	int error;

	tap_signals(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	error = ferry ? ferry_run(ferry) : worker_run(crew_edge(0));
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return error;
}

static int run(struct dataplane *d)
{
	uint32_t number = 0;
	unsigned lcore;
	sigset_t set;
	int error = 0;

	RTE_LCORE_FOREACH_WORKER (lcore) {
		error = rte_eal_remote_launch(worker_run, crew_edge(number), lcore);
		if (error || ++number == crew_size())
			break;
	}
	log_info("ready");
	stop_signals(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	/* A stop that came before a loop has begun ends it all the same. */
	if (!error)
		error = run_here();
	crew_stop();
	rte_eal_mp_wait_lcore();
	if (error)
		log_error("the packet loop ended: %s", strerror(-error));
	return error;
}

static int find_group(struct dataplane *d, char *why, size_t why_bytes)
{
	const struct group *group;

	d->group = getegid();
	if (!d->options.group)
		return 0;
	group = getgrnam(d->options.group);
	if (!group) {
		snprintf(why, why_bytes, "there is no group '%s'; groupadd --system %s",
			d->options.group, d->options.group);
		return -ENOENT;
	}
	d->group = group->gr_gid;
	return 0;
}

static uint16_t vlan_of(const struct options *options, const struct port *port)
{
	for (uint32_t i = 0; i < options->vlan_count; i++)
		if (view_equal(options->vlans[i].port, view_of(port->name)))
			return options->vlans[i].id;
	return 0;
}

/* A tag for a port that is not there would leave another one open. */
static int check_vlans(struct dataplane *d, char *why, size_t why_bytes)
{
	for (uint32_t i = 0; i < d->options.vlan_count; i++) {
		struct view name = d->options.vlans[i].port;
		bool found = false;

		for (uint32_t p = 0; p < d->workers.port_count && !found; p++)
			found = view_equal(name, view_of(d->ports[p].name));
		if (!found) {
			snprintf(why, why_bytes, "--vlan: there is no port '%.*s'; the first is %s",
				(int)name.len, (const char *)name.p, d->ports[0].name);
			return -ENODEV;
		}
	}
	return 0;
}

/* All ports that the EAL made; the TAP is not among them yet. */
static int open_ports(struct dataplane *d, char *why, size_t why_bytes)
{
	struct worker_config *w = &d->workers;
	uint32_t count = RTE_MIN(rte_eth_dev_count_avail(), (uint32_t)LEGS_MAX);
	bool can_spread = true;
	int error;

	w->workers = RTE_MIN(RTE_MAX(rte_lcore_count(), 2u) - 1, (uint32_t)STEER_WORKERS_MAX);
	w->apart = rte_lcore_count() > 1;
	w->mtu = UINT16_MAX;
	if (rte_eth_dev_count_avail() > LEGS_MAX)
		log_warning("there are more than %d ports; the first of them are used", LEGS_MAX);
	if (rte_lcore_count() > STEER_WORKERS_MAX + 1)
		log_warning("there are more than %d lcores; the others stay idle",
			STEER_WORKERS_MAX + 1);
	do {
		struct port *port = &d->ports[w->port_count];

		error = port_open(port, w->port_count, why, why_bytes);
		if (!error)
			error = port_plan(port, w->workers, why, why_bytes);
		if (error)
			return error;
		w->ports[w->port_count++] = (struct leg_config){.port_id = port->id,
			.vlan_id = vlan_of(&d->options, port),
			.rx_queues = port->rx_queues,
			.tx_queues = port->tx_queues};
		w->mtu = RTE_MIN(w->mtu, port->mtu);
		can_spread = can_spread && port->can_spread;
	} while (w->port_count < count);
	error = check_vlans(d, why, why_bytes);
	/* Owners are where the ports put their frames only if all of them do. */
	if (!error && can_spread && steer_rss_seed(&w->rss_seed) < 0)
		log_warning("no randomness for the ports' key; the workers spread frames");
	return error;
}

/* Before anything is opened: the probe needs what is dropped later. */
static int choose_handoff(struct dataplane *d, char *why, size_t why_bytes)
{
	enum options_handoff asked = d->options.handoff;
	enum handoff_mode mode = HANDOFF_SYN;
	char failed[WHY_BYTES] = "";

	if (asked != OPTIONS_HANDOFF_SYN)
		mode = probe_handoff(failed, sizeof(failed));
	if (asked == OPTIONS_HANDOFF_REQSK && mode != HANDOFF_REQSK) {
		snprintf(why, why_bytes, "--handoff reqsk: %.*s", WHY_BYTES - 32, failed);
		return -EOPNOTSUPP;
	}
	d->workers.handoff = mode;
	if (mode == HANDOFF_REQSK)
		snprintf(d->handoff_why, WHY_BYTES,
			"the kernel gets a connection with its first bytes, once they are judged");
	else
		snprintf(d->handoff_why, WHY_BYTES,
			"the kernel answers each SYN whose source may connect: %.*s",
			WHY_BYTES - 80,
			asked == OPTIONS_HANDOFF_SYN ? "as --handoff says" : failed);
	log_info("hand-off %s: %s", handoff_name(mode), d->handoff_why);
	return 0;
}

/* Before privileges go. Without it lcores share their processors with whoever else is there. */
static void choose_realtime(struct dataplane *d)
{
	int priority = d->options.idle == IDLE_ADAPTIVE ? d->options.realtime_priority : 0;
	int error = priority > 0 ? realtime_try(priority) : 0;

	if (error)
		log_warning("--realtime %d: %s; lcores take turns with all other threads on their "
			    "processors (it needs CAP_SYS_NICE)",
			priority, strerror(-error));
	d->workers.realtime_priority = error ? 0 : priority;
}

static int prepare_crew(struct dataplane *d, char *why, size_t why_bytes)
{
	int error;

	d->workers.pool = d->pool;
	d->workers.idle = d->options.idle;
	choose_realtime(d);
	error = crew_prepare(&d->workers);
	if (error)
		snprintf(why, why_bytes,
			"the flow table cannot be made: %s; give the EAL more memory (-m MEGABYTES, or "
			"hugepages)",
			strerror(-error));
	d->prepared = !error;
	return error;
}

static int start_ports(struct dataplane *d, char *why, size_t why_bytes)
{
	const struct worker_config *w = &d->workers;
	int error = 0;

	for (uint32_t i = 0; i < w->port_count && !error; i++) {
		struct port *port = &d->ports[i];

		error = port_configure(port->id, port->rx_queues, port->tx_queues, w->rss_seed,
			d->pool, why, why_bytes);
		if (!error)
			error = port_start(port, w->rss_seed, w->workers, why, why_bytes);
	}
	if (!error)
		crew_open(w);
	return error;
}

/* Only names what was refused; without it the filter is the same. */
static void prepare_signatures(void)
{
	int error = signature_setup(crew_size());

	if (error)
		log_warning("refused protocols will not be named: %s", strerror(-error));
}

/* Connections that lived on get their flows back before the first frame arrives. */
static int adopt(struct dataplane *d, char *why, size_t why_bytes)
{
	struct adopt_count count;
	int error = border_adopt(&d->services, &count, why, why_bytes);

	if (!error && count.adopted + count.unmarked + count.refused > 0)
		log_info("%u connections go on; %u without a mark and %u over the flow table's "
			 "capacity stay cut off",
			count.adopted, count.unmarked, count.refused);
	return error;
}

/* Listeners that are in the control plane's hands and those that nobody accepts from decide about
 * packets too. */
static int give_listeners(const struct service_list *services, int fds[static SERVICES_MAX],
	char *why, size_t why_bytes)
{
	int error = border_listeners(services, fds, why, why_bytes);

	if (!error)
		crew_attend(true);
	return error;
}

static void take_listeners(void)
{
	crew_attend(false);
	border_silence();
}

static int start_command(struct dataplane *d, char *why, size_t why_bytes)
{
	const struct command_border border = {.offer = border_offer,
		.listeners = give_listeners,
		.silence = take_listeners,
		.counters = border_counters,
		.handoff = handoff_name(d->workers.handoff),
		.handoff_why = d->handoff_why};

	return command_start(d->options.state, &border, why, why_bytes);
}

static int start(struct dataplane *d, char *why, size_t why_bytes)
{
	struct border_config border = {.netns = d->options.netns, .tap = d->options.tap};
	int error = find_group(d, why, why_bytes);

	if (!error)
		error = command_open(d->options.socket, d->group, why, why_bytes);
	if (!error)
		error = choose_handoff(d, why, why_bytes);
	if (!error)
		error = open_ports(d, why, why_bytes);
	if (error)
		return error;
	d->pool = port_pool_make(d->ports, d->workers.port_count, d->workers.workers,
		d->workers.mtu, why, why_bytes);
	if (!d->pool)
		return -ENOMEM;
	error = prepare_crew(d, why, why_bytes);
	if (error)
		return error;
	prepare_signatures();
	command_restore(d->options.state, &d->services);
	border.mac = d->ports[0].mac;
	border.mtu = d->workers.mtu;
	border.pool = d->pool;
	border.handoff = d->workers.handoff;
	error = border_open(&border, &d->workers.tap_id, why, why_bytes);
	if (!error)
		error = adopt(d, why, why_bytes);
	if (!error)
		error = start_ports(d, why, why_bytes);
	if (!error)
		error = start_command(d, why, why_bytes);
	if (!error)
		error = privilege_drop(why, why_bytes);
	return error;
}

/* In the reverse order; fine after a start that failed half-way. */
static void end(struct dataplane *d)
{
	command_stop();
	border_close();
	for (uint32_t i = 0; i < LEGS_MAX; i++)
		port_close(&d->ports[i]);
	if (d->prepared)
		crew_finish();
	signature_finish();
	rte_mempool_free(d->pool);
}

/* What ends the program before it has begun, or -1. */
static int answer_words(enum options_outcome outcome, const char *why)
{
	switch (outcome) {
	case OPTIONS_HELP:
		options_help(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_VERSION:
		puts("picket-dataplane " PICKET_VERSION);
		return EXIT_SUCCESS;
	case OPTIONS_BAD:
		fprintf(stderr, "picket-dataplane: %s\n", why);
		return EXIT_USAGE;
	default:
		return -1;
	}
}

int main(int argc, char **argv)
{
	static struct dataplane dataplane;
	char why[WHY_BYTES] = "";
	int eal_argc, code, error;

	code = answer_words(
		options_parse(argc, argv, &dataplane.options, &eal_argc, why, sizeof(why)), why);
	if (code >= 0)
		return code;
	log_setup("picket-dataplane", dataplane.options.level);
	prepare_signals();
	if (rte_eal_init(eal_argc, argv) < 0) {
		log_error("the EAL did not start: %s; its own lines above say more",
			rte_strerror(rte_errno));
		return EXIT_FAILURE;
	}
	/* Without a telemetry socket (--no-telemetry) there is nobody to tell; that is no fault. */
	if (telemetry_register() < 0)
		log_warning("DPDK's telemetry takes no commands of ours");
	error = start(&dataplane, why, sizeof(why));
	if (error)
		log_error("cannot start: %s", why);
	else
		error = run(&dataplane);
	end(&dataplane);
	rte_eal_cleanup();
	if (!error)
		log_info("ended");
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
