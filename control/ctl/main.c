/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl: the operator's tool. The command line; each command has a file of its own. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "control/ctl/verbs.h"

struct verb {
	const char *name;
	int (*run)(const struct call *call);
	int least, most;          /* words behind the name */
	const char *const *nouns; /* allowed ones; NULL: any */
	const char *help;
};

static const char *const show_nouns[] = {"rules", "counters", "sessions", "partners", "messages",
	"prefixes", "handshakes", "dataplane", "flows", "flow", "drops", "hitters", "verdicts",
	"version", NULL};
static const char *const licence_nouns[] = {"report", NULL};
static const char *const reload_nouns[] = {"certificates", NULL};

static const struct verb verbs[] = {
	{"show", verb_show, 1, 3, show_nouns,
		"usage: picketctl [--socket PATH] show NOUN [WORDS] [--json] [--all]\n"
		"\n"
		"  show rules       which rules are in force, since when and by whom; what is kept\n"
		"  show counters    what the control plane counted, every refusal by its cause\n"
		"  show sessions    streams and connections\n"
		"  show partners    the partners of the rules, their open connections by class, and\n"
		"                   why frames of theirs were dropped or refused\n"
		"  show messages    messages each way per partner and what became of them\n"
		"  show prefixes    by which addresses partners are known, and how that was learned\n"
		"  show handshakes  who is in and has proven nothing yet, how many may be, and what\n"
		"                   handshakes wait for\n"
		"  show dataplane   the channel to the dataplane, its listeners and counters\n"
		"  show flows       the dataplane's connections, each with its class and partner\n"
		"  show flow REMOTE:PORT-LOCAL:PORT\n"
		"                   all that it knows of one connection, or why there is none; also\n"
		"                   as two words, either end first, IPv6 as [ADDRESS]:PORT\n"
		"  show drops       causes for which it dropped or refused frames, in words\n"
		"  show hitters [CAUSE]\n"
		"                   who caused most of them in the last minutes\n"
		"  show verdicts    who is suspicious or blocked just now, for how long, and why\n"
		"  show version     version and process of the control plane\n"},
	{"check", verb_check, 1, 1, NULL,
		"usage: picketctl check FILE\n"
		"\n"
		"Compile a rules file; print every error as FILE:LINE: KEY: TEXT. The certificates and\n"
		"keys that it names are opened too: each pair must match, be valid today and name its\n"
		"domain; those that you may not read are only a warning. FILE can be '-', standard\n"
		"input; then certificates are not looked at. Warnings say what is allowed and probably\n"
		"not meant. A command for users is run. Asks nobody.\n"},
	{"diff", verb_diff, 1, 1, NULL,
		"usage: picketctl diff FILE [--rules OLD] [--json]\n"
		"\n"
		"What would change if FILE ('-': standard input) were applied: one line for each\n"
		"service, local domain, partner, blocked domain or prefix, and limit. '+' it comes,\n"
		"'-' it goes, '~' it changes: key: before -> after. Then whose decisions change: users\n"
		"and other sides who are alike are one line. Nothing is printed when FILE says what is\n"
		"in force. With --rules it is compared with the file OLD, and nobody is asked.\n"
		"\n"
		"exit codes: 0 the same, 1 different, 2 wrong usage or errors in a file,\n"
		"3 no control plane\n"},
	{"apply", verb_apply, 1, 1, NULL,
		"usage: picketctl apply FILE [--json]\n"
		"\n"
		"Put the rules of FILE into force, in both daemons or in none. You must be able to\n"
		"read the certificates and keys that it names; they are sent along. What is refused\n"
		"leaves everything as it was. Connections and messages under way go on.\n"
		"The next start of picket-control serves these rules too, unless its --rules file\n"
		"is changed after this.\n"},
	{"rollback", verb_rollback, 0, 0, NULL,
		"usage: picketctl rollback [--json]\n"
		"\n"
		"Put the rules into force that were served before those of now. Said again it goes\n"
		"further back, never forth: 'show rules' marks where it goes. Eight generations are\n"
		"kept. Certificates and keys are read anew from where these rules had them.\n"},
	{"reload", verb_reload, 1, 1, reload_nouns,
		"usage: picketctl reload certificates [--json]\n"
		"\n"
		"Read certificates and keys of the rules in force anew, and the file of authorities.\n"
		"New handshakes use them, live connections stay. If one is no good, the old ones\n"
		"go on.\n"},
	{"explain", verb_explain, 0, 0, NULL,
		"usage: picketctl explain --from A --to B [--kind K] [--direction in|out] [--at TIME]\n"
		"                         [--by sip|xmpp] [--contact] [--text TEXT] [--rules FILE]\n"
		"                         [--json]\n"
		"\n"
		"What the rules in force, or those of FILE, say to one thing between two people: each\n"
		"step of the decision with the rule that decided it, up to the one that refuses.\n"
		"\n"
		"  --from, --to   addresses like alice@corp.example; one of them is ours\n"
		"  --kind         message (if nothing is said), presence, subscription, typing,\n"
		"                 receipt, file, call or group\n"
		"  --direction    needed only if both sides are ours\n"
		"  --by           what it comes in by, if not by what the rules prefer\n"
		"  --at           2026-06-30 or 2026-06-30T12:00:00Z (UTC), if not now\n"
		"  --contact      the recipient has the sender among the contacts\n"
		"  --text         what the message says, for rules about size and links\n"
		"\n"
		"Without --rules the control plane answers as it would answer a message: with the\n"
		"seats that are taken, the contacts that it knows and its clock, and takes none. Lines\n"
		"are those of the document that was applied, as in its log. With --rules nobody is\n"
		"asked: seats by use are free, and nobody is a contact. The partner is taken for\n"
		"proven, and no limit for reached.\n"
		"\n"
		"exit codes: 0 allowed, 1 refused, 2 wrong usage or errors in the rules,\n"
		"3 no control plane\n"},
	{"licence", verb_licence, 1, 1, licence_nouns,
		"usage: picketctl licence report [--month MONTH | --from MONTH --to MONTH] [--json]\n"
		"                                [--state DIR [--rules FILE]]\n"
		"\n"
		"What each agreement was used for: its seats, when it was bought and renewed, how many\n"
		"users had a seat in each month, the most of them, when 90 % and 100 % were reached,\n"
		"and the part of what was paid that the end of the provider's service cut off. Also\n"
		"whether the record of seats is the one that was written, and the head of its chain.\n"
		"\n"
		"  --month 2026-06   this month only (UTC)\n"
		"  --from, --to      from this month to that one; if not said, from the beginning and\n"
		"                    to the month of now\n"
		"  --state DIR       read the state directory and ask nobody: when no control plane\n"
		"                    runs. By the rules that it served last, or by those of FILE\n"
		"\n"
		"exit codes: 0 fine, 1 the record is not whole, 2 wrong usage, 3 no control plane\n"},
	{"schema", verb_schema, 0, 0, NULL,
		"usage: picketctl schema\n"
		"\n"
		"The keys of a rules file as a JSON Schema, for editors. 'check' sees more.\n"},
	{"print", verb_print, 0, 1, NULL,
		"usage: picketctl print [FILE]\n"
		"\n"
		"The rules in force, or those of FILE ('-': standard input), as one canonical\n"
		"document. With FILE it asks nobody.\n"},
	{"block", verb_block, 1, 1, NULL,
		"usage: picketctl block PREFIX|DOMAIN [--subtree] --for SECONDS [--reason TEXT]\n"
		"\n"
		"Refuse a source, or a domain (with --subtree and all below it), for a time:\n"
		"connections that exist are reset, new ones refused. Ends by itself; lives on\n"
		"through restarts. Said again of the same target it replaces what was said before;\n"
		"a domain with and without --subtree are two targets.\n"},
	{"unblock", verb_unblock, 1, 1, NULL,
		"usage: picketctl unblock PREFIX|DOMAIN [--subtree]\n"
		"\n"
		"End a block before its time; the target as 'show verdicts' has it, with --subtree\n"
		"if it was blocked so.\n"},
	{"trust", verb_trust, 1, 1, NULL,
		"usage: picketctl trust PARTNER\n"
		"\n"
		"End a suspicion before its time; the partner as 'show verdicts' has it. What made it\n"
		"suspicious is forgotten: it has its usual limits again.\n"},
};

static const char usage[] =
	"usage: picketctl [options] COMMAND\n"
	"\n"
	"  show rules|counters|sessions|partners|messages|prefixes|handshakes|dataplane|flows|drops\n"
	"  show verdicts|version\n"
	"  show flow REMOTE:PORT-LOCAL:PORT\n"
	"  show hitters [CAUSE]\n"
	"  check FILE            is this rules file fine, and are its certificates\n"
	"  diff FILE             what it would change\n"
	"  apply FILE            put it into force\n"
	"  rollback              back to the rules before\n"
	"  reload certificates   the same rules with new certificate files\n"
	"  print [FILE]          rules in force, or of a file, in one canonical form\n"
	"  explain --from A --to B [--kind K] [--direction in|out] [--at TIME] [--rules FILE]\n"
	"                        why one thing between two people is allowed or not\n"
	"  licence report [--month MONTH]\n"
	"                        seats of each agreement by month, and what may be credited\n"
	"  schema                the keys of a rules file, for editors\n"
	"  block PREFIX|DOMAIN [--subtree] --for SECONDS [--reason TEXT]\n"
	"  unblock PREFIX|DOMAIN [--subtree]\n"
	"  trust PARTNER         it is not suspicious\n"
	"\n"
	"options, anywhere:\n"
	"  -s, --socket PATH   of picket-control (default /run/picket/control.sock)\n"
	"  --json              answers as JSON\n"
	"  --all               also counters that are 0 (JSON always has them)\n"
	"  --version           print the version, exit\n"
	"  --help              print this, or the command's own help, exit; also 'help COMMAND'\n"
	"\n"
	"exit codes: 0 fine, 1 refused or errors found, 2 wrong usage, 3 no control plane;\n"
	"those of diff, explain and licence are in their own help\n";

static int complain(const char *words, const char *value)
{
	fprintf(stderr, "picketctl: %s '%s'\nTry 'picketctl --help'.\n", words, value);
	return CODE_USAGE;
}

/* What it is a noun of, and which there are. */
static int complain_noun(const struct verb *verb, const char *noun)
{
	fprintf(stderr, "picketctl: nothing to %s under '%s':", verb->name, noun);
	for (size_t i = 0; verb->nouns[i]; i++)
		fprintf(stderr, "%s %s", i == 0 ? "" : ",", verb->nouns[i]);
	fprintf(stderr, "\nTry 'picketctl %s --help'.\n", verb->name);
	return CODE_USAGE;
}

static bool noun_allowed(const struct verb *verb, const char *noun)
{
	for (size_t i = 0; verb->nouns && verb->nouns[i]; i++)
		if (strcmp(verb->nouns[i], noun) == 0)
			return true;
	return !verb->nouns;
}

static int verb_call(const struct verb *verb, struct call *call, int count, char **words, bool help)
{
	if (help) {
		fputs(verb->help, stdout);
		return CODE_FINE;
	}
	if (count - 1 < verb->least || count - 1 > verb->most) {
		fprintf(stderr, "picketctl: %s: too %s words behind it\n%s", verb->name,
			count - 1 < verb->least ? "few" : "many", verb->help);
		return CODE_USAGE;
	}
	call->verb = verb->name;
	call->noun = count > 1 ? words[1] : NULL;
	call->words = words + 2;
	call->word_count = count > 2 ? count - 2 : 0;
	if (call->noun && !noun_allowed(verb, call->noun))
		return complain_noun(verb, call->noun);
	if ((call->seconds || call->reason) && verb->run != verb_block)
		return complain("--for and --reason are for 'block', not for", verb->name);
	if (call->subtree && verb->run != verb_block && verb->run != verb_unblock)
		return complain("--subtree is for 'block' and 'unblock', not for", verb->name);
	if (verb->run != verb_explain && (call->kind || call->direction || call->protocol ||
						 call->at || call->text || call->contact))
		return complain("--kind, --direction, --by, --at, --text and --contact are for "
				"'explain', not for",
			verb->name);
	if (verb->run != verb_licence && (call->month || call->state))
		return complain("--month and --state are for 'licence', not for", verb->name);
	if (verb->run != verb_explain && verb->run != verb_licence && (call->from || call->to))
		return complain(
			"--from and --to are for 'explain' and 'licence', not for", verb->name);
	if (verb->run != verb_explain && verb->run != verb_licence && verb->run != verb_diff &&
		call->rules)
		return complain(
			"--rules is for 'explain', 'diff' and 'licence', not for", verb->name);
	return verb->run(call);
}

static int run(struct call *call, int count, char **words, bool help)
{
	/* As many other tools have it. */
	if (count > 0 && strcmp(words[0], "help") == 0) {
		help = true;
		count--;
		words++;
	}
	if (count == 0) {
		fputs(usage, help ? stdout : stderr);
		return help ? CODE_FINE : CODE_USAGE;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, words[0]) == 0)
			return verb_call(&verbs[i], call, count, words, help);
	return complain("unknown command", words[0]);
}

static bool text_option(struct call *call, int key, const char *value)
{
	const char **into = key == 'F'   ? &call->from
			    : key == 'T' ? &call->to
			    : key == 'K' ? &call->kind
			    : key == 'D' ? &call->direction
			    : key == 'P' ? &call->protocol
			    : key == 'A' ? &call->at
			    : key == 'X' ? &call->text
			    : key == 'R' ? &call->rules
			    : key == 'M' ? &call->month
			    : key == 'S' ? &call->state
					 : NULL;

	if (into)
		*into = value;
	return into;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'a'},
		{"for", required_argument, NULL, 'f'},
		{"reason", required_argument, NULL, 'r'},
		{"subtree", no_argument, NULL, 'b'},
		{"from", required_argument, NULL, 'F'},
		{"to", required_argument, NULL, 'T'},
		{"kind", required_argument, NULL, 'K'},
		{"direction", required_argument, NULL, 'D'},
		{"by", required_argument, NULL, 'P'},
		{"at", required_argument, NULL, 'A'},
		{"text", required_argument, NULL, 'X'},
		{"rules", required_argument, NULL, 'R'},
		{"month", required_argument, NULL, 'M'},
		{"state", required_argument, NULL, 'S'},
		{"contact", no_argument, NULL, 'C'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct call call = {.socket_path = "/run/picket/control.sock"};
	bool help = false;
	int key;

	while ((key = getopt_long(argc, argv, "s:h", options, NULL)) != -1) {
		if (text_option(&call, key, optarg))
			continue;
		switch (key) {
		case 's':
			call.socket_path = optarg;
			break;
		case 'j':
			call.json = true;
			break;
		case 'a':
			call.all = true;
			break;
		case 'f':
			call.seconds = optarg;
			break;
		case 'r':
			call.reason = optarg;
			break;
		case 'b':
			call.subtree = true;
			break;
		case 'C':
			call.contact = true;
			break;
		case 'V':
			printf("picketctl %s\n", PICKET_VERSION);
			return CODE_FINE;
		case 'h':
			help = true;
			break;
		default:
			fprintf(stderr, "Try 'picketctl --help'.\n");
			return CODE_USAGE;
		}
	}
	return run(&call, argc - optind, argv + optind, help);
}
