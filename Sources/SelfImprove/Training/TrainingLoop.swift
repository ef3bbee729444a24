import LocalLM
import ModelFiles

/// Rows to train on.
package enum TrainingData: Sendable {
    case supervised([SFTRow])
    case preferences([PreferenceRow])
    /// Token ids, for models that are trained from nothing.
    case examples([Example])
}

/// The one training loop: rows become examples, examples become a plan of batches, and a trainer walks through the
/// plan.
///
/// It blocks its thread; run it on `Computation`.
package struct TrainingLoop {
    private let job: TrainingJob
    private let trainer: Method
    private let parameters: any ModelParameters
    /// Steps of micro-batches of indices into the usable rows.
    private let plan: [[[Int]]]
    private let given: Int
    package let adapter: Adapter?
    /// What DPO refers to; nil: the base.
    private let reference: Checkpoint?
    /// Rows that cannot be trained on: too long, without a target, or with a prompt that is no prefix of the
    /// conversation.
    package let dropped: Int
    /// Those of them whose prompt is no prefix, or that have nothing after it, whatever the limit.
    package let unlike: Int

    /// What was done to fit into memory.
    package let fit: TrainingFit

    package var steps: Int { plan.count }

    /// Bytes that training may plan with: what a machine has, less an eighth for models that answer meanwhile; nil
    /// where the system does not tell.
    package static var capacity: Int? { TrainingMemory.capacity().map { $0 / 8 * 7 } }

    private enum Method {
        case sft(SFTTrainer, [Example])
        case dpo(DPOTrainer, [PreferenceExample])
    }

    /// Checks everything that can be checked before the first step.
    /// - Parameters:
    ///   - base: is not changed.
    ///   - reference: the model that the job refers to; nil: the base.
    ///   - place: what errors call a row, by its index.
    /// - Throws: `TrainingFailure.noRows`; `LocalLMError` where training would not fit into memory.
    package init(
        _ job: TrainingJob,
        base: Checkpoint,
        adapter: Adapter? = nil,
        reference: Checkpoint? = nil,
        data: TrainingData,
        place: (Int) -> String = { "row \($0 + 1)" }
    ) throws {
        self.job = job
        self.adapter = adapter
        self.reference = reference
        let limit = min(job.maximumLength ?? .max, base.configuration.maximumPositions)
        let cut = job.cutsLongRows ? limit : nil
        var usable: [Int] = [], unlike = 0
        var examples: [Example] = [], pairs: [PreferenceExample] = []
        switch data {
        case .supervised(let rows):
            given = rows.count
            for (index, row) in rows.enumerated() {
                let example = try Self.named(place, index) { try base.example(row, maximumLength: cut) }
                guard let example, example.ids.count <= limit else {
                    if try example == nil && base.example(row) == nil { unlike += 1 }
                    continue
                }
                usable.append(index)
                examples.append(example)
            }
        case .examples(let rows):
            given = rows.count
            usable = Array(rows.indices)
            examples = rows
        case .preferences(let rows):
            given = rows.count
            for (index, row) in rows.enumerated() {
                let pair = try Self.named(place, index) { try base.preferenceExample(row, maximumLength: cut) }
                guard let pair, pair.chosen.ids.count <= limit, pair.rejected.ids.count <= limit else {
                    if try pair == nil && base.preferenceExample(row) == nil { unlike += 1 }
                    continue
                }
                usable.append(index)
                pairs.append(pair)
            }
        }
        let memory = examples.map { [$0] } + pairs.map { [$0.chosen, $0.rejected] }
        let lengths = memory.map { $0.reduce(0) { $0 + $1.ids.count } }
        dropped = given - usable.count
        let all = job.weights.values(given)
        let batches = TrainingPlan.steps(job.batches, lengths: lengths, weights: usable.map { all[$0] }, seed: job.seed)
        self.unlike = unlike
        guard !batches.isEmpty else { throw TrainingFailure.noRows(given: given, unlike: unlike) }
        let settings = job.settings(steps: batches.count)
        let isFrozen = adapter != nil && base.parameters is FrozenWeights
        let fit = try TrainingFit.choose(
            batches: Array(batches.joined()),
            lengths: lengths,
            microBatchTokens: job.microBatchTokens,
            activations: job.gradientCheckpointing == .on ? .checkpoint : nil,
            mayCheckpoint: job.gradientCheckpointing == .auto,
            capacity: Self.capacity.map { $0 - (reference?.parameters.byteCount ?? 0) } ?? .max
        ) { parts, activations in
            try TrainingMemory(
                base.configuration,
                adapter: adapter?.settings,
                optimizer: settings.optimizer,
                precision: job.precision,
                threads: job.threads,
                batches: parts.map { $0.flatMap { memory[$0] } },
                memory: activations,
                isFrozen: isFrozen
            )
        }
        try fit.memory.check()
        parameters = adapter == nil ? try base.trainableWeights() : base.parameters
        self.fit = fit
        plan = batches.map {
            $0.flatMap { TrainingFit.split($0, lengths: lengths, tokens: fit.microBatchTokens) }
        }
        switch job.method {
        case .sft:
            trainer = .sft(
                try SFTTrainer(
                    weights: parameters,
                    adapter: adapter,
                    settings: settings,
                    precision: job.precision,
                    threads: job.threads,
                    memory: fit.activations
                ),
                examples
            )
        case .dpo(let beta, let nllWeight):
            trainer = .dpo(
                try DPOTrainer(
                    weights: parameters,
                    adapter: adapter,
                    settings: settings,
                    beta: beta,
                    nllWeight: nllWeight,
                    precision: job.precision,
                    threads: job.threads,
                    memory: fit.activations
                ),
                pairs
            )
        }
    }

    /// Walks through the plan, from where an earlier process was cut off.
    /// - Parameters:
    ///   - reference: hears of the pass over all pairs that DPO makes first: pairs done.
    ///   - stepped: hears of every step that this process does, and how long it took.
    ///   - report: gets the log after every step, and first what need not be done again.
    /// - Returns: the trained `Weights`, or the base's own parameters where an adapter was trained; and what training
    ///   did.
    /// - Throws: `TrainingFailure.diverged`, `CancellationError`.
    package func run(
        _ training: ResumableTraining,
        _ cancellation: Computation.Cancellation,
        keepsEnd: Bool = false,
        reference: @escaping @Sendable (Int) -> Void = { _ in },
        stepped: (TrainingStep, Duration) throws -> Void = { _, _ in },
        report: ([TrainingStep]) -> Void
    ) throws -> (parameters: any ModelParameters, report: TrainingReport) {
        let log: [TrainingStep]
        switch trainer {
        case .sft(let trainer, let examples):
            log = try walk(trainer, training, cancellation, keepsEnd, stepped, report) { batch in
                try trainer.step(batch.map { $0.map { examples[$0] } })
            }
        case .dpo(let trainer, let pairs):
            let referenced = try (frozen() ?? trainer).reference(pairs) {
                reference($0)
                try cancellation.check()
            }
            log = try walk(trainer, training, cancellation, keepsEnd, stepped, report) { batch in
                try trainer.step(batch.map { $0.map { referenced[$0] } })
            }
        }
        return (parameters, TrainingReport(job, fit: fit, log: log, rows: given, dropped: dropped))
    }

    /// The other model that DPO refers to, in the arithmetic of training; nil: there is none. It is never trained: an
    /// adapter of rank 1, which changes nothing before its first step, saves the gradients of its weights.
    private func frozen() throws -> DPOTrainer? {
        guard let reference, case .dpo(let beta, _) = job.method else { return nil }
        return try DPOTrainer(
            weights: reference.parameters,
            adapter: Adapter(LoRASettings(rank: 1, alpha: 1), for: reference.configuration, seed: job.seed),
            settings: job.settings(steps: steps),
            beta: beta,
            precision: job.precision,
            threads: job.threads,
            memory: fit.activations
        )
    }

    /// What is wrong with a row gets the row's number, from 1.
    private static func named<Result>(_ place: (Int) -> String, _ index: Int, _ body: () throws -> Result) throws
        -> Result
    {
        do { return try body() } catch let error as LocalLMError {
            throw LocalLMError(
                error.code,
                error.message,
                context: error.context ?? place(index),
                hint: error.hint
            )
        }
    }

    /// Whether what is trained still consists of numbers: a step's loss is that of the weights before it.
    private var isFinite: Bool { adapter?.isFinite ?? (parameters as? Weights)?.isFinite ?? true }

    private func walk(
        _ trainer: some Trainer,
        _ training: ResumableTraining,
        _ cancellation: Computation.Cancellation,
        _ keepsEnd: Bool,
        _ stepped: (TrainingStep, Duration) throws -> Void,
        _ report: ([TrainingStep]) -> Void,
        step: ([[Int]]) throws -> TrainingStep
    ) throws -> [TrainingStep] {
        let clock = ContinuousClock()
        let log = try training.run(
            trainer,
            steps: plan.count,
            cancellation,
            step: { index in
                let start = clock.now, done = try step(plan[index])
                guard done.isFinite, index + 1 < plan.count || isFinite else {
                    throw TrainingFailure.diverged(done, of: plan.count)
                }
                try stepped(done, clock.now - start)
                return done
            },
            report: report
        )
        if keepsEnd { try training.keep(trainer, log) }
        return log
    }
}
