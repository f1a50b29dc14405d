/* SPDX-License-Identifier: BSD-3-Clause */
/* SIP's start line and From. Lines are judged byte by byte as they come, their parts once a line is
 * whole; only the start line's beginning is judged before that, to know what is not SIP at all. */
#include "dataplane/inspect/sip_start.h"

#include "dataplane/inspect/host_name.h"

enum { KEEPALIVES_MAX = 4, HOST_MAX_BYTES = HOST_NAME_MAX_BYTES + 1 };

#define SIP_VERSION VIEW("SIP/2.0")

static enum parse bad(struct fault *fault, uint32_t offset_bytes, const char *cause)
{
	*fault = (struct fault){.cause = cause, .offset_bytes = offset_bytes};
	return PARSE_BAD;
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 3261 section 25.1. */
static bool is_token_byte(uint8_t c)
{
	return is_alphanumeric(c) || (c && strchr("-.!%*_+`'~", c));
}

static bool is_scheme_byte(uint8_t c)
{
	return is_alphanumeric(c) || c == '+' || c == '-' || c == '.';
}

static bool is_token(struct view v)
{
	for (uint32_t i = 0; i < v.len; i++)
		if (!is_token_byte(v.p[i]))
			return false;
	return v.len > 0;
}

/* The line that starts at `at`, without its CRLF. *next is where the following one starts. */
static enum parse read_line(
	struct view bytes, uint32_t at, struct view *line, uint32_t *next, struct fault *fault)
{
	for (uint32_t i = at;; i++) {
		if (i - at > SIP_START_LINE_MAX_BYTES)
			return bad(fault, at, "sip_line_too_long");
		if (i >= bytes.len)
			return PARSE_NEED_MORE;
		if (bytes.p[i] == '\r') {
			if (i + 1 >= bytes.len)
				return PARSE_NEED_MORE;
			if (bytes.p[i + 1] != '\n')
				return bad(fault, i, "sip_bad_line_end");
			*line = view_sub(bytes, at, i - at);
			*next = i + 2;
			return PARSE_DONE;
		}
		if (bytes.p[i] == '\n')
			return bad(fault, i, "sip_bad_line_end");
		if ((bytes.p[i] < 0x20 && bytes.p[i] != '\t') || bytes.p[i] == 0x7f)
			return bad(fault, i, "sip_bad_character");
	}
}

/* "[...]": only the characters of an IPv6 address; what it means is the full parser's business. */
static bool is_ipv6_reference(struct view host)
{
	uint32_t colons = 0;

	if (host.len < 4 || host.len > 47 || host.p[0] != '[' || host.p[host.len - 1] != ']')
		return false;
	for (uint32_t i = 1; i + 1 < host.len; i++) {
		uint8_t c = host.p[i];

		colons += c == ':';
		if (c != ':' && c != '.' && !(c >= '0' && c <= '9') &&
			!((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
			return false;
	}
	return colons >= 2;
}

/* host [":" port], everything in front of parameters and headers. */
static bool read_host_port(struct view text, struct view *host)
{
	int64_t bracket = view_find(text, ']');
	uint32_t host_end = bracket < 0 ? 0 : (uint32_t)bracket + 1;
	int64_t colon = view_find(view_sub(text, host_end, text.len), ':');
	uint64_t port;

	host_end = colon < 0 ? text.len : host_end + (uint32_t)colon;
	*host = view_sub(text, 0, host_end);
	if (colon >= 0 &&
		(!view_to_u64(view_sub(text, host_end + 1, text.len), UINT16_MAX, &port) ||
			port == 0))
		return false;
	if (is_ipv6_reference(*host) || host_is_ipv4(*host))
		return true;
	if (host->len > 1 && host->len <= HOST_MAX_BYTES && host->p[host->len - 1] == '.')
		host->len--; /* the root, written out */
	return host_name_valid(*host);
}

/* A URI (RFC 3261 section 19.1). A '@' inside the parts in front of the host must be escaped, and
 * none may follow it, so there is at most one. NULL, or the cause. */
static const char *read_uri(struct view uri, bool *has_host, struct view *host)
{
	int64_t colon = view_find(uri, ':');
	struct view scheme = view_sub(uri, 0, colon < 0 ? 0 : (uint32_t)colon);
	struct view rest = view_sub(uri, scheme.len + 1, uri.len);
	int64_t at_sign;

	*has_host = false;
	for (uint32_t i = 0; i < uri.len; i++)
		if (uri.p[i] <= ' ' || uri.p[i] >= 0x7f || strchr("<>\"\\^`{|}", uri.p[i]))
			return "sip_bad_uri";
	if (scheme.len == 0 || rest.len == 0 || !is_token(scheme))
		return "sip_bad_uri";
	if (!view_equal_nocase(scheme, VIEW("sip")) && !view_equal_nocase(scheme, VIEW("sips")))
		return NULL;
	at_sign = view_find(rest, '@');
	if (at_sign == 0)
		return "sip_bad_uri";
	if (at_sign > 0)
		rest = view_sub(rest, (uint32_t)at_sign + 1, rest.len);
	if (view_find(rest, '@') >= 0)
		return "sip_bad_uri";
	for (uint32_t i = 0; i < rest.len; i++) {
		if (rest.p[i] == ';' || rest.p[i] == '?') {
			rest.len = i;
			break;
		}
	}
	if (!read_host_port(rest, host))
		return "sip_bad_host";
	*has_host = true;
	return NULL;
}

/* Can these first bytes still become "METHOD scheme:" or "SIP/2.0 "? Every other protocol that is
 * spoken to port 5060 differs within them. */
static enum parse judge_beginning(struct view start, uint32_t at, struct fault *fault)
{
	uint32_t method = 0;
	uint32_t i;

	for (i = 0; i < start.len && i < SIP_VERSION.len && start.p[i] == SIP_VERSION.p[i];)
		i++;
	if (i == start.len || i == SIP_VERSION.len)
		return PARSE_NEED_MORE;
	while (method < start.len && is_token_byte(start.p[method]))
		if (++method > SIP_START_METHOD_MAX_BYTES)
			return bad(fault, at, "sip_bad_method");
	if (method == start.len)
		return PARSE_NEED_MORE;
	if (method == 0 || start.p[method] != ' ')
		return bad(fault, at + method, "sip_not_sip");
	i = method + 1;
	if (i == start.len)
		return PARSE_NEED_MORE;
	if (!is_alphanumeric(start.p[i]) || (start.p[i] >= '0' && start.p[i] <= '9'))
		return bad(fault, at + i, "sip_not_sip"); /* "GET /", "OPTIONS *" */
	while (i < start.len && is_scheme_byte(start.p[i]))
		i++;
	if (i < start.len && start.p[i] != ':')
		return bad(fault, at + i, "sip_not_sip");
	return PARSE_NEED_MORE;
}

static enum parse read_status_line(
	struct view line, uint32_t at, struct sip_start *out, struct fault *fault)
{
	uint64_t status;

	/* SIP/2.0 SP 3DIGIT SP reason */
	if (line.len < SIP_VERSION.len + 5 || line.p[SIP_VERSION.len] != ' ')
		return bad(fault, at + SIP_VERSION.len, "sip_bad_status");
	if (!view_to_u64(view_sub(line, SIP_VERSION.len + 1, 3), 699, &status) || status < 100 ||
		line.p[SIP_VERSION.len + 4] != ' ')
		return bad(fault, at + SIP_VERSION.len + 1, "sip_bad_status");
	out->status = (uint16_t)status;
	return PARSE_DONE;
}

static enum parse read_request_line(
	struct view line, uint32_t at, struct sip_start *out, struct fault *fault)
{
	int64_t first = view_find(line, ' ');
	uint32_t uri_at = (uint32_t)first + 1;
	struct view rest = view_sub(line, uri_at, line.len);
	int64_t second = view_find(rest, ' ');
	const char *cause;

	if (first <= 0 || !is_token(view_sub(line, 0, (uint32_t)first)))
		return bad(fault, at, "sip_bad_method");
	if (second < 0)
		return bad(fault, at + line.len, "sip_bad_version");
	if (!view_equal_nocase(view_sub(rest, (uint32_t)second + 1, rest.len), SIP_VERSION))
		return bad(fault, at + uri_at + (uint32_t)second + 1, "sip_bad_version");
	cause = read_uri(view_sub(rest, 0, (uint32_t)second), &out->has_uri_host, &out->uri_host);
	if (cause)
		return bad(fault, at + uri_at, cause);
	out->is_request = true;
	out->method = view_sub(line, 0, (uint32_t)first);
	return PARSE_DONE;
}

/* Behind a display name in quotes, with its backslash escapes; -1 if the quotes do not close. */
static int64_t quoted_end(struct view text)
{
	for (uint32_t i = 1; i < text.len; i++) {
		if (text.p[i] == '\\')
			i++;
		else if (text.p[i] == '"')
			return (int64_t)i + 1;
	}
	return -1;
}

/* name-addr or addr-spec, then parameters (RFC 3261 section 20.20). NULL, or the cause. */
static const char *read_from(struct view value, struct sip_start *out)
{
	int64_t open;
	int64_t close;
	uint32_t end = 0;

	value = view_trim(value);
	if (value.len && value.p[0] == '"') {
		int64_t behind = quoted_end(value);

		if (behind < 0)
			return "sip_bad_from";
		value = view_trim(view_sub(value, (uint32_t)behind, value.len));
		if (value.len == 0 || value.p[0] != '<')
			return "sip_bad_from";
	}
	open = view_find(value, '<');
	if (open < 0) {
		/* Without brackets a ';' ends the URI; '?' and ',' are not allowed in it. */
		while (end < value.len && value.p[end] != ';' && value.p[end] != ' ' &&
			value.p[end] != '\t')
			end++;
		if (view_find(view_sub(value, 0, end), '?') >= 0 ||
			view_find(view_sub(value, 0, end), ',') >= 0)
			return "sip_bad_from";
		return read_uri(view_sub(value, 0, end), &out->has_from_host, &out->from_host);
	}
	for (uint32_t i = 0; i < (uint32_t)open; i++)
		if (!is_token_byte(value.p[i]) && value.p[i] != ' ' && value.p[i] != '\t')
			return "sip_bad_from";
	value = view_sub(value, (uint32_t)open + 1, value.len);
	close = view_find(value, '>');
	if (close < 0)
		return "sip_bad_from";
	end = (uint32_t)close + 1;
	while (end < value.len && (value.p[end] == ' ' || value.p[end] == '\t'))
		end++;
	if (end < value.len && value.p[end] != ';')
		return "sip_bad_from";
	return read_uri(view_sub(value, 0, (uint32_t)close), &out->has_from_host, &out->from_host);
}

/* A header line that is not empty: is it From, and what does it say? *is_from tells. */
static enum parse read_header(
	struct view line, uint32_t at, bool *is_from, struct sip_start *out, struct fault *fault)
{
	int64_t colon = view_find(line, ':');
	struct view name = view_trim(view_sub(line, 0, colon < 0 ? 0 : (uint32_t)colon));
	const char *cause;

	*is_from = false;
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return bad(fault, at, "sip_header_folded");
	if (colon <= 0 || !is_token(name))
		return bad(fault, at, "sip_bad_header_name");
	if (!view_equal_nocase(name, VIEW("From")) && !view_equal_nocase(name, VIEW("f")))
		return PARSE_DONE;
	*is_from = true;
	cause = read_from(view_sub(line, (uint32_t)colon + 1, line.len), out);
	return cause ? bad(fault, at, cause) : PARSE_DONE;
}

/* Headers up to and with From. The byte behind From's line is needed too: it could be folded. */
static enum parse read_headers(
	struct view bytes, uint32_t at, struct sip_start *out, struct fault *fault)
{
	for (uint32_t count = 0;; count++) {
		struct view line;
		uint32_t next;
		bool is_from;
		enum parse result = read_line(bytes, at, &line, &next, fault);

		if (result != PARSE_DONE)
			return result;
		if (line.len == 0)
			return bad(fault, at, "sip_from_missing");
		if (count == SIP_START_HEADERS_MAX)
			return bad(fault, at, "sip_headers_too_many");
		result = read_header(line, at, &is_from, out, fault);
		if (result != PARSE_DONE)
			return result;
		at = next;
		if (!is_from)
			continue;
		if (at >= bytes.len)
			return PARSE_NEED_MORE;
		if (bytes.p[at] == ' ' || bytes.p[at] == '\t')
			return bad(fault, at, "sip_header_folded");
		out->start_bytes = at;
		return PARSE_DONE;
	}
}

static enum parse read_start(struct view bytes, struct sip_start *out, struct fault *fault)
{
	struct view line;
	struct view start;
	uint32_t at = 0;
	uint32_t next;
	enum parse result;

	while (at < KEEPALIVES_MAX * 2 && view_starts(view_sub(bytes, at, 2), VIEW("\r\n")))
		at += 2;
	start = view_sub(bytes, at, bytes.len);
	if (start.len == 1 && start.p[0] == '\r' && at < KEEPALIVES_MAX * 2)
		return PARSE_NEED_MORE;
	if (judge_beginning(start, at, fault) == PARSE_BAD)
		return PARSE_BAD;
	result = read_line(bytes, at, &line, &next, fault);
	if (result != PARSE_DONE)
		return result;
	result = view_starts(line, SIP_VERSION) ? read_status_line(line, at, out, fault)
						: read_request_line(line, at, out, fault);
	if (result != PARSE_DONE)
		return result;
	return read_headers(bytes, next, out, fault);
}

enum parse sip_start_read(struct view bytes, struct sip_start *out, struct fault *fault)
{
	enum parse result;

	memset(out, 0, sizeof(*out));
	*fault = (struct fault){0};
	result = read_start(view_sub(bytes, 0, SIP_START_MAX_BYTES), out, fault);
	if (result == PARSE_NEED_MORE && bytes.len >= SIP_START_MAX_BYTES)
		return bad(fault, SIP_START_MAX_BYTES, "sip_start_too_long");
	return result;
}
