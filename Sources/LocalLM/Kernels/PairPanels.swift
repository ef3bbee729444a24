import CTiles

/// A matrix B[k, n] of bf16 rearranged for dot products of pairs: panels of `Panels.width` columns, each `depth(k)` / 2
/// rows of words, a word holding the neighbours 2p and 2p + 1 along the depth. What is beyond k or n is zero.
enum PairPanels {
    /// The depth that a panel has room for: whole tiles.
    static func depth(_ k: Int) -> Int { ctiles_panel_depth(k) }

    /// Words of one panel.
    static func words(depth k: Int) -> Int { depth(k) / 2 * Panels.width }

    /// Words that the panels of a k x n matrix take.
    static func count(depth k: Int, columns n: Int) -> Int { (n + Panels.width - 1) / Panels.width * words(depth: k) }

    /// From rows: B[p, j] at `source[p * leading + j]`.
    static func pack(
        rows source: UnsafePointer<UInt16>,
        leading: Int,
        depth k: Int,
        columns n: Int,
        into panels: UnsafeMutablePointer<UInt32>
    ) {
        forEachPanel(depth: k, columns: n) { j, count, start in
            ctiles_pack_rows(source + j, leading, k, count, panels + start)
        }
    }

    /// From columns: B[p, j] at `source[j * leading + p]` (the transpose of a row-major n x k matrix).
    static func pack(
        columns source: UnsafePointer<UInt16>,
        leading: Int,
        depth k: Int,
        columns n: Int,
        into panels: UnsafeMutablePointer<UInt32>
    ) {
        forEachPanel(depth: k, columns: n) { j, count, start in
            ctiles_pack_columns(source + j * leading, leading, k, count, panels + start)
        }
    }

    /// - Parameter body: gets a panel's first column, how many columns it has, and the word that it starts with.
    @inline(__always) private static func forEachPanel(
        depth k: Int,
        columns n: Int,
        _ body: (_ column: Int, _ count: Int, _ start: Int) -> Void
    ) {
        for (panel, j) in stride(from: 0, to: n, by: Panels.width).enumerated() {
            body(j, min(Panels.width, n - j), panel * words(depth: k))
        }
    }
}

/// C = A B with operands of bf16 and sums in fp32: the product of training and of inference in bf16.
///
/// Every result is a sum along the depth in an order of its own: its bits depend neither on the other rows, nor on the
/// other columns, nor on the split of either among threads. Two orders exist. With dot products (`vdpbf16ps`), and
/// where they are emulated, a result is one chain of fused multiply-adds, of each pair the odd term before the even
/// one. With AMX (`tdpbf16ps`) blocks of 32 terms are added up, each the sum of its even and its odd terms.
enum PairProduct {
    /// C[m, n] (+)= A[m, k] B[k, n], A row-major, B in panels.
    /// - Parameter panelStride: words from panel to panel; nil: they follow one another.
    @inline(__always) static func multiply(
        rows m: Int,
        columns n: Int,
        depth k: Int,
        _ a: UnsafePointer<UInt16>,
        leading lda: Int,
        panels: UnsafePointer<UInt32>,
        panelStride: Int? = nil,
        _ c: UnsafeMutablePointer<Float>,
        leading ldc: Int,
        accumulate: Bool,
        kernels: TileKernels = .current
    ) {
        guard m > 0, n > 0, k > 0 else { return }
        var product = ctiles_product(
            rows: m,
            columns: n,
            depth: k,
            a: a,
            a_stride: lda,
            panels: panels,
            panel_stride: panelStride ?? PairPanels.words(depth: k),
            c: c,
            c_stride: ldc,
            accumulate: accumulate
        )
        kernels.pairs(&product)
    }
}
