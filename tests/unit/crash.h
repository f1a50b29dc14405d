/* SPDX-License-Identifier: BSD-3-Clause */
/* A process that dies in the midst of its work with files, for whoever says that this does no harm. */
#pragma once

#include <stdbool.h>

/* Run work in a child that ends without a word before its k-th operation on a file (1 is the first; open
 * to write, write, fsync, rename, unlink, mkdir); a write that it dies in has written half. False: it had no
 * k-th, and work returned 0. Fails the test when work fails. */
bool crash_at(int k, int (*work)(void *arg), void *arg);
/* The same, but the k-th operation fails with this errno and work goes on; *result is what it returned.
 * False: there was no k-th. */
bool fail_at(int k, int error, int (*work)(void *arg), void *arg, int *result);
