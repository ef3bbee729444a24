import LocalLM

extension TrainingJob {
    /// The job of a stage, as a campaign's configuration describes it. Warm-up takes at most a fifth of the steps.
    init(
        base: String,
        dataset: String,
        method: Method,
        reference: String? = nil,
        _ optimization: CampaignConfiguration.Optimization,
        tuning: FineTuningSettings,
        storage: Precision?,
        epochs: Double?,
        budget: Int? = nil,
        weights: RowWeights = .equal,
        seed: UInt64,
        threads: Int
    ) {
        self.init(
            base: base,
            dataset: dataset,
            method: method,
            reference: reference,
            optimizer: optimization.optimizer,
            learningRate: optimization.learningRate,
            schedule: optimization.schedule,
            finalFraction: optimization.finalFraction,
            warmupSteps: optimization.warmupSteps,
            limitsWarmup: true,
            weightDecay: optimization.weightDecay,
            maximumGradientNorm: optimization.maximumGradientNorm,
            batches: .byTokens(optimization.batchTokens, epochs: epochs, budget: budget),
            weights: weights,
            tuning: tuning,
            storage: storage,
            seed: seed,
            threads: threads
        )
    }
}
