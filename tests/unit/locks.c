/* SPDX-License-Identifier: BSD-3-Clause */
/* How many locks a thread holds when it writes to a descriptor. */
#include "tests/unit/locks.h"

#include <pthread.h>
#include <unistd.h>

int __real_pthread_mutex_lock(pthread_mutex_t *lock);
int __real_pthread_mutex_unlock(pthread_mutex_t *lock);
ssize_t __real_write(int fd, const void *data, size_t bytes);
int __wrap_pthread_mutex_lock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock);
ssize_t __wrap_write(int fd, const void *data, size_t bytes);

static _Thread_local uint32_t held;
static uint32_t writes, writes_with_a_lock;

int __wrap_pthread_mutex_lock(pthread_mutex_t *lock)
{
	held++;
	return __real_pthread_mutex_lock(lock);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock)
{
	held--;
	return __real_pthread_mutex_unlock(lock);
}

ssize_t __wrap_write(int fd, const void *data, size_t bytes)
{
	__atomic_fetch_add(&writes, 1, __ATOMIC_RELAXED);
	if (held > 0)
		__atomic_fetch_add(&writes_with_a_lock, 1, __ATOMIC_RELAXED);
	return __real_write(fd, data, bytes);
}

uint32_t locks_writes(void)
{
	return __atomic_load_n(&writes, __ATOMIC_RELAXED);
}

uint32_t locks_writes_with_a_lock(void)
{
	return __atomic_load_n(&writes_with_a_lock, __ATOMIC_RELAXED);
}
