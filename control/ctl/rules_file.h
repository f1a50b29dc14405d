/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules documents as picketctl reads them, and the certificates that they name. */
#pragma once

#include "control/bundle.h"
#include "rules/base/text.h"
#include "rules/ruleset.h"

/* A file and what it compiles to. */
struct rules_file {
	struct text text;
	struct ruleset *rules;
};

/* Read a file ("-": standard input) and compile it, with the lists that it names (lists.h); every error is said, as FILE:LINE: KEY: TEXT. `origin`:
 * where its certificates are relative to, NULL: the file's own directory. False: it has some. rules_file_free
 * in any case. */
bool rules_file_load(const char *file, const char *origin, struct rules_file *out);
/* The same for a document that is there already; called `file`, which its certificates are relative to. */
struct ruleset *rules_text_compile(struct view text, const char *name, const char *file);
void rules_file_free(struct rules_file *file);

/* A certificate or a key of a local domain that cannot be opened; what to do about it goes with the error. */
void rules_pem_say(const char *name, const struct local_domain *local, const char *key,
	const char *path, int error, const char *not_allowed);

/* Open every certificate and key and say what is wrong with them; what may not be read is a warning. How
 * many are wrong. */
unsigned rules_certificates_check(const struct ruleset *rules, const char *name);
