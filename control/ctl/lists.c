/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists that a rules document names. */
#include "control/ctl/lists.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Does not return. */
static void become(const char *directory, const char *command, int out)
{
	int null = open("/dev/null", O_RDONLY);

	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
		chdir(directory) == 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int child_end(pid_t child, const char *command)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		fprintf(stderr, "picketctl: '%s' exited with code %d\n", command,
			WEXITSTATUS(status));
	else
		fprintf(stderr, "picketctl: '%s' was killed by signal %d\n", command,
			WTERMSIG(status));
	return -EIO;
}

static int command_read(const char *directory, const char *command, uint8_t **bytes, size_t *len)
{
	int ends[2];
	pid_t child;
	int rc;
	int ended;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0) {
		rc = -errno;
		close(ends[0]);
		close(ends[1]);
		return rc;
	}
	if (child == 0)
		become(directory, command, ends[1]);
	close(ends[1]);
	rc = rules_read_fd(ends[0], RULES_SOURCE_BYTES_MAX, bytes, len);
	/* Who still writes hears that nobody reads. */
	close(ends[0]);
	ended = child_end(child, command);
	if (rc == 0 && ended < 0) {
		free(*bytes);
		*bytes = NULL;
		rc = ended;
	}
	return rc;
}

int lists_read(void *directory, enum rules_source_kind kind, const char *name, uint8_t **bytes,
	size_t *len)
{
	return kind == RULES_COMMAND ? command_read(directory, name, bytes, len)
				     : rules_read_disk(directory, kind, name, bytes, len);
}
