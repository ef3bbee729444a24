// The innermost products of matrices, each compiled for every instruction set that it knows and picked at run time
// (`InstructionSet` in LocalLM): a function here may be called only on a processor that has what its name says. Swift
// has no way to compile a function for a processor other than the module's; everything around these loops is Swift
// (Sources/LocalLM/Kernels).
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// What a processor, and the kernel that runs on it, can do. Each one includes those before it.
enum ctiles_set {
    CTILES_NONE = 0,  ///< Not even AVX2 and FMA.
    CTILES_AVX2,
    CTILES_AVX512,
    CTILES_AVX512BF16,  ///< Dot products of pairs of bf16.
    CTILES_AMX,         ///< Tiles of bf16; asks the kernel for leave to use them.
};
enum ctiles_set ctiles_processor(void);

/// C[rows, columns] (+)= A[rows, depth] B[depth, columns] with bf16 operands, summed in fp32; denormals count as zero.
///
/// B lies in panels of 32 columns, `ctiles_panel_depth(depth)` / 2 rows of 32 words each: a word holds the neighbours
/// 2p (lower half) and 2p + 1 (upper half) along the depth. What is beyond the depth, or beyond the columns, is zero.
struct ctiles_product {
    long rows, columns, depth;
    const uint16_t *a;  ///< Row-major.
    long a_stride;      ///< In elements.
    const uint32_t *panels;
    long panel_stride;  ///< From panel to panel, in words.
    float *c;           ///< Row-major.
    long c_stride;
    bool accumulate;
};

static inline long ctiles_panel_depth(long depth) { return (depth + 31) / 32 * 32; }

/// Every result is one chain of fused multiply-adds: for each pair the odd term, then the even one, as `vdpbf16ps` does
/// it (Intel SDM). The three give the same bits.
void ctiles_pairs_avx2(const struct ctiles_product *product);
void ctiles_pairs_avx512(const struct ctiles_product *product);
void ctiles_pairs_avx512bf16(const struct ctiles_product *product);

/// Every result adds up blocks of 32 along the depth, in each the sum of the even and the sum of the odd terms, as
/// `tdpbf16ps` does it (Intel SDM): other bits than those above.
void ctiles_pairs_amx(const struct ctiles_product *product);

/// C[rows, 32] (+)= A[rows, depth] B[depth, 32] in fp32, for one panel of B: 32 floats for each step of the depth. The
/// chain of a result is added to what is there.
struct ctiles_block {
    long rows, depth;
    const float *a;  ///< Element (r, k) at r * a_row + k * a_step.
    long a_row, a_step;
    const float *panel;
    float *c;  ///< Row-major.
    long c_stride;
    bool accumulate;
};
void ctiles_block_avx2(const struct ctiles_block *block);
void ctiles_block_avx512(const struct ctiles_block *block);

/// C[rows, 32 panels] = A[rows, depth] B in fp32 arithmetic, for any number of rows, few above all. B lies in panels of
/// floats (`strips`), of bf16 in pairs as in `ctiles_product` (`half_strips`), or of bytes with a sign, likewise in pairs,
/// after 32 floats that the sums of the panel's columns are multiplied with (`byte_strips`).
struct ctiles_strips {
    long rows, depth, panels;
    const float *a;  ///< Row-major.
    long a_stride;
    const void *b;
    float *c;  ///< Row-major.
    long c_stride;
};
void ctiles_strips_avx2(const struct ctiles_strips *strips);
void ctiles_strips_avx512(const struct ctiles_strips *strips);
void ctiles_half_strips_avx2(const struct ctiles_strips *strips);
void ctiles_half_strips_avx512(const struct ctiles_strips *strips);
void ctiles_byte_strips_avx2(const struct ctiles_strips *strips);
void ctiles_byte_strips_avx512(const struct ctiles_strips *strips);

/// `to` = bf16 of `from`, rounded to the nearest, ties to even; a NaN stays one.
void ctiles_round_avx2(const float *from, long count, uint16_t *to);
void ctiles_round_avx512(const float *from, long count, uint16_t *to);

/// `to` = bf16 of `from`, up or down at random: up as often as it is that far from the lower neighbour to the upper one,
/// so that the mean is `from`. What bf16 has exactly stays; a NaN stays one. The random numbers are a hash of `key` and
/// of the number's index, the first one's being `index`.
void ctiles_round_at_random_avx2(const float *from, long count, uint32_t key, uint32_t index, uint16_t *to);
void ctiles_round_at_random_avx512(const float *from, long count, uint32_t key, uint32_t index, uint16_t *to);

/// `to` = bf16 of `from`, which bf16 has exactly; `count` is a multiple of 16.
void ctiles_widen_bytes_avx2(const int8_t *from, long count, uint16_t *to);
void ctiles_widen_bytes_avx512(const int8_t *from, long count, uint16_t *to);

/// A panel of 32 columns from rows: word (p, j) = (X[2p][j], X[2p + 1][j]), X[depth, columns] row-major bf16. Rows and
/// columns beyond are zero.
void ctiles_pack_rows(const uint16_t *x, long stride, long depth, long columns, uint32_t *panel);
/// A panel of 32 columns from columns: word (p, j) = (X[j][2p], X[j][2p + 1]), X[columns, depth] row-major bf16.
void ctiles_pack_columns(const uint16_t *x, long stride, long depth, long columns, uint32_t *panel);
/// Y[columns, rows] = X[rows, columns] transposed, bf16.
void ctiles_transpose(const uint16_t *x, long stride, long rows, long columns, uint16_t *y, long y_stride);
