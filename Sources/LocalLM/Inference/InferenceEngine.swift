import Foundation

/// Generates and scores with one model, many sequences at once.
///
/// Requests are dealt out to `threads` workers; each keeps up to `slots` sequences in flight and refills a place as soon
/// as its sequence ends. A sequence's bits depend on its own ids and random key alone, not on what runs beside it.
/// `@unchecked Sendable`: calls must not overlap; `LocalModel` in SelfImprove sees to that with an actor.
public final class InferenceEngine: @unchecked Sendable {
    public let configuration: ModelConfiguration
    private let bank: ProjectionBank
    private let rotary: RotaryEmbedding
    private let pool: WorkerPool

    /// Largest key-value cache of one worker, in bytes.
    static let cacheLimit = 1 << 30
    static let slotLimit = 64

    public init(weights: Weights, threads: Int) {
        configuration = weights.configuration
        bank = ProjectionBank(weights)
        rotary = RotaryEmbedding(configuration)
        pool = WorkerPool(threads: threads)
    }

    deinit { pool.close() }

    // MARK: Generation

    /// Answers every request `samples` times, in order.
    ///
    /// A sequence ends with an EOS (included in its ids), after `maximumTokens`, or where the model has no more positions.
    /// - Parameter progress: called with the number of finished sequences, from any worker, one call at a time.
    /// - Throws: `LocalLMError` for empty or too long prompts and ids outside the vocabulary.
    public func generate(_ requests: [GenerationRequest], sampling: Sampling, progress: ((Int) -> Void)? = nil) throws -> [[GeneratedSequence]] {
        for request in requests { try check(request.ids, room: 1) }
        // A request with more samples than slots is several requests with the same prompt.
        let jobs = requests.enumerated().flatMap { index, request in
            stride(from: 0, to: request.samples, by: Self.slotLimit).map {
                GenerationJob(request: index, ids: request.ids, samples: $0..<min($0 + Self.slotLimit, request.samples), key: request.key)
            }
        }
        let results = Collector(requests.map(\.samples), progress: progress)
        let share = pool.count
        let longest = jobs.map { min($0.ids.count + sampling.maximumTokens, configuration.maximumPositions) }.max() ?? 1
        pool.run { [self] worker in
            let mine = stride(from: worker, to: jobs.count, by: share).map { jobs[$0] }
            guard !mine.isEmpty else { return }
            let wanted = mine.reduce(0) { $0 + $1.samples.count }
            let fits = max(1, Self.cacheLimit / KeyValueCache.bytes(configuration, length: longest))
            let slots = max(mine.map(\.samples.count).max()!, min(Self.slotLimit, wanted, fits))
            let decoder = Decoder(bank: bank, rotary: rotary, slots: slots, length: longest)
            var loop = GenerationLoop(decoder: decoder, jobs: mine, sampling: sampling, configuration: configuration)
            loop.run(into: results)
        }
        return results.sequences
    }

    // MARK: Scoring

    /// Logprobs of every example's target tokens (natural log).
    public func logprobs(of examples: [Example], progress: ((Int) -> Void)? = nil) throws -> [[Float]] {
        for example in examples { try check(example.ids, room: 0) }
        let results = ScoreCollector(count: examples.count, progress: progress)
        let share = pool.count
        let longest = examples.map(\.ids.count).max() ?? 1
        pool.run { [self] worker in
            let mine = stride(from: worker, to: examples.count, by: share).map { $0 }
            guard !mine.isEmpty else { return }
            let decoder = Decoder(bank: bank, rotary: rotary, slots: Self.scoringSlots(longest), length: longest)
            score(mine, examples, decoder, into: results)
        }
        return results.logprobs
    }

    /// Logprobs of `ids[1...]`, and with `lastLogits` the whole vocabulary's logits after the last id.
    public func allLogprobs(ids: [Int], lastLogits: Bool) throws -> (logprobs: [Float], lastLogits: [Float]?) {
        try check(ids, room: 0)
        let logprobs = try logprobs(of: [Example(ids: ids, promptCount: 1)])[0]
        guard lastLogits else { return (logprobs, nil) }
        let decoder = Decoder(bank: bank, rotary: rotary, slots: 1, length: ids.count)
        let rows = ids.enumerated().map { Decoder.Row(id: Int32($0.element), slot: 0, position: $0.offset) }
        for start in stride(from: 0, to: rows.count, by: Decoder.chunk) {
            let part = rows[start..<min(start + Decoder.chunk, rows.count)]
            decoder.run(part, wanted: part.endIndex == rows.count ? [part.count - 1] : [])
        }
        return (logprobs, Array(UnsafeBufferPointer(start: decoder.logits.pointer, count: configuration.vocabularySize)))
    }

    private static func scoringSlots(_ longest: Int) -> Int { max(1, Decoder.chunk / max(longest, 1)) }

    /// Examples that fit a chunk together go through at once; a longer one goes chunk by chunk over its own cache.
    private func score(_ mine: [Int], _ examples: [Example], _ decoder: Decoder, into results: ScoreCollector) {
        let vocabulary = configuration.vocabularySize
        var next = 0
        while next < mine.count {
            var rows: [Decoder.Row] = []
            var targets: [(row: Int, example: Int, id: Int)] = []
            var slot = 0
            while next < mine.count, slot < decoder.cache.slots, slot == 0 || rows.count + examples[mine[next]].ids.count <= Decoder.chunk {
                let example = examples[mine[next]]
                for (position, id) in example.ids.enumerated() {
                    if position >= max(example.promptCount, 1) { targets.append((rows.count - 1, mine[next], id)) }
                    rows.append(Decoder.Row(id: Int32(id), slot: slot, position: position))
                }
                slot += 1
                next += 1
            }
            var scored: [Int: [Float]] = [:]
            var target = 0
            for start in stride(from: 0, to: rows.count, by: Decoder.chunk) {
                let part = rows[start..<min(start + Decoder.chunk, rows.count)]
                let firstTarget = target
                while target < targets.count, targets[target].row < part.endIndex { target += 1 }
                let here = targets[firstTarget..<target]
                decoder.run(part, wanted: here.map { $0.row - start })
                for (k, t) in here.enumerated() {
                    let logits = decoder.logits.pointer + k * vocabulary
                    scored[t.example, default: []].append(logits[t.id] - VectorMath.logSumExp(logits, vocabulary))
                }
            }
            results.store(scored, finished: slot)
        }
    }

    private func check(_ ids: [Int], room: Int) throws {
        guard !ids.isEmpty else { throw LocalLMError(.input, "an empty sequence", hint: "a prompt needs at least one token") }
        guard ids.count + room <= configuration.maximumPositions else {
            throw LocalLMError(.input, "a sequence of \(ids.count) tokens; the model has \(configuration.maximumPositions) positions")
        }
        guard ids.allSatisfy({ $0 >= 0 && $0 < configuration.vocabularySize }) else {
            throw LocalLMError(.input, "a token id outside the vocabulary of \(configuration.vocabularySize)")
        }
    }
}

/// Scores by example, filled by any worker.
private final class ScoreCollector: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var logprobs: [[Float]]
    private var finished = 0
    private let progress: ((Int) -> Void)?

    init(count: Int, progress: ((Int) -> Void)?) {
        logprobs = [[Float]](repeating: [], count: count)
        self.progress = progress
    }

    func store(_ scored: [Int: [Float]], finished count: Int) {
        lock.lock()
        defer { lock.unlock() }
        for (index, values) in scored { logprobs[index] = values }
        finished += count
        progress?(finished)
    }
}
