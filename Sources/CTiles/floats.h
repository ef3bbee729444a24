// Products of fp32 operands, and of fp32 rows with bf16 panels, for registers of LANES floats: a file that includes this
// defines NAME(x) (a function's name), TARGET (its attribute), LANES and ROWS (of the tallest tile). Every result is
// one chain of fused multiply-adds in the order of the depth: its bits depend neither on the shape of the tile, nor on
// the width of the registers, nor on the other rows.
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

/// `rows` x `tiles` tiles side by side, for one chain of sums per register would wait for itself. What is multiplied
/// after this comes into the caches meanwhile, or the first rows would wait for the memory.
INLINE void strip_tile(const int rows, const int tiles, const bool pairs, const struct ctiles_strips *s, const float *a,
                       const uint32_t *const *panels, float *const *c, long ahead) {
    lanes low[rows * tiles], high[rows * tiles];
    UNROLL for (int r = 0; r < rows * tiles; r++) low[r] = high[r] = (lanes)0.0f;
    const long stride = s->a_stride, steps = pairs ? (s->depth + 1) / 2 : s->depth;
    const uint32_t *b[4];
    UNROLL for (int t = 0; t < tiles; t++) b[t] = panels[t];
    for (long k = 0; k < steps; k++) {
        __builtin_prefetch(b[0] + ahead, 0, 2);
        __builtin_prefetch(b[0] + ahead + 16, 0, 2);
        const bool whole = !pairs || 2 * k + 1 < s->depth;
        UNROLL for (int t = 0; t < tiles; t++) {
            if (pairs) {
                const words w0 = *(const words_anywhere *)b[t], w1 = *(const words_anywhere *)(b[t] + LANES);
                const lanes even0 = (lanes)(w0 << 16), even1 = (lanes)(w1 << 16);
                const lanes odd0 = (lanes)(w0 & 0xFFFF0000), odd1 = (lanes)(w1 & 0xFFFF0000);
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
            } else {
                const lanes b0 = floats_at(b[t]), b1 = floats_at(b[t] + LANES);
                UNROLL for (int r = 0; r < rows; r++) {
                    const lanes x = (lanes)a[r * stride];
                    low[t * rows + r] = __builtin_elementwise_fma(b0, x, low[t * rows + r]);
                    high[t * rows + r] = __builtin_elementwise_fma(b1, x, high[t * rows + r]);
                }
            }
            b[t] += 32;
        }
        a += pairs ? 2 : 1;
    }
    UNROLL for (int t = 0; t < tiles; t++) {
        UNROLL for (int r = 0; r < rows; r++) {
            float *to = c[t] + r * s->c_stride;
            *(lanes_anywhere *)to = low[t * rows + r];
            *(lanes_anywhere *)(to + LANES) = high[t * rows + r];
        }
    }
}

INLINE void strips(const bool pairs, const struct ctiles_strips *s) {
    const long words = pairs ? ctiles_panel_depth(s->depth) / 2 * 32 : s->depth * 32;
    const long heights = (s->rows + ROWS - 1) / ROWS;
    const int side = s->rows == 1 ? 4 : s->rows == 2 ? 3 : s->rows == 3 ? 2 : 1;
    for (long t = 0; t < s->panels * PER_PANEL;) {
        const long rest = s->panels * PER_PANEL - t, tiles = rest < side ? rest : side;
        const uint32_t *b[4];
        float *c[4];
        for (long q = 0; q < tiles; q++) {
            const long panel = (t + q) / PER_PANEL, column = (t + q) % PER_PANEL * WIDTH;
            b[q] = (const uint32_t *)s->b + panel * words + column;
            c[q] = s->c + panel * 32 + column;
        }
        const long ahead = PER_PANEL > 1 && tiles == 1 ? words / PER_PANEL : tiles * words / PER_PANEL;
        for (long h = 0; h < heights; h++) {
            const long i = s->rows * h / heights, rows = s->rows * (h + 1) / heights - i;
            const float *a = s->a + i * s->a_stride;
            float *y[4];
            for (long q = 0; q < tiles; q++) y[q] = c[q] + i * s->c_stride;
            switch (rows * 8 + tiles) {
            case 8 + 4: strip_tile(1, 4, pairs, s, a, b, y, ahead); break;
            case 8 + 3: strip_tile(1, 3, pairs, s, a, b, y, ahead); break;
            case 8 + 2: strip_tile(1, 2, pairs, s, a, b, y, ahead); break;
            case 8 + 1: strip_tile(1, 1, pairs, s, a, b, y, ahead); break;
            case 16 + 3: strip_tile(2, 3, pairs, s, a, b, y, ahead); break;
            case 16 + 2: strip_tile(2, 2, pairs, s, a, b, y, ahead); break;
            case 16 + 1: strip_tile(2, 1, pairs, s, a, b, y, ahead); break;
            case 24 + 2: strip_tile(3, 2, pairs, s, a, b, y, ahead); break;
            case 24 + 1: strip_tile(3, 1, pairs, s, a, b, y, ahead); break;
            case 32 + 1: strip_tile(4, 1, pairs, s, a, b, y, ahead); break;
            case 40 + 1: strip_tile(5, 1, pairs, s, a, b, y, ahead); break;
#if ROWS > 6
            case 48 + 1: strip_tile(6, 1, pairs, s, a, b, y, ahead); break;
            case 56 + 1: strip_tile(7, 1, pairs, s, a, b, y, ahead); break;
#endif
            default: strip_tile(ROWS, 1, pairs, s, a, b, y, ahead); break;
            }
        }
        t += tiles;
    }
}

TARGET void NAME(strips)(const struct ctiles_strips *s) { strips(false, s); }
TARGET void NAME(half_strips)(const struct ctiles_strips *s) { strips(true, s); }
