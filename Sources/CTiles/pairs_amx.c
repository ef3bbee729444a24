#include "ctiles.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,amx-tile,amx-bf16")))

/// Depth that passes by at a time, as in pairs.h: a multiple of 32.
#define DEPTH 2048
/// Of B, beside which rows of A and C have room in a second-level cache of a megabyte or two.
#define PANEL_BYTES (768 << 10)

struct configuration {
    uint8_t palette, start, reserved[14];
    uint16_t width[16];  // bytes of a row
    uint8_t rows[16];
} __attribute__((aligned(64)));

/// Tiles 0 to 3 are sums, 4 and 5 are of A, of `rows` rows each; 6 and 7 are of B.
TARGET static void configure(int rows) {
    struct configuration c;
    memset(&c, 0, sizeof c);
    c.palette = 1;
    for (int t = 0; t < 8; t++) {
        c.width[t] = 64;
        c.rows[t] = (uint8_t)(t < 6 ? rows : 16);
    }
    _tile_loadconfig(&c);
}

/// Rows of A whose depth does not fill a tile, followed by zeros.
static void fill(uint16_t (*tail)[32], const uint16_t *a, long stride, long rows, long depth) {
    memset(tail, 0, sizeof(uint16_t) * 32 * (size_t)rows);
    for (long r = 0; r < rows; r++) memcpy(tail[r], a + r * stride, (size_t)depth * 2);
}

/// 32 rows x 32 columns; what it is multiplied into next comes into the caches meanwhile.
TARGET static void square(const uint16_t *a, long stride, const uint32_t *b, long depth, float *c, long c_stride,
                          bool accumulate, const float *next) {
    if (accumulate) {
        _tile_loadd(0, c, c_stride * 4);
        _tile_loadd(1, c + 16, c_stride * 4);
        _tile_loadd(2, c + 16 * c_stride, c_stride * 4);
        _tile_loadd(3, c + 16 * c_stride + 16, c_stride * 4);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    long k = 0;
    for (; k + 32 <= depth; k += 32) {
        _tile_loadd(6, b, 128);
        _tile_loadd(4, a, stride * 2);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + 16, 128);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, a + 16 * stride, stride * 2);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
        a += 32;
        b += 16 * 32;
        if (k < 512) {
            _mm_prefetch(next, _MM_HINT_T0);
            _mm_prefetch(next + 16, _MM_HINT_T0);
            _mm_prefetch(next + c_stride, _MM_HINT_T0);
            _mm_prefetch(next + c_stride + 16, _MM_HINT_T0);
            next += 2 * c_stride;
        }
    }
    if (k < depth) {
        uint16_t tail[32][32] __attribute__((aligned(64)));
        fill(tail, a, stride, 32, depth - k);
        _tile_loadd(6, b, 128);
        _tile_loadd(7, b + 16, 128);
        _tile_loadd(4, tail[0], 64);
        _tile_loadd(5, tail[16], 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, c, c_stride * 4);
    _tile_stored(1, c + 16, c_stride * 4);
    _tile_stored(2, c + 16 * c_stride, c_stride * 4);
    _tile_stored(3, c + 16 * c_stride + 16, c_stride * 4);
}

/// As many rows as are configured x 32 columns, or x 64 (`is_wide`): with the panel at `next` too, for a chain of sums
/// waits for itself.
TARGET static inline __attribute__((always_inline)) void few(const bool is_wide, int rows, const uint16_t *a,
                                                             long stride, const uint32_t *b, const uint32_t *next,
                                                             long depth, float *c, long c_stride, bool accumulate) {
    if (accumulate) {
        _tile_loadd(0, c, c_stride * 4);
        _tile_loadd(1, c + 16, c_stride * 4);
        if (is_wide) _tile_loadd(2, c + 32, c_stride * 4);
        if (is_wide) _tile_loadd(3, c + 48, c_stride * 4);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        if (is_wide) _tile_zero(2);
        if (is_wide) _tile_zero(3);
    }
    uint16_t tail[16][32] __attribute__((aligned(64)));
    for (long k = 0; k < depth; k += 32) {
        if (k + 32 <= depth) {
            _tile_loadd(4, a + k, stride * 2);
        } else {
            fill(tail, a + k, stride, rows, depth - k);
            _tile_loadd(4, tail[0], 64);
        }
        _tile_loadd(6, b + k * 16, 128);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + k * 16 + 16, 128);
        _tile_dpbf16ps(1, 4, 7);
        if (is_wide) {
            _tile_loadd(6, next + k * 16, 128);
            _tile_dpbf16ps(2, 4, 6);
            _tile_loadd(7, next + k * 16 + 16, 128);
            _tile_dpbf16ps(3, 4, 7);
        }
    }
    _tile_stored(0, c, c_stride * 4);
    _tile_stored(1, c + 16, c_stride * 4);
    if (is_wide) _tile_stored(2, c + 32, c_stride * 4);
    if (is_wide) _tile_stored(3, c + 48, c_stride * 4);
}

/// One panel of fewer than 32 columns: whole tiles in a buffer, then the columns that exist.
TARGET static void edge(int rows, const uint16_t *a, long stride, const uint32_t *b, long depth, float *c,
                        long c_stride, long columns, bool accumulate) {
    float buffer[16][32] __attribute__((aligned(64)));
    if (accumulate) {
        memset(buffer, 0, sizeof buffer);
        for (int r = 0; r < rows; r++) memcpy(buffer[r], c + r * c_stride, (size_t)columns * 4);
    }
    few(false, rows, a, stride, b, b, depth, buffer[0], 32, accumulate);
    for (int r = 0; r < rows; r++) memcpy(c + r * c_stride, buffer[r], (size_t)columns * 4);
}

/// `rows` of at most 16, as they are configured, and all panels.
TARGET static void strip(const struct ctiles_product *p, int rows, const uint16_t *a, long k, long depth, float *c,
                         bool accumulate) {
    const long words = p->panel_stride;
    const uint32_t *b = p->panels + k / 2 * 32;
    long j = 0;
    for (; j + 64 <= p->columns; j += 64, b += 2 * words)
        few(true, rows, a, p->a_stride, b, b + words, depth, c + j, p->c_stride, accumulate);
    for (; j + 32 <= p->columns; j += 32, b += words)
        few(false, rows, a, p->a_stride, b, b, depth, c + j, p->c_stride, accumulate);
    if (j < p->columns) edge(rows, a, p->a_stride, b, depth, c + j, p->c_stride, p->columns - j, accumulate);
}

TARGET void ctiles_pairs_amx(const struct ctiles_product *p) {
    const long words = p->panel_stride;
    const long rest = p->rows % 16, squares = p->rows / 32 * 32, whole = p->columns / 32 * 32;
    for (long k = 0; k < p->depth; k += DEPTH) {
        const long depth = p->depth - k < DEPTH ? p->depth - k : DEPTH;
        const bool accumulate = p->accumulate || k > 0;
        const uint16_t *a = p->a + k;
        if (p->rows >= 16) configure(16);
        // Panels in blocks that stay in the second-level cache while the rows pass by, so that C is written row by row.
        const long block = PANEL_BYTES / (depth * 64) > 1 ? PANEL_BYTES / (depth * 64) * 32 : 32;
        for (long j = 0; squares > 0 && j < p->columns; j += block) {
            const long end = j + block < whole ? j + block : whole;
            for (long r = 0; r < squares; r += 32) {
                const uint16_t *x = a + r * p->a_stride;
                float *y = p->c + r * p->c_stride;
                for (long i = j; i < end; i += 32) {
                    const float *next = i + 32 < end ? y + i + 32 : y + 32 * p->c_stride + j;
                    square(x, p->a_stride, p->panels + i / 32 * words + k / 2 * 32, depth, y + i, p->c_stride, accumulate,
                           next);
                }
                if (j + block < p->columns || whole == p->columns) continue;
                const uint32_t *b = p->panels + whole / 32 * words + k / 2 * 32;
                for (int half = 0; half < 32; half += 16)
                    edge(16, x + half * p->a_stride, p->a_stride, b, depth, y + half * p->c_stride + whole, p->c_stride,
                         p->columns - whole, accumulate);
            }
        }
        if (p->rows - rest > squares)
            strip(p, 16, a + squares * p->a_stride, k, depth, p->c + squares * p->c_stride, accumulate);
        if (rest > 0) {
            configure((int)rest);
            strip(p, (int)rest, a + (p->rows - rest) * p->a_stride, k, depth, p->c + (p->rows - rest) * p->c_stride,
                  accumulate);
        }
    }
    _tile_release();
}
#endif
