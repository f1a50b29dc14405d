/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses of users between JIDs and SIP URIs. */
#include "control/parcel/address.h"

#include "control/parcel/jid_escape.h"
#include "control/parcel/percent.h"
#include "rules/domain.h"
#include "rules/precis.h"

enum { JID_IN_MAX_BYTES = 3 * PRECIS_IN_MAX_BYTES, ESCAPED_MAX_BYTES = 3 * PRECIS_OUT_MAX_BYTES };

_Static_assert(DOMAIN_MAX_BYTES + 1 == DOMAIN_ASCII_BYTES, "a domain fits an address");
_Static_assert((int)ADDRESS_PART_MAX_BYTES == (int)PRECIS_OUT_MAX_BYTES, "so does a part");

typedef enum parse precis_profile(struct view in, struct text *out, struct fault *fault);

static enum parse refuse(struct fault *fault, const char *cause, uint32_t offset)
{
	*fault = (struct fault){.cause = cause, .offset_bytes = offset};
	return PARSE_BAD;
}

/* A profile knows no parts; a counter should. */
static void name_part(struct fault *fault, bool is_local)
{
	static const struct {
		const char *cause, *local, *resource;
	} rows[] = {
#define ROW(cause) {cause, "local_" cause, "resource_" cause}
		ROW("bidi"),
		ROW("context"),
		ROW("disallowed"),
		ROW("empty"),
		ROW("no_memory"),
		ROW("not_utf8"),
		ROW("too_long"),
		ROW("unassigned"),
		ROW("unstable"),
#undef ROW
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(fault->cause, rows[i].cause) == 0)
			fault->cause = is_local ? rows[i].local : rows[i].resource;
}

static enum parse read_local(
	struct view in, char local[static ADDRESS_PART_MAX_BYTES + 1], struct fault *fault)
{
	struct text out;

	text_fixed(&out, local, ADDRESS_PART_MAX_BYTES + 1);
	if (precis_username(in, &out, fault) != PARSE_DONE) {
		name_part(fault, true);
		return PARSE_BAD;
	}
	/* After the mapping: U+FF20 became an '@' only now (RFC 7622 section 3.3.1). */
	if (strpbrk(local, "\"&'/:<>@"))
		return refuse(fault, "local_excluded", 0);
	return PARSE_DONE;
}

static enum parse read_resource(
	struct view in, char resource[static ADDRESS_PART_MAX_BYTES + 1], struct fault *fault)
{
	struct text out;

	text_fixed(&out, resource, ADDRESS_PART_MAX_BYTES + 1);
	if (precis_opaque(in, &out, fault) == PARSE_DONE)
		return PARSE_DONE;
	name_part(fault, false);
	return PARSE_BAD;
}

enum parse address_from_jid(struct view jid, struct address *out, struct fault *fault)
{
	struct view bare = jid;
	struct view domain;
	int64_t slash = view_find(jid, '/');
	int64_t at;

	*out = (struct address){0};
	*fault = (struct fault){0};
	if (jid.len > JID_IN_MAX_BYTES)
		return refuse(fault, "jid_too_long", JID_IN_MAX_BYTES);
	/* The slash first, then the '@' in what is left of it, before any mapping (section 3.1). */
	if (slash >= 0) {
		struct view resource = view_sub(jid, (uint32_t)slash + 1, UINT32_MAX);

		bare = view_sub(jid, 0, (uint32_t)slash);
		if (read_resource(resource, out->resource, fault) != PARSE_DONE) {
			fault->offset_bytes += (uint32_t)slash + 1;
			return PARSE_BAD;
		}
	}
	at = view_find(bare, '@');
	if (at >= 0 && read_local(view_sub(bare, 0, (uint32_t)at), out->local, fault) != PARSE_DONE)
		return PARSE_BAD;
	domain = view_sub(bare, (uint32_t)(at + 1), UINT32_MAX);
	if (domain_parse(domain, out->domain, fault) != PARSE_DONE) {
		fault->offset_bytes += (uint32_t)(at + 1);
		return PARSE_BAD;
	}
	return PARSE_DONE;
}

/* The localpart for a user in the clear. Mapped before it is escaped: case and width mappings behind
 * the escaping could make an escape out of two innocent characters, and with it another user. */
static enum parse local_from_native(
	struct view native, char local[static ADDRESS_PART_MAX_BYTES + 1], struct fault *fault)
{
	char mapped_bytes[PRECIS_OUT_MAX_BYTES + 1];
	char escaped_bytes[ESCAPED_MAX_BYTES + 1];
	struct text mapped, escaped;

	text_fixed(&mapped, mapped_bytes, sizeof(mapped_bytes));
	if (precis_username_map(native, &mapped, fault) != PARSE_DONE) {
		name_part(fault, true);
		return PARSE_BAD;
	}
	text_fixed(&escaped, escaped_bytes, sizeof(escaped_bytes));
	if (!jid_escape(text_view(&mapped), &escaped))
		return refuse(fault, "user_space", 0);
	if (escaped.failed || escaped.len > PRECIS_OUT_MAX_BYTES)
		return refuse(fault, "local_too_long", 0);
	if (read_local(text_view(&escaped), local, fault) != PARSE_DONE)
		return PARSE_BAD;
	/* "\3a" and a combining mark behind it would compose. */
	if (!view_equal(view_of(local), text_view(&escaped)))
		return refuse(fault, "user_unstable", 0);
	return PARSE_DONE;
}

static enum parse read_user(struct view user, struct address *out, struct fault *fault)
{
	char native_bytes[PRECIS_IN_MAX_BYTES + 1];
	struct text native;

	if (user.len == 0)
		return refuse(fault, "user_empty", 0);
	text_fixed(&native, native_bytes, sizeof(native_bytes));
	if (percent_decode(user, &native, fault) != PARSE_DONE)
		return PARSE_BAD;
	return local_from_native(text_view(&native), out->local, fault);
}

/* gr without a value asks for a temporary GRUU, which has no resource (RFC 7247 section 6.3). */
static enum parse read_gruu(const struct sip_uri *uri, struct address *out, struct fault *fault)
{
	char bytes[PRECIS_IN_MAX_BYTES + 1];
	struct text decoded;
	struct view value;

	if (!sip_uri_param(uri, VIEW("gr"), &value) || value.len == 0)
		return PARSE_DONE;
	text_fixed(&decoded, bytes, sizeof(bytes));
	if (percent_decode(value, &decoded, fault) != PARSE_DONE)
		return PARSE_BAD;
	return read_resource(text_view(&decoded), out->resource, fault);
}

enum parse address_from_sip(const struct sip_uri *uri, struct address *out, struct fault *fault)
{
	*out = (struct address){0};
	*fault = (struct fault){0};
	if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS)
		return refuse(fault, "uri_scheme", 0);
	if (uri->has_password)
		return refuse(fault, "uri_password", 0);
	if (uri->headers.len)
		return refuse(fault, "uri_headers", 0);
	if (uri->port)
		return refuse(fault, "uri_port", 0);
	if (uri->has_user && read_user(uri->user, out, fault) != PARSE_DONE)
		return PARSE_BAD;
	if (domain_parse(uri->host, out->domain, fault) != PARSE_DONE)
		return PARSE_BAD;
	return read_gruu(uri, out, fault);
}

/* A SIP host name ends in a label that begins with a letter (RFC 3261 section 25.1, toplabel). */
static bool is_sip_host(const char *domain)
{
	const char *dot = strrchr(domain, '.');
	char first = dot ? dot[1] : domain[0];

	return first >= 'a' && first <= 'z';
}

bool address_has_sip(const struct address *a)
{
	char native_bytes[ADDRESS_PART_MAX_BYTES + 1];
	char again[ADDRESS_PART_MAX_BYTES + 1];
	struct text native;
	struct fault ignored;

	if (!is_sip_host(a->domain))
		return false;
	if (!strchr(a->local, '\\'))
		return true;
	text_fixed(&native, native_bytes, sizeof(native_bytes));
	jid_unescape(view_of(a->local), &native);
	return local_from_native(text_view(&native), again, &ignored) == PARSE_DONE &&
	       strcmp(a->local, again) == 0;
}

void address_put_bare_jid(const struct address *a, struct text *out)
{
	if (a->local[0]) {
		text_puts(out, a->local);
		text_putc(out, '@');
	}
	text_puts(out, a->domain);
}

void address_put_jid(const struct address *a, struct text *out)
{
	address_put_bare_jid(a, out);
	if (a->resource[0]) {
		text_putc(out, '/');
		text_puts(out, a->resource);
	}
}

void address_put_sip(const struct address *a, bool with_resource, struct text *out)
{
	char native_bytes[ADDRESS_PART_MAX_BYTES + 1];
	struct text native;

	if (!address_has_sip(a)) {
		out->failed = true;
		return;
	}
	text_puts(out, "sip:");
	if (a->local[0]) {
		text_fixed(&native, native_bytes, sizeof(native_bytes));
		jid_unescape(view_of(a->local), &native);
		percent_put_user(out, text_view(&native));
		text_putc(out, '@');
	}
	text_puts(out, a->domain);
	if (with_resource && a->resource[0]) {
		text_puts(out, ";gr=");
		percent_put_param(out, view_of(a->resource));
	}
}

void address_domain_unicode(const struct address *a, struct text *out)
{
	char unicode[DOMAIN_UNICODE_BYTES];

	/* Only a name that the constructors did not make fails; it is shown as it is. */
	text_puts(out, domain_to_unicode(view_of(a->domain), unicode) == 0 ? unicode : a->domain);
}

bool address_equal_bare(const struct address *a, const struct address *b)
{
	return strcmp(a->local, b->local) == 0 && strcmp(a->domain, b->domain) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
	return address_equal_bare(a, b) && strcmp(a->resource, b->resource) == 0;
}
