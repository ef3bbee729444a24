// What one core can do at most in fp32: independent fused multiply-adds in registers, no memory at all.
//   gcc -O2 -march=native -funroll-loops Benchmarks/fma_peak.c -o .build/fma_peak && .build/fma_peak
// Twice that, for two cores, is a limit that no product of matrices passes.
#include <immintrin.h>
#include <stdio.h>
#include <time.h>

#if defined(__AVX512F__)
typedef __m512 lanes;
#define WIDTH 16
#define SET(x) _mm512_set1_ps(x)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define ADD(a, b) _mm512_add_ps(a, b)
#define STORE(p, x) _mm512_storeu_ps(p, x)
#else
typedef __m256 lanes;
#define WIDTH 8
#define SET(x) _mm256_set1_ps(x)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define ADD(a, b) _mm256_add_ps(a, b)
#define STORE(p, x) _mm256_storeu_ps(p, x)
#endif

int main(void) {
    lanes sums[12], x = SET(0.999f), y = SET(1e-4f);
    for (int i = 0; i < 12; i++) sums[i] = SET(i * 1e-3f);
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const long rounds = 100000000;
    for (long r = 0; r < rounds; r++) {
        for (int i = 0; i < 12; i++) sums[i] = FMA(sums[i], x, y);
        __asm__ volatile("" ::"x"(sums[0]), "x"(sums[5]));
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    lanes total = sums[0];
    for (int i = 1; i < 12; i++) total = ADD(total, sums[i]);
    float out[WIDTH];
    STORE(out, total);  // so that nothing is optimised away
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
    printf("%.1f GFLOP/s (%g)\n", (double)rounds * 12 * 2 * WIDTH / seconds * 1e-9, out[0]);
    return 0;
}
