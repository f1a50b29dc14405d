/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash, as many inputs at a time as fit into a register. */
#include "dataplane/lanes.h"

#include <string.h>

struct job {
	uint64_t k0, k1;
	const struct lanes *in;
	uint32_t words, count;
	uint64_t *out;
};

#define ROTATE(x, bits) ((x) << (bits) | (x) >> (64 - (bits)))

/* The same for one number and for vectors of numbers; the rounds are constants where it is called. */
#define DEFINE_HASH(lane)                                                                          \
	struct lane##_state {                                                                      \
		lane a, b, c, d;                                                                   \
	};                                                                                         \
                                                                                                   \
	__attribute__((always_inline)) static inline void lane##_rounds(                           \
		struct lane##_state *s, int count)                                                 \
	{                                                                                          \
		for (int i = 0; i < count; i++) {                                                  \
			s->a += s->b;                                                              \
			s->c += s->d;                                                              \
			s->b = ROTATE(s->b, 13) ^ s->a;                                            \
			s->d = ROTATE(s->d, 16) ^ s->c;                                            \
			s->a = ROTATE(s->a, 32);                                                   \
			s->c += s->b;                                                              \
			s->a += s->d;                                                              \
			s->b = ROTATE(s->b, 17) ^ s->c;                                            \
			s->d = ROTATE(s->d, 21) ^ s->a;                                            \
			s->c = ROTATE(s->c, 32);                                                   \
		}                                                                                  \
	}                                                                                          \
                                                                                                   \
	__attribute__((always_inline)) static inline void lane##_hash(                             \
		const struct job *job, int per_word, int last)                                     \
	{                                                                                          \
		lane zero;                                                                         \
                                                                                                   \
		memset(&zero, 0, sizeof(zero));                                                    \
		for (uint32_t i = 0; i < job->count; i += sizeof(lane) / sizeof(uint64_t)) {       \
			struct lane##_state s = {                                                  \
				zero + (job->k0 ^ UINT64_C(0x736f6d6570736575)),                   \
				zero + (job->k1 ^ UINT64_C(0x646f72616e646f6d)),                   \
				zero + (job->k0 ^ UINT64_C(0x6c7967656e657261)),                   \
				zero + (job->k1 ^ UINT64_C(0x7465646279746573)),                   \
			};                                                                         \
                                                                                                   \
			for (uint32_t w = 0; w < job->words; w++) {                                \
				lane word;                                                         \
                                                                                                   \
				memcpy(&word, &job->in->words[w][i], sizeof(word));                \
				s.d ^= word;                                                       \
				lane##_rounds(&s, per_word);                                       \
				s.a ^= word;                                                       \
			}                                                                          \
			s.c ^= 0xff;                                                               \
			lane##_rounds(&s, last);                                                   \
			s.a ^= s.b ^ s.c ^ s.d;                                                    \
			memcpy(&job->out[i], &s.a, sizeof(s.a));                                   \
		}                                                                                  \
	}

typedef uint64_t one;
DEFINE_HASH(one)

static void hash_2_4(const struct job *job)
{
	one_hash(job, 2, 4);
}

static void hash_1_3(const struct job *job)
{
	one_hash(job, 1, 3);
}

#if defined(__x86_64__)
typedef uint64_t four __attribute__((vector_size(32)));
typedef uint64_t eight __attribute__((vector_size(64)));
DEFINE_HASH(four)
DEFINE_HASH(eight)

__attribute__((target("avx2"))) static void hash_2_4_avx2(const struct job *job)
{
	four_hash(job, 2, 4);
}

__attribute__((target("avx2"))) static void hash_1_3_avx2(const struct job *job)
{
	four_hash(job, 1, 3);
}

__attribute__((target("avx512f"))) static void hash_2_4_avx512(const struct job *job)
{
	eight_hash(job, 2, 4);
}

__attribute__((target("avx512f"))) static void hash_1_3_avx512(const struct job *job)
{
	eight_hash(job, 1, 3);
}

/* By what this processor can: asking is one load. */
#define CHOOSE(name, job)                                                                          \
	do {                                                                                       \
		if (__builtin_cpu_supports("avx512f"))                                             \
			name##_avx512(job);                                                        \
		else if (__builtin_cpu_supports("avx2"))                                           \
			name##_avx2(job);                                                          \
		else                                                                               \
			name(job);                                                                 \
	} while (0)
#else
#define CHOOSE(name, job) name(job)
#endif

void lanes_siphash_2_4(uint64_t k0, uint64_t k1, const struct lanes *in, uint32_t words,
	uint32_t count, uint64_t out[static LANES_MAX])
{
	const struct job job = {k0, k1, in, words, count, out};

	CHOOSE(hash_2_4, &job);
}

void lanes_siphash_1_3(uint64_t k0, uint64_t k1, const struct lanes *in, uint32_t words,
	uint32_t count, uint64_t out[static LANES_MAX])
{
	const struct job job = {k0, k1, in, words, count, out};

	CHOOSE(hash_1_3, &job);
}
