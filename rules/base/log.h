/* SPDX-License-Identifier: BSD-3-Clause */
/* The log: one line per event on standard error, "<priority>program: text", where the priority is
 * what journald and syslog understand. Control characters in a line are escaped, so nobody outside
 * can forge one. Any thread. Never on the packet path. */
#pragma once

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* Name in front of each line and the least urgent level that is written. Before the first thread. */
void log_setup(const char *program, enum log_level level);
bool log_wants(enum log_level level);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	(log_wants(LOG_LEVEL_DEBUG) ? log_line(LOG_LEVEL_DEBUG, __VA_ARGS__) : (void)0)
