// Products of fp32 operands, and of fp32 rows with bf16 panels, and what rounds, for registers of LANES floats: a file that
// includes this defines NAME(x) (a function's name), TARGET (its attribute), LANES and ROWS (of the tallest tile). Every result is
// one chain of fused multiply-adds in the order of the depth: its bits depend neither on the shape of the tile, nor on
// the width of the registers, nor on the other rows.
#include <string.h>

#include "ctiles.h"

#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float lanes __attribute__((ext_vector_type(LANES)));
typedef uint32_t words __attribute__((ext_vector_type(LANES)));
typedef float lanes_anywhere __attribute__((ext_vector_type(LANES), aligned(4)));
typedef uint32_t words_anywhere __attribute__((ext_vector_type(LANES), aligned(4)));

/// Columns of a tile: two registers, of which a panel has one or two.
#define WIDTH (2 * LANES)
#define PER_PANEL (32 / WIDTH)

INLINE lanes floats_at(const void *address) { return *(const lanes_anywhere *)address; }

// MARK: One panel of fp32

/// C[rows, WIDTH] (+)= A[rows, depth] B[depth, WIDTH].
INLINE void block_tile(const int rows, const struct ctiles_block *b, const float *a, const float *panel, float *c) {
    lanes low[ROWS], high[ROWS];
    UNROLL for (int r = 0; r < rows; r++) low[r] = high[r] = (lanes)0.0f;
    const long row = b->a_row, step = b->a_step;
    for (long k = 0; k < b->depth; k++) {
        const lanes b0 = floats_at(panel), b1 = floats_at(panel + LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            const lanes s = (lanes)a[r * row];
            low[r] = __builtin_elementwise_fma(b0, s, low[r]);
            high[r] = __builtin_elementwise_fma(b1, s, high[r]);
        }
        a += step;
        panel += 32;
    }
    UNROLL for (int r = 0; r < rows; r++) {
        float *to = c + r * b->c_stride;
        if (b->accumulate) {
            low[r] = floats_at(to) + low[r];
            high[r] = floats_at(to + LANES) + high[r];
        }
        *(lanes_anywhere *)to = low[r];
        *(lanes_anywhere *)(to + LANES) = high[r];
    }
}

TARGET static void block_columns(const struct ctiles_block *b, const float *panel, float *c) {
    long i = 0;
    const float *a = b->a;
    while (i < b->rows) {
        const long left = b->rows - i, tall = left >= ROWS ? ROWS : left;
        switch (tall) {
        case 1: block_tile(1, b, a, panel, c); break;
        case 2: block_tile(2, b, a, panel, c); break;
        case 3: block_tile(3, b, a, panel, c); break;
        case 4: block_tile(4, b, a, panel, c); break;
        case 5: block_tile(5, b, a, panel, c); break;
#if ROWS > 6
        case 6: block_tile(6, b, a, panel, c); break;
        case 7: block_tile(7, b, a, panel, c); break;
#endif
        default: block_tile(ROWS, b, a, panel, c); break;
        }
        i += tall;
        a += tall * b->a_row;
        c += tall * b->c_stride;
    }
}

TARGET void NAME(block)(const struct ctiles_block *b) {
    for (int j = 0; j < 32; j += WIDTH) block_columns(b, b->panel + j, b->c + j);
}

// MARK: Few rows, many panels

typedef int32_t integers __attribute__((ext_vector_type(LANES)));
typedef int16_t shorts_anywhere __attribute__((ext_vector_type(LANES), aligned(2)));

/// What a panel of `struct ctiles_strips` is made of.
enum NAME(form) { FLOATS, PAIRS, BYTES };

INLINE long words_of(const int form, long depth) {
    return form == FLOATS ? depth * 32 : ctiles_panel_depth(depth) * (form == PAIRS ? 16 : 8) + (form == BYTES ? 32 : 0);
}

/// `rows` x `tiles` tiles side by side, for one chain of sums per register would wait for itself. What is multiplied
/// after this comes into the caches meanwhile, or the first rows would wait for the memory.
INLINE void strip_tile(const int rows, const int tiles, const int form, const struct ctiles_strips *s, const float *a,
                       const uint32_t *const *panels, const float *const *scales, float *const *c, long ahead) {
    lanes low[rows * tiles], high[rows * tiles];
    UNROLL for (int r = 0; r < rows * tiles; r++) low[r] = high[r] = (lanes)0.0f;
    const long stride = s->a_stride, steps = form == FLOATS ? s->depth : (s->depth + 1) / 2;
    const uint32_t *b[4];
    UNROLL for (int t = 0; t < tiles; t++) b[t] = panels[t];
    for (long k = 0; k < steps; k++) {
        __builtin_prefetch(b[0] + ahead, 0, 2);
        if (form != BYTES) __builtin_prefetch(b[0] + ahead + 16, 0, 2);
        const bool whole = form == FLOATS || 2 * k + 1 < s->depth;
        UNROLL for (int t = 0; t < tiles; t++) {
            if (form == FLOATS) {
                const lanes b0 = floats_at(b[t]), b1 = floats_at(b[t] + LANES);
                UNROLL for (int r = 0; r < rows; r++) {
                    const lanes x = (lanes)a[r * stride];
                    low[t * rows + r] = __builtin_elementwise_fma(b0, x, low[t * rows + r]);
                    high[t * rows + r] = __builtin_elementwise_fma(b1, x, high[t * rows + r]);
                }
                b[t] += 32;
                continue;
            }
            lanes even0, even1, odd0, odd1;
            if (form == PAIRS) {
                const words w0 = *(const words_anywhere *)b[t], w1 = *(const words_anywhere *)(b[t] + LANES);
                even0 = (lanes)(w0 << 16), even1 = (lanes)(w1 << 16);
                odd0 = (lanes)(w0 & 0xFFFF0000), odd1 = (lanes)(w1 & 0xFFFF0000);
                b[t] += 32;
            } else {
                const shorts_anywhere *both = (const shorts_anywhere *)b[t];
                const integers w0 = __builtin_convertvector(both[0], integers);
                const integers w1 = __builtin_convertvector(both[1], integers);
                even0 = __builtin_convertvector(w0 << 24 >> 24, lanes), odd0 = __builtin_convertvector(w0 >> 8, lanes);
                even1 = __builtin_convertvector(w1 << 24 >> 24, lanes), odd1 = __builtin_convertvector(w1 >> 8, lanes);
                b[t] += 16;
            }
            UNROLL for (int r = 0; r < rows; r++) {
                const lanes x = (lanes)a[r * stride];
                low[t * rows + r] = __builtin_elementwise_fma(even0, x, low[t * rows + r]);
                high[t * rows + r] = __builtin_elementwise_fma(even1, x, high[t * rows + r]);
            }
            if (whole) {
                UNROLL for (int r = 0; r < rows; r++) {
                    const lanes y = (lanes)a[r * stride + 1];
                    low[t * rows + r] = __builtin_elementwise_fma(odd0, y, low[t * rows + r]);
                    high[t * rows + r] = __builtin_elementwise_fma(odd1, y, high[t * rows + r]);
                }
            }
        }
        a += form == FLOATS ? 1 : 2;
    }
    UNROLL for (int t = 0; t < tiles; t++) {
        UNROLL for (int r = 0; r < rows; r++) {
            float *to = c[t] + r * s->c_stride;
            if (form == BYTES) {
                low[t * rows + r] *= floats_at(scales[t]);
                high[t * rows + r] *= floats_at(scales[t] + LANES);
            }
            *(lanes_anywhere *)to = low[t * rows + r];
            *(lanes_anywhere *)(to + LANES) = high[t * rows + r];
        }
    }
}

INLINE void strips(const int form, const struct ctiles_strips *s) {
    const long words = words_of(form, s->depth), heights = (s->rows + ROWS - 1) / ROWS;
    const int side = s->rows == 1 ? 4 : s->rows == 2 ? 3 : s->rows == 3 ? 2 : 1;
    for (long t = 0; t < s->panels * PER_PANEL;) {
        const long rest = s->panels * PER_PANEL - t, tiles = rest < side ? rest : side;
        const uint32_t *b[4];
        const float *scales[4];
        float *c[4];
        for (long q = 0; q < tiles; q++) {
            const long panel = (t + q) / PER_PANEL, column = (t + q) % PER_PANEL * WIDTH;
            const uint32_t *start = (const uint32_t *)s->b + panel * words;
            scales[q] = (const float *)start + column;
            b[q] = form == BYTES ? start + 32 + column / 2 : start + column;
            c[q] = s->c + panel * 32 + column;
        }
        const long ahead = PER_PANEL > 1 && tiles == 1 ? words / PER_PANEL : tiles * words / PER_PANEL;
        for (long h = 0; h < heights; h++) {
            const long i = s->rows * h / heights, rows = s->rows * (h + 1) / heights - i;
            const float *a = s->a + i * s->a_stride;
            float *y[4];
            for (long q = 0; q < tiles; q++) y[q] = c[q] + i * s->c_stride;
            switch (rows * 8 + tiles) {
            case 8 + 4: strip_tile(1, 4, form, s, a, b, scales, y, ahead); break;
            case 8 + 3: strip_tile(1, 3, form, s, a, b, scales, y, ahead); break;
            case 8 + 2: strip_tile(1, 2, form, s, a, b, scales, y, ahead); break;
            case 8 + 1: strip_tile(1, 1, form, s, a, b, scales, y, ahead); break;
            case 16 + 3: strip_tile(2, 3, form, s, a, b, scales, y, ahead); break;
            case 16 + 2: strip_tile(2, 2, form, s, a, b, scales, y, ahead); break;
            case 16 + 1: strip_tile(2, 1, form, s, a, b, scales, y, ahead); break;
            case 24 + 2: strip_tile(3, 2, form, s, a, b, scales, y, ahead); break;
            case 24 + 1: strip_tile(3, 1, form, s, a, b, scales, y, ahead); break;
            case 32 + 1: strip_tile(4, 1, form, s, a, b, scales, y, ahead); break;
            case 40 + 1: strip_tile(5, 1, form, s, a, b, scales, y, ahead); break;
#if ROWS > 6
            case 48 + 1: strip_tile(6, 1, form, s, a, b, scales, y, ahead); break;
            case 56 + 1: strip_tile(7, 1, form, s, a, b, scales, y, ahead); break;
#endif
            default: strip_tile(ROWS, 1, form, s, a, b, scales, y, ahead); break;
            }
        }
        t += tiles;
    }
}

TARGET void NAME(strips)(const struct ctiles_strips *s) { strips(FLOATS, s); }
TARGET void NAME(half_strips)(const struct ctiles_strips *s) { strips(PAIRS, s); }
TARGET void NAME(byte_strips)(const struct ctiles_strips *s) { strips(BYTES, s); }

// MARK: Other formats

typedef float floats16_anywhere __attribute__((ext_vector_type(16), aligned(4)));
typedef float floats16 __attribute__((ext_vector_type(16)));
typedef uint32_t words16 __attribute__((ext_vector_type(16)));
typedef uint16_t halves16 __attribute__((ext_vector_type(16)));
typedef uint16_t halves16_anywhere __attribute__((ext_vector_type(16), aligned(2)));

INLINE void round16(const float *from, uint16_t *to) {
    const floats16 x = *(const floats16_anywhere *)from;
    const words16 bits = (words16)x, up = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16, nan = (words16)(x != x);
    *(halves16_anywhere *)to = __builtin_convertvector((up & ~nan) | ((bits >> 16 | 0x40) & nan), halves16);
}

TARGET void NAME(round)(const float *from, long count, uint16_t *to) {
    long i = 0;
    for (; i + 16 <= count; i += 16) round16(from + i, to + i);
    if (i == count) return;
    float rest[16] = {0};
    uint16_t rounded[16];
    memcpy(rest, from + i, (size_t)(count - i) * 4);
    round16(rest, rounded);
    memcpy(to + i, rounded, (size_t)(count - i) * 2);
}

/// A hash of every index (MurmurHash3's finalizer), of which the lower half is added before the upper half is taken.
TARGET void NAME(round_at_random)(const float *from, long count, uint32_t key, uint32_t index, uint16_t *to) {
    const words16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (long i = 0; i < count; i += 16) {
        float rest[16];
        uint16_t rounded[16];
        const bool whole = i + 16 <= count;
        if (!whole) {
            memset(rest, 0, sizeof rest);
            memcpy(rest, from + i, (size_t)(count - i) * 4);
        }
        const floats16 x = *(const floats16_anywhere *)(whole ? from + i : rest);
        words16 h = (lane + (index + (uint32_t)i)) * 0x9E3779B1u + key;
        h = (h ^ h >> 16) * 0x85EBCA6Bu;
        h = (h ^ h >> 13) * 0xC2B2AE35u;
        h ^= h >> 16;
        const words16 bits = (words16)x, up = (bits + (h & 0xFFFF)) >> 16, nan = (words16)(x != x);
        *(halves16_anywhere *)(whole ? to + i : rounded) =
            __builtin_convertvector((up & ~nan) | ((bits >> 16 | 0x40) & nan), halves16);
        if (!whole) memcpy(to + i, rounded, (size_t)(count - i) * 2);
    }
}

typedef int8_t bytes16_anywhere __attribute__((ext_vector_type(16), aligned(1)));

TARGET void NAME(widen_bytes)(const int8_t *from, long count, uint16_t *to) {
    for (long i = 0; i < count; i += 16) {
        const floats16 x = __builtin_convertvector(*(const bytes16_anywhere *)(from + i), floats16);
        *(halves16_anywhere *)(to + i) = __builtin_convertvector((words16)x >> 16, halves16);
    }
}
