#include "ctiles.h"

#include <string.h>

#include "csimd.h"

typedef uint32_t words8 __attribute__((ext_vector_type(8)));
typedef uint16_t halves8 __attribute__((ext_vector_type(8)));
typedef uint16_t halves16 __attribute__((ext_vector_type(16)));
typedef uint16_t halves16_anywhere __attribute__((ext_vector_type(16), aligned(2)));
typedef uint32_t words16 __attribute__((ext_vector_type(16)));

void ctiles_pack_rows(const uint16_t *x, long stride, long depth, long columns, uint32_t *panel) {
    const long padded = ctiles_panel_depth(depth);
    for (long p = 0; p < padded / 2; p++, panel += 32) {
        const uint16_t *even = x + 2 * p * stride, *odd = even + stride;
        const long rows = depth - 2 * p;
        if (rows >= 2 && columns >= 32) {
            for (int j = 0; j < 32; j += 16) {
                const halves16 a = *(const halves16_anywhere *)(even + j), b = *(const halves16_anywhere *)(odd + j);
                const words16 low = __builtin_convertvector(a, words16), high = __builtin_convertvector(b, words16);
                const words16 both = low | high << 16;
                memcpy(panel + j, &both, 64);
            }
            continue;
        }
        for (long j = 0; j < 32; j++) {
            const uint32_t low = rows > 0 && j < columns ? even[j] : 0, high = rows > 1 && j < columns ? odd[j] : 0;
            panel[j] = low | high << 16;
        }
    }
}

void ctiles_pack_columns(const uint16_t *x, long stride, long depth, long columns, uint32_t *panel) {
    const long words = ctiles_panel_depth(depth) / 2, full = depth / 16 * 8;
    long j = 0;
    for (; j + 8 <= columns; j += 8) {
        const uint16_t *from = x + j * stride;
        for (long p = 0; p < full; p += 8) {
            csimd_f8 r[8];
            for (int i = 0; i < 8; i++) memcpy(&r[i], from + i * stride + 2 * p, 32);
            csimd_turn8(r);
            for (int i = 0; i < 8; i++) memcpy(panel + (p + i) * 32 + j, &r[i], 32);
        }
    }
    for (long q = 0; q < 32; q++) {
        for (long p = q < j ? full : 0; p < words; p++) {
            const uint16_t *from = x + q * stride + 2 * p;
            const uint32_t low = q < columns && 2 * p < depth ? from[0] : 0,
                           high = q < columns && 2 * p + 1 < depth ? from[1] : 0;
            panel[p * 32 + q] = low | high << 16;
        }
    }
}

void ctiles_transpose(const uint16_t *x, long stride, long rows, long columns, uint16_t *y, long y_stride) {
    long i = 0;
    for (; i + 16 <= rows; i += 16) {
        const uint16_t *from = x + i * stride;
        long j = 0;
        for (; j + 8 <= columns; j += 8) {
            csimd_f8 r[8];
            for (int p = 0; p < 8; p++) {
                halves8 even, odd;
                memcpy(&even, from + 2 * p * stride + j, 16);
                memcpy(&odd, from + (2 * p + 1) * stride + j, 16);
                r[p] = (csimd_f8)(__builtin_convertvector(even, words8) | __builtin_convertvector(odd, words8) << 16);
            }
            csimd_turn8(r);
            for (int q = 0; q < 8; q++) memcpy(y + (j + q) * y_stride + i, &r[q], 32);
        }
        for (; j < columns; j++)
            for (long r = 0; r < 16; r++) y[j * y_stride + i + r] = from[r * stride + j];
    }
    for (; i < rows; i++)
        for (long j = 0; j < columns; j++) y[j * y_stride + i] = x[i * stride + j];
}
