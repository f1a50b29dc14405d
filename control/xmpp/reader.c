/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream reader: bytes in, events out, and the life of the parser. The rules for what expat
 * reports are in reader_tree.c. */
#include "control/xmpp/reader.h"

#include <stdlib.h>

#include "control/xmpp/reader_int.h"
#include "control/xmpp/xml.h"

enum {
	CHUNK_BYTES = 4096, /* given to expat at once: bounds what it may hold above a limit */
	/* expat scans an unfinished token again with each piece that comes. A token of the full
	 * size may come in this many pieces, and no honest sender cuts it smaller. */
	RESCANS = 64,
	/* expat keeps every name that it has seen and its largest buffer for its life: above this
	 * it is replaced at the next quiet moment. */
	REPLACE_ABOVE_BYTES = 128 * 1024,
	/* &apos; for ', the worst that escaping does */
	PRIMER_MAX_BYTES = 6 * READER_HEADER_MAX_BYTES,
};

const struct reader_limits reader_limits_stranger = {
	.stanza_bytes = 16 * 1024, .memory_bytes = 64 * 1024};
const struct reader_limits reader_limits_partner = {
	.stanza_bytes = 256 * 1024, .memory_bytes = 4 * 1024 * 1024};

struct reader *reader_new(const struct reader_limits *limits)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	reader_set_limits(r, limits);
	arena_init(&r->arena, &r->budget);
	arena_init(&r->header_arena, &r->budget);
	return r;
}

void reader_set_limits(struct reader *r, const struct reader_limits *limits)
{
	r->limits = *limits;
	r->budget.max_bytes = limits->memory_bytes;
}

static void drop_parser(struct reader *r)
{
	if (!r->parser)
		return;
	budget_enter(&r->budget);
	XML_ParserFree(r->parser);
	budget_leave();
	r->parser = NULL;
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	drop_parser(r);
	arena_clear(&r->arena);
	arena_clear(&r->header_arena);
	free(r);
}

void reader_fail(struct reader *r, enum stream_condition condition, const char *cause)
{
	if (r->condition != STREAM_NO_ERROR)
		return;
	r->condition = condition;
	r->cause = cause;
	if (r->parser)
		XML_StopParser(r->parser, XML_FALSE);
}

void reader_fail_memory(struct reader *r)
{
	if (r->budget.exceeded)
		reader_fail(r, STREAM_POLICY_VIOLATION, "memory_limit");
	else
		reader_fail(r, STREAM_INTERNAL_SERVER_ERROR, "no_memory");
}

/* What an error of expat means on a stream. */
static void fail_by_expat(struct reader *r)
{
	switch (XML_GetErrorCode(r->parser)) {
	case XML_ERROR_NO_MEMORY:
		reader_fail_memory(r);
		return;
	case XML_ERROR_UNDEFINED_ENTITY:
	case XML_ERROR_RECURSIVE_ENTITY_REF:
	case XML_ERROR_BINARY_ENTITY_REF:
	case XML_ERROR_ATTRIBUTE_EXTERNAL_ENTITY_REF:
	case XML_ERROR_EXTERNAL_ENTITY_HANDLING:
	case XML_ERROR_PARAM_ENTITY_REF:
		reader_fail(r, STREAM_RESTRICTED_XML, "entity");
		return;
	case XML_ERROR_UNKNOWN_ENCODING:
	case XML_ERROR_INCORRECT_ENCODING:
		reader_fail(r, STREAM_UNSUPPORTED_ENCODING, "encoding");
		return;
	case XML_ERROR_AMPLIFICATION_LIMIT_BREACH:
		reader_fail(r, STREAM_POLICY_VIOLATION, "amplification");
		return;
	case XML_ERROR_UNBOUND_PREFIX:
		reader_fail(r, STREAM_NOT_WELL_FORMED, "unbound_prefix");
		return;
	case XML_ERROR_DUPLICATE_ATTRIBUTE:
		reader_fail(r, STREAM_NOT_WELL_FORMED, "duplicate_attribute");
		return;
	default:
		reader_fail(r, STREAM_NOT_WELL_FORMED, "not_well_formed");
	}
}

/* Where the token starts that expat is at: all before it is done with. */
static uint64_t parser_position(const struct reader *r)
{
	XML_Index index = XML_GetCurrentByteIndex(r->parser);

	return index > 0 ? (uint64_t)index : 0;
}

static void give_to_expat(struct reader *r, struct view bytes)
{
	enum XML_Status status;

	budget_enter(&r->budget);
	if (r->suspended)
		status = XML_ResumeParser(r->parser);
	else
		status = XML_Parse(r->parser, (const char *)bytes.p, (int)bytes.len, XML_FALSE);
	budget_leave();
	r->suspended = status == XML_STATUS_SUSPENDED;
	if (status == XML_STATUS_ERROR)
		fail_by_expat(r);
}

/* A new parser, told of the header that the old one has read. */
static bool prime_parser(struct reader *r)
{
	struct text primer;

	text_init(&primer, PRIMER_MAX_BYTES);
	text_putc(&primer, '<');
	text_put(&primer, r->prefix);
	text_puts(&primer, ":stream");
	for (const struct declaration *d = r->declarations; d; d = d->next) {
		char name[READER_HEADER_MAX_BYTES + sizeof("xmlns:")];
		struct text attribute;

		text_fixed(&attribute, name, sizeof(name));
		text_puts(&attribute, d->prefix.len ? "xmlns:" : "xmlns");
		text_put(&attribute, d->prefix);
		xml_put_attribute(&primer, name, d->uri);
	}
	text_putc(&primer, '>');
	r->priming = true;
	r->fed = primer.len;
	if (primer.failed)
		reader_fail(r, STREAM_INTERNAL_SERVER_ERROR, "no_memory");
	else
		give_to_expat(r, text_view(&primer));
	r->priming = false;
	text_free(&primer);
	return r->condition == STREAM_NO_ERROR;
}

static bool make_parser(struct reader *r)
{
	static const XML_Char separator[] = {READER_SEPARATOR, '\0'};

	budget_enter(&r->budget);
	r->parser = XML_ParserCreate_MM("UTF-8", &budget_expat, separator);
	budget_leave();
	if (!r->parser) {
		reader_fail_memory(r);
		return false;
	}
	r->suspended = false;
	r->depth = 0;
	r->fed = 0;
	r->done = 0;
	r->rescanned = 0;
	reader_set_handlers(r);
#ifdef HAVE_REPARSE_DEFERRAL
	/* On by default, it keeps a finished stanza back until more bytes come. What it protects
	 * from is bounded by RESCANS. */
	XML_SetReparseDeferralEnabled(r->parser, XML_FALSE);
#endif
	return !r->root || prime_parser(r);
}

bool reader_sleep(struct reader *r)
{
	if (!r->parser || r->condition != STREAM_NO_ERROR || r->ended || r->suspended ||
		r->depth != 1 || r->done != r->fed || !utf8_is_whole(&r->utf8))
		return false;
	drop_parser(r);
	r->stanza = NULL;
	arena_clear(&r->arena);
	return true;
}

/* Not UTF-8, by the first two bytes: UTF-16 and UTF-32 start with a byte order mark or hold a NUL
 * there. */
static void check_first_bytes(struct reader *r, struct view bytes)
{
	for (uint32_t i = 0; i < bytes.len && r->fed + i < 2; i++) {
		if (bytes.p[i] == 0) {
			reader_fail(r, STREAM_UNSUPPORTED_ENCODING, "encoding");
			return;
		}
		if (r->fed + i > 0)
			return;
		if (bytes.p[i] == 0xef)
			reader_fail(r, STREAM_NOT_WELL_FORMED, "byte_order_mark");
		else if (bytes.p[i] == 0xfe || bytes.p[i] == 0xff)
			reader_fail(r, STREAM_UNSUPPORTED_ENCODING, "encoding");
	}
}

/* Only the good part of a chunk goes to expat; then the bad byte ends the stream. */
static struct view check_chunk(struct reader *r, struct view chunk, enum utf8_result *result)
{
	uint32_t good;

	*result = utf8_check(&r->utf8, chunk, &good);
	return *result == UTF8_OK ? chunk : view_sub(chunk, 0, good);
}

/* Everything that was given has been parsed as far as it goes: is what stays open too large? */
static void check_open_bytes(struct reader *r)
{
	uint64_t from = r->depth > 1 ? r->stanza_at : r->done;

	if (!r->root && r->fed > READER_HEADER_MAX_BYTES)
		reader_fail(r, STREAM_POLICY_VIOLATION, "header_too_big");
	else if (r->root && r->fed - from > r->limits.stanza_bytes)
		reader_fail(r, STREAM_POLICY_VIOLATION, "stanza_too_big");
	else if (r->rescanned >
		 (uint64_t)RESCANS * (r->root ? r->limits.stanza_bytes : READER_HEADER_MAX_BYTES))
		reader_fail(r, STREAM_POLICY_VIOLATION, "too_many_pieces");
}

static void take_chunk(struct reader *r, struct view *input)
{
	struct view chunk = view_sub(*input, 0, CHUNK_BYTES);
	struct view good;
	enum utf8_result result;

	if (!r->root)
		check_first_bytes(r, chunk);
	if (r->condition != STREAM_NO_ERROR)
		return;
	good = check_chunk(r, chunk, &result);
	*input = view_sub(*input, chunk.len, input->len);
	r->rescanned += r->fed - r->done;
	r->fed += good.len;
	give_to_expat(r, good);
	if (result == UTF8_INVALID) {
		r->bad_condition = STREAM_UNSUPPORTED_ENCODING;
		r->bad_cause = "invalid_utf8";
	} else if (result == UTF8_NOT_XML) {
		r->bad_condition = STREAM_NOT_WELL_FORMED;
		r->bad_cause = "not_xml_character";
	}
}

/* What the handlers noted, one at a time and in order. */
static enum reader_event next_note(struct reader *r)
{
	if (r->condition != STREAM_NO_ERROR && !r->header_noted)
		return READER_ERROR;
	if (r->header_noted) {
		r->header_noted = false;
		return READER_HEADER;
	}
	if (r->stanza_noted) {
		r->stanza_noted = false;
		return READER_STANZA;
	}
	return r->ended ? READER_END : READER_MORE;
}

static bool is_white_space(struct view v)
{
	for (uint32_t i = 0; i < v.len; i++)
		if (v.p[i] != ' ' && v.p[i] != '\t' && v.p[i] != '\n' && v.p[i] != '\r')
			return false;
	return true;
}

/* The stanza that was handed out is done with. */
static void forget_stanza(struct reader *r)
{
	if (!r->stanza)
		return;
	r->stanza = NULL;
	arena_reset(&r->arena);
}

enum reader_event reader_next(struct reader *r, struct view *input)
{
	for (;;) {
		enum reader_event event = next_note(r);

		if (event != READER_MORE)
			return event;
		forget_stanza(r);
		if (r->suspended) {
			give_to_expat(r, (struct view){0});
		} else if (r->bad_condition != STREAM_NO_ERROR) {
			reader_fail(r, r->bad_condition, r->bad_cause);
			continue;
		} else if (input->len == 0) {
			return READER_MORE;
		} else if (!r->parser && r->root && is_white_space(*input)) {
			*input = view_sub(*input, input->len, 0);
			return READER_MORE;
		} else if (r->parser || make_parser(r)) {
			take_chunk(r, input);
		}
		if (r->suspended || r->condition != STREAM_NO_ERROR)
			continue;
		r->done = parser_position(r);
		if (r->done == r->fed)
			r->rescanned = 0;
		check_open_bytes(r);
		if (r->budget.used_bytes > REPLACE_ABOVE_BYTES)
			reader_sleep(r);
	}
}

bool reader_has_rest(const struct reader *r)
{
	return r->bad_condition != STREAM_NO_ERROR || (r->suspended && r->event_end != r->fed);
}

const struct reader_header *reader_header(const struct reader *r)
{
	return &r->header;
}

const struct element *reader_stanza(const struct reader *r)
{
	return r->stanza;
}

enum stream_condition reader_condition(const struct reader *r)
{
	return r->condition;
}

const char *reader_cause(const struct reader *r)
{
	return r->cause;
}

bool reader_is_open(const struct reader *r)
{
	return r->root && !r->ended && r->condition == STREAM_NO_ERROR;
}

size_t reader_memory_bytes(const struct reader *r)
{
	return r->budget.used_bytes;
}
