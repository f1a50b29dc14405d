/* SPDX-License-Identifier: BSD-3-Clause */
/* picketctl apply, rollback and reload: read what the daemon may not, and send it along. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "control/certificate.h"
#include "control/ctl/rules_file.h"
#include "control/ctl/verbs.h"
#include "control/state_file.h"
#include "dataplane/channel/sealed.h"

/* Every certificate and key of the rules, in memory. */
struct files {
	struct pem *pems;
	struct bundle_file *list;
	uint32_t count;
};

static void files_free(struct files *files)
{
	for (uint32_t i = 0; i < files->count; i++)
		pem_free(&files->pems[i]);
	free(files->pems);
	free(files->list);
	*files = (struct files){0};
}

static int file_add(struct files *files, const struct ruleset *rules,
	const struct local_domain *local, const char *key, const char *name, const char *origin)
{
	char *path = certificate_path(rules->directory, name);
	struct pem *pem = &files->pems[files->count];
	int rc = path ? pem_read(path, pem) : -ENAMETOOLONG;

	if (rc < 0)
		rules_pem_say(origin, local, key, path ? path : name, rc,
			": run this as somebody who may read it");
	else
		files->list[files->count++] = (struct bundle_file){name, pem_view(pem)};
	free(path);
	return rc;
}

/* All that cannot be read is said. */
static bool files_read(struct files *files, const struct ruleset *rules, const char *origin)
{
	bool fine = true;

	*files = (struct files){
		.pems = calloc(rules->local_count * 2 + 1, sizeof(*files->pems)),
		.list = calloc(rules->local_count * 2 + 1, sizeof(*files->list)),
	};
	if (!files->pems || !files->list) {
		fprintf(stderr, "picketctl: out of memory\n");
		return false;
	}
	for (uint32_t i = 0; i < rules->local_count; i++) {
		const struct local_domain *local = &rules->locals[i];

		if (file_add(files, rules, local, "certificate", local->certificate_file, origin) <
			0)
			fine = false;
		if (file_add(files, rules, local, "key", local->key_file, origin) < 0)
			fine = false;
	}
	return fine;
}

/* A sealed memfd of all, or -1 and everything said. */
static int bundle_seal(struct view document, const char *origin, struct files *files, size_t *bytes)
{
	uint8_t *block;
	int fd = -1;
	int rc = bundle_make(view_of(origin), document, files->list, files->count, &block, bytes);

	if (rc == 0) {
		fd = sealed_make("picket-bundle", view_make(block, *bytes));
		rc = fd < 0 ? fd : 0;
	}
	bundle_free(block, *bytes);
	if (rc == -EINVAL)
		fprintf(stderr,
			"picketctl: %s: a path in UTF-8 without control characters is needed\n",
			origin);
	else if (rc < 0)
		fprintf(stderr, "picketctl: %s with its certificates: %s\n", origin, strerror(-rc));
	return fd;
}

static int say_done(const struct call *call, const char *command, json_t *answer)
{
	json_t *head = json_object_get(answer, "head");

	if (call->json) {
		json_dumpf(head, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		printf("generation %lld is in force; partners: %lld added, %lld removed, %lld "
		       "changed\n",
			(long long)json_integer_value(json_object_get(head, "generation")),
			(long long)json_integer_value(json_object_get(head, "added")),
			(long long)json_integer_value(json_object_get(head, "removed")),
			(long long)json_integer_value(json_object_get(head, "changed")));
	}
	call_note(command, answer);
	return fflush(stdout) == 0 ? CODE_FINE : CODE_TROUBLE;
}

/* generation: whose document it is, 0: it is a new one. */
static int send(const struct call *call, int fd, const char *command, uint64_t generation,
	int bundle, size_t bytes)
{
	int code = CODE_FINE;
	json_t *answer = call_ask(call, fd,
		json_pack("{s:i, s:s, s:I, s:I}", "id", 2, "command", command, "generation",
			(json_int_t)generation, "bytes", (json_int_t)bytes),
		bundle, CHANGE_TIMEOUT_MS, &code, NULL);

	if (answer)
		code = say_done(call, command, answer);
	json_decref(answer);
	return code;
}

/* Document and certificates go together. origin: absolute. */
static int bring(const struct call *call, int fd, const char *command, uint64_t generation,
	struct view document, const struct ruleset *rules, const char *origin)
{
	struct files files;
	size_t bytes = 0;
	int bundle = -1;
	int code = CODE_TROUBLE;

	if (files_read(&files, rules, origin))
		bundle = bundle_seal(document, origin, &files, &bytes);
	files_free(&files);
	if (bundle >= 0) {
		code = send(call, fd, command, generation, bundle, bytes);
		close(bundle);
	}
	return code;
}

/* Nobody shall find keys in what is left of us. */
static void keep_keys_to_ourselves(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0);
}

/* The daemon reads no lists and runs no commands: what they hold goes along in the document. */
static int bring_file(
	const struct call *call, int fd, const struct rules_file *file, const char *origin)
{
	struct text whole;
	int code = CODE_TROUBLE;

	if (!file->rules->policies.names_lists)
		return bring(call, fd, "apply", 0, text_view(&file->text), file->rules, origin);
	text_init(&whole, BUNDLE_DOCUMENT_BYTES_MAX);
	ruleset_print(file->rules, &whole);
	if (whole.failed)
		fprintf(stderr, "picketctl: %s has more than 16 MiB with the lists that it names\n",
			call->noun);
	else
		code = bring(call, fd, "apply", 0, text_view(&whole), file->rules, origin);
	text_free(&whole);
	return code;
}

int verb_apply(const struct call *call)
{
	char *origin = file_absolute(call->noun);
	struct rules_file file;
	int code = CODE_TROUBLE;
	int fd;

	keep_keys_to_ourselves();
	/* Certificates are relative to it. */
	if (strcmp(call->noun, "-") == 0) {
		fprintf(stderr, "picketctl: apply: a file is needed, not standard input\n");
		free(origin);
		return CODE_USAGE;
	}
	if (!origin) {
		fprintf(stderr, "%s: cannot be read: %s\n", call->noun, strerror(errno));
		return CODE_TROUBLE;
	}
	/* A document that is no good does not trouble the daemon. */
	if (rules_file_load(call->noun, origin, &file)) {
		fd = call_connect(call);
		code = fd < 0 ? CODE_UNREACHABLE : bring_file(call, fd, &file, origin);
		if (fd >= 0)
			close(fd);
	}
	rules_file_free(&file);
	free(origin);
	return code;
}

/* Documents that the daemon keeps, brought back with the certificates as they are now. */
static int bring_again(const struct call *call, const char *which, const char *command)
{
	struct call_document kept = {0};
	struct ruleset *rules = NULL;
	int fd = call_connect(call);
	int code = fd < 0 ? CODE_UNREACHABLE : call_document_get(call, fd, which, &kept);

	keep_keys_to_ourselves();
	if (code == CODE_FINE) {
		rules = rules_text_compile(kept.text, kept.file, kept.file);
		code = rules ? bring(call, fd, command, kept.generation, kept.text, rules,
				       kept.file)
			     : CODE_TROUBLE;
	}
	if (fd >= 0)
		close(fd);
	ruleset_free(rules);
	call_document_free(&kept);
	return code;
}

int verb_rollback(const struct call *call)
{
	return bring_again(call, "back", "rollback");
}

int verb_reload(const struct call *call)
{
	return bring_again(call, "current", "reload certificates");
}
