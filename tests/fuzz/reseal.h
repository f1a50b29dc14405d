/* SPDX-License-Identifier: BSD-3-Clause */
/* A block as it came, and with its size and digest put right, so that what is behind them is looked at. */
#pragma once

#include <endian.h>
#include <stdlib.h>

#include "rules/base/view.h"

struct reseal {
	uint32_t header_bytes, digest_at;
	uint64_t (*digest)(struct view block);
	void (*open)(struct view block);
};

static inline void reseal_open(const struct reseal *kind, const uint8_t *data, size_t len)
{
	uint32_t size = htole32((uint32_t)len);
	uint64_t digest;
	uint8_t *sealed;

	kind->open(view_make(data, len));
	if (len < kind->header_bytes)
		return;
	sealed = malloc(len);
	if (!sealed)
		return;
	memcpy(sealed, data, len);
	memcpy(sealed + 12, &size, sizeof(size));
	digest = htole64(kind->digest(view_make(sealed, len)));
	memcpy(sealed + kind->digest_at, &digest, sizeof(digest));
	kind->open(view_make(sealed, len));
	free(sealed);
}
