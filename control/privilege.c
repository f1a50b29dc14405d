/* SPDX-License-Identifier: BSD-3-Clause */
/* What the process may do, given away step by step. */
#include "control/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rules/base/log.h"

enum { DESCRIPTORS_WANTED = 262144, CAPABILITIES_END = 64 };

int privilege_enter_netns(const char *name, char *why, size_t why_bytes)
{
	char path[256];
	int rc = 0;
	int fd;

	if (!name[0] || strchr(name, '/') || strlen(name) > 200) {
		snprintf(why, why_bytes, "network namespace '%s': not a name", name);
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		rc = -errno;
		snprintf(why, why_bytes,
			rc == -ENOENT ? "network namespace '%s' does not exist; make it first (ip "
					"netns add %s, or scripts/netns)"
				      : "network namespace '%s' (%s): %s",
			name, rc == -ENOENT ? name : path, strerror(-rc));
		return rc;
	}
	if (setns(fd, CLONE_NEWNET) < 0) {
		rc = -errno;
		snprintf(why, why_bytes, "cannot enter network namespace '%s': %s", name,
			strerror(-rc));
	}
	close(fd);
	return rc;
}

void privilege_limits(void)
{
	const struct rlimit no_core = {0};
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		struct rlimit more = {.rlim_cur = DESCRIPTORS_WANTED, .rlim_max = files.rlim_max};

		if (more.rlim_max < DESCRIPTORS_WANTED)
			more.rlim_max = DESCRIPTORS_WANTED;
		/* Raising the hard limit is for root alone. */
		if (setrlimit(RLIMIT_NOFILE, &more) < 0) {
			files.rlim_cur = files.rlim_max;
			if (setrlimit(RLIMIT_NOFILE, &files) < 0)
				log_warning("descriptor limit: %s", strerror(errno));
		}
	}
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		log_warning("core dumps could not be switched off: %s", strerror(errno));
}

static const struct passwd *user_find(const char *user)
{
	return getpwnam(user);
}

int privilege_group(const char *user, gid_t *out)
{
	const struct passwd *entry = user_find(user);

	if (!entry)
		return -ENOENT;
	*out = entry->pw_gid;
	return 0;
}

int privilege_named_group(const char *name, gid_t *out)
{
	const struct group *entry = getgrnam(name);

	if (!entry)
		return -ENOENT;
	*out = entry->gr_gid;
	return 0;
}

int privilege_give(const char *user, const char *directory)
{
	const struct passwd *entry = user_find(user);

	if (!entry)
		return -ENOENT;
	return chown(directory, entry->pw_uid, entry->pw_gid) < 0 ? -errno : 0;
}

static int become(const char *user, char *why, size_t why_bytes)
{
	const struct passwd *entry = user_find(user);

	if (!entry) {
		snprintf(why, why_bytes, "user '%s' does not exist", user);
		return -ENOENT;
	}
	if (entry->pw_uid == geteuid() && geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
		setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0) {
		int rc = -errno;

		snprintf(why, why_bytes, "cannot become user '%s': %s", user, strerror(-rc));
		return rc;
	}
	/* Believed only when tried. */
	if (entry->pw_uid != 0 && setresuid(0, 0, 0) == 0) {
		snprintf(why, why_bytes, "became user '%s', but could become root again", user);
		return -EPERM;
	}
	return 0;
}

static void bounding_set_clear(void)
{
	/* Only who has CAP_SETPCAP can; who has not cannot gain by exec either, see below. */
	for (int cap = 0; cap < CAPABILITIES_END; cap++)
		if (prctl(PR_CAPBSET_READ, cap) == 1)
			(void)prctl(PR_CAPBSET_DROP, cap);
}

int privilege_drop(const char *user, char *why, size_t why_bytes)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	int rc;

	bounding_set_clear();
	rc = user ? become(user, why, why_bytes) : 0;
	if (rc < 0)
		return rc;
	memset(none, 0, sizeof(none));
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		syscall(SYS_capset, &header, none) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0) {
		rc = -errno;
		snprintf(why, why_bytes, "cannot give up capabilities: %s", strerror(-rc));
	}
	return rc;
}
