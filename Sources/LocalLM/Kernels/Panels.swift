import CSIMD

/// A matrix B[k, n] rearranged for tiles: panels of `width` columns, each k x width floats, the last one padded with
/// zeros.
///
/// Weights are packed once per optimizer step (training) or once per load (inference), not once per product.
enum Panels {
    static var width: Int { Block.columns }

    /// Floats that the panels of a k x n matrix take.
    static func count(depth k: Int, columns n: Int) -> Int { (n + width - 1) / width * width * k }

    /// From rows: B[p, j] at `source[p * leading + j]`.
    static func pack(
        rows source: UnsafePointer<Float>,
        leading: Int,
        depth k: Int,
        columns n: Int,
        into panels: UnsafeMutablePointer<Float>
    ) {
        var panel = panels
        var j = 0
        while j < n {
            let columns = min(width, n - j)
            if columns == width {
                for p in 0..<k {
                    let from = source + p * leading + j, to = panel + p * width
                    to.store(from.vector(0), at: 0)
                    to.store(from.vector(16), at: 16)
                }
            } else {
                for p in 0..<k {
                    let from = source + p * leading + j, to = panel + p * width
                    for q in 0..<columns { to[q] = from[q] }
                    for q in columns..<width { to[q] = 0 }
                }
            }
            panel += width * k
            j += width
        }
    }

    /// From columns: B[p, j] at `source[j * leading + p]` (the transpose of a row-major n x k matrix).
    static func pack(
        columns source: UnsafePointer<Float>,
        leading: Int,
        depth k: Int,
        columns n: Int,
        into panels: UnsafeMutablePointer<Float>
    ) {
        var panel = panels
        var j = 0
        while j < n {
            let columns = min(width, n - j)
            var q = 0
            while q + 8 <= columns {
                let from = source + (j + q) * leading, to = panel + q
                var p = 0
                while p + 8 <= k {
                    csimd_transpose8(from + p, leading, to + p * width, width)
                    p += 8
                }
                while p < k {
                    for r in 0..<8 { to[p * width + r] = from[r * leading + p] }
                    p += 1
                }
                q += 8
            }
            while q < columns {
                let from = source + (j + q) * leading, to = panel + q
                for p in 0..<k { to[p * width] = from[p] }
                q += 1
            }
            if columns < width {
                for p in 0..<k { for q in columns..<width { panel[p * width + q] = 0 } }
            }
            panel += width * k
            j += width
        }
    }

    /// C[m, n] (+)= A[m, k] B[k, n], A row-major, B packed.
    ///
    /// Rows go in blocks that stay in the second-level cache while the panels pass by.
    static func multiply(
        rows m: Int,
        columns n: Int,
        depth k: Int,
        _ a: UnsafePointer<Float>,
        leading lda: Int,
        panels: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        leading ldc: Int,
        accumulate: Bool
    ) {
        let block = max(8, min(m, 65_536 / max(k, 1) / 8 * 8))
        var i = 0
        while i < m {
            let rows = min(block, m - i)
            var j = 0
            var panel = panels
            while j < n {
                Block.multiply(
                    rows: rows,
                    columns: min(width, n - j),
                    depth: k,
                    a + i * lda,
                    rowStride: lda,
                    step: 1,
                    panel: panel,
                    c + i * ldc + j,
                    leading: ldc,
                    accumulate: accumulate
                )
                panel += width * k
                j += width
            }
            i += rows
        }
    }

    /// C[m, n] (+)= A^T B with A[k, m] and B[k, n] both row-major: the gradient of a weight matrix.
    ///
    /// k (tokens) goes in slices whose packed panels of B fit `scratch` (`outerScratch` floats).
    static func multiplyTransposed(
        rows m: Int,
        columns n: Int,
        depth k: Int,
        _ a: UnsafePointer<Float>,
        leading lda: Int,
        _ b: UnsafePointer<Float>,
        leading ldb: Int,
        _ c: UnsafeMutablePointer<Float>,
        leading ldc: Int,
        accumulate: Bool,
        scratch: UnsafeMutablePointer<Float>
    ) {
        var start = 0
        while start < k {
            let depth = min(slice, k - start)
            let interleaved = scratch + depth * width
            var j = 0
            let addsUp = accumulate || start > 0
            var packedA = false
            while j < n {
                let columns = min(width, n - j)
                pack(rows: b + start * ldb + j, leading: ldb, depth: depth, columns: columns, into: scratch)
                var i = 0
                while i < m {
                    let rows = min(Block.rows, m - i)
                    let strip = interleaved + i * depth
                    if !packedA { interleave(a + start * lda + i, leading: lda, rows: rows, depth: depth, into: strip) }
                    Block.multiply(
                        rows: rows,
                        columns: columns,
                        depth: depth,
                        strip,
                        rowStride: 1,
                        step: Block.rows,
                        panel: scratch,
                        c + i * ldc + j,
                        leading: ldc,
                        accumulate: addsUp
                    )
                    i += rows
                }
                packedA = true
                j += width
            }
            start += depth
        }
    }

    /// Tokens per slice of `multiplyTransposed`.
    static let slice = 256
    /// Floats of scratch that `multiplyTransposed` needs for m rows of the result.
    static func outerScratch(rows m: Int) -> Int {
        slice * width + slice * ((m + Block.rows - 1) / Block.rows * Block.rows)
    }

    /// Rows of A^T side by side, so that a tile reads them consecutively.
    private static func interleave(
        _ a: UnsafePointer<Float>,
        leading: Int,
        rows: Int,
        depth: Int,
        into strip: UnsafeMutablePointer<Float>
    ) {
        let wide = Block.rows
        if rows == 8 {
            for p in 0..<depth {
                let from = UnsafeRawPointer(a + p * leading).loadUnaligned(as: SIMD8<Float>.self)
                UnsafeMutableRawPointer(strip + p * wide).storeBytes(of: from, as: SIMD8<Float>.self)
            }
        } else {
            for p in 0..<depth { for r in 0..<rows { strip[p * wide + r] = a[p * leading + r] } }
        }
    }
}
