/* SPDX-License-Identifier: BSD-3-Clause */
/* Collecting complaints about a document. */
#include "rules/errors.h"

#include <stdarg.h>
#include <stdio.h>

#include "rules/base/text.h"

void rules_errors_add(
	struct rules_errors *errors, unsigned line, const char *key, const char *format, ...)
{
	uint32_t at = errors->count;
	struct rules_error *error;
	va_list args;

	while (at > 0 && errors->list[at - 1].line > line)
		at--;
	if (errors->count == RULES_ERRORS_MAX) {
		errors->more++;
		if (at == RULES_ERRORS_MAX)
			return;
		errors->count--;
	}
	error = &errors->list[at];
	memmove(error + 1, error, (errors->count - at) * sizeof(*error));
	errors->count++;
	error->line = line;
	snprintf(error->key, sizeof(error->key), "%s", key);
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
}

const char *quote(struct view value, struct quoted *into)
{
	struct text text;

	text_fixed(&text, into->text, sizeof(into->text));
	text_put_quoted(&text, value, 40);
	return into->text;
}

void rules_error_print(const char *file, const struct rules_error *error, struct text *out)
{
	text_puts(out, file);
	if (error->line)
		text_printf(out, ":%u", error->line);
	text_puts(out, ": ");
	if (error->key[0])
		text_printf(out, "%s: ", error->key);
	text_puts(out, error->text);
}
