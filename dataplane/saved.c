/* SPDX-License-Identifier: BSD-3-Clause */
/* The last committed filter table on disk. */
#include "dataplane/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/base/file.h"

static const char final_name[] = "filter.bin";
static const char new_name[] = "filter.bin.new";

static int open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int saved_write(const char *directory, struct view bytes)
{
	int dir, fd;
	int error;

	if (mkdir(directory, 0750) < 0 && errno != EEXIST)
		return -errno;
	dir = open_directory(directory);
	if (dir < 0)
		return dir;
	fd = openat(dir, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	error = fd < 0 ? -errno : file_write_all(fd, bytes);
	if (!error && fsync(fd) < 0)
		error = -errno;
	if (fd >= 0 && close(fd) < 0 && !error)
		error = -errno;
	if (!error && renameat(dir, new_name, dir, final_name) < 0)
		error = -errno;
	/* The rename is durable only with the directory. */
	if (!error && fsync(dir) < 0)
		error = -errno;
	if (error)
		unlinkat(dir, new_name, 0);
	close(dir);
	return error;
}

static int read_all(int fd, uint8_t *out, size_t bytes)
{
	size_t have = 0;

	while (have < bytes) {
		ssize_t got = read(fd, out + have, bytes - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EIO; /* shorter than it was a moment ago */
		have += (size_t)got;
	}
	return 0;
}

int saved_read(const char *directory, uint8_t **out, size_t *out_bytes)
{
	int dir = open_directory(directory);
	struct stat status;
	int error = 0;
	int fd;

	*out = NULL;
	*out_bytes = 0;
	if (dir < 0)
		return dir;
	fd = openat(dir, final_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0)
		error = -errno;
	else if (!S_ISREG(status.st_mode) || status.st_size <= 0 ||
		 status.st_size > SAVED_MAX_BYTES)
		error = -EMSGSIZE;
	if (!error) {
		*out_bytes = (size_t)status.st_size;
		*out = malloc(*out_bytes);
		error = *out ? read_all(fd, *out, *out_bytes) : -ENOMEM;
	}
	if (error) {
		free(*out);
		*out = NULL;
		*out_bytes = 0;
	}
	if (fd >= 0)
		close(fd);
	close(dir);
	return error;
}
