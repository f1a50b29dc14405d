/* SPDX-License-Identifier: BSD-3-Clause */
/* picket-control: set-up in the order in which privileges go, then the loop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/command.h"
#include "control/edge.h"
#include "control/history.h"
#include "control/options.h"
#include "control/privilege.h"
#include "rules/base/log.h"
#include "rules/base/text.h"

enum { WHY_BYTES = 512 };

/* Everything that lives as long as the process. */
struct control {
	struct options options;
	struct ruleset *rules; /* both until there is a generation of them ... */
	struct tls_store *tls;
	struct generation *generation; /* ... and that until the edge holds it */
	struct loop *loop;
	struct resolver *resolver;
	struct resolver *learner; /* another one, for learning */
	struct verdicts *verdicts;
	struct edge *edge;
	struct command_server *commands;
	struct command_server *statistics; /* the same, but only to look */
	struct event *terminate;
	struct event *interrupt;
};

/* What is wrong with the rules: for who checks them as it is, otherwise into the log. */
static void complain(const struct control *c, const char *line)
{
	if (c->options.check)
		fprintf(stderr, "%s\n", line);
	else
		log_error("%s", line);
}

static int rules_load(struct control *c)
{
	struct rules_errors errors = {0};

	c->rules = ruleset_load(c->options.rules_file, &errors);
	for (uint32_t i = 0; i < errors.count; i++) {
		struct text line;

		text_init(&line, 4096);
		rules_error_print(c->options.rules_file, &errors.list[i], &line);
		complain(c, line.p ? line.p : "out of memory");
		text_free(&line);
	}
	if (errors.more > 0)
		log_error("%s: and %u more", c->options.rules_file, errors.more);
	return c->rules ? 0 : -EINVAL;
}

static int certificates_load(struct control *c)
{
	char why[WHY_BYTES];
	struct text line;

	c->tls = tls_store_new(c->rules, c->options.ca_file, why, sizeof(why));
	if (!c->tls) {
		text_init(&line, 4096);
		text_printf(&line, "%s: %s", c->options.rules_file, why);
		complain(c, line.p ? line.p : why);
		text_free(&line);
	}
	return c->tls ? 0 : -EINVAL;
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

	c->edge = edge_new(c->loop, c->generation, c->resolver, c->verdicts);
	if (!c->edge || edge_learn(c->edge, c->learner) < 0)
		return -ENOMEM;
	/* Held here it would outlast the changes that replace it. */
	generation_drop(c->generation);
	c->generation = NULL;
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
		.filter = edge_filter,
		.verdicts = edge_verdicts,
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

/* Before privileges go: the directory may be the superuser's, or the daemon's own. */
static int state_setup(struct control *c)
{
	char why[WHY_BYTES];
	int rc = history_settle(c->options.state_dir, c->rules, wall_now(), why, sizeof(why));

	if (rc < 0) {
		log_error("state: %s", why);
		return rc;
	}
	if (c->options.state_dir && c->options.user && geteuid() == 0) {
		rc = privilege_give(c->options.user, c->options.state_dir);
		if (rc < 0)
			log_warning("state: %s: %s; blocks may not outlive a restart",
				c->options.state_dir, strerror(-rc));
	}
	return 0;
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

static int loop_setup(struct control *c)
{
	c->loop = loop_new();
	return c->loop ? signals_setup(c) : -ENOMEM;
}

/* From here on the rules are settled. */
static int generation_setup(struct control *c)
{
	c->generation = generation_new(c->rules, c->tls);
	if (!c->generation)
		return -ENOMEM;
	c->rules = NULL;
	c->tls = NULL;
	return 0;
}

static int verdicts_setup(struct control *c)
{
	c->verdicts = verdicts_new(c->loop, c->generation, c->options.state_dir);
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

/* The last step: from here on partners and our own servers are served. */
static int edge_begin(struct control *c)
{
	int rc = edge_start(c->edge, c->options.dataplane_path);

	if (rc < 0)
		log_error("edge: %s", strerror(-rc));
	return rc;
}

static void control_free(struct control *c)
{
	/* Commands look into the edge; the edge's channel may owe commands an answer. */
	command_server_free(c->commands);
	command_server_free(c->statistics);
	edge_free(c->edge);
	verdicts_free(c->verdicts);
	resolver_free(c->resolver);
	resolver_free(c->learner);
	if (c->terminate)
		event_free(c->terminate);
	if (c->interrupt)
		event_free(c->interrupt);
	loop_free(c->loop);
	generation_drop(c->generation);
	tls_store_free(c->tls);
	ruleset_free(c->rules);
}

/* Each logs its own failure. Keys and sockets before the drop, nothing that parses partners' bytes
 * before it. */
static int (*const steps[])(struct control *c) = {
	netns_setup,
	rules_load,
	certificates_load,
	state_setup,
	generation_setup,
	loop_setup,
	verdicts_setup,
	resolver_setup,
	inside_setup,
	commands_setup,
	statistics_setup,
	privileges_drop,
	edge_begin,
};

static int check(struct control *c)
{
	if (rules_load(c) < 0 || certificates_load(c) < 0)
		return EXIT_TROUBLE;
	printf("%s: fine, %u local domains, %u partners\n", c->options.rules_file,
		c->rules->local_count, c->rules->partner_count);
	return EXIT_FINE;
}

int main(int argc, char **argv)
{
	struct control c = {0};
	int code = options_read(argc, argv, &c.options);

	if (code >= 0)
		return code;
	log_setup("picket-control", c.options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if (c.options.check) {
		code = check(&c);
		control_free(&c);
		return code;
	}
	privilege_limits();
	code = EXIT_FINE;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && code == EXIT_FINE; i++)
		if (steps[i](&c) < 0)
			code = EXIT_TROUBLE;
	if (code == EXIT_FINE) {
		const struct ruleset *rules = edge_generation(c.edge)->rules;

		log_info("picket-control %s: %u local domains, %u partners", PICKET_VERSION,
			rules->local_count, rules->partner_count);
		loop_run(c.loop);
	} else {
		log_error("not started");
	}
	control_free(&c);
	return code;
}
