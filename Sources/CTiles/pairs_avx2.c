#if defined(__x86_64__)
#define NAME ctiles_pairs_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define LANES 8
#include "emulated.h"
#endif
