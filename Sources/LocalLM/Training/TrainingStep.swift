/// What one optimizer step did.
public struct TrainingStep: Sendable, Equatable {
    /// From 1.
    public var step: Int
    /// Mean over all target tokens of the global batch (SFT), or over pairs (DPO).
    public var loss: Double
    /// Global norm before clipping.
    public var gradientNorm: Double
    public var learningRate: Double
    /// Tokens that went through the model, prompts included; a prompt that the completions of a pair share counts once.
    public var tokens: Int
    public var targetTokens: Int
    /// DPO: mean of beta (chosen's log-ratio - rejected's).
    public var rewardMargin: Double?
    /// DPO: share of pairs with a positive margin.
    public var rewardAccuracy: Double?
    /// DPO: mean logprob of the chosen completions; its fall is a known failure.
    public var chosenLogprob: Double?

    /// Whether every measured number is one; after a step where one is not, there is nothing to go on with.
    package var isFinite: Bool {
        [loss, gradientNorm, rewardMargin, rewardAccuracy, chosenLogprob].allSatisfy { $0?.isFinite ?? true }
    }
}
