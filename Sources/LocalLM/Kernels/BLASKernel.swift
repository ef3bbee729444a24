import COpenBLAS

/// The kernel that OpenBLAS picked in this process, as the library itself tells it, and whether the processor has wider
/// vectors.
public struct BLASKernel: Sendable {
    /// OpenBLAS's name for it: `SkylakeX`, `Haswell`.
    public let name: String
    /// Bits of a vector that the kernel uses.
    public let vectorBits: Int
    /// Bits of a vector that this program's own kernels use.
    public var processorVectorBits: Int { InstructionSet.current.vectorBits }
    /// Where it is, `OPENBLAS_CORETYPE` is set, or OpenBLAS does not know the processor.
    public var isPinnedBelowProcessor: Bool { vectorBits < processorVectorBits }

    public static let current: BLASKernel = {
        openblas_set_num_threads(1)  // our shards are the threads; OpenBLAS's own would fight them
        let name = String(cString: openblas_get_corename())
        let wide = ["SkylakeX", "Cooperlake", "SapphireRapids"],
            middle = ["Haswell", "Zen", "Excavator", "Sandybridge", "Bulldozer", "Piledriver", "Steamroller"]
        let bits =
            wide.contains { $0.lowercased() == name.lowercased() }
            ? 512 : middle.contains { $0.lowercased() == name.lowercased() } ? 256 : 128
        return BLASKernel(name: name, vectorBits: bits)
    }()
}
