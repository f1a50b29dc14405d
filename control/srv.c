/* SPDX-License-Identifier: BSD-3-Clause */
/* DNS SRV records as values. */
#include "control/srv.h"

enum { SRV_FIXED_BYTES = 6, LABEL_BYTES_MAX = 63 };

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static enum parse bad(struct fault *fault, const char *cause, uint32_t offset)
{
	*fault = (struct fault){.cause = cause, .offset_bytes = offset};
	return PARSE_BAD;
}

/* Lower case, or 0 for what a host name does not hold. */
static char host_char(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
		return (char)c;
	return 0;
}

/* Wire form from `at` on: labels, then the root, then nothing. */
static enum parse name_parse(
	struct view rdata, uint32_t at, char out[static DOMAIN_TEXT_BYTES], struct fault *fault)
{
	uint32_t len = 0;

	while (at < rdata.len && rdata.p[at] != 0) {
		uint32_t label = rdata.p[at];

		if (label > LABEL_BYTES_MAX)
			return bad(fault, "srv_label_too_long", at);
		if (label >= rdata.len - at)
			return bad(fault, "srv_truncated", at);
		if (len + label + 1 >= DOMAIN_TEXT_BYTES)
			return bad(fault, "srv_name_too_long", at);
		if (len > 0)
			out[len++] = '.';
		for (uint32_t i = 1; i <= label; i++) {
			out[len] = host_char(rdata.p[at + i]);
			if (!out[len++])
				return bad(fault, "srv_bad_character", at + i);
		}
		at += label + 1;
	}
	if (at >= rdata.len)
		return bad(fault, "srv_truncated", at);
	if (at + 1 != rdata.len)
		return bad(fault, "srv_trailing_bytes", at + 1);
	out[len] = '\0';
	return PARSE_DONE;
}

enum parse srv_parse(struct view rdata, struct srv *out, struct fault *fault)
{
	if (rdata.len < SRV_FIXED_BYTES)
		return bad(fault, "srv_truncated", rdata.len);
	out->priority = be16(rdata.p);
	out->weight = be16(rdata.p + 2);
	out->port = be16(rdata.p + 4);
	return name_parse(rdata, SRV_FIXED_BYTES, out->target, fault);
}

static void srv_swap(struct srv *a, struct srv *b)
{
	struct srv kept = *a;

	*a = *b;
	*b = kept;
}

/* The record that comes first among list[0..count), all of the same priority. Those of weight 0
 * stand in front of the running sum and so have a small chance, as RFC 2782 wants it. */
static uint32_t srv_draw(const struct srv *list, uint32_t count, random_h *random, void *arg)
{
	uint32_t sum = 0;
	uint32_t drawn;

	for (uint32_t i = 0; i < count; i++)
		sum += list[i].weight;
	drawn = random(arg, sum + 1);
	for (uint32_t i = 0; i < count; i++)
		if (list[i].weight == 0 && drawn == 0)
			return i;
	sum = 0;
	for (uint32_t i = 0; i < count; i++) {
		sum += list[i].weight;
		if (list[i].weight > 0 && sum >= drawn)
			return i;
	}
	return 0;
}

void srv_order(struct srv *list, uint32_t count, random_h *random, void *arg)
{
	/* Few records: insertion sort by priority, stable. */
	for (uint32_t i = 1; i < count; i++)
		for (uint32_t j = i; j > 0 && list[j - 1].priority > list[j].priority; j--)
			srv_swap(&list[j - 1], &list[j]);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t same = 1;

		while (i + same < count && list[i + same].priority == list[i].priority)
			same++;
		if (same == 1)
			continue;
		/* To the front; the others keep their order. */
		for (uint32_t j = i + srv_draw(list + i, same, random, arg); j > i; j--)
			srv_swap(&list[j - 1], &list[j]);
	}
}
