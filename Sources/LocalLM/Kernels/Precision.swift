/// The number format of the operands of matrix products: activations and weights in training; weights, keys and values
/// in inference. Sums are fp32 in either, and so are weights, gradients, optimizer, softmax, norms and loss of
/// training.
public enum Precision: String, Sendable, Codable, CaseIterable {
    case fp32
    /// Rounded to the nearest, ties to even: half of the memory and of the traffic where it is stored so. Training with
    /// it is mixed precision with fp32 master weights (Micikevicius et al. 2018, Kalamkar et al. 2019). Where the
    /// processor has no bf16 instructions the same bits are computed with those of fp32, no faster than fp32.
    case bf16

    /// For training: bf16 where the processor multiplies it in hardware, else fp32.
    public static var automatic: Precision { InstructionSet.current.hasBFloat16 ? .bf16 : .fp32 }

    /// Of a weight on disk.
    public var bytesPerWeight: Int { bytes }

    var bytes: Int { self == .fp32 ? 4 : 2 }
}
