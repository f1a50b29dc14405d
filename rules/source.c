/* SPDX-License-Identifier: BSD-3-Clause */
/* What a rules document names and does not hold. */
#include "rules/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES = 8192, FIRST_BYTES = 64 * 1024 };

int rules_read_fd(int fd, size_t max_bytes, uint8_t **bytes, size_t *len)
{
	size_t cap = FIRST_BYTES;
	uint8_t *all = malloc(cap);
	int error = all ? 0 : -ENOMEM;

	*len = 0;
	while (!error) {
		ssize_t got = read(fd, all + *len, cap - *len);
		uint8_t *grown;

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			break;
		if (got < 0) {
			error = -errno;
			break;
		}
		*len += (size_t)got;
		if (*len > max_bytes)
			error = -EFBIG;
		if (*len < cap || error)
			continue;
		cap = cap * 2 > max_bytes ? max_bytes + 1 : cap * 2;
		grown = realloc(all, cap);
		if (grown)
			all = grown;
		else
			error = -ENOMEM;
	}
	if (error) {
		free(all);
		all = NULL;
	}
	*bytes = all;
	return error;
}

int rules_read_disk(
	void *arg, enum rules_source_kind kind, const char *name, uint8_t **bytes, size_t *len)
{
	char path[PATH_BYTES];
	int error;
	int fd;

	if (kind != RULES_FILE)
		return -ENOTSUP;
	if (name[0] == '/')
		snprintf(path, sizeof(path), "%s", name);
	else if ((size_t)snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name) >=
		 sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = rules_read_fd(fd, RULES_SOURCE_BYTES_MAX, bytes, len);
	close(fd);
	return error;
}
