import LocalLM

/// The number format that a user asks for: of matrix products in training, of weights in inference and in files.
public enum PrecisionChoice: String, Sendable, Codable, CaseIterable {
    case auto
    case fp32, bf16

    /// For training on this machine; `auto`: bf16 where the processor multiplies it in hardware, else fp32.
    public var training: Precision { weights ?? .automatic }

    /// Nil for `auto`: as the weights came, which changes none of them.
    public var weights: Precision? {
        switch self {
        case .auto: nil
        case .fp32: .fp32
        case .bf16: .bf16
        }
    }
}
