import COpenBLAS
import CSIMD

/// Who multiplies matrices: our register tiles over packed panels, OpenBLAS, or, in bf16 where the processor can, oneDNN.
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

/// The kernel that OpenBLAS picked in this process, and whether the processor has wider vectors than it uses.
public struct BLASKernel: Sendable {
    public let name: String
    /// Bits per vector that the kernel uses, and that this program was compiled for.
    public let vectorBits: Int
    public let processorVectorBits: Int
    public var isPinnedBelowProcessor: Bool { vectorBits < processorVectorBits }

    public static let current: BLASKernel = {
        openblas_set_num_threads(1)  // our shards are the threads; OpenBLAS's own would fight them
        let name = String(cString: openblas_get_corename())
        let wide = ["SkylakeX", "Cooperlake", "SapphireRapids"],
            middle = ["Haswell", "Zen", "Excavator", "Sandybridge", "Bulldozer", "Piledriver", "Steamroller"]
        let bits =
            wide.contains { $0.lowercased() == name.lowercased() }
            ? 512 : middle.contains { $0.lowercased() == name.lowercased() } ? 256 : 128
        return BLASKernel(name: name, vectorBits: bits, processorVectorBits: Int(csimd_vector_bits()))
    }()
}
