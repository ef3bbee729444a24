#if defined(__x86_64__)
#define NAME(x) ctiles_##x##_avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define LANES 16
#define ROWS 8
#include "floats.h"
#endif
