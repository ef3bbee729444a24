import ModelFiles

/// What training a model of some shape asks of this machine, estimated before any of it is loaded.
///
/// Memory follows from shapes. Time is measured: a small model takes whole steps; of a large one a few layers do, with
/// a vocabulary too small to count, and one layer with the whole vocabulary. Neither is a difference of two large
/// times, which noise would eat.
public struct TrainingForecast: Sendable, Codable {
    public var parameters: Int
    /// Of them those that are trained: all, or the adapter's.
    public var trainedParameters: Int
    public var batch: Int
    public var length: Int
    public var precision: Precision
    public var memory: TrainingMemory
    /// Free bytes; nil where the system does not tell.
    public var availableBytes: Int?
    public var tokensPerSecond: Double

    public var fits: Bool { availableBytes.map { memory.total <= $0 } ?? true }

    /// - Parameters:
    ///   - batch: sequences per step, of `length` tokens each.
    ///   - repetitions: counted steps of each measurement, at least; the median counts.
    /// - Throws: where even the measurement does not fit.
    public static func measure(
        _ c: ModelConfiguration,
        adapter: LoRASettings? = nil,
        precision: Precision,
        threads: Int,
        batch: Int,
        length: Int,
        memory: ActivationMemory? = nil,
        repetitions: Int = 3,
        clock: ContinuousClock = ContinuousClock()
    ) throws -> TrainingForecast {
        let parameters = WeightLayout(c).count
        let isFrozen = adapter != nil && parameters >= FrozenWeights.leastParameters
        func plan(_ c: ModelConfiguration) throws -> TrainingMemory {
            try TrainingMemory(
                c,
                adapter: adapter,
                precision: precision,
                threads: threads,
                tokens: batch * length,
                targets: batch * length,
                longest: length,
                memory: memory,
                sizedAs: parameters
            )
        }
        /// Steps of a model like this one.
        func steps(_ c: ModelConfiguration) throws -> () throws -> Double {
            try plan(c).check()
            let trainer = try SFTTrainer(
                weights: isFrozen ? FrozenWeights(rounding: Self.weights(c)) : Self.weights(c),
                adapter: adapter.map { try Adapter($0, for: c, seed: 0) },
                settings: OptimizationSettings(
                    optimizer: .adamW,
                    learningRate: 1e-5,
                    schedule: .constant,
                    totalSteps: 1_000
                ),
                precision: precision,
                threads: threads,
                memory: memory,
                sizedAs: parameters
            )
            var random = RandomStream(key: 1)
            let rows = (0..<batch).map { _ in
                Example(ids: (0..<length).map { _ in random.integer(below: c.vocabularySize) }, promptCount: 1)
            }
            _ = try trainer.step(rows)
            return { try clock.measure { _ = try trainer.step(rows) }.seconds }
        }
        // Short steps are repeated for three seconds, the models by turns: a busy moment slows each of them.
        let parts = Self.parts(c), measured = try parts.map { try steps($0.part) }
        var times: [[Double]] = []
        while times.count < repetitions || (times.joined().reduce(0, +) < 3 && times.count < 900) {
            times.append(try measured.map { try $0() })
        }
        let whole = parts.indices.reduce(0) { sum, part in
            sum + parts[part].share * times.map { $0[part] }.sorted()[times.count / 2]
        }
        return TrainingForecast(
            parameters: parameters,
            trainedParameters: try adapter.map { try AdapterLayout($0, for: c).count } ?? parameters,
            batch: batch,
            length: length,
            precision: precision,
            memory: try plan(c),
            availableBytes: TrainingMemory.available(),
            tokensPerSecond: Double(batch * length) / max(whole, 1e-9)
        )
    }

    /// Models whose steps, so many times each, make up a step of this one.
    package static func parts(_ c: ModelConfiguration) -> [(part: ModelConfiguration, share: Double)] {
        guard WeightLayout(c).count > MatrixBackend.panelParameters else { return [(c, 1)] }
        func part(layers: Int, vocabulary: Int) -> ModelConfiguration {
            var part = c
            part.layerCount = layers
            part.slides = Array(c.slides.prefix(layers))
            part.vocabularySize = vocabulary
            return part
        }
        // Layers whose weights, gradients and moments no cache holds.
        let tiny = min(c.vocabularySize, 256), one = WeightLayout(part(layers: 1, vocabulary: tiny)).count
        let few = min(c.layerCount, max(1, (uncachedParameters + one - 1) / one))
        return [
            (part(layers: few, vocabulary: tiny), Double(c.layerCount - 1) / Double(few)),
            (part(layers: 1, vocabulary: c.vocabularySize), 1),
        ]
    }

    private static let uncachedParameters = 16_000_000

    /// Numbers of the usual size, quickly: a block of random ones again and again.
    package static func weights(_ c: ModelConfiguration) -> Weights {
        let weights = Weights(c)
        var random = RandomStream(key: 2)
        let block = (0..<65_521).map { _ in Float(0.02 * random.normal()) }
        for i in 0..<weights.buffer.count { weights.buffer.pointer[i] = block[i % block.count] }
        return weights
    }
}
