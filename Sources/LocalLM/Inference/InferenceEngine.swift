import Foundation
import ModelFiles

/// Generates and scores with one model, many sequences at once.
///
///     let model = try Checkpoint.load(URL(fileURLWithPath: "models/SmolLM2-135M-Instruct"))
///     let engine = try InferenceEngine(model, threads: 2)
///     let prompt = try model.promptIDs([Message(role: "user", content: "2+2?")])
///     let answers = try engine.generate(
///         [GenerationRequest(ids: prompt, samples: 4, key: 1)],
///         sampling: Sampling(temperature: 0.7, maximumTokens: 64)
///     )
///     model.tokenizer.decode(answers[0][3].ids, skippingSpecialTokens: true)
///
/// `threads` workers share one batch, or have one each (`Parallelism`); a place in a batch is refilled as soon as its
/// sequence ends. What many prompts begin with is computed once and shared (`PrefixPlan`). A sequence's bits depend on
/// its own ids and random key alone, not on what else is running.
/// `@unchecked Sendable`: calls must not overlap; `LocalModel` in SelfImprove sees to that with an actor.
public final class InferenceEngine: @unchecked Sendable {
    public let configuration: ModelConfiguration
    private let weights: InferenceWeights
    private let rotary: RotaryEmbedding
    private let pool: WorkerPool
    /// A team of one: the calling thread.
    private let alone = WorkerPool(threads: 1)
    private let cachePrecision: Precision
    /// Fixed by tests; else chosen for each call.
    private let parallelism: Parallelism?
    /// Turned off to measure what it saves, and to test that it changes no bit.
    private let sharesPrefixes: Bool

    /// Largest key-value cache of one batch, in bytes.
    static let cacheLimit = 1 << 30
    static let slotLimit = 64

    /// - Parameters:
    ///   - precision: of products' operands; nil: fp32, with weights as they came.
    ///   - format: how weights are held; nil: as `precision` says.
    ///   - cache: of keys and values; nil: as what weights are multiplied with.
    public convenience init(
        weights: Weights,
        threads: Int,
        precision: Precision? = nil,
        format: WeightFormat? = nil,
        cache: Precision? = nil
    ) {
        self.init(
            weights: weights,
            threads: threads,
            precision: precision,
            format: format,
            cache: cache,
            parallelism: nil
        )
    }

    /// Of a model in either form in which its weights are held.
    /// - Parameter keepsPanels: whether packed weights of a large model are kept beside it, for the next process.
    /// - Throws: where frozen weights cannot be read, or are infinite or NaN.
    public convenience init(
        _ model: Checkpoint,
        threads: Int,
        precision: Precision? = nil,
        format: WeightFormat? = nil,
        cache: Precision? = nil,
        keepsPanels: Bool = false
    ) throws {
        let pool = WorkerPool(threads: threads)
        do {
            let weights = try InferenceWeights(
                model.parameters,
                precision: precision,
                format: format,
                pool: pool,
                keepsPanels: keepsPanels
            )
            self.init(packed: weights, pool: pool, cache: cache, parallelism: nil)
        } catch {
            pool.close()
            throw error
        }
    }

    convenience init(
        weights: Weights,
        threads: Int,
        precision: Precision? = nil,
        format: WeightFormat? = nil,
        cache: Precision? = nil,
        parallelism: Parallelism?,
        sharesPrefixes: Bool = true
    ) {
        let pool = WorkerPool(threads: threads)
        self.init(
            packed: InferenceWeights(weights, precision: precision, format: format, pool: pool),
            pool: pool,
            cache: cache,
            parallelism: parallelism,
            sharesPrefixes: sharesPrefixes
        )
    }

    init(
        packed weights: InferenceWeights,
        pool: WorkerPool,
        cache: Precision?,
        parallelism: Parallelism?,
        sharesPrefixes: Bool = true
    ) {
        configuration = weights.configuration
        self.pool = pool
        self.weights = weights
        rotary = RotaryEmbedding(configuration)
        cachePrecision = cache ?? self.weights.arithmetic
        self.parallelism = parallelism
        self.sharesPrefixes = sharesPrefixes
    }

    deinit { pool.close() }

    /// How its weights are held in memory.
    public var weightFormat: WeightFormat { weights.format }
    /// Bytes of memory that its copy of the weights takes.
    package var weightBytes: Int { weights.panelBytes }
    /// Bytes of weights that one decoding step reads, for any number of sequences.
    public var bytesPerStep: Int { weights.bytesPerStep }

    // MARK: Generation

    /// Answers every request `samples` times, in order.
    ///
    /// A sequence ends with an EOS (included in its ids), with a stop text, after `maximumTokens`, or where the model
    /// has no more positions.
    /// - Parameters:
    ///   - tokenizer: needed where `sampling` has stop texts.
    ///   - progress: called with the number of finished sequences, from any worker, one call at a time.
    /// - Throws: `LocalLMError` for empty or too long prompts and ids outside the vocabulary.
    public func generate(
        _ requests: [GenerationRequest],
        sampling: Sampling,
        tokenizer: Tokenizer? = nil,
        progress: ((Int) -> Void)? = nil
    ) throws -> [[GeneratedSequence]] {
        for request in requests { try check(request.ids, room: 1) }
        guard sampling.stop.isEmpty || tokenizer != nil else {
            throw LocalLMError(.input, "stop texts without the model's tokenizer")
        }
        let results = GenerationResults(requests.map(\.samples), progress: progress)
        // A request with more samples than slots is several prompts with the same ids.
        let prompts = requests.enumerated().flatMap { index, request in
            stride(from: 0, to: request.samples, by: Self.slotLimit).map { first in
                let sequences = (first..<min(first + Self.slotLimit, request.samples)).map { sample in
                    let text =
                        sampling.stop.isEmpty ? nil : tokenizer.map { AnswerText(tokenizer: $0, stop: sampling.stop) }
                    let answer = Answer(text) { results.store($0, index, sample) }
                    return (
                        key: RandomKey.derive(request.key, UInt64(sample)),
                        listener: { answer.hear($0) } as GenerationListener
                    )
                }
                return ContinuousBatch.Prompt(ids: request.ids, sampling: sampling, sequences: sequences)
            }
        }
        spread(prompts) { [self] mine, team in
            let prompts = plan(mine.map(\.ids), limits: mine.map { $0.ids.count - 1 }).map { entry in
                var prompt = mine[entry.index]
                prompt.shared = entry.shared
                return prompt
            }
            let (slots, prefixes) = room(for: prompts)
            let batch = ContinuousBatch(decoder(slots: slots, team: team), configuration, keepsSlots: true)
            var waiting = prompts[...]
            while !waiting.isEmpty || !batch.isEmpty {
                batch.start(Self.next(&waiting, batch, prefixes))
                batch.step()
            }
        }
        return results.sequences
    }

    private func plan(_ sequences: [[Int]], limits: [Int]) -> [PrefixPlan.Entry] {
        sharesPrefixes
            ? PrefixPlan.entries(sequences, limits: limits)
            : sequences.indices.map { PrefixPlan.Entry(index: $0, shared: 0) }
    }

    /// How many sequences, and how many prefixes that they begin with, a batch has room for within `cacheLimit`: two
    /// prefixes at least, so that one group of prompts can follow the other without a gap.
    private func room(for prompts: [ContinuousBatch.Prompt]) -> (slots: Int, prefixes: Int) {
        let sequence = prompts.map {
            KeyValueCache.bytes(
                configuration,
                length: ContinuousBatch.length($0.ids, $0.sampling, configuration),
                shared: $0.shared,
                precision: cachePrecision
            )
        }.max()!
        let longest = prompts.map(\.shared).max()!
        let prefix = KeyValueCache.bytes(configuration, length: longest, precision: cachePrecision)
        let fits = max(1, (Self.cacheLimit - 2 * prefix) / sequence)
        let wanted = prompts.reduce(0) { $0 + $1.sequences.count }
        let slots = max(prompts.map(\.sequences.count).max()!, min(Self.slotLimit, wanted, fits))
        return (slots, max(2, (Self.cacheLimit - slots * sequence) / max(prefix, 1)))
    }

    /// The next prompts that fit the free places, as many as one chunk of rows takes. They begin with the same prefix,
    /// or with none.
    private static func next(
        _ waiting: inout ArraySlice<ContinuousBatch.Prompt>,
        _ batch: ContinuousBatch,
        _ prefixes: Int
    ) -> [ContinuousBatch.Prompt] {
        guard let first = waiting.first, first.shared == 0 || batch.hasPrefix(of: first) || batch.prefixCount < prefixes
        else { return [] }
        var prompts: [ContinuousBatch.Prompt] = []
        var free = batch.freeCount
        var rows = 0
        while let prompt = waiting.first, prompt.sequences.count <= free,
            rows == 0 || rows + prompt.ids.count - prompt.shared <= Decoder.chunk,
            prompt.ids[..<prompt.shared] == first.ids[..<first.shared]
        {
            prompts.append(waiting.removeFirst())
            free -= prompt.sequences.count
            rows += prompt.ids.count - prompt.shared
        }
        return prompts
    }

    private func decoder(slots: Int, team: WorkerPool) -> Decoder {
        Decoder(weights: weights, rotary: rotary, slots: slots, cache: cachePrecision, team: team)
    }

    /// Gives items to one team of all threads, or deals them out to the threads.
    private func spread<Item: Sendable>(
        _ items: [Item],
        _ body: @escaping @Sendable (_ mine: [Item], _ team: WorkerPool) -> Void
    ) {
        guard !items.isEmpty else { return }
        let choice = parallelism ?? .choose(panelBytes: weights.panelBytes, threads: pool.count)
        if choice == .team { return body(items, pool) }
        pool.run { [self] worker in
            let mine = stride(from: worker, to: items.count, by: pool.count).map { items[$0] }
            if !mine.isEmpty { body(mine, alone) }
        }
    }

    // MARK: Scoring

    /// Logprobs of every example's target tokens (natural log).
    public func logprobs(of examples: [Example], progress: ((Int) -> Void)? = nil) throws -> [[Float]] {
        for example in examples { try check(example.ids, room: 0) }
        let results = ScoreCollector(examples, progress: progress)
        spread(Array(examples.indices)) { [self] mine, team in
            // The token before the first target is computed for its logits.
            let entries = plan(mine.map { examples[$0].ids }, limits: mine.map { examples[$0].promptCount - 1 })
                .map { PrefixPlan.Entry(index: mine[$0.index], shared: $0.shared) }
            let longest = entries.map { examples[$0.index].ids.count - $0.shared }.max() ?? 1
            let slots = max(1, Decoder.chunk / max(longest, 1))
            score(entries, examples, decoder(slots: slots, team: team), slots, into: results)
        }
        return results.logprobs
    }

    /// Logprobs of `ids[1...]`, and with `lastLogits` the whole vocabulary's logits after the last id.
    public func allLogprobs(ids: [Int], lastLogits: Bool) throws -> (logprobs: [Float], lastLogits: [Float]?) {
        try check(ids, room: 0)
        let vocabulary = configuration.vocabularySize
        let logprobs = FloatBuffer(count: ids.count - 1), last = FloatBuffer(count: vocabulary)
        spread([0]) { [self] _, team in
            let decoder = decoder(slots: 1, team: team)
            decoder.cache.open(slot: 0, length: ids.count)
            let rows = ids.enumerated().map { Decoder.Row(id: Int32($0.element), slot: 0, position: $0.offset) }
            decoder.run(rows, wanted: Array(rows.indices)) { k, logits, _ in
                if k + 1 < ids.count {
                    logprobs.pointer[k] = logits[ids[k + 1]] - VectorMath.logSumExp(logits, vocabulary)
                } else {
                    last.pointer.update(from: logits, count: vocabulary)
                }
            }
        }
        return (logprobs.values, lastLogits ? last.values : nil)
    }

    /// Examples that fit a chunk together go through at once; a longer one goes chunk by chunk over its own cache.
    private func score(
        _ mine: [PrefixPlan.Entry],
        _ examples: [Example],
        _ decoder: Decoder,
        _ slots: Int,
        into results: ScoreCollector
    ) {
        let vocabulary = configuration.vocabularySize
        var next = 0
        var prefix: (ids: ArraySlice<Int>, memory: KeyValuePrefix)?
        while next < mine.count {
            var rows: [Decoder.Row] = []
            var targets: [(row: Int, example: Int, place: Int, id: Int)] = []
            var slot = 0
            let begin = examples[mine[next].index].ids[..<mine[next].shared]
            if begin.isEmpty {
                prefix = nil
            } else if prefix?.ids != begin {
                prefix = nil
                prefix = (begin, decoder.prefix(begin, slot: 0))
            }
            while next < mine.count, slot < slots {
                let (index, shared) = (mine[next].index, mine[next].shared)
                let example = examples[index]
                guard example.ids[..<shared] == begin,
                    slot == 0 || rows.count + example.ids.count - shared <= Decoder.chunk
                else { break }
                decoder.cache.open(slot: slot, length: example.ids.count, prefix: prefix?.memory)
                for (place, position) in example.targets.joined().enumerated() {
                    targets.append((rows.count + position - shared - 1, index, place, example.ids[position]))
                }
                for position in shared..<example.ids.count {
                    rows.append(Decoder.Row(id: Int32(example.ids[position]), slot: slot, position: position))
                }
                slot += 1
                next += 1
            }
            let wanted = targets
            decoder.run(rows, wanted: wanted.map(\.row)) { k, logits, _ in
                let target = wanted[k]
                results.store(
                    logits[target.id] - VectorMath.logSumExp(logits, vocabulary),
                    target.example,
                    target.place
                )
            }
            results.finish(slot)
        }
    }

    /// - Throws: what `generate` would throw for this request.
    package func check(_ request: GenerationRequest) throws { try check(request.ids, room: 1) }

    private func check(_ ids: [Int], room: Int) throws {
        guard !ids.isEmpty else {
            throw LocalLMError(.input, "an empty sequence", hint: "a prompt needs at least one token")
        }
        guard ids.count + room <= configuration.maximumPositions else {
            throw LocalLMError(
                .input,
                "a sequence of \(ids.count) tokens; the model has \(configuration.maximumPositions) positions"
                    + (room > 0 ? ", of which the answer needs one at least" : "")
            )
        }
        guard ids.allSatisfy({ $0 >= 0 && $0 < configuration.vocabularySize }) else {
            throw LocalLMError(.input, "a token id outside the vocabulary of \(configuration.vocabularySize)")
        }
    }
}

/// Scores by example, filled by any worker, each place by one.
private final class ScoreCollector: @unchecked Sendable {
    private let lock = NSLock()
    private let offsets: [Int]
    private let scores: FloatBuffer
    private let counts: [Int]
    private var finished = 0
    private let progress: ((Int) -> Void)?

    init(_ examples: [Example], progress: ((Int) -> Void)?) {
        counts = examples.map(\.targetCount)
        var offset = 0
        offsets = counts.map { count in
            defer { offset += count }
            return offset
        }
        scores = FloatBuffer(count: offset)
        self.progress = progress
    }

    var logprobs: [[Float]] {
        zip(offsets, counts).map { Array(UnsafeBufferPointer(start: scores.pointer + $0, count: $1)) }
    }

    func store(_ logprob: Float, _ example: Int, _ place: Int) { scores.pointer[offsets[example] + place] = logprob }

    func finish(_ count: Int) {
        lock.lock()
        defer { lock.unlock() }
        finished += count
        progress?(finished)
    }
}
