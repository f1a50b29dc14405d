/* SPDX-License-Identifier: BSD-3-Clause */
/* Sixteen bytes of text at a time: which of them are of a kind, as bits, the first byte's lowest. */
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { CHUNK_BYTES = 16 };

#if defined(__SSE2__)

static inline __m128i chunk_are(__m128i c, char one, char other)
{
	return _mm_or_si128(
		_mm_cmpeq_epi8(c, _mm_set1_epi8(one)), _mm_cmpeq_epi8(c, _mm_set1_epi8(other)));
}

/* Those that may mean more in an XML value, or may not be there: its quote, controls but white space,
 * '&', '<', and all that is not ASCII. Reads CHUNK_BYTES. */
static inline uint32_t chunk_specials(const uint8_t *p, uint8_t quote)
{
	__m128i c = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i space =
		_mm_or_si128(chunk_are(c, '\t', '\n'), _mm_cmpeq_epi8(c, _mm_set1_epi8('\r')));
	__m128i others = _mm_andnot_si128(space, _mm_cmplt_epi8(c, _mm_set1_epi8(' ')));
	__m128i markup =
		_mm_or_si128(chunk_are(c, '&', '<'), _mm_cmpeq_epi8(c, _mm_set1_epi8((char)quote)));

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(markup, others));
}

/* Those that are no white space of XML. */
static inline uint32_t chunk_not_space(const uint8_t *p)
{
	__m128i c = _mm_loadu_si128((const __m128i *)(const void *)p);

	return ~(uint32_t)_mm_movemask_epi8(
		       _mm_or_si128(chunk_are(c, '\t', '\n'), chunk_are(c, '\r', ' '))) &
	       0xffff;
}

/* What host names are made of. */
struct chunk_hosts {
	uint32_t letters, digits, hyphens, dots;
};

static inline uint32_t chunk_range(__m128i c, char first, char last)
{
	return (uint32_t)_mm_movemask_epi8(
		_mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8((char)(first - 1))),
			_mm_cmplt_epi8(c, _mm_set1_epi8((char)(last + 1)))));
}

static inline struct chunk_hosts chunk_hosts(const uint8_t *p)
{
	__m128i c = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i lower = _mm_or_si128(c, _mm_set1_epi8(0x20));

	/* '@' and others become letters' neighbours, never letters: their bit 0x40 is kept. */
	return (struct chunk_hosts){
		.letters = chunk_range(lower, 'a', 'z'),
		.digits = chunk_range(c, '0', '9'),
		.hyphens = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(c, _mm_set1_epi8('-'))),
		.dots = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(c, _mm_set1_epi8('.'))),
	};
}

#else

static inline uint32_t chunk_not_space(const uint8_t *p)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < CHUNK_BYTES; i++)
		bits |= (uint32_t)(p[i] != ' ' && p[i] != '\t' && p[i] != '\r' && p[i] != '\n')
			<< i;
	return bits;
}

static inline uint32_t chunk_specials(const uint8_t *p, uint8_t quote)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < CHUNK_BYTES; i++)
		bits |= (uint32_t)((p[i] < ' ' && p[i] != '\t' && p[i] != '\r' && p[i] != '\n') ||
				   p[i] >= 0x80 || p[i] == quote || p[i] == '&' || p[i] == '<')
			<< i;
	return bits;
}

struct chunk_hosts {
	uint32_t letters, digits, hyphens, dots;
};

static inline struct chunk_hosts chunk_hosts(const uint8_t *p)
{
	struct chunk_hosts h = {0};

	for (uint32_t i = 0; i < CHUNK_BYTES; i++) {
		h.letters |= (uint32_t)((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'z') << i;
		h.digits |= (uint32_t)(p[i] >= '0' && p[i] <= '9') << i;
		h.hyphens |= (uint32_t)(p[i] == '-') << i;
		h.dots |= (uint32_t)(p[i] == '.') << i;
	}
	return h;
}

#endif
