// `vdpbf16ps` in fused multiply-adds, for registers of LANES floats: the same bits. Included by one file for each width,
// which defines NAME, TARGET, ROWS, LANES.
#include "ctiles.h"

#include <immintrin.h>

/// Depth that passes by at a time: a panel of it stays in the second-level cache.
#define DEPTH 2048

// The instruction reads and writes denormals as zero, and so does fp32 arithmetic meanwhile.
#define BEGIN                                                                                                          \
    const unsigned mode = _mm_getcsr();                                                                                \
    _mm_setcsr(mode | 0x8040);
#define END _mm_setcsr(mode);

typedef float lanes __attribute__((ext_vector_type(LANES)));
typedef uint32_t words __attribute__((ext_vector_type(LANES)));
typedef float lanes_anywhere __attribute__((ext_vector_type(LANES), aligned(4)));
typedef uint32_t words_anywhere __attribute__((ext_vector_type(LANES), aligned(4)));

TARGET static inline __attribute__((always_inline)) lanes upper(words w) { return (lanes)(w & 0xFFFF0000); }
TARGET static inline __attribute__((always_inline)) lanes lower(words w) { return (lanes)(w << 16); }

/// Two registers of columns; `a`: the rows as floats, DEPTH apart, with a zero behind an odd depth.
TARGET static inline __attribute__((always_inline)) void columns(const int rows, long pairs, const float *a,
                                                                 const uint32_t *panel, float *c, long c_stride,
                                                                 bool accumulate) {
    lanes left[ROWS], right[ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        left[r] = accumulate ? *(const lanes_anywhere *)(c + r * c_stride) : (lanes)0.0f;
        right[r] = accumulate ? *(const lanes_anywhere *)(c + r * c_stride + LANES) : (lanes)0.0f;
    }
    for (long p = 0; p < pairs; p++) {
        const words w0 = *(const words_anywhere *)panel, w1 = *(const words_anywhere *)(panel + LANES);
        const lanes odd0 = upper(w0), odd1 = upper(w1), even0 = lower(w0), even1 = lower(w1);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const lanes odd = (lanes)a[r * DEPTH + 1], even = (lanes)a[r * DEPTH];
            left[r] = __builtin_elementwise_fma(odd, odd0, left[r]);
            right[r] = __builtin_elementwise_fma(odd, odd1, right[r]);
            left[r] = __builtin_elementwise_fma(even, even0, left[r]);
            right[r] = __builtin_elementwise_fma(even, even1, right[r]);
        }
        a += 2;
        panel += 32;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        *(lanes_anywhere *)(c + r * c_stride) = left[r];
        *(lanes_anywhere *)(c + r * c_stride + LANES) = right[r];
    }
}

TARGET static inline __attribute__((always_inline)) void tile(const int rows, long pairs, const uint16_t *a,
                                                              long stride, const uint32_t *panel, float *c,
                                                              long c_stride, bool accumulate, bool odd) {
    float wide[ROWS * DEPTH] __attribute__((aligned(64)));
    for (int r = 0; r < rows; r++) {
        uint32_t *to = (uint32_t *)(wide + r * DEPTH);
        for (long k = 0; k < 2 * pairs + odd; k++) to[k] = (uint32_t)a[r * stride + k] << 16;
        if (odd) to[2 * pairs + 1] = 0;
    }
    for (int j = 0; j < 32; j += 2 * LANES)
        columns(rows, pairs + odd, wide, panel + j, c + j, c_stride, accumulate);
}

#include "pairs.h"
