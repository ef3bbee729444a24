import CTiles

/// C = A B in fp32 arithmetic for any number of rows, B packed in panels of fp32 (`Panels`), of bf16 (`PairPanels`) or
/// of bytes (`BytePanels`): the product of inference that is exact for the weights that it is given.
///
/// Every result is one chain of fused multiply-adds in the order of k (as in `Block`): its bits depend neither on the
/// other rows, nor on the split of the columns among threads, nor on the width of the registers.
enum PanelProduct {
    /// Multiplies with some of the panels of a k x n matrix.
    ///
    /// - Parameters:
    ///   - a: m x k, row-major.
    ///   - base: where the first of the panels starts.
    ///   - panels: how many; each gives `Panels.width` columns.
    ///   - c: rows of `ldc` floats; the last panel's padding is written too (zeros).
    static func multiply(
        _ format: WeightFormat,
        rows m: Int,
        depth k: Int,
        _ a: UnsafePointer<Float>,
        leading lda: Int,
        panels base: UnsafeRawPointer,
        count: Int,
        _ c: UnsafeMutablePointer<Float>,
        leading ldc: Int
    ) {
        var strips = ctiles_strips(
            rows: m,
            depth: k,
            panels: count,
            a: a,
            a_stride: lda,
            b: base,
            c: c,
            c_stride: ldc
        )
        switch format {
        case .fp32: TileKernels.current.strips(&strips)
        case .bf16: TileKernels.current.halfStrips(&strips)
        case .int8: TileKernels.current.byteStrips(&strips)
        }
    }
}
