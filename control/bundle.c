/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules on their way from the operator to the daemon. */
#include "control/bundle.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "control/record.h"

enum { HEADER_BYTES = 20 };
static const char magic[] = "PKBUNDLE";

/* --- reading --- */

struct reader {
	struct view block;
	uint32_t at;
	struct fault *fault;
};

static bool refuse(struct reader *r, const char *cause, uint32_t at)
{
	*r->fault = (struct fault){cause, at};
	return false;
}

static uint32_t number_at(struct view block, uint32_t at)
{
	const uint8_t *p = block.p + at;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* A length and as many bytes. */
static bool read_text(struct reader *r, uint32_t max_bytes, const char *too_long, struct view *out)
{
	uint32_t len;

	if (r->block.len - r->at < 4)
		return refuse(r, "bundle_cut", r->at);
	len = number_at(r->block, r->at);
	if (len > max_bytes)
		return refuse(r, too_long, r->at);
	if (len > r->block.len - r->at - 4)
		return refuse(r, "bundle_cut", r->at);
	*out = view_sub(r->block, r->at + 4, len);
	r->at += 4 + len;
	return true;
}

static bool is_path(struct view path)
{
	for (uint32_t i = 0; i < path.len; i++)
		if (path.p[i] < 0x20 || path.p[i] == 0x7f)
			return false;
	return path.len > 0 && path.len <= BUNDLE_PATH_BYTES_MAX;
}

static bool is_origin(struct view path)
{
	return record_path_is_fine(path);
}

static bool read_header(struct reader *r, uint32_t *file_count)
{
	if (r->block.len < HEADER_BYTES || memcmp(r->block.p, magic, 8) != 0)
		return refuse(r, "bundle_magic", 0);
	if (number_at(r->block, 8) != BUNDLE_VERSION)
		return refuse(r, "bundle_version", 8);
	if (r->block.len > BUNDLE_BYTES_MAX || number_at(r->block, 12) != r->block.len)
		return refuse(r, "bundle_length", 12);
	*file_count = number_at(r->block, 16);
	if (*file_count > BUNDLE_FILES_MAX)
		return refuse(r, "file_count", 16);
	r->at = HEADER_BYTES;
	return true;
}

static int compare_names(struct view a, struct view b)
{
	int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool read_files(struct reader *r, uint32_t count)
{
	struct view before = {0};
	struct view name;
	struct view bytes;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = r->at;

		if (!read_text(r, BUNDLE_PATH_BYTES_MAX, "file_name", &name))
			return false;
		if (!is_path(name))
			return refuse(r, "file_name", at);
		if (i > 0 && compare_names(before, name) >= 0)
			return refuse(r, "file_order", at);
		if (!read_text(r, BUNDLE_FILE_BYTES_MAX, "file_length", &bytes))
			return false;
		before = name;
	}
	return r->at == r->block.len || refuse(r, "bundle_trailing", r->at);
}

enum parse bundle_open(struct view block, struct bundle *out, struct fault *fault)
{
	struct reader r = {.block = block, .fault = fault};
	struct bundle bundle;
	uint32_t at = HEADER_BYTES;

	*out = (struct bundle){0};
	if (!read_header(&r, &bundle.file_count) ||
		!read_text(&r, BUNDLE_PATH_BYTES_MAX, "origin_path", &bundle.origin))
		return PARSE_BAD;
	if (!is_origin(bundle.origin)) {
		refuse(&r, "origin_path", at);
		return PARSE_BAD;
	}
	if (!read_text(&r, BUNDLE_DOCUMENT_BYTES_MAX, "document_length", &bundle.document))
		return PARSE_BAD;
	bundle.files = view_sub(block, r.at, UINT32_MAX);
	if (!read_files(&r, bundle.file_count))
		return PARSE_BAD;
	*out = bundle;
	return PARSE_DONE;
}

bool bundle_file(const struct bundle *bundle, struct view name, struct view *out)
{
	struct fault ignored;
	struct reader r = {.block = bundle->files, .fault = &ignored};
	struct view each;

	/* Checked when it was opened: reading cannot fail. */
	for (uint32_t i = 0; i < bundle->file_count; i++) {
		if (!read_text(&r, BUNDLE_PATH_BYTES_MAX, "", &each) ||
			!read_text(&r, BUNDLE_FILE_BYTES_MAX, "", out))
			break;
		if (view_equal(each, name))
			return true;
	}
	*out = (struct view){0};
	return false;
}

/* --- making --- */

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct bundle_file *)a)->name, ((const struct bundle_file *)b)->name);
}

static bool is_double(const struct bundle_file *files, uint32_t i)
{
	return i > 0 && strcmp(files[i].name, files[i - 1].name) == 0;
}

static uint8_t *put_number(uint8_t *p, size_t number)
{
	for (int i = 0; i < 4; i++)
		*p++ = (uint8_t)(number >> 8 * i);
	return p;
}

static uint8_t *put_text(uint8_t *p, struct view text)
{
	p = put_number(p, text.len);
	if (text.len > 0)
		memcpy(p, text.p, text.len);
	return p + text.len;
}

/* How long it gets; 0, -E2BIG, -EINVAL. */
static int measure(struct view origin, struct view document, const struct bundle_file *files,
	uint32_t file_count, size_t *bytes, uint32_t *sent)
{
	*bytes = (size_t)HEADER_BYTES + 4 + origin.len + 4 + document.len;
	*sent = 0;
	if (!is_origin(origin))
		return -EINVAL;
	for (uint32_t i = 0; i < file_count; i++) {
		if (is_double(files, i))
			continue;
		if (!is_path(view_of(files[i].name)))
			return -EINVAL;
		if (files[i].bytes.len > BUNDLE_FILE_BYTES_MAX)
			return -E2BIG;
		*bytes += 4 + strlen(files[i].name) + 4 + files[i].bytes.len;
		++*sent;
	}
	return *sent > BUNDLE_FILES_MAX || document.len > BUNDLE_DOCUMENT_BYTES_MAX ||
			       *bytes > BUNDLE_BYTES_MAX
		       ? -E2BIG
		       : 0;
}

int bundle_make(struct view origin, struct view document, struct bundle_file *files,
	uint32_t file_count, uint8_t **block, size_t *bytes)
{
	uint32_t sent;
	uint8_t *p;
	int rc;

	*block = NULL;
	if (file_count > 0)
		qsort(files, file_count, sizeof(*files), compare_files);
	rc = measure(origin, document, files, file_count, bytes, &sent);
	if (rc < 0)
		return rc;
	/* At once: memory that grew would leave keys behind. */
	p = *block = malloc(*bytes);
	if (!p)
		return -ENOMEM;
	memcpy(p, magic, 8);
	p = put_number(p + 8, BUNDLE_VERSION);
	p = put_number(p, *bytes);
	p = put_number(p, sent);
	p = put_text(p, origin);
	p = put_text(p, document);
	for (uint32_t i = 0; i < file_count; i++) {
		if (is_double(files, i))
			continue;
		p = put_text(p, view_of(files[i].name));
		p = put_text(p, files[i].bytes);
	}
	return 0;
}

void bundle_free(uint8_t *block, size_t bytes)
{
	if (block)
		OPENSSL_cleanse(block, bytes);
	free(block);
}
