/* SPDX-License-Identifier: BSD-3-Clause */
/* What write(2) leaves to its callers. */
#pragma once

#include "rules/base/view.h"

/* Write all of it, however often the kernel takes only a part or is interrupted. 0, -errno. */
int file_write_all(int fd, struct view bytes);
