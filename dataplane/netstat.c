/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel counts of its own queues. */
#include "dataplane/netstat.h"

#define NETSTAT_OURS(ours, theirs, text)   #ours,
#define NETSTAT_TEXT(ours, theirs, text)   text,
#define NETSTAT_THEIRS(ours, theirs, text) theirs,
static const char *const our_names[NETSTAT_COUNT] = {NETSTAT_COUNTERS(NETSTAT_OURS)};
static const char *const their_names[NETSTAT_COUNT] = {NETSTAT_COUNTERS(NETSTAT_THEIRS)};
static const char *const texts[NETSTAT_COUNT] = {NETSTAT_COUNTERS(NETSTAT_TEXT)};

const char *netstat_name(uint32_t counter)
{
	return our_names[counter];
}

const char *netstat_text(uint32_t counter)
{
	return texts[counter];
}

/* Up to `end` or the last byte; text then begins behind it. */
static struct view take_until(struct view *text, uint8_t end)
{
	int64_t at = view_find(*text, end);
	uint32_t len = at < 0 ? text->len : (uint32_t)at;
	struct view taken = view_sub(*text, 0, len);

	*text = view_sub(*text, len + (at >= 0), text->len);
	return taken;
}

/* The next line of the group, without its name. */
static bool find_group(struct view *text, struct view *line)
{
	static const struct view group = VIEW("TcpExt: ");

	while (text->len) {
		*line = take_until(text, '\n');
		if (view_starts(*line, group)) {
			*line = view_sub(*line, group.len, line->len);
			return true;
		}
	}
	return false;
}

static void keep(uint64_t counts[static NETSTAT_COUNT], struct view name, uint64_t value)
{
	for (uint32_t i = 0; i < NETSTAT_COUNT; i++)
		if (view_equal(name, view_of(their_names[i])))
			counts[i] = value;
}

bool netstat_read(struct view text, uint64_t counts[static NETSTAT_COUNT])
{
	uint64_t found[NETSTAT_COUNT] = {0};
	struct view names, values;

	if (!find_group(&text, &names) || !find_group(&text, &values))
		return false;
	while (names.len && values.len) {
		struct view name = take_until(&names, ' ');
		uint64_t value;

		if (!view_to_u64(take_until(&values, ' '), UINT64_MAX, &value))
			return false;
		keep(found, name, value);
	}
	if (names.len || values.len)
		return false;
	memcpy(counts, found, sizeof(found));
	return true;
}
