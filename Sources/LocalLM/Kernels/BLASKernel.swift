import COpenBLAS
import CSIMD

/// The kernel that OpenBLAS picked in this process, as the library itself tells it, and whether the processor has wider
/// vectors.
public struct BLASKernel: Sendable {
    /// OpenBLAS's name for it: `SkylakeX`, `Haswell`.
    public let name: String
    /// Bits of a vector that the kernel uses.
    public let vectorBits: Int
    /// Bits of a vector that this program was compiled for: the processor's, but in a portable build.
    public let processorVectorBits: Int
    /// Where it is, `OPENBLAS_CORETYPE` is set, or OpenBLAS does not know the processor.
    public var isPinnedBelowProcessor: Bool { vectorBits < processorVectorBits }

    /// Whether this processor multiplies bf16 in hardware.
    public static var hasBFloat16: Bool { OneDNN.hasBFloat16 }

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
