import CTiles

/// Products of blocks with any number of rows and one panel of columns, in fp32.
///
/// Every result is one chain of fused multiply-adds in the order of k, so a row's result does not depend on how many
/// other rows are computed with it, nor on the shape of the tile that the processor's registers hold: the same sequence
/// gives the same bits alone and in a batch, with AVX2 and with AVX-512.
enum Block {
    /// Rows that a tile may have at most.
    static var rows: Int { 8 }
    /// Columns of a panel.
    static var columns: Int { 32 }

    /// C[m, n] (+)= A[m, k] B[k, n] for one packed panel of B, n <= `columns` (the panel is padded with zeros).
    ///
    /// - Parameters:
    ///   - a: element (r, p) at `a[r * rowStride + p * step]`; one of the strides is 1.
    ///   - panel: B, packed: 32 floats per p.
    ///   - c: row r starts at `c[r * leading]`.
    @inline(__always) static func multiply(
        rows m: Int,
        columns n: Int,
        depth k: Int,
        _ a: UnsafePointer<Float>,
        rowStride: Int,
        step: Int,
        panel: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        leading: Int,
        accumulate: Bool
    ) {
        var block = ctiles_block(
            rows: m,
            depth: k,
            a: a,
            a_row: rowStride,
            a_step: step,
            panel: panel,
            c: c,
            c_stride: leading,
            accumulate: accumulate
        )
        if n < columns { partial(block, columns: n) } else { TileKernels.current.block(&block) }
    }

    /// The last, narrower panel: full tiles into a small buffer, then the columns that exist.
    @inline(never) private static func partial(_ block: ctiles_block, columns n: Int) {
        withUnsafeTemporaryAllocation(byteCount: rows * columns * 4, alignment: 64) { raw in
            let buffer = raw.baseAddress!.assumingMemoryBound(to: Float.self)
            var i = 0
            while i < block.rows {
                let rows = min(Self.rows, block.rows - i)
                var tile = block
                tile.rows = rows
                tile.a = block.a + i * block.a_row
                tile.c = buffer
                tile.c_stride = columns
                tile.accumulate = false
                TileKernels.current.block(&tile)
                for r in 0..<rows {
                    let from = buffer + r * columns, to = block.c + (i + r) * block.c_stride
                    if block.accumulate {
                        for j in 0..<n { to[j] += from[j] }
                    } else {
                        for j in 0..<n { to[j] = from[j] }
                    }
                }
                i += rows
            }
        }
    }
}
