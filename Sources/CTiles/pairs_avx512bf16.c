#include "ctiles.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define NAME ctiles_pairs_avx512bf16
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define ROWS 12
/// Depth that passes by at a time: a panel of it stays in the second-level cache.
#define DEPTH 2048
#define BEGIN
#define END

TARGET static inline __m512bh pair(const uint16_t *a) {
    uint32_t word;
    __builtin_memcpy(&word, a, 4);
    return (__m512bh)_mm512_set1_epi32((int)word);
}

/// The tile's sums stay in registers while the depth runs.
TARGET static inline __attribute__((always_inline)) void tile(const int rows, long pairs, const uint16_t *a,
                                                              long stride, const uint32_t *panel, float *c,
                                                              long c_stride, bool accumulate, bool odd) {
    __m512 low[ROWS], high[ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        low[r] = accumulate ? _mm512_loadu_ps(c + r * c_stride) : _mm512_setzero_ps();
        high[r] = accumulate ? _mm512_loadu_ps(c + r * c_stride + 16) : _mm512_setzero_ps();
    }
    for (long p = 0; p < pairs; p++) {
        const __m512bh b0 = (__m512bh)_mm512_loadu_si512(panel), b1 = (__m512bh)_mm512_loadu_si512(panel + 16);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const __m512bh x = pair(a + r * stride);
            low[r] = _mm512_dpbf16_ps(low[r], x, b0);
            high[r] = _mm512_dpbf16_ps(high[r], x, b1);
        }
        a += 2;
        panel += 32;
    }
    if (odd) {
        const __m512bh b0 = (__m512bh)_mm512_loadu_si512(panel), b1 = (__m512bh)_mm512_loadu_si512(panel + 16);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const __m512bh x = (__m512bh)_mm512_set1_epi32(a[r * stride]);
            low[r] = _mm512_dpbf16_ps(low[r], x, b0);
            high[r] = _mm512_dpbf16_ps(high[r], x, b1);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        _mm512_storeu_ps(c + r * c_stride, low[r]);
        _mm512_storeu_ps(c + r * c_stride + 16, high[r]);
    }
}

#include "pairs.h"
#endif
