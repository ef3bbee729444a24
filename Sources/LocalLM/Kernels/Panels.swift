/// A matrix B[k, n] rearranged for `Tile`: panels of 32 columns, each k x 32 floats, the last one padded with zeros.
///
/// Weights are packed once per optimizer step (training) or once per load (inference), not once per product.
enum Panels {
    /// Floats that the panels of a k x n matrix take.
    static func count(depth k: Int, columns n: Int) -> Int { (n + 31) / 32 * 32 * k }

    /// From rows: B[p, j] at `source[p * leading + j]`.
    static func pack(rows source: UnsafePointer<Float>, leading: Int, depth k: Int, columns n: Int, into panels: UnsafeMutablePointer<Float>) {
        var panel = panels
        var j = 0
        while j < n {
            let width = min(32, n - j)
            if width == 32 {
                for p in 0..<k {
                    let from = source + p * leading + j, to = panel + p * 32
                    to.store(from.vector(0), at: 0)
                    to.store(from.vector(16), at: 16)
                }
            } else {
                for p in 0..<k {
                    let from = source + p * leading + j, to = panel + p * 32
                    for q in 0..<width { to[q] = from[q] }
                    for q in width..<32 { to[q] = 0 }
                }
            }
            panel += 32 * k
            j += 32
        }
    }

    /// From columns: B[p, j] at `source[j * leading + p]` (the transpose of a row-major n x k matrix).
    static func pack(columns source: UnsafePointer<Float>, leading: Int, depth k: Int, columns n: Int, into panels: UnsafeMutablePointer<Float>) {
        var panel = panels
        var j = 0
        while j < n {
            let width = min(32, n - j)
            // Sixteen columns at a time: each strided write fills part of a cache line that stays in L1.
            for q in 0..<width {
                let from = source + (j + q) * leading
                let to = panel + q
                for p in 0..<k { to[p * 32] = from[p] }
            }
            if width < 32 {
                for p in 0..<k { for q in width..<32 { panel[p * 32 + q] = 0 } }
            }
            panel += 32 * k
            j += 32
        }
    }

    /// C[m, n] (+)= A[m, k] B[k, n], A row-major, B packed.
    ///
    /// Rows go in blocks that stay in the second-level cache while the panels pass by.
    static func multiply(
        rows m: Int, columns n: Int, depth k: Int, _ a: UnsafePointer<Float>, leading lda: Int, panels: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>, leading ldc: Int, accumulate: Bool
    ) {
        let block = max(8, min(m, 65_536 / max(k, 1) / 8 * 8))
        var i = 0
        while i < m {
            let rows = min(block, m - i)
            var j = 0
            var panel = panels
            while j < n {
                Block.multiply(
                    rows: rows, columns: min(32, n - j), depth: k, a + i * lda, rowStride: lda, step: 1, panel: panel,
                    c + i * ldc + j, leading: ldc, accumulate: accumulate)
                panel += 32 * k
                j += 32
            }
            i += rows
        }
    }

    /// C[m, n] (+)= A^T B with A[k, m] and B[k, n] both row-major: the gradient of a weight matrix.
    ///
    /// k (tokens) goes in slices whose packed panels of B fit `scratch` (`outerScratch` floats).
    static func multiplyTransposed(
        rows m: Int, columns n: Int, depth k: Int, _ a: UnsafePointer<Float>, leading lda: Int, _ b: UnsafePointer<Float>, leading ldb: Int,
        _ c: UnsafeMutablePointer<Float>, leading ldc: Int, accumulate: Bool, scratch: UnsafeMutablePointer<Float>
    ) {
        var start = 0
        while start < k {
            let depth = min(slice, k - start)
            let interleaved = scratch + depth * 32
            var j = 0
            let addsUp = accumulate || start > 0
            var packedA = false
            while j < n {
                let width = min(32, n - j)
                pack(rows: b + start * ldb + j, leading: ldb, depth: depth, columns: width, into: scratch)
                var i = 0
                while i < m {
                    let rows = min(8, m - i)
                    let strip = interleaved + i * depth
                    if !packedA { interleave(a + start * lda + i, leading: lda, rows: rows, depth: depth, into: strip) }
                    if rows == 8 && width == 32 {
                        Tile<8>.multiply(depth, strip, rowStride: 1, step: 8, panel: scratch, c + i * ldc + j, leading: ldc, accumulate: addsUp)
                    } else {
                        Block.multiply(
                            rows: rows, columns: width, depth: depth, strip, rowStride: 1, step: 8, panel: scratch, c + i * ldc + j, leading: ldc,
                            accumulate: addsUp)
                    }
                    i += 8
                }
                packedA = true
                j += 32
            }
            start += depth
        }
    }

    /// Tokens per slice of `multiplyTransposed`.
    static let slice = 256
    /// Floats of scratch that `multiplyTransposed` needs for m rows of the result.
    static func outerScratch(rows m: Int) -> Int { slice * 32 + slice * ((m + 7) / 8 * 8) }

    private static func interleave(_ a: UnsafePointer<Float>, leading: Int, rows: Int, depth: Int, into strip: UnsafeMutablePointer<Float>) {
        if rows == 8 {
            for p in 0..<depth {
                let from = UnsafeRawPointer(a + p * leading).loadUnaligned(as: SIMD8<Float>.self)
                UnsafeMutableRawPointer(strip + p * 8).storeBytes(of: from, as: SIMD8<Float>.self)
            }
        } else {
            for p in 0..<depth { for r in 0..<rows { strip[p * 8 + r] = a[p * leading + r] } }
        }
    }
}
