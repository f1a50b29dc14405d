/* SPDX-License-Identifier: BSD-3-Clause */
/* The ClientHello: records are gathered first, then the message is read as far as it has come. */
#include "dataplane/inspect/tls_hello.h"

#include "dataplane/inspect/host_name.h"

enum {
	RECORD_HEADER_BYTES = 5,
	RECORD_MAX_BYTES = 16384, /* RFC 8446 section 5.1 */
	RECORD_HANDSHAKE = 22,
	MESSAGE_HEADER_BYTES = 4,
	MESSAGE_CLIENT_HELLO = 1,
	VERSION_MAJOR = 3,
	VERSION_MINOR_MAX = 4,
	RANDOM_BYTES = 32,
	SESSION_ID_MAX_BYTES = 32,
	/* version, random, empty session id, one cipher suite, one compression method */
	HELLO_MIN_BYTES = 2 + RANDOM_BYTES + 1 + 4 + 2,

	EXTENSION_SERVER_NAME = 0,
	EXTENSION_ALPN = 16,
	EXTENSION_PRE_SHARED_KEY = 41,
	EXTENSION_SUPPORTED_VERSIONS = 43,
	NAME_TYPE_HOST = 0,
};

/* The message as far as it has come. Every reading function knows where the enclosing block ends
 * by its stated length: what reaches behind that is a lie, what has not come yet is only missing. */
struct reader {
	struct view have;  /* bytes of the message that have come */
	uint32_t at;       /* next byte to read */
	const char *cause; /* set: refused at `at`. Sticky. */
	bool missing;      /* the next byte has not come yet. Sticky. */
};

/* The small ones are inlined where they are called, so that the number of bytes is known there. */
#define SMALL __attribute__((always_inline)) static inline

SMALL bool stopped(const struct reader *r)
{
	return r->cause || r->missing;
}

static void refuse(struct reader *r, uint32_t at, const char *cause)
{
	if (!stopped(r)) {
		r->cause = cause;
		r->at = at;
	}
}

/* Are `n` bytes there, inside the block that ends at `end`? */
SMALL bool need(struct reader *r, uint32_t n, uint32_t end)
{
	if (stopped(r))
		return false;
	if (n > end - r->at)
		refuse(r, r->at, "tls_length_lies");
	else if (r->at > r->have.len || n > r->have.len - r->at)
		r->missing = true;
	return !stopped(r);
}

SMALL uint32_t read_number(struct reader *r, uint32_t bytes, uint32_t end)
{
	uint32_t v = 0;

	if (!need(r, bytes, end))
		return 0;
	for (uint32_t i = 0; i < bytes; i++)
		v = v << 8 | r->have.p[r->at + i];
	r->at += bytes;
	return v;
}

/* A length of `bytes` bytes in front of a block inside the block that ends at `end`; where the new
 * block ends. Checked at once, long before its bytes come. */
SMALL uint32_t read_block(struct reader *r, uint32_t bytes, uint32_t end)
{
	uint32_t start = r->at;
	uint32_t len = read_number(r, bytes, end);

	if (stopped(r))
		return end;
	if (len > end - r->at) {
		refuse(r, start, "tls_length_lies");
		return end;
	}
	return r->at + len;
}

/* The block up to `end` as a view, once all of it has come. */
SMALL struct view read_rest(struct reader *r, uint32_t end)
{
	struct view v = {0};

	if (need(r, end - r->at, end)) {
		v = view_sub(r->have, r->at, end - r->at);
		r->at = end;
	}
	return v;
}

/* RFC 6066 section 3: a list, which has one entry, which is a host name. */
static void read_server_name(struct reader *r, uint32_t end, struct tls_hello *out)
{
	uint32_t start = r->at;
	uint32_t list_end = read_block(r, 2, end);
	uint32_t name_end;
	uint32_t type;

	if (!stopped(r) && list_end != end)
		refuse(r, start, "tls_length_lies");
	start = r->at;
	type = read_number(r, 1, list_end);
	if (!stopped(r) && type != NAME_TYPE_HOST)
		refuse(r, start, "tls_sni_bad");
	start = r->at;
	name_end = read_block(r, 2, list_end);
	/* Shorter than the list: a second name, or something that hides behind the first. */
	if (!stopped(r) && (name_end != list_end || name_end == r->at))
		refuse(r, start, "tls_sni_bad");
	start = r->at;
	out->sni = read_rest(r, name_end);
	if (!stopped(r) && !host_name_valid(out->sni))
		refuse(r, start, "tls_sni_bad");
	out->has_sni = !stopped(r);
}

/* RFC 7301 section 3.1: names of 1 to 255 bytes that fill the list exactly. */
static void read_alpn(struct reader *r, uint32_t end, struct tls_hello *out)
{
	uint32_t start = r->at;
	uint32_t list_end = read_block(r, 2, end);
	uint32_t list_start = r->at;

	if (!stopped(r) && list_end != end)
		refuse(r, start, "tls_length_lies");
	if (!stopped(r) && list_end == list_start)
		refuse(r, start, "tls_alpn_bad");
	while (!stopped(r) && r->at < list_end) {
		struct view name;
		uint32_t name_end;

		start = r->at;
		name_end = read_block(r, 1, list_end);
		if (!stopped(r) && name_end == r->at)
			refuse(r, start, "tls_alpn_bad");
		name = read_rest(r, name_end);
		if (stopped(r))
			return;
		if (out->alpn_count < TLS_HELLO_ALPN_NAMES)
			out->alpn_names[out->alpn_count] = name;
		out->alpn_count++;
	}
	if (stopped(r))
		return;
	out->alpn = view_sub(r->have, list_start, list_end - list_start);
	out->has_alpn = true;
}

/* RFC 8446 section 4.2.1. Values that are no version (GREASE, drafts) are passed over. */
static void read_versions(struct reader *r, uint32_t end, struct tls_hello *out)
{
	uint32_t start = r->at;
	uint32_t list_end = read_block(r, 1, end);

	if (!stopped(r) && (list_end != end || list_end == r->at || (list_end - r->at) % 2 != 0))
		refuse(r, start, "tls_versions_bad");
	out->highest_version = 0;
	while (!stopped(r) && r->at < list_end) {
		uint16_t version = (uint16_t)read_number(r, 2, list_end);

		if (version <= TLS_1_3 && version > out->highest_version)
			out->highest_version = version;
	}
}

static void read_extension(struct reader *r, uint32_t type, uint32_t end, struct tls_hello *out)
{
	switch (type) {
	case EXTENSION_SERVER_NAME:
		read_server_name(r, end, out);
		break;
	case EXTENSION_ALPN:
		read_alpn(r, end, out);
		break;
	case EXTENSION_SUPPORTED_VERSIONS:
		read_versions(r, end, out);
		break;
	default:
		/* Its length has been checked; whatever it holds is the TLS library's business. */
		read_rest(r, end);
	}
}

/* Types of extensions that were there: the common ones as bits, the others one by one. */
struct seen {
	uint64_t low;
	uint32_t count; /* of others */
	uint16_t others[TLS_HELLO_EXTENSIONS_MAX];
};

/* True if it was there before. */
static bool see(struct seen *seen, uint32_t type)
{
	if (type < 64) {
		uint64_t bit = UINT64_C(1) << type;
		bool twice = seen->low & bit;

		seen->low |= bit;
		return twice;
	}
	for (uint32_t i = 0; i < seen->count; i++)
		if (seen->others[i] == type)
			return true;
	if (seen->count < TLS_HELLO_EXTENSIONS_MAX)
		seen->others[seen->count++] = (uint16_t)type;
	return false;
}

static void read_extensions(struct reader *r, uint32_t end, struct tls_hello *out)
{
	struct seen seen;
	uint32_t count = 0;
	uint32_t start = r->at;
	uint32_t list_end = read_block(r, 2, end);

	seen.low = 0;
	seen.count = 0;
	if (!stopped(r) && list_end != end)
		refuse(r, start, "tls_length_lies");
	while (!stopped(r) && r->at < list_end) {
		uint32_t type;
		uint32_t extension_end;

		start = r->at;
		type = read_number(r, 2, list_end);
		if (!stopped(r) && see(&seen, type))
			refuse(r, start, "tls_extension_twice");
		if (!stopped(r) && count == TLS_HELLO_EXTENSIONS_MAX)
			refuse(r, start, "tls_extensions_too_many");
		extension_end = read_block(r, 2, list_end);
		if (stopped(r))
			return;
		count++;
		if (type == EXTENSION_PRE_SHARED_KEY && extension_end != list_end)
			refuse(r, start, "tls_psk_not_last"); /* RFC 8446 section 4.2.11 */
		read_extension(r, type, extension_end, out);
	}
}

/* The fields in front of the extensions, RFC 8446 section 4.1.2 and RFC 5246 section 7.4.1.2. */
static void read_fixed_fields(struct reader *r, uint32_t end, struct tls_hello *out)
{
	struct view methods;
	uint32_t start = r->at;
	uint32_t block_end;

	out->legacy_version = (uint16_t)read_number(r, 2, end);
	if (!stopped(r) && out->legacy_version >> 8 != VERSION_MAJOR)
		refuse(r, start, "tls_bad_version");
	if (need(r, RANDOM_BYTES, end))
		r->at += RANDOM_BYTES;
	start = r->at;
	block_end = read_block(r, 1, end);
	if (!stopped(r) && block_end - r->at > SESSION_ID_MAX_BYTES)
		refuse(r, start, "tls_session_id_too_long");
	read_rest(r, block_end);
	start = r->at;
	block_end = read_block(r, 2, end);
	if (!stopped(r) && (block_end == r->at || (block_end - r->at) % 2 != 0))
		refuse(r, start, "tls_cipher_suites_bad");
	read_rest(r, block_end);
	start = r->at;
	block_end = read_block(r, 1, end);
	if (!stopped(r) && block_end == r->at)
		refuse(r, start, "tls_compression_bad");
	methods = read_rest(r, block_end);
	if (!stopped(r) && view_find(methods, 0) < 0) /* "no compression" is a must */
		refuse(r, start, "tls_compression_bad");
}

/* The message's header, then its body as far as it has come. */
static void read_message(struct reader *r, uint32_t body_bytes, struct tls_hello *out)
{
	uint32_t end = MESSAGE_HEADER_BYTES + body_bytes;

	r->at = MESSAGE_HEADER_BYTES;
	read_fixed_fields(r, end, out);
	out->highest_version = out->legacy_version < TLS_1_2 ? out->legacy_version : TLS_1_2;
	if (!stopped(r) && r->at < end)
		read_extensions(r, end, out);
	if (!stopped(r) && out->highest_version < TLS_1_2)
		refuse(r, MESSAGE_HEADER_BYTES, "tls_version_too_old");
}

/* The records at the start of the bytes, gathered into one message as far as they have come. */
struct gathering {
	struct view bytes;                       /* the input */
	uint32_t at;                             /* in it: next byte to read */
	struct view message;                     /* gathered; in the input or in the scratch */
	uint32_t records;                        /* begun */
	uint32_t starts[TLS_HELLO_RECORDS_MAX];  /* in the input: where a record's content begins */
	uint32_t offsets[TLS_HELLO_RECORDS_MAX]; /* in the message: the same place */
	bool body_known;                         /* the message's header has come */
	uint32_t body_bytes;                     /* what it states */
};

static enum parse bad(struct fault *fault, uint32_t offset_bytes, const char *cause)
{
	*fault = (struct fault){.cause = cause, .offset_bytes = offset_bytes};
	return PARSE_BAD;
}

/* Where a byte of the message stood in the input. */
static uint32_t input_offset(const struct gathering *g, uint32_t message_offset)
{
	uint32_t i = g->records;

	while (i > 1 && g->offsets[i - 1] > message_offset)
		i--;
	return g->starts[i - 1] + (message_offset - g->offsets[i - 1]);
}

/* A record's header, each byte judged as it comes. */
static enum parse read_record_header(
	const struct gathering *g, uint32_t *content_bytes, struct fault *fault)
{
	struct view header = view_sub(g->bytes, g->at, RECORD_HEADER_BYTES);

	if (header.len > 0 && header.p[0] != RECORD_HANDSHAKE)
		return bad(fault, g->at, "tls_not_handshake");
	if (header.len > 1 && header.p[1] != VERSION_MAJOR)
		return bad(fault, g->at + 1, "tls_bad_version");
	if (header.len > 2 && header.p[2] > VERSION_MINOR_MAX)
		return bad(fault, g->at + 2, "tls_bad_version");
	/* The high byte alone says that it is over 16384, unless it is exactly that. */
	if (header.len > 3 && header.p[3] > RECORD_MAX_BYTES >> 8)
		return bad(fault, g->at + 3, "tls_record_too_long");
	if (header.len < RECORD_HEADER_BYTES)
		return PARSE_NEED_MORE;
	*content_bytes = (uint32_t)header.p[3] << 8 | header.p[4];
	if (*content_bytes == 0)
		return bad(fault, g->at + 3, "tls_record_empty");
	if (*content_bytes > RECORD_MAX_BYTES)
		return bad(fault, g->at + 3, "tls_record_too_long");
	return PARSE_DONE;
}

/* The message's header as soon as it is there: its type, and whether the stated length can be. */
static enum parse judge_message_header(struct gathering *g, struct fault *fault)
{
	const uint8_t *p = g->message.p;

	if (g->message.len > 0 && p[0] != MESSAGE_CLIENT_HELLO)
		return bad(fault, input_offset(g, 0), "tls_not_client_hello");
	/* 65536 and more: seen before the rest of the length has come. */
	if (g->message.len > 1 && p[1] != 0)
		return bad(fault, input_offset(g, 1), "tls_hello_too_long");
	if (g->message.len < MESSAGE_HEADER_BYTES)
		return PARSE_NEED_MORE;
	g->body_bytes = (uint32_t)p[2] << 8 | p[3];
	g->body_known = true;
	if (g->body_bytes < HELLO_MIN_BYTES)
		return bad(fault, input_offset(g, 1), "tls_hello_too_short");
	if (g->body_bytes > TLS_HELLO_MAX_BYTES - RECORD_HEADER_BYTES - MESSAGE_HEADER_BYTES)
		return bad(fault, input_offset(g, 1), "tls_hello_too_long");
	return PARSE_DONE;
}

/* Append a record's content to the message: in place for the first, by copy for the others. It fits:
 * all records together are at most TLS_HELLO_MAX_BYTES. */
static void append_content(struct gathering *g, struct view content, uint8_t *scratch)
{
	if (g->records == 1) {
		g->message = content;
		return;
	}
	if (g->records == 2 && g->message.len)
		memcpy(scratch, g->message.p, g->message.len);
	if (content.len)
		memcpy(scratch + g->message.len, content.p, content.len);
	g->message = view_make(scratch, g->message.len + content.len);
}

/* Will everything that must be kept until the message is whole fit? `end` is where the current
 * record ends in the input, `gathered` what the message has then. */
static bool fits(const struct gathering *g, uint32_t end, uint32_t gathered)
{
	uint32_t missing = 0;

	if (g->body_known && gathered < MESSAGE_HEADER_BYTES + g->body_bytes)
		missing = RECORD_HEADER_BYTES + MESSAGE_HEADER_BYTES + g->body_bytes - gathered;
	return end + missing <= TLS_HELLO_MAX_BYTES;
}

/* One record. DONE: the message is whole. NEED_MORE with *next: go on with the next record. After
 * BAD the message is what earlier records brought. */
static enum parse gather_record(
	struct gathering *g, uint8_t *scratch, bool *next, struct fault *fault)
{
	uint32_t content_bytes;
	uint32_t start = g->at;
	struct view before = g->message;
	enum parse result = read_record_header(g, &content_bytes, fault);

	if (result != PARSE_DONE)
		return result;
	if (g->records == TLS_HELLO_RECORDS_MAX || (g->records > 0 && !scratch))
		return bad(fault, start, "tls_records_too_many");
	g->at += RECORD_HEADER_BYTES;
	if (!fits(g, g->at + content_bytes, before.len + content_bytes))
		return bad(fault, start + 3, "tls_hello_too_long");
	g->starts[g->records] = g->at;
	g->offsets[g->records++] = before.len;
	append_content(g, view_sub(g->bytes, g->at, content_bytes), scratch);
	g->at += content_bytes;
	result = judge_message_header(g, fault);
	if (g->body_known && result == PARSE_DONE) {
		uint32_t whole = MESSAGE_HEADER_BYTES + g->body_bytes;

		if (!fits(g, g->at, before.len + content_bytes))
			result = bad(fault, input_offset(g, 1), "tls_hello_too_long");
		else if (before.len + content_bytes > whole)
			result = bad(fault, start + 3, "tls_trailing_bytes");
		else if (g->message.len < whole)
			result = PARSE_NEED_MORE;
	}
	if (result == PARSE_BAD)
		g->message = before;
	*next = result == PARSE_NEED_MORE && g->at <= g->bytes.len;
	return result;
}

enum parse tls_hello_read(
	struct view bytes, uint8_t *scratch, struct tls_hello *out, struct fault *fault)
{
	struct gathering g = {.bytes = bytes};
	struct reader r = {0};
	enum parse result;
	bool next;

	memset(out, 0, sizeof(*out));
	*fault = (struct fault){0};
	do {
		next = false;
		result = gather_record(&g, scratch, &next, fault);
	} while (next);
	/* A lie inside the message comes before a fault of a record behind it, so that the answer is
	 * the same for one byte at a time and for all at once. */
	if (g.body_known) {
		r.have = g.message;
		read_message(&r, g.body_bytes, out);
		if (r.cause)
			return bad(fault, input_offset(&g, r.at), r.cause);
	}
	if (result == PARSE_DONE)
		out->hello_bytes = g.at;
	return result;
}

bool tls_hello_has_alpn(const struct tls_hello *hello, struct view name)
{
	struct view list = hello->alpn;

	while (list.len) {
		if (view_equal(view_sub(list, 1, list.p[0]), name))
			return true;
		list = view_sub(list, 1u + list.p[0], list.len);
	}
	return false;
}
