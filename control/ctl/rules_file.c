/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules documents as picketctl reads them, and the certificates that they name. */
#include "control/ctl/rules_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/certificate.h"
#include "control/ctl/lists.h"

enum { LINE_BYTES_MAX = 16 * 1024 };

/* --- reading --- */

static int read_all(int fd, struct text *out)
{
	static char part[64 * 1024];
	ssize_t got = 1;

	/* One byte more than a document may have is refused by who compiles it. */
	while (got > 0 && !out->failed) {
		got = read(fd, part, sizeof(part));
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			return -errno;
		else
			text_put(out, view_make(part, (size_t)got));
	}
	return out->failed ? -EFBIG : 0;
}

static int file_read(const char *file, struct text *out)
{
	bool piped = strcmp(file, "-") == 0;
	int fd = piped ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	int rc;

	text_init(out, 2 * BUNDLE_DOCUMENT_BYTES_MAX);
	if (fd < 0)
		return -errno;
	rc = read_all(fd, out);
	if (!piped)
		close(fd);
	return rc;
}

struct ruleset *rules_text_compile(struct view text, const char *name, const char *file)
{
	static struct rules_errors errors;
	char *directory = rules_directory_of(file);
	struct rules_reader reader = {lists_read, directory};
	struct ruleset *rules =
		ruleset_compile_with(text, file, directory ? &reader : NULL, &errors);

	for (uint32_t i = 0; i < errors.count; i++) {
		struct text line;

		text_init(&line, LINE_BYTES_MAX);
		rules_error_print(name, &errors.list[i], &line);
		fprintf(stderr, "%s\n", line.p ? line.p : "out of memory");
		text_free(&line);
	}
	if (errors.more > 0)
		fprintf(stderr, "%s: and %u more\n", name, errors.more);
	free(directory);
	return rules;
}

bool rules_file_load(const char *file, const char *origin, struct rules_file *out)
{
	int rc;

	out->rules = NULL;
	rc = file_read(file, &out->text);
	if (rc < 0) {
		fprintf(stderr, "%s: cannot be read: %s\n", file, strerror(-rc));
		return false;
	}
	if (!origin && strcmp(file, "-") != 0)
		origin = file;
	out->rules = rules_text_compile(text_view(&out->text), file, origin);
	return out->rules;
}

void rules_file_free(struct rules_file *file)
{
	text_free(&file->text);
	ruleset_free(file->rules);
	file->rules = NULL;
}

/* --- certificates --- */

void rules_pem_say(const char *name, const struct local_domain *local, const char *key,
	const char *path, int error, const char *not_allowed)
{
	const char *remedy = "";

	if (error == -EACCES || error == -EPERM)
		remedy = not_allowed;
	else if (error == -ENOENT || error == -ENOTDIR)
		remedy = ": a path begins where the rules file is, unless with '/'";
	fprintf(stderr, "%s:%u: local[%s].%s: %s: %s%s\n", name, local->line, local->domain, key,
		path, strerror(-error), remedy);
}

/* A file that may not be read is no fault of the rules. 0: read; 1: it is a fault; -1: a warning. */
static int pem_open(const struct ruleset *rules, const struct local_domain *local, const char *key,
	const char *file, const char *name, struct pem *out)
{
	char *path = certificate_path(rules->directory, file);
	int rc = path ? pem_read(path, out) : -ENAMETOOLONG;
	bool allowed = rc != -EACCES && rc != -EPERM;

	if (rc < 0)
		rules_pem_say(name, local, key, path ? path : file, rc, "; not checked");
	free(path);
	return rc == 0 ? 0 : allowed ? 1 : -1;
}

static unsigned pair_check(
	const struct ruleset *rules, const struct local_domain *local, const char *name)
{
	struct pem certificate = {0};
	struct pem key = {0};
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	int no_certificate =
		pem_open(rules, local, "certificate", local->certificate_file, name, &certificate);
	int no_key = pem_open(rules, local, "key", local->key_file, name, &key);
	unsigned faults = (no_certificate > 0) + (no_key > 0);
	const char *fault = NULL;
	bool in_key = false;

	if (no_certificate == 0)
		fault = context ? certificate_use(context, pem_view(&certificate), pem_view(&key),
					  local->domain, &in_key)
				: "out of memory";
	/* Of a key that was not read nothing is known. */
	if (fault && !(in_key && no_key != 0)) {
		fprintf(stderr, "%s:%u: local[%s].%s: %s: %s\n", name, local->line, local->domain,
			in_key ? "key" : "certificate",
			in_key ? local->key_file : local->certificate_file, fault);
		faults++;
	}
	SSL_CTX_free(context);
	pem_free(&certificate);
	pem_free(&key);
	return faults;
}

unsigned rules_certificates_check(const struct ruleset *rules, const char *name)
{
	unsigned faults = 0;

	for (uint32_t i = 0; i < rules->local_count; i++)
		faults += pair_check(rules, &rules->locals[i], name);
	return faults;
}
