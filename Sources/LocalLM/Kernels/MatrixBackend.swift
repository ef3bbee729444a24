/// Who multiplies matrices: in fp32 our register tiles over packed panels, or OpenBLAS; in bf16 our tiles over panels
/// of pairs.
///
/// The choice follows from the model's size, the precision and the processor alone, never from timing, because the
/// bytes of a model depend on it. Up to `panelParameters` the weights are packed once per step and both caches and
/// cores are used better by the tiles (small products: 1.2 to 5 times OpenBLAS); above it, packed copies would double
/// the memory and OpenBLAS reaches the same speed. Where OpenBLAS runs a kernel narrower than the processor's vectors,
/// the tiles always win.
public enum MatrixBackend: String, Sendable {
    case panels
    case openBLAS
    case pairs

    static let panelParameters = 32_000_000

    /// Over frozen weights, whatever their number: products with W as it lies in its file, or widened in parts.
    static func frozen(_ precision: Precision) -> MatrixBackend {
        precision == .bf16 ? .pairs : .openBLAS
    }

    public static func choose(parameters: Int, _ precision: Precision = .fp32) -> MatrixBackend {
        if precision == .bf16 { return .pairs }
        if parameters <= panelParameters { return .panels }
        return BLASKernel.current.isPinnedBelowProcessor ? .panels : .openBLAS
    }
}
