#include "ctiles.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REQUEST_PERMISSION 0x1023  // ARCH_REQ_XCOMP_PERM
#define TILE_DATA 18               // XFEATURE_XTILEDATA

static unsigned long enabled(void) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low | (unsigned long)high << 32;
}

enum ctiles_set ctiles_processor(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return CTILES_NONE;
    const unsigned fma = 1u << 12, osxsave = 1u << 27;
    if ((c & fma) == 0 || (c & osxsave) == 0 || (enabled() & 0x6) != 0x6) return CTILES_NONE;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & 1u << 5) == 0) return CTILES_NONE;
    const unsigned wide = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // AVX-512 F, DQ, BW, VL
    if ((b & wide) != wide || (enabled() & 0xE0) != 0xE0) return CTILES_AVX2;
    const unsigned tiles = 1u << 22 | 1u << 24;  // AMX-BF16, AMX-TILE
    const int has_tiles = (d & tiles) == tiles && (enabled() >> 17 & 3) == 3;
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || (a & 1u << 5) == 0) return CTILES_AVX512;
    if (!has_tiles || syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) != 0) return CTILES_AVX512BF16;
    return CTILES_AMX;
}
#else
enum ctiles_set ctiles_processor(void) { return CTILES_NONE; }
#endif

#if defined(__x86_64__)
#include <stdio.h>
#include <stdlib.h>

/// The rest of the program is compiled for AVX2 and would end with an illegal instruction.
__attribute__((constructor)) static void refuse(void) {
    if (ctiles_processor() != CTILES_NONE) return;
    fputs("error: this program needs a processor with AVX2 and FMA (Intel since 2013, AMD since 2015)\n", stderr);
    _Exit(1);
}
#endif
