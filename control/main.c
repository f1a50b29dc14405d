/* SPDX-License-Identifier: BSD-3-Clause */
/* picket-control: set-up in the order in which privileges go, then the loop. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/command.h"
#include "control/edge.h"
#include "control/edge_policy.h"
#include "control/options.h"
#include "control/privilege.h"
#include "control/startup.h"
#include "rules/base/log.h"
#include "rules/base/realtime.h"
#include "rules/base/text.h"

enum { WHY_BYTES = 512 };

/* Everything that lives as long as the process. */
struct control {
	struct options options;
	struct startup startup; /* until the edge and the rulebook have what it brought */
	struct loop *loop;
	struct resolver *resolver;
	struct resolver *learner; /* another one, for learning */
	struct verdicts *verdicts;
	struct store *store; /* without --state there is none ... */
	struct usage *usage; /* ... nor this */
	struct contacts *contacts;
	struct gate *gate;
	struct edge *edge;
	struct edge_policy *asked; /* about policy */
	struct rulebook *rulebook;
	struct command_server *commands;
	struct command_server *statistics; /* the same, but only to look */
	struct event *terminate;
	struct event *interrupt;
};

static int rules_choose(struct control *c)
{
	c->startup.rules_file = c->options.rules_file;
	c->startup.ca_file = c->options.ca_file;
	c->startup.state_directory = c->options.state_dir;
	return startup_load(&c->startup);
}

static struct resolver *resolver_make(struct control *c)
{
	char why[WHY_BYTES];
	struct resolver *resolver = resolver_new(c->loop, c->options.resolver, why, sizeof(why));

	for (uint32_t i = 0; resolver && i < c->options.resolver_option_count; i++)
		if (resolver_option(resolver, c->options.resolver_options[i], why, sizeof(why)) <
			0) {
			resolver_free(resolver);
			resolver = NULL;
		}
	if (!resolver)
		log_error("%s", why);
	return resolver;
}

static int resolver_setup(struct control *c)
{
	c->resolver = resolver_make(c);
	/* Thousands of partners are asked about with it: nobody who waits for a connection may have
	 * to wait behind them. */
	c->learner = c->resolver ? resolver_make(c) : NULL;
	return c->learner ? 0 : -EINVAL;
}

static int inside_setup(struct control *c)
{
	char text[IP_TEXT_BYTES];
	int rc;

	c->edge = edge_new(c->loop, c->startup.generation, c->resolver, c->verdicts);
	if (!c->edge || edge_learn(c->edge, c->learner) < 0)
		return -ENOMEM;
	edge_bounds(c->edge, c->options.handshake_threads, c->options.unproven_max);
	if (!c->options.has_inside) {
		log_warning("no --inside: our own servers cannot reach partners");
		return 0;
	}
	rc = edge_listen_inside(c->edge, &c->options.inside_address, c->options.inside_port);
	if (rc < 0) {
		ip_address_print(&c->options.inside_address, text);
		log_error("inside listener %s port %u: %s", text, c->options.inside_port,
			strerror(-rc));
	}
	return rc;
}

static struct command_server *commands_open(struct control *c, const char *path)
{
	const struct command_sources sources = {
		.arg = c->edge,
		.sessions = edge_sessions,
		.partners = edge_partners,
		.messages = edge_messages,
		.prefixes = edge_prefixes,
		.handshakes = edge_handshakes,
		.filter = edge_filter,
		.verdicts = edge_verdicts,
		.suspects = edge_suspects,
		.trust = edge_trust,
	};
	char why[WHY_BYTES];
	struct command_server *server =
		command_server_new(c->loop, path, &sources, why, sizeof(why));

	if (!server)
		log_error("%s", why);
	return server;
}

static int commands_setup(struct control *c)
{
	gid_t group;

	c->commands = commands_open(c, c->options.control_path);
	if (!c->commands)
		return -EINVAL;
	/* Operators are members of the group that the daemon runs as. */
	if (c->options.user && privilege_group(c->options.user, &group) == 0 &&
		chown(c->options.control_path, (uid_t)-1, group) < 0)
		log_warning("%s: %s", c->options.control_path, strerror(errno));
	return 0;
}

/* The socket of those who may look and not touch. A group that was asked for must be given: nobody
 * is to find out later who may look instead. */
static int statistics_setup(struct control *c)
{
	const char *path = c->options.statistics_path;
	const char *name = c->options.statistics_group;
	gid_t group;

	c->statistics = commands_open(c, path);
	if (!c->statistics)
		return -EINVAL;
	command_server_show_only(c->statistics);
	if (name && privilege_named_group(name, &group) < 0) {
		log_error("--statistics-group: there is no group '%s'", name);
		return -EINVAL;
	}
	if (!name && (!c->options.user || privilege_group(c->options.user, &group) < 0))
		return 0;
	if (chown(path, (uid_t)-1, group) < 0) {
		log_error("%s: cannot be given to its group: %s", path, strerror(errno));
		return name ? -EPERM : 0;
	}
	return 0;
}

/* While we may: what is remembered is written by who we become. */
static int state_give(struct control *c)
{
	int rc;

	if (!c->options.state_dir || !c->options.user || geteuid() != 0)
		return 0;
	rc = privilege_give(c->options.user, c->options.state_dir);
	if (rc < 0)
		log_error("state: %s: %s", c->options.state_dir, strerror(-rc));
	return rc;
}

static int state_settle(struct control *c)
{
	char why[WHY_BYTES];
	int rc = startup_settle(&c->startup, wall_now(), why, sizeof(why));

	if (rc < 0)
		log_error("state: %s", why);
	/* Held here it would outlast the changes that replace it. */
	generation_drop(c->startup.generation);
	c->startup.generation = NULL;
	return rc;
}

static int privileges_drop(struct control *c)
{
	char why[WHY_BYTES];
	int rc = privilege_drop(c->options.user, why, sizeof(why));

	if (rc < 0)
		log_error("%s", why);
	else if (geteuid() == 0)
		log_warning("running as root (without capabilities); give --user");
	return rc;
}

static void stop(evutil_socket_t signal, short what, void *arg)
{
	struct control *c = arg;

	log_info("signal %d: stopping", (int)signal);
	loop_stop(c->loop);
}

static int signals_setup(struct control *c)
{
	signal(SIGPIPE, SIG_IGN);
	c->terminate = evsignal_new(loop_base(c->loop), SIGTERM, stop, c);
	c->interrupt = evsignal_new(loop_base(c->loop), SIGINT, stop, c);
	if (!c->terminate || !c->interrupt || evsignal_add(c->terminate, NULL) < 0 ||
		evsignal_add(c->interrupt, NULL) < 0)
		return -ENOMEM;
	return 0;
}

/* Before privileges go. Without it the loop is one thread among others. */
static void realtime_setup(struct control *c)
{
	int priority = (int)c->options.realtime_priority;
	int stay = priority > 0 ? realtime_allow(priority) : 0;
	int rc = loop_realtime(c->loop, priority, stay < 0);

	if (rc < 0)
		log_warning("--realtime %d: %s; sessions take turns with all other threads on "
			    "their processor (it needs CAP_SYS_NICE, or LimitRTPRIO=%d of systemd)",
			priority, strerror(-rc), priority);
	else if (stay < 0)
		log_info(
			"--realtime %d: until sessions once need all of a processor for a second (to go first "
			"again after that needs CAP_SYS_RESOURCE, or LimitRTPRIO=%d of systemd)",
			priority, priority);
}

static int loop_setup(struct control *c)
{
	c->loop = loop_new();
	if (!c->loop)
		return -ENOMEM;
	realtime_setup(c);
	return signals_setup(c);
}

static int verdicts_setup(struct control *c)
{
	c->verdicts = verdicts_new(c->loop, c->startup.generation, c->options.state_dir);
	return c->verdicts ? 0 : -ENOMEM;
}

static int netns_setup(struct control *c)
{
	char why[WHY_BYTES];
	int rc = c->options.netns ? privilege_enter_netns(c->options.netns, why, sizeof(why)) : 0;

	if (rc < 0)
		log_error("%s", why);
	return rc;
}

/* Facts that outlive the process. */
static int store_setup(struct control *c, char *why, size_t why_bytes)
{
	char path[PATH_MAX];
	char head[PATH_MAX];

	if (!c->options.state_dir)
		return 0;
	snprintf(path, sizeof(path), "%s/" USAGE_DATABASE_FILE, c->options.state_dir);
	snprintf(head, sizeof(head), "%s/" USAGE_HEAD_FILE, c->options.state_dir);
	c->store = store_open(c->loop, path, USAGE_SCHEMA CONTACT_SCHEMA, why, why_bytes);
	if (c->store)
		c->usage = usage_open(c->store, head, why, why_bytes);
	return c->usage ? 0 : -EINVAL;
}

/* Who decides about messages, by the rules and those facts. */
static int policy_setup(struct control *c)
{
	char why[STORE_WHY_BYTES] = "out of memory";
	int rc = store_setup(c, why, sizeof(why));

	if (rc == 0) {
		c->contacts = contacts_open(c->store, why, sizeof(why));
		c->gate = c->contacts ? gate_new(c->loop, c->usage, c->contacts) : NULL;
		rc = c->gate ? 0 : -EINVAL;
	}
	if (rc < 0)
		log_error("state: %s", why);
	else
		edge_gate(c->edge, c->gate);
	return rc;
}

/* From here on operators can ask about it. */
static int asked_setup(struct control *c)
{
	struct command_policy commands;

	c->asked = edge_policy_new(c->loop, c->edge, c->gate, c->options.state_dir);
	if (!c->asked)
		return -ENOMEM;
	commands = edge_policy_commands(c->asked);
	command_server_policy(c->commands, &commands);
	command_server_policy(c->statistics, &commands);
	return 0;
}

/* From here on partners and our own servers are served. */
static int edge_begin(struct control *c)
{
	int rc = edge_start(c->edge, c->options.dataplane_path);

	if (rc < 0)
		log_error("edge: %s", strerror(-rc));
	return rc;
}

static struct filter_client *world_filter(void *arg)
{
	const struct control *c = arg;

	return edge_filter(c->edge);
}

static struct generation *world_generation(void *arg)
{
	const struct control *c = arg;

	return edge_generation(c->edge);
}

static void world_adopt(void *arg, struct generation *generation)
{
	const struct control *c = arg;

	edge_adopt(c->edge, generation);
}

/* From here on operators can change the rules. */
static int rulebook_setup(struct control *c)
{
	const struct rulebook_world world = {
		.arg = c,
		.filter = world_filter,
		.generation = world_generation,
		.adopt = world_adopt,
		.wall = wall_now,
		.state_directory = c->options.state_dir,
		.ca_file = c->options.ca_file,
		.rules_path = c->startup.path,
	};

	c->rulebook = rulebook_new(c->loop, &world, c->startup.archive, &c->startup.record);
	c->startup.archive = NULL;
	if (!c->rulebook)
		return -ENOMEM;
	command_server_rules(c->commands, c->rulebook);
	command_server_rules(c->statistics, c->rulebook);
	return 0;
}

static void control_free(struct control *c)
{
	/* Who changes the rules just now hears what becomes of it. Commands look into the edge; the edge's
	 * channel may owe commands an answer. */
	rulebook_free(c->rulebook);
	edge_policy_free(c->asked);
	command_server_free(c->commands);
	command_server_free(c->statistics);
	edge_free(c->edge);
	gate_free(c->gate);
	store_close(c->store);
	usage_free(c->usage);
	contacts_free(c->contacts);
	verdicts_free(c->verdicts);
	resolver_free(c->resolver);
	resolver_free(c->learner);
	if (c->terminate)
		event_free(c->terminate);
	if (c->interrupt)
		event_free(c->interrupt);
	loop_free(c->loop);
	generation_drop(c->startup.generation);
	archive_free(c->startup.archive);
	startup_end(&c->startup);
}

/* Each logs its own failure. Keys and sockets before the drop, nothing that parses partners' bytes or writes
 * what is remembered before it. */
static int (*const steps[])(struct control *c) = {
	netns_setup,
	rules_choose,
	loop_setup,
	verdicts_setup,
	resolver_setup,
	inside_setup,
	commands_setup,
	statistics_setup,
	state_give,
	privileges_drop,
	state_settle,
	policy_setup,
	asked_setup,
	edge_begin,
	rulebook_setup,
};

/* --check: the file, and nothing that is remembered. */
static int check(const struct options *options)
{
	struct rules_errors errors = {0};
	struct ruleset *rules = ruleset_load(options->rules_file, &errors);
	struct tls_store *tls = NULL;
	char why[WHY_BYTES];

	for (uint32_t i = 0; i < errors.count; i++) {
		struct text line;

		text_init(&line, 4096);
		rules_error_print(options->rules_file, &errors.list[i], &line);
		fprintf(stderr, "%s\n", line.p ? line.p : "out of memory");
		text_free(&line);
	}
	if (errors.more > 0)
		fprintf(stderr, "%s: and %u more\n", options->rules_file, errors.more);
	if (rules) {
		tls = tls_store_new(rules, options->ca_file, why, sizeof(why));
		if (tls)
			printf("%s: fine, %u local domains, %u partners\n", options->rules_file,
				rules->local_count, ruleset_named_partners(rules));
		else
			fprintf(stderr, "%s: %s\n", options->rules_file, why);
	}
	tls_store_free(tls);
	ruleset_free(rules);
	return tls ? EXIT_FINE : EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	struct control c = {0};
	int code = options_read(argc, argv, &c.options);

	if (code >= 0)
		return code;
	log_setup("picket-control", c.options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if (c.options.check)
		return check(&c.options);
	privilege_limits();
	code = EXIT_FINE;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && code == EXIT_FINE; i++)
		if (steps[i](&c) < 0)
			code = EXIT_TROUBLE;
	if (code == EXIT_FINE) {
		const struct ruleset *rules = edge_generation(c.edge)->rules;

		log_info("picket-control %s: %u local domains, %u partners", PICKET_VERSION,
			rules->local_count, ruleset_named_partners(rules));
		loop_run(c.loop);
	} else {
		log_error("not started");
	}
	control_free(&c);
	return code;
}
