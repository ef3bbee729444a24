// The handful of vector instructions that Swift's SIMD types do not reach: fused multiply-add, lane-wise
// minimum, maximum and rounding, and the conversions between Float and Int32 lanes. Everything else,
// the kernels themselves included, is Swift (Sources/LocalLM/Kernels). Each function is one instruction on
// a processor that has it, and a plain loop of the compiler's where it has not.
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

/// Bits of the widest vector registers that this build uses.
CSIMD_INLINE int csimd_vector_bits(void) {
#if defined(__AVX512F__)
    return 512;
#elif defined(__AVX2__)
    return 256;
#else
    return 128;
#endif
}
