import ModelFiles

/// Supervised fine-tuning on completions: L = -(1 / M) sum over all M target tokens of the global batch of log
/// p(token).
///
/// The mean is over the global batch, also across micro-batches, so accumulating 8 x 1 rows equals 1 x 8 rows
/// (per-micro-batch means weight short rows more; transformers issue 34191).
///
///     let model = try Checkpoint.load(directory), weights = model.weights.copy()
///     let settings = OptimizationSettings(
///         optimizer: .adamW, learningRate: 2e-5, schedule: .linear, totalSteps: batches.count
///     )
///     let trainer = try SFTTrainer(weights: weights, settings: settings, threads: 2)
///     for batch in batches { print(try trainer.step(batch.compactMap { try model.example($0) }).loss) }
///     try model.replacing(weights).save(to: output)
public final class SFTTrainer: Trainer {
    private let engine: TrainingEngine
    /// The state between steps, for snapshots.
    public var run: TrainingRun { TrainingRun(engine: engine) }
    /// Whether cores share a long sequence.
    var cutsSequences: Bool {
        get { engine.cutsSequences }
        set { engine.cutsSequences = newValue }
    }

    /// Trains `weights` in place, or `adapter`, while the weights stay as they are; frozen weights take an adapter.
    /// - Parameter memory: which activations are kept; nil: as the model's size asks for.
    /// - Throws: `LocalLMError` for settings that make no sense, and for an adapter of another shape.
    public init(
        weights: any ModelParameters,
        adapter: Adapter? = nil,
        settings: OptimizationSettings,
        precision: Precision = .fp32,
        threads: Int,
        memory: ActivationMemory? = nil
    ) throws {
        engine = try TrainingEngine(
            weights: weights,
            adapter: adapter,
            settings: settings,
            precision: precision,
            threads: threads,
            memory: memory
        )
    }

    /// Trains a slice of a larger model, with the backend and the memory policy that the whole one (`sizedAs`
    /// parameters) would get.
    init(
        weights: any ModelParameters,
        adapter: Adapter?,
        settings: OptimizationSettings,
        precision: Precision,
        threads: Int,
        memory: ActivationMemory?,
        sizedAs: Int
    ) throws {
        engine = try TrainingEngine(
            weights: weights,
            adapter: adapter,
            settings: settings,
            precision: precision,
            threads: threads,
            memory: memory,
            sizedAs: sizedAs
        )
    }

    /// One optimizer step on one batch.
    public func step(_ batch: [Example]) throws -> TrainingStep { try step([batch]) }

    /// One optimizer step on the union of the micro-batches, which pass through the model one after another.
    ///
    /// - Throws: `LocalLMError` for rows without targets, too long rows, or ids outside the vocabulary; the weights are
    ///   then unchanged.
    public func step(_ microBatches: [[Example]]) throws -> TrainingStep {
        for row in microBatches.joined() { try engine.check(row) }
        let targets = microBatches.joined().reduce(0) { $0 + $1.targetCount }
        guard targets > 0 else { throw LocalLMError(.input, "a batch without target tokens") }
        let weight = Float(1 / Double(targets))
        engine.clearGradients()
        var loss = 0.0
        var tokens = 0
        for (number, batch) in microBatches.enumerated() where !batch.isEmpty {
            engine.run(batch, dropout: number) { _, shard in
                shard.forward()
                for k in 0..<shard.batch.targetCount { shard.lossWeights.pointer[k] = weight }
                shard.backward()
            }
            for shard in engine.shards {
                for k in 0..<shard.batch.targetCount { loss -= Double(shard.logprobs.pointer[k]) }
                tokens += shard.batch.tokenCount
            }
        }
        let (norm, rate) = engine.applyGradients()
        return TrainingStep(
            step: engine.step,
            loss: loss / Double(targets),
            gradientNorm: norm,
            learningRate: rate,
            tokens: tokens,
            targetTokens: targets
        )
    }
}
