/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of the names that there are was probably meant by one that there is not. */
#include "rules/nearest.h"

enum { SHORT_BYTES = 3, WRONG_MAX = 2 };

static uint32_t least_of(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t nearest_distance(struct view a, struct view b, uint32_t most)
{
	uint32_t row[NEAREST_BYTES_MAX + 1];
	uint32_t longer = a.len > b.len ? a.len : b.len;

	if (longer > NEAREST_BYTES_MAX || longer - least_of(a.len, b.len) > most)
		return UINT32_MAX;
	for (uint32_t k = 0; k <= b.len; k++)
		row[k] = k;
	for (uint32_t i = 0; i < a.len; i++) {
		uint32_t diagonal = row[0];
		uint32_t least = i + 1;

		row[0] = i + 1;
		for (uint32_t k = 0; k < b.len; k++) {
			uint32_t best = diagonal + (ascii_lower(a.p[i]) != ascii_lower(b.p[k]));

			diagonal = row[k + 1];
			row[k + 1] = least_of(best, least_of(row[k], row[k + 1]) + 1);
			least = least_of(least, row[k + 1]);
		}
		if (least > most)
			return UINT32_MAX;
	}
	return row[b.len];
}

/* Bytes of the labels at the end of two domains that are the same: b.example is not a.example misspelt, nor
 * is it example. */
static uint32_t same_labels(struct view a, struct view b)
{
	uint32_t most = least_of(a.len, b.len);
	uint32_t same = 0;
	uint32_t i = 0;

	while (i < most && ascii_lower(a.p[a.len - i - 1]) == ascii_lower(b.p[b.len - i - 1])) {
		i++;
		if (a.p[a.len - i] == '.')
			same = i;
	}
	if (a.len < b.len)
		a = b;
	return i == most && a.len > most && a.p[a.len - most - 1] == '.' ? most : same;
}

void nearest_begin(struct nearest *nearest, struct view given)
{
	*nearest = (struct nearest){.given = given, .distance = WRONG_MAX + 1};
}

void nearest_offer(struct nearest *nearest, struct view name)
{
	struct view given = nearest->given;
	uint32_t same = same_labels(given, name);
	uint32_t distance, most;

	given.len -= same;
	if (nearest->distance == 0 || given.len == 0)
		return;
	most = least_of(given.len <= SHORT_BYTES ? 1 : WRONG_MAX, given.len - 1);
	most = least_of(most, nearest->distance - 1);
	distance = nearest_distance(given, view_sub(name, 0, name.len - same), most);
	if (distance > most)
		return;
	nearest->distance = distance;
	nearest->name = name;
}
