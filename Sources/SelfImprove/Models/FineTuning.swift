import LocalLM

/// Trains a policy: SFT, or DPO against what it was before.
enum FineTuning {
    /// What training did, kept with the model.
    struct Summary: Sendable, Equatable, Codable {
        var optimizer: String
        var learningRate: Double
        var batchTokens: Int
        var steps: Int
        var rows: Int
        /// Rows whose prompt is no prefix of the conversation, or that are too long.
        var droppedRows: Int
        var tokens: Int
        /// Mean over the first and the last tenth of the steps.
        var firstLoss: Double
        var lastLoss: Double
        var largestGradientNorm: Double
        /// DPO, over the last tenth.
        var rewardMargin: Double?
        var rewardAccuracy: Double?
        /// Of the chosen answers, before and after: its fall is a known failure.
        var firstChosenLogprob: Double?
        var lastChosenLogprob: Double?
    }

    /// - Throws: `.failed` where training diverged or no row is usable; `LocalLMError` where it would not fit into memory.
    static func sft(
        _ policy: Checkpoint,
        _ rows: [TrainingSet.Supervised],
        _ settings: CampaignConfiguration.SFT,
        seed: UInt64,
        threads: Int,
        training: ResumableTraining,
        progress: StepProgress
    ) async throws -> (Checkpoint, Summary) {
        try await Computation.run("SFT") { cancellation in
            let limit = policy.configuration.maximumPositions
            let examples = try rows.map { try policy.example($0.row).flatMap { $0.ids.count <= limit ? $0 : nil } }
            let usable = examples.indices.filter { examples[$0] != nil }
            let plan = TrainingPlan.batches(
                lengths: usable.map { examples[$0]!.ids.count },
                weights: usable.map { rows[$0].weight },
                batchTokens: settings.optimization.batchTokens,
                epochs: settings.epochs,
                tokens: settings.tokens,
                seed: seed
            )
            guard !plan.isEmpty else { throw noRows(rows.count) }
            let batches = plan.map { $0.map { examples[usable[$0]]! } },
                optimization = settings.optimization.settings(steps: plan.count)
            try TrainingMemory(
                policy.configuration,
                optimizer: optimization.optimizer,
                threads: threads,
                batches: batches
            ).check()
            let weights = policy.weights.copy()
            let trainer = try SFTTrainer(weights: weights, settings: optimization, threads: threads)
            let log = try training.run(trainer, steps: plan.count, cancellation) {
                try checked(trainer.step(batches[$0]), of: plan.count)
            } report: {
                report($0, of: plan.count, progress)
            }
            return (
                policy.replacing(weights), summary(log, settings.optimization, rows: rows.count, usable: usable.count)
            )
        }
    }

    /// The reference is `policy` as it comes in; its logprobs are computed once.
    static func dpo(
        _ policy: Checkpoint,
        _ rows: [TrainingSet.Preference],
        _ settings: CampaignConfiguration.DPO,
        seed: UInt64,
        threads: Int,
        training: ResumableTraining,
        progress: StepProgress
    ) async throws -> (Checkpoint, Summary) {
        try await Computation.run("DPO") { cancellation in
            let limit = policy.configuration.maximumPositions
            let pairs = try rows.compactMap { row in
                try policy.preferenceExample(row.row).flatMap {
                    $0.chosen.ids.count <= limit && $0.rejected.ids.count <= limit ? $0 : nil
                }
            }
            guard !pairs.isEmpty else { throw noRows(rows.count) }
            let plan = TrainingPlan.batches(
                lengths: pairs.map { $0.chosen.ids.count + $0.rejected.ids.count },
                weights: pairs.map { _ in 1 },
                batchTokens: settings.optimization.batchTokens,
                epochs: settings.epochs,
                tokens: nil,
                seed: seed
            )
            let optimization = settings.optimization.settings(steps: plan.count)
            try TrainingMemory(
                policy.configuration,
                optimizer: optimization.optimizer,
                threads: threads,
                batches: plan.map { $0.flatMap { [pairs[$0].chosen, pairs[$0].rejected] } }
            ).check()
            let weights = policy.weights.copy()
            let trainer = try DPOTrainer(
                weights: weights,
                settings: optimization,
                beta: settings.beta,
                nllWeight: settings.nllWeight,
                threads: threads
            )
            let referenced = try trainer.reference(pairs)
            let log = try training.run(trainer, steps: plan.count, cancellation) {
                try checked(trainer.step(plan[$0].map { referenced[$0] }), of: plan.count)
            } report: {
                report($0, of: plan.count, progress)
            }
            return (
                policy.replacing(weights), summary(log, settings.optimization, rows: rows.count, usable: pairs.count)
            )
        }
    }

    private static func checked(_ step: TrainingStep, of steps: Int) throws -> TrainingStep {
        guard step.loss.isFinite, step.gradientNorm.isFinite else {
            throw SelfImproveError(
                .failed,
                "training diverged at step \(step.step) of \(steps): the loss is \(step.loss)",
                hint: "lower learning_rate, or raise warmup_steps"
            )
        }
        return step
    }

    private static func report(_ log: [TrainingStep], of steps: Int, _ progress: StepProgress) {
        progress.report(done: log.count, total: steps, unit: "steps", note: log.last.map { "loss \(short($0.loss))" })
    }

    private static func summary(
        _ log: [TrainingStep],
        _ optimization: CampaignConfiguration.Optimization,
        rows: Int,
        usable: Int
    ) -> Summary {
        let tenth = max(1, log.count / 10)
        func mean(_ steps: ArraySlice<TrainingStep>, _ value: (TrainingStep) -> Double) -> Double {
            steps.reduce(0) { $0 + value($1) } / Double(steps.count)
        }
        let isDPO = log[0].rewardMargin != nil
        return Summary(
            optimizer: optimization.optimizer.rawValue,
            learningRate: optimization.learningRate,
            batchTokens: optimization.batchTokens,
            steps: log.count,
            rows: rows,
            droppedRows: rows - usable,
            tokens: log.reduce(0) { $0 + $1.tokens },
            firstLoss: mean(log.prefix(tenth), \.loss),
            lastLoss: mean(log.suffix(tenth), \.loss),
            largestGradientNorm: log.map(\.gradientNorm).max()!,
            rewardMargin: isDPO ? mean(log.suffix(tenth)) { $0.rewardMargin! } : nil,
            rewardAccuracy: isDPO ? mean(log.suffix(tenth)) { $0.rewardAccuracy! } : nil,
            firstChosenLogprob: isDPO ? mean(log.prefix(tenth)) { $0.chosenLogprob! } : nil,
            lastChosenLogprob: isDPO ? mean(log.suffix(tenth)) { $0.chosenLogprob! } : nil
        )
    }

    private static func noRows(_ count: Int) -> SelfImproveError {
        SelfImproveError(
            .failed,
            count == 0 ? "there is nothing to train on" : "none of the \(count) rows fits the model",
            hint: "look at the round with: selfimprove samples CAMPAIGN"
        )
    }

    private static func short(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
}

extension CampaignConfiguration.Optimization {
    /// The trainer's own settings, for a plan of so many steps. Warm-up takes at most a fifth of them.
    func settings(steps: Int) -> OptimizationSettings {
        let optimizer: OptimizationSettings.Optimizer =
            switch optimizer {
            case .adamw: .adamW
            case .muon: .muon
            }
        let schedule: OptimizationSettings.Schedule =
            switch schedule {
            case .constant: .constant
            case .linear: .linear
            case .cosine: .cosine
            }
        return OptimizationSettings(
            optimizer: optimizer,
            learningRate: learningRate,
            schedule: schedule,
            finalFraction: finalFraction,
            warmupSteps: min(warmupSteps, steps / 5),
            totalSteps: steps,
            weightDecay: weightDecay,
            maximumGradientNorm: maximumGradientNorm
        )
    }
}
