#if defined(__x86_64__)
#define NAME(x) ctiles_##x##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define ROWS 6
#include "floats.h"
#endif
