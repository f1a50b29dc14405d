/* SPDX-License-Identifier: BSD-3-Clause */
/* picket-dataplane: start-up and end, in order. What each step does is in the files it calls. */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "dataplane/border.h"
#include "dataplane/command.h"
#include "dataplane/options.h"
#include "dataplane/port.h"
#include "dataplane/privilege.h"
#include "dataplane/signature.h"
#include "dataplane/telemetry.h"
#include "dataplane/worker.h"
#include "rules/base/log.h"

enum { EXIT_USAGE = 2, WATCH_MS = 200, WHY_BYTES = 256 };

struct dataplane {
	struct options options;
	struct port port;
	struct rte_mempool *pool;
	struct worker_config worker;
	struct service_list services; /* at start, of the saved filter table */
	gid_t group;
	bool prepared; /* worker_finish is due */
};

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
	stopping = 1;
	worker_stop();
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

static int run_worker(void *config)
{
	sigset_t set;
	int error;

	tap_signals(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	error = worker_run(config);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return error;
}

/* One lcore is worker and exception lcore in one; a second one relieves the main lcore. */
static int run(struct dataplane *d)
{
	const struct timespec turn = {.tv_nsec = WATCH_MS * 1000000L};
	unsigned lcore = rte_get_next_lcore(-1, 1, 0);
	sigset_t set;
	int error;

	log_info("ready");
	stop_signals(&set);
	if (lcore == RTE_MAX_LCORE) {
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		error = stopping ? 0 : run_worker(&d->worker);
	} else {
		error = rte_eal_remote_launch(run_worker, &d->worker, lcore);
		if (error)
			return error;
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		while (!stopping && rte_eal_get_lcore_state(lcore) == RUNNING)
			nanosleep(&turn, NULL);
		/* A stop that came before the loop had begun must not be lost. */
		while (rte_eal_get_lcore_state(lcore) == RUNNING) {
			worker_stop();
			nanosleep(&turn, NULL);
		}
		error = rte_eal_wait_lcore(lcore);
	}
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

static int prepare_worker(struct dataplane *d, char *why, size_t why_bytes)
{
	int error;

	d->worker.port_id = d->port.id;
	d->worker.pool = d->pool;
	d->worker.idle = d->options.idle;
	d->worker.mtu = d->port.mtu;
	error = worker_prepare(&d->worker);
	if (error)
		snprintf(why, why_bytes,
			"the flow table cannot be made: %s; give the EAL more memory (-m MEGABYTES, or "
			"hugepages)",
			strerror(-error));
	d->prepared = !error;
	return error;
}

/* Only names what was refused; without it the filter is the same. */
static void prepare_signatures(void)
{
	int error = signature_setup();

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
		worker_attend(true);
	return error;
}

static void take_listeners(void)
{
	worker_attend(false);
	border_silence();
}

static int start_command(struct dataplane *d, char *why, size_t why_bytes)
{
	static const struct command_border border = {.offer = border_offer,
		.listeners = give_listeners,
		.silence = take_listeners,
		.counters = border_counters};

	return command_start(d->options.state, &border, why, why_bytes);
}

static int start(struct dataplane *d, char *why, size_t why_bytes)
{
	struct border_config border = {.netns = d->options.netns, .tap = d->options.tap};
	int error = find_group(d, why, why_bytes);

	if (!error)
		error = command_open(d->options.socket, d->group, why, why_bytes);
	if (!error)
		error = port_open(&d->port, why, why_bytes);
	if (error)
		return error;
	d->pool = port_pool_make(d->port.mtu, why, why_bytes);
	if (!d->pool)
		return -ENOMEM;
	error = prepare_worker(d, why, why_bytes);
	if (error)
		return error;
	prepare_signatures();
	command_restore(d->options.state, &d->services);
	border.mac = d->port.mac;
	border.mtu = d->port.mtu;
	border.pool = d->pool;
	error = border_open(&border, &d->worker.tap_id, why, why_bytes);
	if (!error)
		error = adopt(d, why, why_bytes);
	if (!error)
		error = port_configure(d->port.id, d->pool, why, why_bytes);
	if (!error)
		error = port_start(&d->port, why, why_bytes);
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
	port_close(&d->port);
	if (d->prepared)
		worker_finish();
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
