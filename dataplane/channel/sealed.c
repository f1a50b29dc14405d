/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes too large for a packet: a memfd that nobody can change any more. */
#include "dataplane/channel/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/base/file.h"

enum { SEALS_NEEDED = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK };

int sealed_make(const char *name, struct view bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc;

	if (fd < 0)
		return -errno;
	rc = file_write_all(fd, bytes);
	if (rc == 0 && fcntl(fd, F_ADD_SEALS, SEALS_NEEDED | F_SEAL_SEAL) < 0)
		rc = -errno;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

int sealed_map(int fd, uint64_t bytes, uint64_t max_bytes, struct view *out)
{
	struct stat status;
	void *p;
	/* Anything but a memfd with sealing answers EINVAL. */
	int seals = fcntl(fd, F_GET_SEALS);

	*out = (struct view){0};
	if (seals < 0 || (seals & SEALS_NEEDED) != SEALS_NEEDED)
		return -EPERM;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (bytes == 0 || bytes > max_bytes || bytes > UINT32_MAX || status.st_size != (off_t)bytes)
		return -EMSGSIZE;
	p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*out = view_make(p, bytes);
	return 0;
}

void sealed_unmap(struct view *mapped)
{
	if (mapped->len > 0)
		munmap((void *)(uintptr_t)mapped->p, mapped->len);
	*mapped = (struct view){0};
}
