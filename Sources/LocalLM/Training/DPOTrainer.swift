import ModelFiles

/// A preference pair with its logprobs under the reference model, which are computed once.
public struct ReferencedPair: Sendable, Equatable {
    public var pair: PreferenceExample
    /// log ref(chosen): natural log, summed over the completion's tokens.
    public var referenceChosen: Double
    /// log ref(rejected), likewise.
    public var referenceRejected: Double

    public init(pair: PreferenceExample, referenceChosen: Double, referenceRejected: Double) {
        self.pair = pair
        self.referenceChosen = referenceChosen
        self.referenceRejected = referenceRejected
    }
}

/// Direct preference optimisation (Rafailov et al. 2023, eq. 7): L = -(1 / B) sum over pairs of log sigmoid(h),
/// h = beta [(log pi(chosen) - log ref(chosen)) - (log pi(rejected) - log ref(rejected))], sums over completion tokens.
///
/// dL/dlog pi(chosen) = -beta sigmoid(-h) / B, and the opposite for rejected. `nllWeight` adds that much of the chosen
/// completions' mean negative log-likelihood, against a falling chosen logprob (trl issue 2382).
///
/// What both completions of a pair begin with passes through the model once, and its gradient is the sum of both: the
/// rejected completion is a branch of the chosen one's sequence (`PackedBatch`). Small models in fp32 compute it twice,
/// as before there were branches (`TrainingEngine.sharesPrompts`): their last digits are on record.
///
///     let trainer = try DPOTrainer(weights: policy.copy(), settings: settings, beta: 0.1, threads: 2)
///     let pairs = try trainer.reference(examples)  // before the first step
///     for batch in batches { print(try trainer.step(batch.map { pairs[$0] }).rewardMargin ?? 0) }
public final class DPOTrainer: Trainer {
    private let engine: TrainingEngine
    /// The state between steps, for snapshots.
    public var run: TrainingRun { TrainingRun(engine: engine) }
    /// Whether a pair's prompt passes through the model once.
    var sharesPrompts: Bool {
        get { engine.sharesPrompts }
        set { engine.sharesPrompts = newValue }
    }
    private let beta: Double
    private let nllWeight: Double

    /// Trains `weights` in place, or `adapter` (beside frozen weights always), without its dropout, as TRL does. The
    /// reference is the policy as it is given: with the adapter's own values, too, where it has been trained before.
    /// - Parameters:
    ///   - beta: above 0; the smaller, the further the policy may move from the reference.
    ///   - nllWeight: of the chosen completions' negative log-likelihood; 0: plain DPO.
    ///   - memory: which activations are kept; nil: as the model's size asks for.
    /// - Throws: `LocalLMError` for settings that make no sense, and for an adapter of another shape.
    public init(
        weights: any ModelParameters,
        adapter: Adapter? = nil,
        settings: OptimizationSettings,
        beta: Double,
        nllWeight: Double = 0,
        precision: Precision = .fp32,
        threads: Int,
        memory: ActivationMemory? = nil
    ) throws {
        guard beta > 0, beta.isFinite else { throw LocalLMError(.input, "beta is \(beta); it must be above 0") }
        engine = try TrainingEngine(
            weights: weights,
            adapter: adapter,
            settings: settings,
            precision: precision,
            threads: threads,
            memory: memory
        )
        self.beta = beta
        self.nllWeight = nllWeight
    }

    /// Whether training a model of this many parameters computes the prompt of a pair once.
    package static func sharesPrompts(parameters: Int, _ precision: Precision) -> Bool {
        TrainingEngine.sharesPrompts(parameters: parameters, precision)
    }

    /// The logprobs of the pairs before any step: the reference. Computed by the forward pass of training, so that the
    /// margins of the first step are 0: exactly, or, with an adapter that has been trained before, to some 1e-6, as the
    /// sums of its products depend on the number of rows. A run that is resumed asks before it takes up its snapshot.
    ///
    /// - Parameter progress: gets the number of pairs done so far; what it throws ends the pass.
    public func reference(_ pairs: [PreferenceExample], progress: (Int) throws -> Void = { _ in }) throws
        -> [ReferencedPair]
    {
        var referenced: [ReferencedPair] = []
        for pair in pairs {
            try engine.check(pair.chosen)
            try engine.check(pair.rejected)
        }
        let shards = engine.shards
        for start in stride(from: 0, to: pairs.count, by: shards.count * 8) {
            let part = pairs[start..<min(start + shards.count * 8, pairs.count)]
            let shares = shards.indices.map { index in Array(part.dropFirst(index * 8).prefix(8)) }
            engine.run(shares) { _, shard in
                shard.forward()
                shard.score()
            }
            for (offset, pair) in part.enumerated() {
                let shard = shards[offset / 8], place = 2 * (offset % 8)
                referenced.append(
                    ReferencedPair(
                        pair: pair,
                        referenceChosen: shard.sum(shard.batch.targetRanges[place]),
                        referenceRejected: shard.sum(shard.batch.targetRanges[place + 1])
                    )
                )
            }
            try progress(referenced.count)
        }
        return referenced
    }

    public func step(_ batch: [ReferencedPair]) throws -> TrainingStep { try step([batch]) }

    /// One optimizer step on the union of the micro-batches.
    public func step(_ microBatches: [[ReferencedPair]]) throws -> TrainingStep {
        let all = microBatches.joined()
        guard !all.isEmpty else { throw LocalLMError(.input, "a batch without pairs") }
        for row in all {
            try engine.check(row.pair.chosen)
            try engine.check(row.pair.rejected)
        }
        let pairs = all.count
        let chosenTargets = all.reduce(0) { $0 + $1.pair.chosen.targetCount }
        engine.clearGradients()
        var log = TrainingStep(
            step: 0,
            loss: 0,
            gradientNorm: 0,
            learningRate: 0,
            tokens: 0,
            targetTokens: 0,
            rewardMargin: 0,
            rewardAccuracy: 0,
            chosenLogprob: 0
        )
        for batch in microBatches where !batch.isEmpty {
            let shares = engine.split(tokens: batch.map { engine.tokens($0.pair) })
            let shards = engine.shards
            let partial = PairLogs(count: shards.count)
            engine.run(shares.map { $0.map { batch[$0].pair } }) { [beta, nllWeight] index, shard in
                shard.forward()
                shard.score()
                var result = PairLog()
                for (position, row) in shares[index].enumerated() {
                    let pair = batch[row]
                    let chosenRange = shard.batch.targetRanges[2 * position],
                        rejectedRange = shard.batch.targetRanges[2 * position + 1]
                    let chosen = shard.sum(chosenRange), rejected = shard.sum(rejectedRange)
                    let margin = beta * ((chosen - pair.referenceChosen) - (rejected - pair.referenceRejected))
                    result.loss +=
                        margin > 0
                        ? (1 + (-margin).exponential()).logarithm() : -margin + (1 + margin.exponential()).logarithm()
                    result.margin += margin
                    result.accuracy += margin > 0 ? 1 : 0
                    result.chosen += chosen
                    let pull = beta / (1 + margin.exponential()) / Double(pairs)
                    let extra = nllWeight / Double(chosenTargets)
                    for k in chosenRange { shard.lossWeights.pointer[k] = Float(pull + extra) }
                    for k in rejectedRange { shard.lossWeights.pointer[k] = Float(-pull) }
                }
                partial.values[index] = result
                shard.backward()
            }
            for (index, shard) in shards.enumerated() {
                let part = partial.values[index]
                log.loss += part.loss / Double(pairs) - nllWeight * part.chosen / Double(chosenTargets)
                log.rewardMargin! += part.margin / Double(pairs)
                log.rewardAccuracy! += part.accuracy / Double(pairs)
                log.chosenLogprob! += part.chosen / Double(pairs)
                log.tokens += shard.batch.tokenCount
                log.targetTokens += shard.batch.targetCount
            }
        }
        (log.gradientNorm, log.learningRate) = engine.applyGradients()
        log.step = engine.step
        return log
    }
}

extension TransformerShard {
    /// Sum of logprobs over a range of target rows.
    fileprivate func sum(_ range: Range<Int>) -> Double { range.reduce(0) { $0 + Double(logprobs.pointer[$1]) } }
}

private struct PairLog {
    var loss = 0.0, margin = 0.0, accuracy = 0.0, chosen = 0.0
}

/// One log per shard, each written by its worker.
private final class PairLogs: @unchecked Sendable {
    let values: UnsafeMutableBufferPointer<PairLog>
    init(count: Int) {
        values = .allocate(capacity: count)
        values.initialize(repeating: PairLog())
    }
    deinit { values.deallocate() }
}
