/* SPDX-License-Identifier: BSD-3-Clause */
/* Test messages of SIP: files of the corpus, and one well-formed MESSAGE to bend. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "rules/base/view.h"

#define SIP_TEST_MESSAGE                                                                           \
	"MESSAGE sip:juliet@xmpp.example SIP/2.0\r\n"                                              \
	"Via: SIP/2.0/TLS 192.0.2.7:5061;branch=z9hG4bK776sgdkse\r\n"                              \
	"Max-Forwards: 70\r\n"                                                                     \
	"From: \"Romeo\" <sip:romeo@sip.example>;tag=49583\r\n"                                    \
	"To: <sip:juliet@xmpp.example>\r\n"                                                        \
	"Call-ID: asd88asd77a@192.0.2.7\r\n"                                                       \
	"CSeq: 1 MESSAGE\r\n"                                                                      \
	"Content-Type: text/plain;charset=UTF-8\r\n"                                               \
	"Content-Length: 5\r\n"                                                                    \
	"\r\n"                                                                                     \
	"Hello"

/* An exactly sized heap copy with `from` replaced once by `to`, so that a read past the end is seen
 * by the sanitizer. The caller frees view.p. */
static inline struct view sip_test_bend(const char *message, const char *from, const char *to)
{
	const char *at = strstr(message, from);
	size_t len = strlen(message) - strlen(from) + strlen(to);
	uint8_t *copy = malloc(len);
	size_t head = at ? (size_t)(at - message) : 0;

	if (!at || !copy)
		abort();
	memcpy(copy, message, head);
	memcpy(copy + head, to, strlen(to));
	memcpy(copy + head + strlen(to), at + strlen(from), strlen(at + strlen(from)));
	return view_make(copy, len);
}

#ifdef TEST_DATA
/* A whole file as an exactly sized heap copy. The caller frees view.p. */
static inline struct view sip_test_file(const char *name)
{
	static uint8_t buffer[64 * 1024];
	char path[512];
	uint8_t *copy;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/rfc4475/%s.dat", TEST_DATA, name);
	f = fopen(path, "rb");
	if (!f) {
		fprintf(stderr, "cannot open %s\n", path);
		abort();
	}
	len = fread(buffer, 1, sizeof(buffer), f);
	fclose(f);
	copy = malloc(len ? len : 1);
	if (!copy)
		abort();
	memcpy(copy, buffer, len);
	return view_make(copy, len);
}
#endif
