/* SPDX-License-Identifier: BSD-3-Clause */
/* The user agent server core: a table of checks in the order of RFC 3261 section 8.2. */
#include "control/sip/core.h"

#include "control/sip/address.h"
#include "control/sip/content.h"
#include "control/sip/header.h"
#include "control/sip/param.h"
#include "control/sip/response.h"
#include "control/sip/via.h"
#include "control/sip/writer.h"

#define BRANCH_COOKIE VIEW("z9hG4bK")
#define ALLOW         VIEW("MESSAGE, OPTIONS")
#define ACCEPT        VIEW("text/plain")

struct asking {
	const struct sip_message *m;
	const struct sip_asker *asker;
	struct sip_decision *out;
	struct text extra;
};

/* True: the question is answered, no further check runs. */
typedef bool check_h(struct asking *a);

static bool answer(struct asking *a, uint16_t code, const char *cause)
{
	a->out->fate = SIP_FATE_ANSWER;
	a->out->code = code;
	a->out->reason = sip_reason_phrase(code);
	a->out->cause = cause;
	return true;
}

static bool check_ack(struct asking *a)
{
	if (a->m->method != SIP_ACK)
		return false;
	a->out->fate = SIP_FATE_IGNORE;
	return true;
}

/* What the grammar permits for the sake of RFC 2543, and nobody on a federation link sends: a branch
 * that is the cookie and nothing else identifies no transaction; a From without tag no sender. */
static bool check_syntax(struct asking *a)
{
	if (view_equal_nocase(a->m->via.branch, BRANCH_COOKIE))
		return answer(a, 400, "branch_empty");
	if (a->m->from.tag.len == 0)
		return answer(a, 400, "from_tag_missing");
	return false;
}

static bool check_scheme(struct asking *a)
{
	return a->m->uri.scheme != SIP_SCHEME_SIP && answer(a, 416, "request_uri_scheme");
}

/* OPTIONS to this edge itself (a Request-URI without a user) goes no further anyway. */
static bool check_hops(struct asking *a)
{
	if (a->m->max_forwards > 0 || (a->m->method == SIP_OPTIONS && !a->m->uri.has_user))
		return false;
	return answer(a, 483, "max_forwards_zero");
}

static bool check_loop(struct asking *a)
{
	const struct sip_header *h;
	struct fault fault;
	struct sip_via via;

	if (a->asker->own_branch.len == 0)
		return false;
	for (uint32_t n = 0; (h = sip_header_find(a->m, SIP_HEADER_VIA, n)); n++) {
		struct sip_cursor c = sip_cursor_make(h->value);

		while (sip_via_next(&c, &via, &fault) == PARSE_DONE) {
			if (view_starts(via.branch, a->asker->own_branch))
				return answer(a, 482, "loop");
			if (sip_cursor_end(&c))
				break;
			sip_cursor_skip(&c, 1);
		}
	}
	return false;
}

static void list_options(struct asking *a, enum sip_header_name name, struct text *unsupported)
{
	const struct sip_header *h;
	struct view list, option;

	for (uint32_t n = 0; (h = sip_header_find(a->m, name, n)); n++) {
		list = h->value;
		while (sip_list_next(&list, &option)) {
			if (!sip_is_token(option))
				continue;
			text_puts(unsupported, unsupported->len ? ", " : "");
			text_put(unsupported, option);
		}
	}
}

/* We speak no extension. An option that is no token is refused without being repeated. */
static bool check_extensions(struct asking *a)
{
	char buffer[SIP_EXTRA_MAX_BYTES / 2];
	struct text unsupported;

	if (a->m->method == SIP_CANCEL)
		return false;
	if (!sip_header_find(a->m, SIP_HEADER_REQUIRE, 0) &&
		!sip_header_find(a->m, SIP_HEADER_PROXY_REQUIRE, 0))
		return false;
	text_fixed(&unsupported, buffer, sizeof(buffer));
	list_options(a, SIP_HEADER_PROXY_REQUIRE, &unsupported);
	list_options(a, SIP_HEADER_REQUIRE, &unsupported);
	if (unsupported.len && !unsupported.failed)
		sip_line_put(&a->extra, "Unsupported", text_view(&unsupported));
	return answer(a, 420, "extension");
}

static bool owns_address(const struct asking *a, const struct sip_address *address)
{
	struct view host = address->uri.host;

	if (address->uri.scheme == SIP_SCHEME_OTHER)
		return false;
	if (host.len && host.p[host.len - 1] == '.')
		host.len--;
	return a->asker->owns(a->asker->arg, host);
}

static bool owns_identities(const struct asking *a, struct view value)
{
	struct sip_cursor c = sip_cursor_make(value);
	struct sip_address identity;
	struct fault fault;

	for (;;) {
		if (sip_address_next(&c, &identity, &fault) != PARSE_DONE)
			return false;
		/* A telephone number claims no domain. */
		if (!view_equal_nocase(identity.uri.scheme_text, VIEW("tel")) &&
			!owns_address(a, &identity))
			return false;
		if (sip_cursor_end(&c))
			return true;
		sip_cursor_skip(&c, 1);
	}
}

static bool check_sender(struct asking *a)
{
	const struct sip_header *h;

	if (!a->asker->owns)
		return false;
	if (!owns_address(a, &a->m->from))
		return answer(a, 403, "from_not_of_peer");
	for (uint32_t n = 0; (h = sip_header_find(a->m, SIP_HEADER_P_ASSERTED_IDENTITY, n)); n++)
		if (!owns_identities(a, h->value))
			return answer(a, 403, "identity_not_of_peer");
	return false;
}

static bool refuse_method(struct asking *a, uint16_t code, const char *cause)
{
	sip_line_put(&a->extra, "Allow", ALLOW);
	return answer(a, code, cause);
}

/* There are no dialogs here, so a To tag always names one that does not exist. INVITE is known and
 * not allowed at any address of ours: 405 (488 would be about its session description). SUBSCRIBE:
 * there is no event package, hence no Allow-Events to name one. */
static bool check_method(struct asking *a)
{
	switch (a->m->method) {
	case SIP_METHOD_OTHER:
		return refuse_method(a, 501, "method_unknown");
	case SIP_BYE:
	case SIP_CANCEL:
	case SIP_INFO:
	case SIP_NOTIFY:
	case SIP_PRACK:
	case SIP_UPDATE:
		return answer(a, 481, "no_dialog");
	case SIP_REGISTER:
	case SIP_PUBLISH:
		return refuse_method(a, 405, "method_not_allowed");
	default:
		break;
	}
	if (a->m->to.tag.len)
		return answer(a, 481, "no_dialog");
	if (a->m->method == SIP_SUBSCRIBE)
		return answer(a, 489, "event");
	if (a->m->method != SIP_MESSAGE && a->m->method != SIP_OPTIONS)
		return refuse_method(a, 405, "method_not_allowed");
	return false;
}

static bool check_merged(struct asking *a)
{
	return a->asker->merged && answer(a, 482, "merged");
}

static bool check_options(struct asking *a)
{
	if (a->m->method != SIP_OPTIONS)
		return false;
	sip_line_put(&a->extra, "Allow", ALLOW);
	sip_line_put(&a->extra, "Accept", ACCEPT);
	sip_line_put(&a->extra, "Accept-Encoding", VIEW("identity"));
	return answer(a, 200, NULL);
}

static bool is_readable_text(const struct sip_content_type *type)
{
	struct view charset;

	if (!view_equal_nocase(type->type, VIEW("text")) ||
		!view_equal_nocase(type->subtype, VIEW("plain")))
		return false;
	if (!sip_param_find(type->params, VIEW("charset"), &charset))
		return true;
	charset = sip_unquote(charset);
	return view_equal_nocase(charset, VIEW("utf-8")) ||
	       view_equal_nocase(charset, VIEW("us-ascii")) ||
	       view_equal_nocase(charset, VIEW("iso-8859-1"));
}

static bool check_content(struct asking *a)
{
	const struct sip_header *h = sip_header_find(a->m, SIP_HEADER_CONTENT_TYPE, 0);
	struct sip_content_type type;

	if (!sip_content_is_plain(a->m)) {
		sip_line_put(&a->extra, "Accept-Encoding", VIEW("identity"));
		return answer(a, 415, "content_encoding");
	}
	if (!h)
		return a->m->body.len && answer(a, 400, "content_type_missing");
	if (!sip_content_type_parse(h->value, &type))
		return answer(a, 400, "content_type");
	if (is_readable_text(&type))
		return false;
	sip_line_put(&a->extra, "Accept", ACCEPT);
	return answer(a, 415, "content_type_unsupported");
}

static check_h *const checks[] = {
	check_ack,
	check_syntax,
	check_scheme,
	check_hops,
	check_loop,
	check_extensions,
	check_sender,
	check_method,
	check_merged,
	check_options,
	check_content,
};

void sip_core_decide(
	const struct sip_message *request, const struct sip_asker *asker, struct sip_decision *out)
{
	struct asking a = {.m = request, .asker = asker, .out = out};

	*out = (struct sip_decision){.fate = SIP_FATE_TAKE, .reason = ""};
	text_fixed(&a.extra, out->extra, sizeof(out->extra));
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i](&a))
			break;
	out->extra_len = a.extra.failed ? 0 : a.extra.len;
}
