import LocalLM

/// How a model is fine-tuned, apart from data and schedule: number format, adapter, and what is done to fit into
/// memory. The same for the stages of a campaign (`sft:`, `dpo:`) and for `model train`.
public struct FineTuningSettings: Sendable, Equatable, Codable {
    /// Whether activations are computed a second time in the backward pass instead of being kept.
    public enum GradientCheckpointing: String, Sendable, Codable, CaseIterable {
        /// Where a training would not fit into this machine's memory otherwise.
        case auto
        case on, off
    }

    /// Of the operands of matrix products.
    public var precision: PrecisionChoice
    /// Trains an adapter in place of the weights; nil: the weights.
    public var lora: LoRASettings?
    /// Tokens that pass through the model at once, at most; nil: a whole batch where it fits into this machine's
    /// memory, else as much of it as does.
    public var microBatchTokens: Int?
    public var gradientCheckpointing: GradientCheckpointing

    public init(
        precision: PrecisionChoice = .auto,
        lora: LoRASettings? = nil,
        microBatchTokens: Int? = nil,
        gradientCheckpointing: GradientCheckpointing = .auto
    ) {
        self.precision = precision
        self.lora = lora
        self.microBatchTokens = microBatchTokens
        self.gradientCheckpointing = gradientCheckpointing
    }

    /// What tiny models are trained with: exact everywhere.
    public static let exact = FineTuningSettings(precision: .fp32)
}
