/// Who multiplies matrices: our register tiles over packed panels, OpenBLAS, or, in bf16 where the processor can,
/// oneDNN.
///
/// The choice follows from the model's size and the processor alone, never from timing, because the bytes of a model
/// depend on it. Up to `panelParameters` the weights are packed once per step and both caches and cores are used better
/// by the tiles (small products: 1.2 to 5 times OpenBLAS); above it, packed copies would double the memory and OpenBLAS
/// reaches the same speed. Where OpenBLAS runs a kernel narrower than the processor's vectors, the tiles always win.
public enum MatrixBackend: String, Sendable {
    case panels
    case openBLAS
    case oneDNN

    static let panelParameters = 32_000_000

    public static func choose(parameters: Int, _ precision: Precision = .fp32) -> MatrixBackend {
        if precision == .bf16 && OneDNN.hasBFloat16 { return .oneDNN }
        if parameters <= panelParameters { return .panels }
        return BLASKernel.current.isPinnedBelowProcessor ? .panels : .openBLAS
    }
}
