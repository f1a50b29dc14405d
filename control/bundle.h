/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules on their way from the operator to the daemon: the document, where it came from, and what is in
 * every certificate and key file that it names. The daemon has no right to open those any more. One
 * flat block in a sealed memfd; it holds private keys, so nobody writes it to a disk and whoever has
 * it in memory of his own wipes it.
 *
 * Layout, version 1, little endian, numbers of 4 bytes, a text is its length and its bytes:
 *    0  8  magic "PKBUNDLE"
 *    8  4  version, 1
 *   12  4  bytes of the whole block
 *   16  4  number of files
 *   20     text: absolute path of the document
 *          text: the document
 *          for each file, ascending bytewise by name, no two alike:
 *          text: its name as the document has it
 *          text: its bytes
 * and nothing behind the last file. */
#pragma once

#include "rules/base/view.h"

enum {
	BUNDLE_VERSION = 1,
	BUNDLE_PATH_BYTES_MAX = 4095, /* of the origin and of a file's name */
	BUNDLE_DOCUMENT_BYTES_MAX = 16 * 1024 * 1024,
	BUNDLE_FILE_BYTES_MAX = 256 * 1024,
	BUNDLE_FILES_MAX = 2 * 1000, /* of all local domains that rules may have */
	BUNDLE_BYTES_MAX = 64 * 1024 * 1024,
};

/* A checked bundle. Everything points into the block, which must outlive this. */
struct bundle {
	struct view origin; /* absolute, UTF-8 without control characters */
	struct view document;
	uint32_t file_count;
	struct view files; /* the rest of the block */
};

/* PARSE_DONE, or PARSE_BAD with one of these causes (never PARSE_NEED_MORE), nothing in *out then:
 *   bundle_magic, bundle_version
 *   bundle_length     the block is longer or shorter than it says, or too long
 *   bundle_cut        a text goes over the end
 *   bundle_trailing   bytes behind the last file
 *   origin_path       empty, relative, too long, not UTF-8, or with a control character
 *   document_length   longer than documents may be
 *   file_count        more files than rules may name
 *   file_name         empty, too long, or with a control character
 *   file_order        not above the name before
 *   file_length       longer than such a file may be
 * Pure; any thread. */
enum parse bundle_open(struct view block, struct bundle *out, struct fault *fault);

/* The bytes of a file by its name in the document. False: it was not sent. */
bool bundle_file(const struct bundle *bundle, struct view name, struct view *out);

struct bundle_file {
	const char *name;
	struct view bytes;
};

/* Make a block; the files are sorted, and one that is there twice is sent once. The caller wipes and
 * frees it with bundle_free. 0, -ENOMEM, -E2BIG (more than a bundle may hold), -EINVAL (a path that
 * bundle_open would refuse). */
int bundle_make(struct view origin, struct view document, struct bundle_file *files,
	uint32_t file_count, uint8_t **block, size_t *bytes);
/* NULL is fine. */
void bundle_free(uint8_t *block, size_t bytes);
