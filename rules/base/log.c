/* SPDX-License-Identifier: BSD-3-Clause */
/* The log: one line per event on standard error. */
#include "rules/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "rules/base/text.h"

enum { LINE_BYTES = 1024 };

static const char *program_name = "picket";
static enum log_level least_urgent = LOG_LEVEL_INFO;

void log_setup(const char *program, enum log_level level)
{
	program_name = program;
	least_urgent = level;
}

bool log_wants(enum log_level level)
{
	return level <= least_urgent;
}

static void escape_controls(struct text *line, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f)
			text_printf(line, "\\x%02x", c);
		else
			text_putc(line, (char)c);
	}
}

void log_line(enum log_level level, const char *format, ...)
{
	char said[LINE_BYTES];
	char out[LINE_BYTES * 4 + 64];
	struct text line;
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	text_fixed(&line, out, sizeof(out));
	text_printf(&line, "<%d>%s: ", level, program_name);
	escape_controls(&line, said);
	text_putc(&line, '\n');
	/* One write per line: lines of several threads do not mix. A log that cannot be written
	 * is no reason to stop. */
	if (write(STDERR_FILENO, line.p, line.len) < 0)
		return;
}
