/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a link leads: to a name that does not count, to a file. */
#include "rules/hyperlink.h"
#include "rules/hyperlink_int.h"

enum { HOST_BYTES_MAX = 253, AUTHORITY_BYTES_MAX = 512 };

/* --- names --- */

static const struct hyperlink_name *name_find(const struct hyperlink_rules *rules, struct view name)
{
	uint32_t low = 0;
	uint32_t high = rules->ignored_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct view other = view_of(rules->ignored[middle].domain);
		uint32_t common = name.len < other.len ? name.len : other.len;
		int order = common ? memcmp(name.p, other.p, common) : 0;

		order = order ? order : (name.len > other.len) - (name.len < other.len);
		if (order == 0)
			return &rules->ignored[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool host_is_ignored(const struct hyperlink_rules *rules, struct view host)
{
	struct view name = host;

	for (;;) {
		const struct hyperlink_name *found = name_find(rules, name);
		int64_t dot = view_find(name, '.');

		if (found && (found->subtree || name.len == host.len))
			return true;
		if (dot < 0)
			return false;
		name = view_sub(name, (uint32_t)dot + 1, UINT32_MAX);
	}
}

/* What ends a sentence is not the host's. */
static struct view without_punctuation(struct view v)
{
	while (v.len > 0 && strchr(".,;:!?)]}'*_~", v.p[v.len - 1]))
		v.len--;
	return v;
}

/* Up to the path; too long for any name: empty. */
static struct view authority_of(struct view target, bool opaque)
{
	uint32_t i = 0;

	while (i < target.len && i < AUTHORITY_BYTES_MAX &&
		!strchr(opaque ? "/?#;" : "/?#", target.p[i]))
		i++;
	if (i == AUTHORITY_BYTES_MAX)
		return (struct view){0};
	return i == target.len ? without_punctuation(target) : view_sub(target, 0, i);
}

static bool is_user_name(struct view user)
{
	for (uint32_t i = 0; i < user.len; i++)
		if (!hyperlink_char_is_name(user.p[i]) && !strchr(".+-_", user.p[i]))
			return false;
	return user.len > 0;
}

/* Without a port. False: it may be read in more than one way. */
static bool host_read(struct view authority, char out[static HOST_BYTES_MAX + 1], uint32_t *len)
{
	int64_t colon = view_find(authority, ':');
	struct view host = view_sub(authority, 0, colon < 0 ? authority.len : (uint32_t)colon);
	uint64_t port;

	if (colon >= 0 && !view_to_u64(view_sub(authority, host.len + 1, UINT32_MAX), 65535, &port))
		return false;
	if (host.len > 0 && host.p[host.len - 1] == '.')
		host.len--;
	if (host.len > HOST_BYTES_MAX)
		return false;
	for (uint32_t i = 0; i < host.len; i++) {
		if (!hyperlink_char_is_name(host.p[i]) && host.p[i] != '-' && host.p[i] != '.')
			return false;
		out[i] = (char)ascii_lower(host.p[i]);
	}
	*len = host.len;
	return true;
}

bool hyperlink_is_ignored(const struct hyperlink_rules *rules, struct view target, bool opaque)
{
	struct view authority = authority_of(target, opaque);
	int64_t at = view_find(authority, '@');
	char host[HOST_BYTES_MAX + 1];
	uint32_t len;

	/* "mailto:bob@corp.example"; in all others a user is there to deceive. */
	if (at >= 0) {
		if (!opaque || !is_user_name(view_sub(authority, 0, (uint32_t)at)))
			return false;
		authority = view_sub(authority, (uint32_t)at + 1, UINT32_MAX);
	}
	return host_read(authority, host, &len) && host_is_ignored(rules, view_make(host, len));
}

/* --- files --- */

/* Reads what a server would read, a character at a time. */
struct scan {
	const struct hyperlink_rules *rules;
	char last[HYPERLINK_EXTENSION_BYTES_MAX +
		  1]; /* what stands behind the last dot of this word */
	char before[HYPERLINK_EXTENSION_BYTES_MAX + 1]; /* and the dot before that; "": none */
	uint32_t last_len;                              /* above the maximum: too long for any */
	bool dotted;                                    /* the word has a dot */
	bool host;                                      /* within a host, whose dots mean nothing */
	bool query;                                     /* behind a '?' or '#' */
	uint32_t marks;                                 /* of "://" that were just read */
	bool found;
};

/* Top-level domains as well: in a query they are more often these. */
static bool is_domain_too(struct view extension)
{
	static const char *const both[] = {"app", "com", "pl", "ws"};

	return hyperlink_list_has(both, sizeof(both) / sizeof(both[0]), extension);
}

static void word_end(struct scan *s)
{
	struct view extension;

	while (s->last_len > 0 && s->last_len <= HYPERLINK_EXTENSION_BYTES_MAX &&
		strchr("-_", s->last[s->last_len - 1]))
		s->last_len--;
	extension = s->last_len > 0 ? view_make(s->last, s->last_len) : view_of(s->before);
	if (s->dotted && !s->host && extension.len <= HYPERLINK_EXTENSION_BYTES_MAX &&
		!(s->query && is_domain_too(extension)) &&
		hyperlink_list_has(s->rules->extensions, s->rules->extension_count, extension))
		s->found = true;
	s->dotted = false;
	s->last_len = 0;
	s->before[0] = '\0';
}

static void word_dot(struct scan *s)
{
	/* Dots at the end of a name are dropped by some. */
	if (s->dotted && s->last_len > 0) {
		uint32_t len = s->last_len > HYPERLINK_EXTENSION_BYTES_MAX ? 0 : s->last_len;

		memcpy(s->before, s->last, len);
		s->before[len] = '\0';
	}
	s->dotted = true;
	s->last_len = 0;
}

static void word_letter(struct scan *s, uint8_t c)
{
	if (!s->dotted)
		return;
	if (s->last_len < HYPERLINK_EXTENSION_BYTES_MAX)
		s->last[s->last_len++] = (char)c;
	else
		s->last_len = HYPERLINK_EXTENSION_BYTES_MAX + 1;
}

/* A link within the link has a host of its own. */
static void note_marks(struct scan *s, uint32_t c)
{
	if (c == ':')
		s->marks = 1;
	else if (s->marks > 0 && hyperlink_char_is_slash(c))
		s->marks++;
	else
		s->marks = 0;
	if (s->marks < 3)
		return;
	s->marks = 0;
	s->host = true;
	s->query = false;
}

static void take(struct scan *s, uint32_t c)
{
	if (hyperlink_char_is_name(c) || c == '-' || c == '_')
		word_letter(s, ascii_lower((uint8_t)c));
	else if (c == '.')
		word_dot(s);
	else
		word_end(s);
	if (hyperlink_char_is_slash(c) || c == '?' || c == '#')
		s->host = false;
	if (c == '&')
		s->host = false;
	if (c == '?' || c == '#')
		s->query = true;
	note_marks(s, c);
}

/* The octet that is written as %HH at i, however often it was encoded; *len: of what stands for it. */
static bool read_encoded(struct view v, uint32_t i, uint32_t *len, uint8_t *out)
{
	uint32_t used = 1;
	uint8_t c = v.p[i];

	while (c == '%' && v.len - i - used >= 2) {
		int high = hex_value(v.p[i + used]);
		int low = hex_value(v.p[i + used + 1]);

		if (high < 0 || low < 0)
			break;
		c = (uint8_t)(high << 4 | low);
		used += 2;
	}
	*len = used;
	*out = c;
	return used > 1;
}

bool hyperlink_has_file(const struct hyperlink_rules *rules, struct view target, bool host)
{
	struct scan s = {.rules = rules, .host = host};
	uint32_t len;

	for (uint32_t i = 0; i < target.len && !s.found; i += len) {
		uint32_t c = hyperlink_char(target, i, &len);
		uint8_t octet;

		if (c == '%' && read_encoded(target, i, &len, &octet))
			c = octet;
		else if (hyperlink_char_is_invisible(c))
			continue;
		take(&s, c);
	}
	word_end(&s);
	return s.found;
}
