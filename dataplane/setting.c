/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings of the kernel. */
#include "dataplane/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int setting_read(void *unused, const char *path, char *out, size_t cap_bytes)
{
	char name[256];
	ssize_t got;
	int fd;

	snprintf(name, sizeof(name), "/proc/sys/%s", path);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		got = read(fd, out, cap_bytes - 1);
	} while (got < 0 && errno == EINTR);
	out[got > 0 ? got : 0] = '\0';
	close(fd);
	return got < 0 ? -EIO : 0;
}
