/* SPDX-License-Identifier: BSD-3-Clause */
/* A directory with rules, a certificate for corp.example, its authority and a place for state, for whoever
 * starts with rules or changes them. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/certificate.h"
#include "rules/base/text.h"
#include "tests/unit/certificate.h"

struct rules_house {
	char directory[64];
	char state[80];
	char rules[96];
	char ca[96];
	struct identity_pair authority;
};

static inline const char *house_path(const struct rules_house *h, const char *file)
{
	static char paths[4][160];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", h->directory, file);
	return path;
}

static inline void house_write(const struct rules_house *h, const char *file, const char *content)
{
	FILE *out = fopen(house_path(h, file), "w");

	assert_non_null(out);
	fputs(content, out);
	fclose(out);
}

/* A new pair for corp.example, as corp.crt and corp.key. */
static inline void house_certify(const struct rules_house *h)
{
	struct identity_pair pair = certificate_make(&(struct certificate_spec){
		.cn = "corp.example", .san = "DNS:corp.example", .issuer = &h->authority});

	certificate_write(&pair, house_path(h, "corp.crt"), house_path(h, "corp.key"));
	identity_pair_free(&pair);
}

/* A document with one partner, or several ("a.example, b.example"), on these ports. */
static inline const char *house_document(const char *partners, unsigned xmpp, unsigned more)
{
	static char document[2048];
	char copy[512];
	struct text t;

	text_fixed(&t, document, sizeof(document));
	text_printf(&t, "service:\n  addresses: [127.0.0.1]\n  ports: {xmpp: [%u", xmpp);
	if (more)
		text_printf(&t, ", %u", more);
	text_puts(&t, "], sip: []}\nlocal:\n  - domain: corp.example\n"
		      "    certificate: corp.crt\n    key: corp.key\n"
		      "    inside: {protocol: sip, host: 127.0.0.1}\npartners:\n");
	snprintf(copy, sizeof(copy), "%s", partners);
	for (char *name = strtok(copy, ", "); name; name = strtok(NULL, ", "))
		text_printf(&t, "  - {domain: %s, protocol: xmpp}\n", name);
	return document;
}

static inline void house_open(struct rules_house *h)
{
	snprintf(h->directory, sizeof(h->directory), "/tmp/picket-house-XXXXXX");
	assert_non_null(mkdtemp(h->directory));
	snprintf(h->state, sizeof(h->state), "%s/state", h->directory);
	snprintf(h->rules, sizeof(h->rules), "%s/rules.yaml", h->directory);
	snprintf(h->ca, sizeof(h->ca), "%s/ca.crt", h->directory);
	h->authority = certificate_make(&(struct certificate_spec){.cn = "CA", .ca = true});
	certificate_write(&h->authority, h->ca, NULL);
	house_certify(h);
	assert_int_equal(mkdir(h->state, 0700), 0);
}

static inline void house_close(struct rules_house *h)
{
	char command[160];

	identity_pair_free(&h->authority);
	snprintf(command, sizeof(command), "rm -r %s", h->directory);
	assert_int_equal(system(command), 0);
}
