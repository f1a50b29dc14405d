/* SPDX-License-Identifier: BSD-3-Clause */
/* replay DIR: feed a fuzz target every seed in DIR, every prefix of each, and a fixed series of
 * mutations of each. Deterministic; the sanitizers are what turns a bug into a failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { SEED_MAX_BYTES = 64 * 1024, PREFIXES_MAX = 4096, MUTATIONS = 3000 };

static uint64_t random_state = 0x9e3779b97f4a7c15;

/* xorshift64: the series must be the same in every run. */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Exactly sized heap copies, so that a read past the end is seen. */
static void feed(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void mutate_and_feed(const uint8_t *seed, size_t len)
{
	static const uint8_t nasty[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '\r', '\n', '"', '<', '>',
		'&', ':', ';', '@', '%', '=', ' ', '\t', '/', '\\', '-', '9', '0'};
	uint8_t *copy = malloc(len ? len : 1);
	uint64_t edits = 1 + next_random() % 4;

	if (!copy)
		abort();
	memcpy(copy, seed, len);
	while (edits-- && len) {
		size_t at = next_random() % len;

		switch (next_random() % 4) {
		case 0:
			copy[at] = nasty[next_random() % sizeof(nasty)];
			break;
		case 1:
			copy[at] ^= (uint8_t)(1u << next_random() % 8);
			break;
		case 2:
			len = at;
			break;
		default:
			memmove(copy + at, copy + at + 1, len - at - 1);
			len--;
		}
	}
	feed(copy, len);
	free(copy);
}

static int run_seed(const char *dir, const char *name)
{
	static uint8_t bytes[SEED_MAX_BYTES];
	char path[4096];
	size_t len;
	size_t step;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "rb");
	if (!file) {
		fprintf(stderr, "replay: cannot open %s\n", path);
		return -1;
	}
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	feed(bytes, len);
	step = 1 + len / PREFIXES_MAX;
	for (size_t n = 0; n < len; n += step)
		feed(bytes, n);
	for (int i = 0; i < MUTATIONS; i++)
		mutate_and_feed(bytes, len);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int count = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
	int seeds = 0;

	if (count < 0) {
		fprintf(stderr, "usage: replay DIR (cannot read '%s')\n", argc == 2 ? argv[1] : "");
		return 2;
	}
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			if (run_seed(argv[1], entries[i]->d_name) < 0)
				return 1;
			seeds++;
		}
		free(entries[i]);
	}
	free(entries);
	printf("%d seeds, their prefixes and %d mutations each\n", seeds, MUTATIONS);
	return seeds > 0 ? 0 : 1;
}
