import ModelFiles

/// What it saves to compute a context once: the same answers to prompts that begin alike, with and without sharing.
public struct ContextMeasurement: Sendable, Codable {
    /// Tokens that every prompt begins with, and those that follow.
    public var context: Int
    public var prompt: Int
    public var prompts: Int
    /// Answers to each prompt, of `length` tokens.
    public var samples: Int
    public var length: Int
    public var threads: Int
    public var weightFormat: WeightFormat
    /// New tokens over the whole time, prompts included; the median over the repetitions.
    public var tokensPerSecond: Double
    public var unsharedTokensPerSecond: Double
    public var speedup: Double
    /// All ids and logprobs are equal.
    public var isSame: Bool
    public var repetitions: Int

    enum CodingKeys: String, CodingKey {
        case context, prompt, prompts, samples, length, threads, speedup, repetitions
        case weightFormat = "weight_precision"
        case tokensPerSecond = "tokens_per_second"
        case unsharedTokensPerSecond = "unshared_tokens_per_second"
        case isSame = "same_answers"
    }

    /// Answers random prompts, with and without sharing in turn; before that, a few of them uncounted.
    /// - Throws: where context, prompt and answer have no room in the model.
    public static func measure(
        weights: Weights,
        context: Int,
        prompt: Int,
        prompts: Int,
        samples: Int,
        length: Int,
        threads: Int,
        repetitions: Int,
        precision: Precision? = nil,
        cache: Precision? = nil,
        clock: ContinuousClock = ContinuousClock()
    ) throws -> ContextMeasurement {
        let c = weights.configuration
        var random = RandomStream(key: 1)
        func ids(_ count: Int) -> [Int] { (0..<count).map { _ in random.integer(below: c.vocabularySize) } }
        let first = ids(context)
        let requests = (0..<prompts).map {
            GenerationRequest(ids: first + ids(prompt), samples: samples, key: UInt64($0))
        }
        let sampling = Sampling(temperature: 1, maximumTokens: length, ignoresEOS: true)
        let engines = [true, false].map {
            InferenceEngine(
                weights: weights,
                threads: threads,
                precision: precision,
                cache: cache,
                parallelism: nil,
                sharesPrefixes: $0
            )
        }
        for engine in engines { _ = try engine.generate(Array(requests.prefix(8)), sampling: sampling) }
        var seconds: [[Double]] = [[], []]
        var answers: [[[GeneratedSequence]]] = [[], []]
        for _ in 0..<repetitions {
            for (index, engine) in engines.enumerated() {
                let time = try clock.measure { answers[index] = try engine.generate(requests, sampling: sampling) }
                seconds[index].append(time.seconds)
            }
        }
        let medians = seconds.map { $0.sorted()[$0.count / 2] }
        let tokens = Double(answers[0].joined().reduce(0) { $0 + $1.ids.count })
        return ContextMeasurement(
            context: context,
            prompt: prompt,
            prompts: prompts,
            samples: samples,
            length: length,
            threads: threads,
            weightFormat: engines[0].weightFormat,
            tokensPerSecond: tokens / medians[0],
            unsharedTokensPerSecond: tokens / medians[1],
            speedup: medians[1] / medians[0],
            isSame: answers[0] == answers[1],
            repetitions: repetitions
        )
    }
}
