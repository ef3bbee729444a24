// The loops of a product over tiles of some rows x 32 columns, for one instruction set: a file that includes this
// defines NAME (the function), TARGET (its attribute), ROWS (of the tallest tile), DEPTH (that passes by at a time), and
// a function `tile(rows, pairs, a, stride, panel, c, c_stride, accumulate, odd)`.

TARGET static void strip(long rows, long pairs, const uint16_t *a, long stride, const uint32_t *panel, float *c,
                         long c_stride, bool accumulate, bool odd) {
    long i = 0;
    while (i < rows) {
        long left = rows - i, tall = left >= ROWS ? ROWS : left;
        const uint16_t *x = a + i * stride;
        float *y = c + i * c_stride;
        switch (tall) {
        case 1: tile(1, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
        case 2: tile(2, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
        case 3: tile(3, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
        case 4: tile(4, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
        case 5: tile(5, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
#if ROWS > 6
        case 6: tile(6, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
        case 7: tile(7, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
#endif
#if ROWS > 8
        case 8: tile(8, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
        case 9: tile(9, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
        case 10: tile(10, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
        case 11: tile(11, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
#endif
        default: tile(ROWS, pairs, x, stride, panel, y, c_stride, accumulate, odd); break;
        }
        i += tall;
    }
}

TARGET void NAME(const struct ctiles_product *p) {
    BEGIN
    float edge[ROWS * 32] __attribute__((aligned(64)));
    for (long k = 0; k < p->depth; k += DEPTH) {
        const long depth = p->depth - k < DEPTH ? p->depth - k : DEPTH;
        const bool accumulate = p->accumulate || k > 0;
        // Rows in blocks that stay in the second-level cache while the panels pass by.
        const long block = 262144 / depth > 32 ? 262144 / depth / ROWS * ROWS : 32 / ROWS * ROWS;
        for (long i = 0; i < p->rows; i += block) {
            const long rows = p->rows - i < block ? p->rows - i : block;
            const uint16_t *a = p->a + i * p->a_stride + k;
            for (long j = 0; j < p->columns; j += 32) {
                const uint32_t *panel = p->panels + j / 32 * p->panel_stride + k / 2 * 32;
                float *c = p->c + i * p->c_stride + j;
                const long columns = p->columns - j;
                if (columns >= 32) {
                    strip(rows, depth / 2, a, p->a_stride, panel, c, p->c_stride, accumulate, depth % 2);
                    continue;
                }
                for (long r = 0; r < rows; r += ROWS) {  // the last, narrower panel
                    const long tall = rows - r < ROWS ? rows - r : ROWS;
                    for (long q = 0; q < tall; q++) {
                        for (long l = 0; l < columns; l++) edge[q * 32 + l] = accumulate ? c[(r + q) * p->c_stride + l] : 0;
                        for (long l = columns; l < 32; l++) edge[q * 32 + l] = 0;
                    }
                    strip(tall, depth / 2, a + r * p->a_stride, p->a_stride, panel, edge, 32, true, depth % 2);
                    for (long q = 0; q < tall; q++)
                        for (long l = 0; l < columns; l++) c[(r + q) * p->c_stride + l] = edge[q * 32 + l];
                }
            }
        }
    }
    END
}
