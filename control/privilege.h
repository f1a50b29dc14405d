/* SPDX-License-Identifier: BSD-3-Clause */
/* What the process may do, given away step by step. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Enter the named network namespace (`ip netns`). Before any thread. 0, or -errno with why. */
int privilege_enter_netns(const char *name, char *why, size_t why_bytes);

/* As many descriptors as we may have, no core dumps: memory holds keys. */
void privilege_limits(void);

/* Become this user (NULL: stay who we are), without supplementary groups, without any capability,
 * without the possibility of getting one back. 0, or -errno with why. */
int privilege_drop(const char *user, char *why, size_t why_bytes);
/* Make the directory the user's own: what is remembered there is written after the drop. 0, -errno. */
int privilege_give(const char *user, const char *directory);
/* The group of this name. 0 or -ENOENT. */
int privilege_named_group(const char *name, gid_t *out);
/* The user's group, for files that it must keep access to. 0 or -ENOENT. */
int privilege_group(const char *user, gid_t *out);
