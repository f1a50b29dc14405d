/* SPDX-License-Identifier: BSD-3-Clause */
/* The ClientHello reader: real hellos (OpenSSL 3.0, and one of 1.8 kB with a hybrid key share), and
 * hand-made ones that lie. */
#include "tests/unit/test.h"

#include "dataplane/inspect/tls_hello.h"
#include "tests/unit/data_file.h"
#include "tests/unit/growing.h"

static uint8_t scratch[TLS_HELLO_SCRATCH_BYTES];

static enum parse read(struct view bytes, void *out, struct fault *fault, uint32_t *end)
{
	struct tls_hello *hello = out;
	enum parse result = tls_hello_read(bytes, scratch, hello, fault);

	*end = result == PARSE_DONE ? hello->hello_bytes : 0;
	return result;
}

static enum parse read_exact(struct view bytes, struct tls_hello *out, struct fault *fault)
{
	uint32_t end;

	return growing_exact(read, bytes, out, fault, &end);
}

static enum parse read_growing(const char *label, struct view bytes, struct fault *fault)
{
	struct tls_hello hello, other;

	return growing_read(label, read, bytes, &hello, &other, fault);
}

static void real_hellos_are_read(void **state)
{
	static const struct {
		const char *file;
		const char *sni;  /* NULL: none */
		const char *alpn; /* the first name; NULL: none */
		uint32_t alpn_count;
		uint16_t version;
	} cases[] = {
		{"hello_tls12_sni.dat", "xmpp.example.org", NULL, 0, TLS_1_2},
		{"hello_tls12_plain.dat", NULL, NULL, 0, TLS_1_2},
		{"hello_tls13_sni_alpn.dat", "xmpp.example.org", "xmpp-server", 1, TLS_1_3},
		{"hello_both_sni_alpn.dat", "Chat.Example.NET", "xmpp-server", 2, TLS_1_3},
		{"hello_both_plain.dat", NULL, NULL, 0, TLS_1_3},
		{"hello_split_records.dat", "split.example.org", "xmpp-server", 41, TLS_1_3},
		{"hello_big_key_share.dat", "federation.big-example.com", "xmpp-server", 2,
			TLS_1_3},
		{"hello_big_five_records.dat", "federation.big-example.com", "xmpp-server", 2,
			TLS_1_3},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view bytes = data_file_read(cases[i].file);
		struct tls_hello hello;
		struct fault fault;

		if (read_growing(cases[i].file, bytes, &fault) != PARSE_DONE)
			fail_msg("%s: %s at %u", cases[i].file, fault.cause, fault.offset_bytes);
		assert_int_equal(tls_hello_read(bytes, scratch, &hello, &fault), PARSE_DONE);
		assert_int_equal(hello.hello_bytes, bytes.len);
		assert_int_equal(hello.has_sni, cases[i].sni != NULL);
		if (cases[i].sni && !view_equal(hello.sni, view_of(cases[i].sni)))
			fail_msg("%s: sni %.*s", cases[i].file, VIEW_ARG(hello.sni));
		assert_int_equal(hello.has_alpn, cases[i].alpn != NULL);
		assert_int_equal(hello.alpn_count, cases[i].alpn_count);
		if (cases[i].alpn) {
			assert_true(view_equal(hello.alpn_names[0], view_of(cases[i].alpn)));
			assert_true(tls_hello_has_alpn(&hello, view_of(cases[i].alpn)));
		}
		assert_false(tls_hello_has_alpn(&hello, VIEW("xmpp-serve")));
		assert_false(tls_hello_has_alpn(&hello, VIEW("")));
		assert_int_equal(hello.legacy_version, TLS_1_2);
		assert_int_equal(hello.highest_version, cases[i].version);
		free((void *)bytes.p);
	}
}

static void a_real_hello_without_tls_1_2_is_too_old(void **state)
{
	struct view bytes = data_file_read("hello_tls11.dat");
	struct fault fault;

	assert_int_equal(read_growing("hello_tls11.dat", bytes, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "tls_version_too_old");
	free((void *)bytes.p);
}

static void only_a_spread_hello_needs_the_scratch(void **state)
{
	struct view one = data_file_read("hello_big_key_share.dat");
	struct view many = data_file_read("hello_split_records.dat");
	struct tls_hello hello;
	struct fault fault;

	assert_int_equal(tls_hello_read(one, NULL, &hello, &fault), PARSE_DONE);
	assert_true(hello.sni.p > one.p && hello.sni.p < one.p + one.len);
	assert_int_equal(tls_hello_read(many, NULL, &hello, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "tls_records_too_many");
	assert_int_equal(fault.offset_bytes, 512 + 5);
	free((void *)one.p);
	free((void *)many.p);
}

static void what_follows_in_later_records_is_not_looked_at(void **state)
{
	struct view hello_file = data_file_read("hello_tls13_sni_alpn.dat");
	uint8_t bytes[1024];
	struct tls_hello hello;
	struct fault fault;

	memcpy(bytes, hello_file.p, hello_file.len);
	memcpy(bytes + hello_file.len, "\x14\x03\x03\x00\x01\x01\x17\x03\x03", 9);
	assert_int_equal(
		tls_hello_read(view_make(bytes, hello_file.len + 9), scratch, &hello, &fault),
		PARSE_DONE);
	assert_int_equal(hello.hello_bytes, hello_file.len);
	free((void *)hello_file.p);
}

/* A hello put together from its parts. */
struct maker {
	uint8_t bytes[16 * 1024];
	uint32_t len;
};

static void put(struct maker *m, const void *p, uint32_t len)
{
	memcpy(m->bytes + m->len, p, len);
	m->len += len;
}

static void put_number(struct maker *m, uint32_t v, uint32_t bytes)
{
	while (bytes--)
		m->bytes[m->len++] = (uint8_t)(v >> bytes * 8);
}

static uint32_t open_block(struct maker *m, uint32_t length_bytes)
{
	m->len += length_bytes;
	return m->len;
}

static void close_block(struct maker *m, uint32_t start, uint32_t length_bytes)
{
	uint32_t len = m->len - start;

	for (uint32_t i = 0; i < length_bytes; i++)
		m->bytes[start - 1 - i] = (uint8_t)(len >> i * 8);
}

struct recipe {
	const char *label;
	struct view suites, methods, session, extensions; /* extensions: with types and lengths */
	uint32_t version;
	bool no_extensions;
	const char *cause; /* NULL: accepted */
};

static void make_hello(struct maker *m, const struct recipe *r)
{
	static const uint8_t random[32];
	uint32_t record;
	uint32_t message;
	uint32_t block;

	m->len = 0;
	put(m, "\x16\x03\x01", 3);
	record = open_block(m, 2);
	put_number(m, 1, 1);
	message = open_block(m, 3);
	put_number(m, r->version ? r->version : 0x0303, 2);
	put(m, random, sizeof(random));
	block = open_block(m, 1);
	if (r->session.len)
		put(m, r->session.p, r->session.len);
	close_block(m, block, 1);
	block = open_block(m, 2);
	if (r->suites.p)
		put(m, r->suites.p, r->suites.len);
	else
		put(m, "\x13\x01", 2);
	close_block(m, block, 2);
	block = open_block(m, 1);
	if (r->methods.p)
		put(m, r->methods.p, r->methods.len);
	else
		put(m, "\0", 1);
	close_block(m, block, 1);
	if (!r->no_extensions) {
		block = open_block(m, 2);
		if (r->extensions.len)
			put(m, r->extensions.p, r->extensions.len);
		close_block(m, block, 2);
	}
	close_block(m, message, 3);
	close_block(m, record, 2);
}

#define EXTENSIONS(literal) .extensions = {(const uint8_t *)(literal), sizeof(literal) - 1}
#define BYTES(literal)                                                                             \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}

static const struct recipe recipes[] = {
	{.label = "no extensions at all", .no_extensions = true},
	{.label = "an empty list of extensions"},
	{.label = "server name",
		EXTENSIONS("\0\0\0\x0a\0\x08\0\0\x05"
			   "a.b-c")},
	{.label = "session of 32", .session = BYTES("0123456789abcdef0123456789abcdef")},
	{.label = "session of 33",
		.session = BYTES("0123456789abcdef0123456789abcdef0"),
		.cause = "tls_session_id_too_long"},
	{.label = "no cipher suites", .suites = BYTES(""), .cause = "tls_cipher_suites_bad"},
	{.label = "half a cipher suite",
		.suites = BYTES("\x13\x01\x13"),
		.cause = "tls_cipher_suites_bad"},
	{.label = "no compression methods", .methods = BYTES(""), .cause = "tls_compression_bad"},
	{.label = "only deflate", .methods = BYTES("\1"), .cause = "tls_compression_bad"},
	{.label = "deflate and none", .methods = BYTES("\1\0")},
	{.label = "version 2.3", .version = 0x0203, .cause = "tls_bad_version"},
	{.label = "version 254.253", .version = 0xfefd, .cause = "tls_bad_version"},
	{.label = "SSL 3.0", .version = 0x0300, .cause = "tls_version_too_old"},
	{.label = "TLS 1.0", .version = 0x0301, .cause = "tls_version_too_old"},
	{.label = "TLS 1.1", .version = 0x0302, .cause = "tls_version_too_old"},
	{.label = "TLS 1.3 as legacy version", .version = 0x0304},
	{.label = "list offers 1.3", EXTENSIONS("\0\x2b\0\3\2\3\4")},
	{.label = "list offers GREASE and 1.2", EXTENSIONS("\0\x2b\0\5\4\x7a\x7a\3\3")},
	{.label = "list offers 1.1 only",
		EXTENSIONS("\0\x2b\0\3\2\3\2"),
		.cause = "tls_version_too_old"},
	{.label = "list offers GREASE only",
		EXTENSIONS("\0\x2b\0\3\2\x7a\x7a"),
		.cause = "tls_version_too_old"},
	{.label = "list of versions empty",
		EXTENSIONS("\0\x2b\0\1\0"),
		.cause = "tls_versions_bad"},
	{.label = "list of versions odd",
		EXTENSIONS("\0\x2b\0\4\3\3\4\3"),
		.cause = "tls_versions_bad"},
	{.label = "list of versions short of its extension",
		EXTENSIONS("\0\x2b\0\5\2\3\4\3\3"),
		.cause = "tls_versions_bad"},
	{.label = "list of versions past its extension",
		EXTENSIONS("\0\x2b\0\3\4\3\4"),
		.cause = "tls_length_lies"},

	{.label = "empty server name extension",
		EXTENSIONS("\0\0\0\0"),
		.cause = "tls_length_lies"},
	{.label = "name list past its extension",
		EXTENSIONS("\0\0\0\6\0\5\0\0\1a"),
		.cause = "tls_length_lies"},
	{.label = "name list short of its extension",
		EXTENSIONS("\0\0\0\7\0\4\0\0\1ab"),
		.cause = "tls_length_lies"},
	{.label = "name past its list",
		EXTENSIONS("\0\0\0\6\0\4\0\0\2a"),
		.cause = "tls_length_lies"},
	{.label = "empty name", EXTENSIONS("\0\0\0\5\0\3\0\0\0"), .cause = "tls_sni_bad"},
	{.label = "two names",
		EXTENSIONS("\0\0\0\x0a\0\x08\0\0\1a\0\0\1b"),
		.cause = "tls_sni_bad"},
	{.label = "name of type 1", EXTENSIONS("\0\0\0\6\0\4\1\0\1a"), .cause = "tls_sni_bad"},
	{.label = "NUL in the name",
		EXTENSIONS("\0\0\0\x08\0\6\0\0\3a\0b"),
		.cause = "tls_sni_bad"},
	{.label = "trailing dot", EXTENSIONS("\0\0\0\x08\0\6\0\0\3ab."), .cause = "tls_sni_bad"},
	{.label = "an IPv4 address",
		EXTENSIONS("\0\0\0\x0c\0\x0a\0\0\x07"
			   "1.2.3.4"),
		.cause = "tls_sni_bad"},
	{.label = "an IPv6 address",
		EXTENSIONS("\0\0\0\x0c\0\x0a\0\0\x07"
			   "2001::1"),
		.cause = "tls_sni_bad"},
	{.label = "a wildcard", EXTENSIONS("\0\0\0\x08\0\6\0\0\3*.b"), .cause = "tls_sni_bad"},
	{.label = "an underscore", EXTENSIONS("\0\0\0\x08\0\6\0\0\3_.b"), .cause = "tls_sni_bad"},
	{.label = "UTF-8", EXTENSIONS("\0\0\0\x08\0\6\0\0\3\xc3\xa4z"), .cause = "tls_sni_bad"},

	{.label = "ALPN", EXTENSIONS("\0\x10\0\6\0\4\1a\1b")},
	{.label = "empty ALPN list", EXTENSIONS("\0\x10\0\2\0\0"), .cause = "tls_alpn_bad"},
	{.label = "empty ALPN name", EXTENSIONS("\0\x10\0\5\0\3\1a\0"), .cause = "tls_alpn_bad"},
	{.label = "ALPN name past the list",
		EXTENSIONS("\0\x10\0\5\0\3\3ab"),
		.cause = "tls_length_lies"},
	{.label = "ALPN list past the extension",
		EXTENSIONS("\0\x10\0\4\0\3\1a"),
		.cause = "tls_length_lies"},
	{.label = "ALPN list short of the extension",
		EXTENSIONS("\0\x10\0\5\0\2\1ab"),
		.cause = "tls_length_lies"},

	{.label = "one extension twice",
		EXTENSIONS("\0\x17\0\0\0\x17\0\0"),
		.cause = "tls_extension_twice"},
	{.label = "server name twice",
		EXTENSIONS("\0\0\0\6\0\4\0\0\1a\0\0\0\6\0\4\0\0\1b"),
		.cause = "tls_extension_twice"},
	{.label = "extension past the list", EXTENSIONS("\0\x17\0\1"), .cause = "tls_length_lies"},
	{.label = "half an extension header", EXTENSIONS("\0\x17\0"), .cause = "tls_length_lies"},
	{.label = "one byte of an extension", EXTENSIONS("\0"), .cause = "tls_length_lies"},
	{.label = "pre-shared key last", EXTENSIONS("\0\x17\0\0\0\x29\0\1x")},
	{.label = "pre-shared key not last",
		EXTENSIONS("\0\x29\0\1x\0\x17\0\0"),
		.cause = "tls_psk_not_last"},
};

static void each_made_hello_has_its_answer_for_every_split(void **state)
{
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		static struct maker m;
		struct fault fault;
		enum parse result;

		make_hello(&m, &recipes[i]);
		result = read_growing(recipes[i].label, view_make(m.bytes, m.len), &fault);
		if (recipes[i].cause
				? result != PARSE_BAD || strcmp(fault.cause, recipes[i].cause) != 0
				: result != PARSE_DONE)
			fail_msg("%s: %d %s", recipes[i].label, result,
				fault.cause ? fault.cause : "-");
	}
}

static void the_first_bytes_alone_can_be_refused(void **state)
{
	static const struct {
		const char *label;
		struct view bytes; /* the last of them decides */
		const char *cause;
	} cases[] = {
		{"HTTP", BYTES("G"), "tls_not_handshake"},
		{"an XMPP stream", BYTES("<"), "tls_not_handshake"},
		{"SSH", BYTES("S"), "tls_not_handshake"},
		{"SSL 2", BYTES("\x80"), "tls_not_handshake"},
		{"an alert", BYTES("\x15"), "tls_not_handshake"},
		{"application data", BYTES("\x17"), "tls_not_handshake"},
		{"version 2", BYTES("\x16\x02"), "tls_bad_version"},
		{"version 3.5", BYTES("\x16\x03\x05"), "tls_bad_version"},
		{"a record over 16384 by its high byte", BYTES("\x16\x03\x01\x41"),
			"tls_record_too_long"},
		{"a record of 16385", BYTES("\x16\x03\x01\x40\x01"), "tls_record_too_long"},
		{"a record of 16384, over our limit", BYTES("\x16\x03\x01\x40\x00"),
			"tls_hello_too_long"},
		{"an empty record", BYTES("\x16\x03\x01\0\0"), "tls_record_empty"},
		{"a ServerHello", BYTES("\x16\x03\x01\0\x40\x02"), "tls_not_client_hello"},
		{"a hello of 65536", BYTES("\x16\x03\x01\0\x40\x01\x01"), "tls_hello_too_long"},
		{"a hello of 8192", BYTES("\x16\x03\x01\0\x40\x01\0\x20\0"), "tls_hello_too_long"},
		{"a hello of 8184, which needs a second record header",
			BYTES("\x16\x03\x01\0\x40\x01\0\x1f\xf7"), "tls_hello_too_long"},
		{"a hello of 40", BYTES("\x16\x03\x01\0\x40\x01\0\0\x28"), "tls_hello_too_short"},
		{"a record longer than its hello", BYTES("\x16\x03\x01\0\x40\x01\0\0\x3b"),
			"tls_trailing_bytes"},
		{"alert in place of the second record", BYTES("\x16\x03\x01\0\x01\x01\x15"),
			"tls_not_handshake"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_hello hello;
		struct fault fault;

		for (uint32_t n = 0; n < cases[i].bytes.len; n++)
			if (read_exact(view_sub(cases[i].bytes, 0, n), &hello, &fault) !=
				PARSE_NEED_MORE)
				fail_msg("%s: %u bytes are refused", cases[i].label, n);
		if (read_exact(cases[i].bytes, &hello, &fault) != PARSE_BAD ||
			strcmp(fault.cause, cases[i].cause) != 0)
			fail_msg("%s: %s", cases[i].label, fault.cause ? fault.cause : "accepted");
	}
}

/* A lie is refused as soon as its own bytes are there, not when the bytes it speaks of come. */
static void a_lie_is_seen_when_it_is_told(void **state)
{
	static struct maker m;
	struct recipe r = {EXTENSIONS("\0\0\0\x0a\0\x08\0\0\x05"
				      "a.b-c")};
	struct tls_hello hello;
	struct fault fault;
	uint32_t at;

	make_hello(&m, &r);
	at = 5 + 4 + 2 + 32 + 1; /* cipher suites' length */
	m.bytes[at] = 0xff;
	assert_int_equal(read_exact(view_make(m.bytes, at + 1), &hello, &fault), PARSE_NEED_MORE);
	assert_int_equal(read_exact(view_make(m.bytes, at + 2), &hello, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "tls_length_lies");
	assert_int_equal(fault.offset_bytes, at);
	m.bytes[at] = 0;
	at += 2 + 2 + 2; /* the extensions' length: one less than there are bytes */
	m.bytes[at + 1]--;
	assert_int_equal(read_exact(view_make(m.bytes, at + 1), &hello, &fault), PARSE_NEED_MORE);
	assert_int_equal(read_exact(view_make(m.bytes, at + 2), &hello, &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "tls_length_lies");
	assert_int_equal(fault.offset_bytes, at);
}

/* n extensions of no content, types from 1000 on. */
static void make_many(struct maker *m, uint32_t n)
{
	static uint8_t extensions[4 * 100];
	struct recipe r = {.extensions = {extensions, n * 4}};

	for (uint32_t i = 0; i < n; i++) {
		extensions[i * 4] = (uint8_t)((1000 + i) >> 8);
		extensions[i * 4 + 1] = (uint8_t)(1000 + i);
	}
	make_hello(m, &r);
}

static void extensions_are_counted(void **state)
{
	static struct maker m;
	struct fault fault;

	make_many(&m, TLS_HELLO_EXTENSIONS_MAX);
	assert_int_equal(read_growing("64", view_make(m.bytes, m.len), &fault), PARSE_DONE);
	make_many(&m, TLS_HELLO_EXTENSIONS_MAX + 1);
	assert_int_equal(read_growing("65", view_make(m.bytes, m.len), &fault), PARSE_BAD);
	assert_string_equal(fault.cause, "tls_extensions_too_many");
}

/* The largest hello that is read, and one byte more; in one record. */
static void the_limit_is_exact(void **state)
{
	static uint8_t padding[TLS_HELLO_MAX_BYTES];
	static struct maker m;
	struct recipe r = {0};
	struct tls_hello hello;
	struct fault fault;

	make_hello(&m, &r);
	padding[1] = 21; /* one padding extension that fills what is left */
	for (uint32_t more = 0; more < 2; more++) {
		uint32_t room;

		r.extensions = (struct view){0};
		make_hello(&m, &r);
		room = TLS_HELLO_MAX_BYTES - m.len + more;
		padding[2] = (uint8_t)((room - 4) >> 8);
		padding[3] = (uint8_t)(room - 4);
		r.extensions = view_make(padding, room);
		make_hello(&m, &r);
		assert_int_equal(m.len, TLS_HELLO_MAX_BYTES + more);
		assert_int_equal(tls_hello_read(view_make(m.bytes, m.len), NULL, &hello, &fault),
			more ? PARSE_BAD : PARSE_DONE);
	}
	assert_string_equal(fault.cause, "tls_hello_too_long");
}

/* The message of a hello spread over records of n bytes each. */
static struct view spread(struct view hello, uint32_t n, struct maker *out)
{
	struct view message = view_sub(hello, 5, hello.len);

	out->len = 0;
	while (message.len) {
		struct view part = view_sub(message, 0, n);

		put(out, "\x16\x03\x01", 3);
		put_number(out, part.len, 2);
		put(out, part.p, part.len);
		message = view_sub(message, part.len, message.len);
	}
	return view_make(out->bytes, out->len);
}

static void a_hello_spread_over_records_reads_the_same(void **state)
{
	struct view bytes = data_file_read("hello_tls13_sni_alpn.dat");
	static struct maker m;

	for (uint32_t n = 1; n < bytes.len; n++) {
		uint32_t records = (bytes.len - 5 + n - 1) / n;
		struct tls_hello hello;
		struct fault fault;
		enum parse result = read_growing("spread", spread(bytes, n, &m), &fault);

		if (records > TLS_HELLO_RECORDS_MAX) {
			assert_int_equal(result, PARSE_BAD);
			assert_string_equal(fault.cause, "tls_records_too_many");
			continue;
		}
		if (result != PARSE_DONE)
			fail_msg("records of %u: %s", n, fault.cause ? fault.cause : "more");
		assert_int_equal(tls_hello_read(view_make(m.bytes, m.len), scratch, &hello, &fault),
			PARSE_DONE);
		assert_true(view_equal(hello.sni, VIEW("xmpp.example.org")));
		assert_true(tls_hello_has_alpn(&hello, VIEW("xmpp-server")));
		assert_int_equal(hello.hello_bytes, m.len);
	}
	free((void *)bytes.p);
}

/* The fault's place is told in the input, record headers counted. */
static void faults_in_spread_hellos_are_placed_in_the_input(void **state)
{
	struct recipe r = {EXTENSIONS("\0\x17\0\0\0\x17\0\0")};
	static struct maker whole;
	static struct maker parts;
	struct fault fault;
	struct fault spread_fault;
	struct view bytes;

	make_hello(&whole, &r);
	assert_int_equal(
		read_growing("whole", view_make(whole.bytes, whole.len), &fault), PARSE_BAD);
	bytes = spread(view_make(whole.bytes, whole.len), 20, &parts);
	assert_int_equal(read_growing("spread", bytes, &spread_fault), PARSE_BAD);
	assert_string_equal(spread_fault.cause, fault.cause);
	assert_int_equal(spread_fault.offset_bytes,
		fault.offset_bytes - 5 + 5 * (1 + (fault.offset_bytes - 5) / 20));
}

/* Every byte of a good hello set to a few values: never an over-read, always one answer for every
 * split. */
static void any_changed_byte_gets_one_answer_for_every_split(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0xff};
	struct recipe r = {EXTENSIONS("\0\0\0\x0a\0\x08\0\0\x05"
				      "a.b-c"
				      "\0\x10\0\6\0\4\1a\1b"
				      "\0\x2b\0\3\2\3\4")};
	static struct maker m;
	static struct maker parts;

	make_hello(&m, &r);
	for (uint32_t at = 0; at < m.len; at++) {
		uint8_t was = m.bytes[at];

		for (size_t v = 0; v < sizeof(values); v++) {
			struct fault fault;

			m.bytes[at] = values[v];
			read_growing("changed", view_make(m.bytes, m.len), &fault);
			read_growing("changed and spread",
				spread(view_make(m.bytes, m.len), 11, &parts), &fault);
			parts.bytes[at] = values[v];
			read_growing(
				"spread and changed", view_make(parts.bytes, parts.len), &fault);
		}
		m.bytes[at] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_hellos_are_read),
		cmocka_unit_test(a_real_hello_without_tls_1_2_is_too_old),
		cmocka_unit_test(only_a_spread_hello_needs_the_scratch),
		cmocka_unit_test(what_follows_in_later_records_is_not_looked_at),
		cmocka_unit_test(each_made_hello_has_its_answer_for_every_split),
		cmocka_unit_test(the_first_bytes_alone_can_be_refused),
		cmocka_unit_test(a_lie_is_seen_when_it_is_told),
		cmocka_unit_test(extensions_are_counted),
		cmocka_unit_test(the_limit_is_exact),
		cmocka_unit_test(a_hello_spread_over_records_reads_the_same),
		cmocka_unit_test(faults_in_spread_hellos_are_placed_in_the_input),
		cmocka_unit_test(any_changed_byte_gets_one_answer_for_every_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
