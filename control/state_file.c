/* SPDX-License-Identifier: BSD-3-Clause */
/* Small files of the state directory. */
#include "control/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/base/file.h"

enum { PATH_BYTES = 4096, FILE_BYTES_MAX = 64 * 1024 * 1024 };

int state_file_read(const char *path, struct text *out)
{
	char part[4096];
	ssize_t got;
	int rc = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	text_init(out, FILE_BYTES_MAX);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	while ((got = read(fd, part, sizeof(part))) > 0)
		text_put(out, view_make(part, (size_t)got));
	if (got < 0)
		rc = -errno;
	if (out->failed)
		rc = -EFBIG;
	close(fd);
	return rc;
}

/* The rename itself must outlive a power cut. A directory that may not be opened goes without. */
static void directory_sync(const char *path)
{
	char directory[PATH_BYTES + 8];
	const char *slash = strrchr(path, '/');
	int fd;

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path + 1) : 1,
		slash ? path : ".");
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

int state_file_replace(const char *path, struct view bytes)
{
	char beside[PATH_BYTES + 8];
	int rc;
	int fd;

	snprintf(beside, sizeof(beside), "%s.new", path);
	/* What a crash left there, or somebody put there to have us write elsewhere. */
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	/* Whatever the umask says: written by who starts the daemon, read by who it becomes. */
	rc = fchmod(fd, 0644) < 0 ? -errno : file_write_all(fd, bytes);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	close(fd);
	if (rc == 0 && rename(beside, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(beside);
	else
		directory_sync(path);
	return rc;
}

char *file_absolute(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	char *given = slash ? view_dup(view_make(file, (size_t)(slash - file) + 1)) : strdup(".");
	char *directory = given ? realpath(given, NULL) : NULL;
	char *path = NULL;

	if (directory && asprintf(&path, "%s%s%s", directory, directory[1] ? "/" : "", base) < 0)
		path = NULL;
	free(given);
	free(directory);
	return path;
}

int state_file_fail(int error, const char *file, const char *words, char *why, size_t why_bytes)
{
	snprintf(why, why_bytes, "%s: %s", file, words ? words : strerror(-error));
	return error;
}
