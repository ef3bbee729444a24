// The handful of vector instructions that Swift's SIMD types do not reach: fused multiply-add, lane-wise
// minimum, maximum and rounding, the conversions between Float and Int32 lanes, and shuffles. Each function is one
// instruction (a transpose: 24 shuffles) on a processor that has it, and a plain loop of the compiler's where it has not.
#pragma once

typedef float csimd_f16 __attribute__((ext_vector_type(16)));
typedef int csimd_i16 __attribute__((ext_vector_type(16)));

#define CSIMD_INLINE static inline __attribute__((always_inline))

/// a * b + c, fused where the processor fuses.
CSIMD_INLINE csimd_f16 csimd_fma(csimd_f16 a, csimd_f16 b, csimd_f16 c) {
#if defined(__FMA__)
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}
CSIMD_INLINE csimd_f16 csimd_max(csimd_f16 a, csimd_f16 b) { return __builtin_elementwise_max(a, b); }
CSIMD_INLINE csimd_f16 csimd_min(csimd_f16 a, csimd_f16 b) { return __builtin_elementwise_min(a, b); }
CSIMD_INLINE csimd_f16 csimd_round(csimd_f16 a) { return __builtin_elementwise_roundeven(a); }
CSIMD_INLINE csimd_i16 csimd_to_int(csimd_f16 a) { return __builtin_convertvector(a, csimd_i16); }
CSIMD_INLINE csimd_f16 csimd_from_bits(csimd_i16 a) { return (csimd_f16)a; }

typedef unsigned short csimd_h16u __attribute__((ext_vector_type(16), aligned(2)));
typedef unsigned csimd_u16 __attribute__((ext_vector_type(16)));

/// Sixteen neighbouring bf16 as floats.
CSIMD_INLINE csimd_f16 csimd_widen(const void *bf16) {
    return (csimd_f16)(__builtin_convertvector(*(const csimd_h16u *)bf16, csimd_u16) << 16);
}

/// A hint that this thread waits for another one.
CSIMD_INLINE void csimd_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

typedef float csimd_f8 __attribute__((ext_vector_type(8)));
typedef float csimd_f8u __attribute__((ext_vector_type(8), aligned(4)));

/// Rows to columns, in place: 24 shuffles, which change no bit.
CSIMD_INLINE void csimd_turn8(csimd_f8 r[8]) {
    csimd_f8 s[8];
    for (int i = 0; i < 8; i += 2) {  // pairs of rows, lane by lane
        s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < 8; i += 4) {  // pairs of pairs
        for (int j = 0; j < 2; j++) {
            r[i + j] = __builtin_shufflevector(s[i + j], s[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            r[i + j + 2] = __builtin_shufflevector(s[i + j], s[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    for (int i = 0; i < 4; i++) {  // halves
        const csimd_f8 top = r[i], bottom = r[i + 4];
        r[i] = __builtin_shufflevector(top, bottom, 0, 1, 2, 3, 8, 9, 10, 11);
        r[i + 4] = __builtin_shufflevector(top, bottom, 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

/// `to` = the transpose of the 8 x 8 block at `from`; strides in floats between rows. The two may not overlap.
CSIMD_INLINE void csimd_transpose8(const float *from, long from_stride, float *to, long to_stride) {
    csimd_f8 r[8];
    for (int i = 0; i < 8; i++) r[i] = *(const csimd_f8u *)(from + i * from_stride);
    csimd_turn8(r);
    for (int i = 0; i < 8; i++) *(csimd_f8u *)(to + i * to_stride) = r[i];
}
