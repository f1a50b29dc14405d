/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written down beside the rules of a generation. */
#include "control/record.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistr.h>

#include "rules/base/hex.h"

#define RECORD_HEADER  "picket-generation 1\n"
#define CURRENT_HEADER "picket-current 1\n"

static const char *const what_names[RECORD_WHATS] = {
	[RECORD_START] = "start",
	[RECORD_APPLY] = "apply",
	[RECORD_ROLLBACK] = "rollback",
	[RECORD_CERTIFICATES] = "certificates",
};

const char *record_what_name(enum record_what what)
{
	return what_names[what];
}

void record_digest(struct view document, char out[static RECORD_DIGEST_BYTES])
{
	unsigned char bytes[EVP_MAX_MD_SIZE] = {0};
	unsigned int len = 0;

	/* Cannot fail but for memory; then the document is one that nobody knows. */
	(void)EVP_Digest(document.p, document.len, bytes, &len, EVP_sha256(), NULL);
	hex_print(view_make(bytes, RECORD_HASH_BYTES), out);
}

bool record_path_is_fine(struct view path)
{
	for (uint32_t i = 0; i < path.len; i++)
		if (path.p[i] < 0x20 || path.p[i] == 0x7f)
			return false;
	return path.len > 0 && path.len < RECORD_PATH_BYTES && path.p[0] == '/' &&
	       !u8_check(path.p, path.len);
}

/* --- reading --- */

struct reader {
	struct view text;
	uint32_t at; /* of the line that is looked at */
	uint32_t next;
	struct fault *fault;
};

static bool refuse(struct reader *r, const char *cause)
{
	*r->fault = (struct fault){cause, r->at};
	return false;
}

static bool read_header(struct reader *r, struct view header)
{
	if (!view_starts(r->text, header))
		return refuse(r, "record_header");
	r->next = header.len;
	return true;
}

/* The value of the next line, which must be this one. */
static bool read_line(struct reader *r, const char *key, struct view *value)
{
	struct view rest = view_sub(r->text, r->next, UINT32_MAX);
	struct view name = view_of(key);
	int64_t end = view_find(rest, '\n');

	r->at = r->next;
	if (end < 0 || !view_starts(rest, name) || (uint32_t)end <= name.len ||
		rest.p[name.len] != ' ')
		return refuse(r, "record_line");
	*value = view_sub(rest, name.len + 1, (uint32_t)end - name.len - 1);
	r->next += (uint32_t)end + 1;
	return true;
}

/* As it is printed: no zeros in front. */
static bool read_number(struct reader *r, const char *key, uint64_t max, uint64_t *out)
{
	struct view value;

	if (!read_line(r, key, &value))
		return false;
	if (!view_to_u64(value, max, out) || (value.len > 1 && value.p[0] == '0'))
		return refuse(r, "record_line");
	return true;
}

static bool read_digest(struct reader *r, struct view value, char out[static RECORD_DIGEST_BYTES])
{
	uint8_t bytes[RECORD_HASH_BYTES];

	if (!hex_read(value, bytes, sizeof(bytes)))
		return refuse(r, "record_line");
	return view_copy(value, out, RECORD_DIGEST_BYTES);
}

static bool read_path(struct reader *r, struct view value, char out[static RECORD_PATH_BYTES])
{
	if (!record_path_is_fine(value) || !view_copy(value, out, RECORD_PATH_BYTES))
		return refuse(r, "record_line");
	return true;
}

static bool read_what(struct reader *r, enum record_what *out)
{
	struct view value;

	if (!read_line(r, "what", &value))
		return false;
	for (int what = 0; what < RECORD_WHATS; what++) {
		if (view_equal(value, view_of(what_names[what]))) {
			*out = (enum record_what)what;
			return true;
		}
	}
	return refuse(r, "record_line");
}

static bool read_table(struct reader *r, uint64_t *out)
{
	struct view value;

	if (!read_line(r, "table", &value))
		return false;
	return hex_read_u64(value, out) || refuse(r, "record_line");
}

static bool read_end(struct reader *r)
{
	r->at = r->next;
	return r->next == r->text.len || refuse(r, "record_end");
}

enum parse record_parse(struct view text, struct record *out, struct fault *fault)
{
	struct reader r = {.text = text, .fault = fault};
	uint64_t at;
	uint64_t uid;
	struct view value;

	*out = (struct record){0};
	if (!read_header(&r, VIEW(RECORD_HEADER)) ||
		!read_number(&r, "generation", INT64_MAX, &out->generation) ||
		!read_number(&r, "back", INT64_MAX, &out->back) || !read_what(&r, &out->what) ||
		!read_number(&r, "at", INT64_MAX, &at) ||
		!read_number(&r, "uid", UINT32_MAX, &uid) || !read_table(&r, &out->table) ||
		!read_line(&r, "digest", &value) || !read_digest(&r, value, out->digest) ||
		!read_line(&r, "origin", &value) || !read_path(&r, value, out->origin) ||
		!read_end(&r))
		return PARSE_BAD;
	out->at_s = (int64_t)at;
	out->uid = (uid_t)uid;
	return PARSE_DONE;
}

enum parse record_current_parse(struct view text, struct record_current *out, struct fault *fault)
{
	struct reader r = {.text = text, .fault = fault};
	struct view value;

	*out = (struct record_current){0};
	if (!read_header(&r, VIEW(CURRENT_HEADER)) ||
		!read_number(&r, "generation", INT64_MAX, &out->generation) ||
		!read_line(&r, "seen", &value) || !read_digest(&r, value, out->seen) ||
		!read_line(&r, "path", &value) || !read_path(&r, value, out->seen_path) ||
		!read_end(&r))
		return PARSE_BAD;
	return PARSE_DONE;
}

/* --- printing --- */

void record_print(const struct record *record, struct text *out)
{
	text_puts(out, RECORD_HEADER);
	text_printf(out, "generation %" PRIu64 "\nback %" PRIu64 "\nwhat %s\n", record->generation,
		record->back, what_names[record->what]);
	text_printf(out, "at %" PRId64 "\nuid %u\ntable %016" PRIx64 "\n",
		record->at_s > 0 ? record->at_s : 0, (unsigned)record->uid, record->table);
	text_printf(out, "digest %s\norigin %s\n", record->digest, record->origin);
}

void record_current_print(const struct record_current *current, struct text *out)
{
	text_printf(out, CURRENT_HEADER "generation %" PRIu64 "\nseen %s\npath %s\n",
		current->generation, current->seen, current->seen_path);
}
