/* SPDX-License-Identifier: BSD-3-Clause */
/* What write(2) leaves to its callers. */
#include "rules/base/file.h"

#include <errno.h>
#include <unistd.h>

int file_write_all(int fd, struct view bytes)
{
	while (bytes.len > 0) {
		ssize_t written = write(fd, bytes.p, bytes.len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes = view_sub(bytes, (uint32_t)written, bytes.len);
	}
	return 0;
}
