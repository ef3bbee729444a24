#if defined(__x86_64__)
#define NAME ctiles_pairs_avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define ROWS 8
#define LANES 16
#include "emulated.h"
#endif
