/// What training a model of some shape asks of this machine, reckoned before any of it is loaded.
///
/// Memory follows from shapes. Time is measured with very few layers of that shape and the vocabulary head, and carried on to all of them:
/// a layer costs what a layer costs.
public struct TrainingForecast: Sendable, Codable {
    public var parameters: Int
    /// Of them those that are trained: all, or the adapter's.
    public var trainedParameters: Int
    public var batch: Int
    public var length: Int
    public var precision: Precision
    public var memory: TrainingMemory
    /// Bytes that are free; nil where nobody says.
    public var availableBytes: Int?
    public var tokensPerSecond: Double

    public var fits: Bool { availableBytes.map { memory.total <= $0 } ?? true }

    /// - Parameters:
    ///   - batch: sequences per step, of `length` tokens each.
    ///   - repetitions: counted steps of each measurement, at least; the median counts.
    /// - Throws: where even the measurement does not fit.
    public static func measure(
        _ c: ModelConfiguration, adapter: LoRASettings? = nil, precision: Precision, threads: Int, batch: Int, length: Int,
        memory: ActivationMemory? = nil, repetitions: Int = 3, clock: ContinuousClock = ContinuousClock()
    ) throws -> TrainingForecast {
        let parameters = WeightLayout(c).count
        func plan(_ c: ModelConfiguration) throws -> TrainingMemory {
            try TrainingMemory(
                c, adapter: adapter, precision: precision, threads: threads, tokens: batch * length, targets: batch * length, longest: length, memory: memory,
                sizedAs: parameters)
        }
        func seconds(layers: Int) throws -> Double {
            var few = c
            few.layerCount = layers
            few.slides = Array(few.slides.prefix(layers))
            try plan(few).check()
            let trainer = try SFTTrainer(
                weights: Self.weights(few), adapter: adapter.map { try Adapter($0, for: few, seed: 0) },
                settings: OptimizationSettings(optimizer: .adamW, learningRate: 1e-5, schedule: .constant, totalSteps: 101), precision: precision,
                threads: threads, memory: memory, sizedAs: parameters)
            var random = RandomStream(key: 1)
            let rows = (0..<batch).map { _ in Example(ids: (0..<length).map { _ in random.integer(below: c.vocabularySize) }, promptCount: 1) }
            _ = try trainer.step(rows)
            // Short steps are repeated for a second.
            var times: [Double] = []
            while times.count < repetitions || (times.reduce(0, +) < 1 && times.count < 100) {
                times.append(try clock.measure { _ = try trainer.step(rows) }.seconds)
            }
            return times.sorted()[times.count / 2]
        }
        let one = try seconds(layers: 1)
        var whole = one
        if c.layerCount > 1 {
            let more = min(c.layerCount, 3)
            whole = one + (try seconds(layers: more) - one) / Double(more - 1) * Double(c.layerCount - 1)
        }
        return TrainingForecast(
            parameters: parameters, trainedParameters: try adapter.map { try Adapter.parameterCount($0, c) } ?? parameters, batch: batch, length: length,
            precision: precision, memory: try plan(c), availableBytes: TrainingMemory.available(), tokensPerSecond: Double(batch * length) / max(whole, 1e-9))
    }

    /// Numbers of the usual size, quickly: a block of random ones again and again.
    private static func weights(_ c: ModelConfiguration) -> Weights {
        let weights = Weights(c)
        var random = RandomStream(key: 2)
        let block = (0..<65_521).map { _ in Float(0.02 * random.normal()) }
        for i in 0..<weights.buffer.count { weights.buffer.pointer[i] = block[i % block.count] }
        return weights
    }
}
