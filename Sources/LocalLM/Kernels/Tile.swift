import CSIMD

/// The innermost product: `rows` x 32 (`Tile`) or `rows` x 16 (`NarrowTile`) results held in registers while k runs.
///
/// Every result is one chain of fused multiply-adds in the order of k, so a row's result does not depend on how many
/// other rows are computed with it, nor on the shape of the tile: the same sequence gives the same bits alone and in a
/// batch, with AVX2 and with AVX-512.
struct Tile<let rows: Int> {
    /// C[rows, 32] (+)= A[rows, k] B[k, 32].
    ///
    /// - Parameters:
    ///   - a: element (r, p) at `a[r * rowStride + p * step]`; one of the strides is 1.
    ///   - panel: B, packed: 32 floats per p.
    ///   - c: row r starts at `c[r * leading]`.
    @inline(__always) static func multiply(
        _ k: Int,
        _ a: UnsafePointer<Float>,
        rowStride: Int,
        step: Int,
        panel: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        leading: Int,
        accumulate: Bool
    ) {
        var low = InlineArray<rows, Vector>(repeating: .zero)
        var high = InlineArray<rows, Vector>(repeating: .zero)
        var a = a
        var b = panel
        for _ in 0..<k {
            let b0 = b.vector(0), b1 = b.vector(16)
            for r in 0..<rows {
                let s = Vector(repeating: a[r * rowStride])
                low[unchecked: r] = b0.multiplied(by: s, plus: low[unchecked: r])
                high[unchecked: r] = b1.multiplied(by: s, plus: high[unchecked: r])
            }
            a += step
            b += 32
        }
        for r in 0..<rows {
            let row = c + r * leading
            if accumulate {
                row.store(row.vector(0) + low[unchecked: r], at: 0)
                row.store(row.vector(16) + high[unchecked: r], at: 16)
            } else {
                row.store(low[unchecked: r], at: 0)
                row.store(high[unchecked: r], at: 16)
            }
        }
    }
}

/// The tile for registers of 256 bits.
struct NarrowTile<let rows: Int> {
    /// C[rows, 16] (+)= A[rows, k] B[k, 16], arguments as in `Tile`.
    @inline(__always) static func multiply(
        _ k: Int,
        _ a: UnsafePointer<Float>,
        rowStride: Int,
        step: Int,
        panel: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        leading: Int,
        accumulate: Bool
    ) {
        var sums = InlineArray<rows, Vector>(repeating: .zero)
        var a = a
        var b = panel
        for _ in 0..<k {
            let b0 = b.vector(0)
            for r in 0..<rows {
                sums[unchecked: r] = b0.multiplied(by: Vector(repeating: a[r * rowStride]), plus: sums[unchecked: r])
            }
            a += step
            b += 16
        }
        for r in 0..<rows {
            let row = c + r * leading
            row.store(accumulate ? row.vector(0) + sums[unchecked: r] : sums[unchecked: r], at: 0)
        }
    }
}

/// Products of blocks with any number of rows and columns, built from tiles.
enum Block {
    /// Rows of the tallest tile, and columns of a tile and so of a panel: what the registers hold. With AVX-512, 8 x 32
    /// results are 16 of 32 registers and keep both vector units busy (two loads and eight broadcasts per sixteen
    /// multiply-adds); with AVX2, 6 x 16 are 12 of 16.
    static var rows: Int { isWide ? 8 : 6 }
    static var columns: Int { isWide ? 32 : 16 }
    private static var isWide: Bool { csimd_vector_bits() >= 512 }

    /// C[m, n] (+)= A[m, k] B[k, n] for one packed panel of B, n <= `columns` (the panel is padded with zeros).
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
        if n < columns {
            partial(
                rows: m,
                columns: n,
                depth: k,
                a,
                rowStride: rowStride,
                step: step,
                panel: panel,
                c,
                leading: leading,
                accumulate: accumulate
            )
        } else if isWide {
            wide(
                rows: m,
                depth: k,
                a,
                rowStride: rowStride,
                step: step,
                panel: panel,
                c,
                leading: leading,
                accumulate: accumulate
            )
        } else {
            narrow(
                rows: m,
                depth: k,
                a,
                rowStride: rowStride,
                step: step,
                panel: panel,
                c,
                leading: leading,
                accumulate: accumulate
            )
        }
    }

    /// 8 rows at a time, panels of 32 columns.
    @inline(__always) static func wide(
        rows m: Int,
        depth k: Int,
        _ a: UnsafePointer<Float>,
        rowStride: Int,
        step: Int,
        panel: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        leading: Int,
        accumulate: Bool
    ) {
        var i = 0
        if step == 1 {
            while i + 8 <= m {
                Tile<8>.multiply(
                    k,
                    a + i * rowStride,
                    rowStride: rowStride,
                    step: 1,
                    panel: panel,
                    c + i * leading,
                    leading: leading,
                    accumulate: accumulate
                )
                i += 8
            }
        } else {
            while i + 8 <= m {
                Tile<8>.multiply(
                    k,
                    a + i * rowStride,
                    rowStride: 1,
                    step: step,
                    panel: panel,
                    c + i * leading,
                    leading: leading,
                    accumulate: accumulate
                )
                i += 8
            }
        }
        if i + 4 <= m {
            Tile<4>.multiply(
                k,
                a + i * rowStride,
                rowStride: rowStride,
                step: step,
                panel: panel,
                c + i * leading,
                leading: leading,
                accumulate: accumulate
            )
            i += 4
        }
        if i + 2 <= m {
            Tile<2>.multiply(
                k,
                a + i * rowStride,
                rowStride: rowStride,
                step: step,
                panel: panel,
                c + i * leading,
                leading: leading,
                accumulate: accumulate
            )
            i += 2
        }
        if i < m {
            Tile<1>.multiply(
                k,
                a + i * rowStride,
                rowStride: rowStride,
                step: step,
                panel: panel,
                c + i * leading,
                leading: leading,
                accumulate: accumulate
            )
        }
    }

    /// 6 rows at a time (the last 8 as 4 and 4), panels of 16 columns.
    @inline(__always) static func narrow(
        rows m: Int,
        depth k: Int,
        _ a: UnsafePointer<Float>,
        rowStride: Int,
        step: Int,
        panel: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        leading: Int,
        accumulate: Bool
    ) {
        var i = 0
        if step == 1 {
            while i + 6 <= m && i + 8 != m {
                NarrowTile<6>.multiply(
                    k,
                    a + i * rowStride,
                    rowStride: rowStride,
                    step: 1,
                    panel: panel,
                    c + i * leading,
                    leading: leading,
                    accumulate: accumulate
                )
                i += 6
            }
        } else {
            while i + 6 <= m && i + 8 != m {
                NarrowTile<6>.multiply(
                    k,
                    a + i * rowStride,
                    rowStride: 1,
                    step: step,
                    panel: panel,
                    c + i * leading,
                    leading: leading,
                    accumulate: accumulate
                )
                i += 6
            }
        }
        while i + 4 <= m {
            NarrowTile<4>.multiply(
                k,
                a + i * rowStride,
                rowStride: rowStride,
                step: step,
                panel: panel,
                c + i * leading,
                leading: leading,
                accumulate: accumulate
            )
            i += 4
        }
        if i + 2 <= m {
            NarrowTile<2>.multiply(
                k,
                a + i * rowStride,
                rowStride: rowStride,
                step: step,
                panel: panel,
                c + i * leading,
                leading: leading,
                accumulate: accumulate
            )
            i += 2
        }
        if i < m {
            NarrowTile<1>.multiply(
                k,
                a + i * rowStride,
                rowStride: rowStride,
                step: step,
                panel: panel,
                c + i * leading,
                leading: leading,
                accumulate: accumulate
            )
        }
    }

    /// The last, narrower panel: full tiles into a small buffer, then the columns that exist.
    @inline(never) private static func partial(
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
        withUnsafeTemporaryAllocation(byteCount: Self.rows * Self.columns * 4, alignment: 64) { raw in
            let buffer = raw.baseAddress!.assumingMemoryBound(to: Float.self)
            var i = 0
            while i < m {
                let rows = min(Self.rows, m - i)
                multiply(
                    rows: rows,
                    columns: Self.columns,
                    depth: k,
                    a + i * rowStride,
                    rowStride: rowStride,
                    step: step,
                    panel: panel,
                    buffer,
                    leading: Self.columns,
                    accumulate: false
                )
                for r in 0..<rows {
                    let from = buffer + r * Self.columns, to = c + (i + r) * leading
                    if accumulate {
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
