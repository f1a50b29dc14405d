/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures. */
#include "tests/pcap/capture.h"

#include <stdarg.h>
#include <stdlib.h>

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, longest, link;
};

static const struct file_header header = {0xa1b2c3d4, 2, 4, 0, 0, 65535, 1};

void die(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	fputs("replay: ", stderr);
	vfprintf(stderr, format, values);
	fputc('\n', stderr);
	va_end(values);
	exit(2);
}

void capture_advance(struct capture *c)
{
	c->any = fread(&c->next, sizeof(c->next), 1, c->file) == 1;
	if (!c->any)
		return;
	c->frame.len = c->next.kept;
	if (c->next.kept > sizeof(c->frame.bytes) ||
		fread(c->frame.bytes, 1, c->next.kept, c->file) != c->next.kept)
		die("capture with a frame cut or too long");
}

void capture_open(struct capture *c, const char *path)
{
	struct file_header h;

	c->file = fopen(path, "rb");
	if (!c->file || fread(&h, sizeof(h), 1, c->file) != 1 || h.magic != header.magic)
		die("%s is no capture", path);
	capture_advance(c);
}

uint64_t capture_us(const struct capture *c)
{
	return c->any ? c->next.s * UINT64_C(1000000) + c->next.us : UINT64_MAX;
}

void capture_close(struct capture *c)
{
	fclose(c->file);
}

FILE *capture_create(const char *path)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(&header, sizeof(header), 1, file) != 1)
		die("cannot write %s", path);
	return file;
}

void capture_write(FILE *file, uint64_t us, const struct octets *frame)
{
	const struct capture_record r = {
		(uint32_t)(us / 1000000), (uint32_t)(us % 1000000), frame->len, frame->len};

	if (fwrite(&r, sizeof(r), 1, file) != 1 ||
		fwrite(frame->bytes, 1, frame->len, file) != frame->len)
		die("cannot write a frame");
}
