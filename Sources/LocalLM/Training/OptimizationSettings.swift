import ModelFiles

/// Which optimizer, how fast, for how long.
public struct OptimizationSettings: Sendable, Equatable {
    /// How gradients become steps.
    public enum Optimizer: String, Sendable, Codable, CaseIterable {
        /// AdamW (Loshchilov & Hutter 2019); no decay on norms.
        case adamW = "adamw"
        /// Muon (Jordan 2024) on the layers' matrices; embeddings and norms by AdamW at 0.3 of the rate.
        case muon
    }
    /// How the learning rate falls after the warm-up.
    public enum Schedule: String, Sendable, Codable, CaseIterable { case constant, linear, cosine }

    public var optimizer: Optimizer
    /// The highest, at the end of the warm-up.
    public var learningRate: Double
    public var schedule: Schedule
    /// Fraction of the learning rate that linear and cosine end at.
    public var finalFraction: Double
    /// Steps of linear warm-up.
    public var warmupSteps: Int
    /// All steps, warm-up included.
    public var totalSteps: Int
    /// Decoupled: each step subtracts learning rate x decay x weight, from matrices and embeddings only.
    public var weightDecay: Double
    /// Gradients are scaled down to this norm; 0: never.
    public var maximumGradientNorm: Double
    /// AdamW's decay of the mean gradient, per step.
    public var beta1: Double
    /// AdamW's decay of the mean squared gradient, per step.
    public var beta2: Double

    public init(
        optimizer: Optimizer,
        learningRate: Double,
        schedule: Schedule,
        finalFraction: Double = 0,
        warmupSteps: Int = 0,
        totalSteps: Int,
        weightDecay: Double = 0,
        maximumGradientNorm: Double = 1,
        beta1: Double = 0.9,
        beta2: Double = 0.999
    ) {
        self.optimizer = optimizer
        self.learningRate = learningRate
        self.schedule = schedule
        self.finalFraction = finalFraction
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        self.weightDecay = weightDecay
        self.maximumGradientNorm = maximumGradientNorm
        self.beta1 = beta1
        self.beta2 = beta2
    }

    /// Learning rate of a step, counted from 1. Warm-up is linear from 0; as in transformers the first warm-up step has
    /// rate 0 for `warmupSteps` > 0 there; here it has rate / warmupSteps, so that no step is wasted.
    public func learningRate(step: Int) -> Double {
        if step <= warmupSteps { return learningRate * Double(step) / Double(warmupSteps) }
        let span = max(1, totalSteps - warmupSteps)
        let progress = min(1, Double(step - 1 - warmupSteps) / Double(span))
        switch schedule {
        case .constant: return learningRate
        case .linear: return learningRate * (finalFraction + (1 - finalFraction) * (1 - progress))
        case .cosine:
            return learningRate * (finalFraction + (1 - finalFraction) * 0.5 * (1 + (Double.pi * progress).cosine()))
        }
    }

    func validate() throws {
        guard learningRate >= 0, learningRate.isFinite else {
            throw LocalLMError(.input, "learning rate \(learningRate) is not a number from 0 up")
        }
        guard totalSteps > 0 else { throw LocalLMError(.input, "\(totalSteps) training steps: at least one is needed") }
    }
}
