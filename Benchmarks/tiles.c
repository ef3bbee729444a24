/* What one core does in bf16: the tiles of Sources/CTiles, for every instruction set that this processor has, on products of the 135M
   shape and of an 8B one, in GFLOP/s of the core's own time. The clang is that of the Swift toolchain.

       clang -O3 -march=x86-64-v3 -I Sources/CTiles/include -I Sources/CSIMD/include Benchmarks/tiles.c Sources/CTiles/*.c -o tiles
       ./tiles */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctiles.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(void) {
    static const struct {
        const char *name;
        void (*multiply)(const struct ctiles_product *);
    } sets[] = {{"avx2", ctiles_pairs_avx2}, {"avx512", ctiles_pairs_avx512}, {"avx512bf16", ctiles_pairs_avx512bf16}, {"amx", ctiles_pairs_amx}};
    static const long shapes[][3] = {{512, 1536, 576}, {512, 3072, 576}, {512, 576, 1536}, {1536, 576, 512}, {200, 1536, 576},
                                     {64, 1536, 576},  {16, 1536, 576},  {1, 1536, 576},   {256, 4096, 4096}, {256, 4096, 14336}};
    const int known = ctiles_processor();
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const long m = shapes[s][0], n = shapes[s][1], k = shapes[s][2], depth = ctiles_panel_depth(k);
        uint16_t *a = aligned_alloc(64, (size_t)(m * k * 2 + 63) / 64 * 64);
        uint32_t *b = aligned_alloc(64, (size_t)((n + 31) / 32 * depth * 64));
        float *c = aligned_alloc(64, (size_t)(m * n * 4 + 63) / 64 * 64);
        for (long i = 0; i < m * k; i++) a[i] = 0x3F80;
        for (long i = 0; i < (n + 31) / 32 * depth * 16; i++) b[i] = 0x3F803F80;
        memset(c, 0, (size_t)(m * n * 4));
        printf("%5ld x %5ld x %5ld", m, n, k);
        for (int set = 0; set < 4 && set < known; set++) {
            const struct ctiles_product product = {m, n, k, a, k, b, ctiles_panel_depth(k) / 2 * 32, c, n, false};
            const double work = 2.0 * m * n * k;
            const int times = (int)(3e9 * (set == 3 ? 5 : 1) / work) + 1;
            double best = 1e9;
            for (int round = 0; round < 3; round++) {
                const double start = now();
                for (int i = 0; i < times; i++) sets[set].multiply(&product);
                const double seconds = (now() - start) / times;
                if (seconds < best) best = seconds;
            }
            printf("  %s %5.0f", sets[set].name, work / best * 1e-9);
        }
        printf("\n");
        free(a), free(b), free(c);
    }
}
