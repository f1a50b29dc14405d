/* SPDX-License-Identifier: BSD-3-Clause */
/* Root at start, little afterwards. */
#include "dataplane/privilege.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_STEP_MS = 1, WAIT_MAX_MS = 2000, ROUNDS_MAX = 8 };

/* What a running dataplane still does with them:
 *   NET_ADMIN         detach the tc program, TAP and port flags, put listeners into the map
 *   NET_RAW           an AF_PACKET or AF_XDP port that is set up again by its driver
 *   NET_BIND_SERVICE  listeners below port 1024
 *   BPF               maps, where kernel.unprivileged_bpf_disabled is set, before Linux 5.19
 *   IPC_LOCK          memory that DPDK takes later and a NIC writes to
 *   SYS_NICE          lcores that go before ordinary threads, and back */
static const int kept[] = {
	CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_BPF, CAP_IPC_LOCK, CAP_SYS_NICE};

/* The TAP driver takes the first free real-time signal, so this is the last one. */
static int signal_number;

static atomic_int answers; /* threads that have dropped */
static atomic_int failure; /* errno of one that could not */
static struct __user_cap_data_struct wanted[2];

/* Only system calls: it runs in a signal handler. */
static int drop_here(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	if (syscall(SYS_capset, &header, wanted) < 0 ||
		syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno;
	return 0;
}

static void on_signal(int number)
{
	int saved = errno;
	int error = drop_here();

	if (error)
		atomic_store(&failure, error);
	atomic_fetch_add(&answers, 1);
	errno = saved;
}

void privilege_prepare(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigset_t one;

	signal_number = SIGRTMAX;
	sigaction(signal_number, &action, NULL);
	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

/* Does /proc say that this thread has no more than it should? */
static bool has_dropped(const char *tid)
{
	unsigned long long permitted = ~0ULL;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%.16s/status", tid);
	file = fopen(path, "re");
	if (!file)
		return true; /* it has ended */
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "CapPrm: %llx", &permitted) == 1)
			break;
	fclose(file);
	return !(
		permitted & ~((unsigned long long)wanted[1].permitted << 32 | wanted[0].permitted));
}

/* Tell every thread that has too much. Returns how many were told, or -errno. */
static int tell_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int told = 0;

	if (!tasks)
		return -errno;
	while ((entry = readdir(tasks))) {
		int tid = atoi(entry->d_name);

		if (tid <= 0 || has_dropped(entry->d_name))
			continue;
		if (syscall(SYS_tgkill, getpid(), tid, signal_number) == 0)
			told++;
	}
	closedir(tasks);
	return told;
}

static bool wait_for_answers(int count)
{
	const struct timespec step = {.tv_nsec = WAIT_STEP_MS * 1000000L};

	for (int ms = 0; ms < WAIT_MAX_MS; ms += WAIT_STEP_MS) {
		if (atomic_load(&answers) >= count)
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

/* Until a whole round finds nobody left: a thread may be born while others are told, with what its
 * parent had. */
static int drop_everywhere(void)
{
	int expected = 0;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		int told = tell_threads();

		if (told <= 0)
			return told;
		expected += told;
		if (!wait_for_answers(expected))
			return -ETIMEDOUT;
		if (atomic_load(&failure))
			return -atomic_load(&failure);
	}
	return -EAGAIN;
}

int privilege_drop(char *why, size_t why_bytes)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2];
	int error = 0;

	if (syscall(SYS_capget, &header, have) < 0)
		error = -errno;
	memset(wanted, 0, sizeof(wanted));
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		wanted[CAP_TO_INDEX(kept[i])].permitted |= CAP_TO_MASK(kept[i]);
	/* Not more than there is: who was started with less goes on with that. */
	for (int i = 0; i < 2; i++) {
		wanted[i].permitted &= have[i].permitted;
		wanted[i].effective = wanted[i].permitted;
	}
	if (!error)
		error = -drop_here();
	if (!error)
		error = drop_everywhere();
	if (error)
		snprintf(why, why_bytes, "cannot give up privileges: %s", strerror(-error));
	return error;
}

uint64_t privilege_effective(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}
