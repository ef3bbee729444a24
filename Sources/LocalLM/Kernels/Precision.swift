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

/// How the matrices of a model that answers and is not trained are held in memory.
public enum WeightFormat: String, Sendable, Codable, CaseIterable {
    case fp32, bf16
    /// A byte a weight, with a scale for each output (row of W): w = s q, s = max |w| / 127, q rounded to the nearest
    /// (absmax quantization by rows, as the weights of LLM.int8(), Dettmers et al. 2022, arXiv 2208.07339; activations
    /// are not quantized here). It changes the model a little, so it is only ever asked for.
    case int8

    public init(_ precision: Precision) { self = precision == .fp32 ? .fp32 : .bf16 }
}
