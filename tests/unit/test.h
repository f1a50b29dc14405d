/* SPDX-License-Identifier: BSD-3-Clause */
/* What every cmocka file needs, in the order cmocka wants it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
