import CSIMD

/// C = A B for any number of rows, B packed in panels of fp32 or bf16: the product of inference.
///
/// Every result is one chain of fused multiply-adds in the order of k (as in `Tile`): its bits depend neither on the
/// other rows, nor on the split of the columns among threads, nor on the width of the registers.
enum PanelProduct {
    /// Multiplies with some of the panels of a k x n matrix.
    ///
    /// - Parameters:
    ///   - a: m x k, row-major.
    ///   - base: where panel 0 starts.
    ///   - range: the panels; panel j gives the columns `width j ..< width (j + 1)`.
    ///   - c: rows of `ldc` floats, a multiple of the panels' width: the last panel's padding is written too (zeros).
    static func multiply(
        _ precision: Precision,
        rows m: Int,
        depth k: Int,
        _ a: UnsafePointer<Float>,
        leading lda: Int,
        panels base: UnsafeRawPointer,
        range: Range<Int>,
        _ c: UnsafeMutablePointer<Float>,
        leading ldc: Int
    ) {
        switch (precision, csimd_vector_bits() >= 512) {
        case (.fp32, true):
            Strips<SinglePanels<SIMD16<Float>>>.multiply(
                rows: m,
                depth: k,
                a,
                leading: lda,
                panels: base,
                range: range,
                c,
                leading: ldc
            )
        case (.fp32, false):
            Strips<SinglePanels<SIMD8<Float>>>.multiply(
                rows: m,
                depth: k,
                a,
                leading: lda,
                panels: base,
                range: range,
                c,
                leading: ldc
            )
        case (.bf16, true):
            Strips<HalfPanels<SIMD16<Float>>>.multiply(
                rows: m,
                depth: k,
                a,
                leading: lda,
                panels: base,
                range: range,
                c,
                leading: ldc
            )
        case (.bf16, false):
            Strips<HalfPanels<SIMD8<Float>>>.multiply(
                rows: m,
                depth: k,
                a,
                leading: lda,
                panels: base,
                range: range,
                c,
                leading: ldc
            )
        }
    }
}

/// Rows in strips as tall as the registers allow, and all about equally tall.
enum Strips<Format: PanelFormat> {
    /// Rows of the tallest strip: with 16 registers of 256 bits 6 x 16 results, with 32 of 512 bits 8 x 32.
    private static var tallest: Int { Format.Lanes.scalarCount == 16 ? 8 : 6 }

    @inline(never) static func multiply(
        rows m: Int,
        depth k: Int,
        _ a: UnsafePointer<Float>,
        leading lda: Int,
        panels base: UnsafeRawPointer,
        range: Range<Int>,
        _ c: UnsafeMutablePointer<Float>,
        leading ldc: Int
    ) {
        let width = 2 * Format.Lanes.scalarCount, strips = (m + tallest - 1) / tallest
        var j = range.lowerBound
        while j < range.upperBound {
            let together = min(range.upperBound - j, side(m))
            let panel = base + j * k * Format.stride
            for s in 0..<strips {
                let i = m * s / strips
                strip(
                    rows: m * (s + 1) / strips - i,
                    panels: together,
                    k,
                    a + i * lda,
                    lda,
                    panel,
                    k * Format.stride,
                    c + i * ldc + j * width,
                    ldc,
                    ahead: together * k * Format.stride
                )
            }
            j += together
        }
    }

    /// Panels that so few rows go through side by side: one chain of sums per register would wait for itself.
    @inline(__always) private static func side(_ rows: Int) -> Int { rows == 1 ? 4 : rows == 2 ? 3 : rows == 3 ? 2 : 1 }

    @inline(__always) private static func strip(
        rows: Int,
        panels: Int,
        _ k: Int,
        _ a: UnsafePointer<Float>,
        _ lda: Int,
        _ b: UnsafeRawPointer,
        _ next: Int,
        _ c: UnsafeMutablePointer<Float>,
        _ ldc: Int,
        ahead: Int
    ) {
        switch (rows, panels) {
        case (1, 4): PanelTile<1, 4, 4, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (2, 3): PanelTile<2, 3, 6, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (1, 2): PanelTile<1, 2, 2, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (2, 2): PanelTile<2, 2, 4, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (3, 2): PanelTile<3, 2, 6, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (1, 3):
            PanelTile<1, 2, 2, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
            PanelTile<1, 1, 1, Format>.multiply(
                k,
                a,
                lda,
                b + 2 * next,
                next,
                c + 4 * Format.Lanes.scalarCount,
                ldc,
                ahead: ahead
            )
        case (1, _): PanelTile<1, 1, 1, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (2, _): PanelTile<2, 1, 2, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (3, _): PanelTile<3, 1, 3, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (4, _): PanelTile<4, 1, 4, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (5, _): PanelTile<5, 1, 5, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (6, _): PanelTile<6, 1, 6, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        case (7, _): PanelTile<7, 1, 7, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        default: PanelTile<8, 1, 8, Format>.multiply(k, a, lda, b, next, c, ldc, ahead: ahead)
        }
    }
}

/// `rows` x `panels` rows of a panel held in registers while k runs; `count` is their product.
///
/// A function of its own for each size: within a larger one the loop's addresses do not stay in registers (a tenth of
/// the time).
private struct PanelTile<let rows: Int, let panels: Int, let count: Int, Format: PanelFormat> {
    /// - Parameters:
    ///   - next: bytes from one panel to the next.
    ///   - ahead: bytes to what is multiplied after this: it comes into the caches while this one is computed, or the
    ///     first rows would wait for the memory and the others would not use it.
    @inline(never) static func multiply(
        _ k: Int,
        _ a: UnsafePointer<Float>,
        _ lda: Int,
        _ b: UnsafeRawPointer,
        _ next: Int,
        _ c: UnsafeMutablePointer<Float>,
        _ ldc: Int,
        ahead: Int
    ) {
        typealias Lanes = Format.Lanes
        var low = InlineArray<count, Lanes>(repeating: .zero)
        var high = InlineArray<count, Lanes>(repeating: .zero)
        let width = Lanes.scalarCount
        var a = a
        var b = b
        for _ in 0..<k {
            csimd_prefetch(b + ahead)
            for p in 0..<panels {
                let (b0, b1) = Format.load(b + p * next)
                for r in 0..<rows {
                    let s = Lanes(repeating: a[r * lda])
                    low[unchecked: p * rows + r] = b0.multiplied(by: s, plus: low[unchecked: p * rows + r])
                    high[unchecked: p * rows + r] = b1.multiplied(by: s, plus: high[unchecked: p * rows + r])
                }
            }
            a += 1
            b += Format.stride
        }
        for p in 0..<panels {
            for r in 0..<rows {
                let row = UnsafeMutableRawPointer(c + r * ldc + p * 2 * width)
                row.storeBytes(of: low[unchecked: p * rows + r], as: Lanes.self)
                row.storeBytes(of: high[unchecked: p * rows + r], toByteOffset: width * 4, as: Lanes.self)
            }
        }
    }
}
