import Foundation
import ModelFiles

/// Answers sequences as they are asked for, many at once: each worker prefills new prompts into free places of its
/// batch and decodes all places together (continuous batching, Yu et al. 2022, "Orca").
///
/// A sequence's tokens depend on its own ids, sampling and key alone, not on what else is being answered, nor on the
/// worker. `@unchecked Sendable`: the queue is only touched under the lock, a place only by its worker.
public final class ServingEngine: @unchecked Sendable {
    /// One sequence to be continued.
    public struct Request: Sendable {
        /// The prompt.
        public var ids: [Int]
        /// How it is continued.
        public var sampling: Sampling
        /// Of the sequence's random stream.
        public var key: UInt64
        /// How many of the likeliest tokens to tell with each token.
        public var topLogprobs: Int
        /// Whether the tokens of the prompt are told, too, with their logprobs.
        public var scoresPrompt: Bool

        public init(ids: [Int], sampling: Sampling, key: UInt64, topLogprobs: Int = 0, scoresPrompt: Bool = false) {
            self.ids = ids
            self.sampling = sampling
            self.key = key
            self.topLogprobs = topLogprobs
            self.scoresPrompt = scoresPrompt
        }
    }

    private let condition = NSCondition()
    private var waiting: [(request: Request, listener: GenerationListener)] = []
    private var isClosed = false
    private let weights: InferenceWeights
    private let rotary: RotaryEmbedding
    private let c: ModelConfiguration
    /// One for each batch. A model that fits no cache has one batch, and all threads work on it (`Parallelism`).
    private let teams: [WorkerPool]
    private let cachePrecision: Precision
    /// Sequences that one batch answers at once.
    public let slots: Int

    /// Largest key-value cache of one batch, in bytes: as many sequences as it takes at their full length.
    private static let cacheLimit = 1 << 30

    /// - Parameter isBackground: threads of the lowest priority, so that other work on the machine keeps its pace.
    public convenience init(
        weights: Weights,
        threads: Int,
        slots: Int = 32,
        isBackground: Bool = false,
        precision: Precision? = nil,
        cache: Precision? = nil
    ) {
        self.init(
            weights: weights,
            threads: threads,
            slots: slots,
            isBackground: isBackground,
            precision: precision,
            cache: cache,
            parallelism: nil
        )
    }

    /// Of a model in either form in which its weights are held.
    /// - Parameters:
    ///   - format: how weights are held; nil: as they came.
    ///   - keepsPanels: whether packed weights of a large model are kept beside it, for the next process.
    /// - Throws: where frozen weights cannot be read, or are infinite or NaN.
    public convenience init(
        _ model: Checkpoint,
        threads: Int,
        slots: Int = 32,
        isBackground: Bool = false,
        format: WeightFormat? = nil,
        keepsPanels: Bool = false
    ) throws {
        let pool = WorkerPool(threads: threads, isBackground: isBackground)
        do {
            let weights = try InferenceWeights(
                model.parameters,
                precision: nil,
                format: format,
                pool: pool,
                keepsPanels: keepsPanels
            )
            self.init(
                packed: weights,
                pool: pool,
                slots: slots,
                isBackground: isBackground,
                cache: nil,
                parallelism: nil
            )
        } catch {
            pool.close()
            throw error
        }
    }

    convenience init(
        weights: Weights,
        threads: Int,
        slots: Int,
        isBackground: Bool = false,
        precision: Precision? = nil,
        cache: Precision? = nil,
        parallelism: Parallelism?
    ) {
        let pool = WorkerPool(threads: threads, isBackground: isBackground)
        self.init(
            packed: InferenceWeights(weights, precision: precision, pool: pool),
            pool: pool,
            slots: slots,
            isBackground: isBackground,
            cache: cache,
            parallelism: parallelism
        )
    }

    private init(
        packed weights: InferenceWeights,
        pool all: WorkerPool,
        slots: Int,
        isBackground: Bool,
        cache: Precision?,
        parallelism: Parallelism?
    ) {
        c = weights.configuration
        self.weights = weights
        rotary = RotaryEmbedding(c)
        cachePrecision = cache ?? self.weights.arithmetic
        self.slots = max(1, min(slots, Decoder.chunk))
        switch parallelism ?? .choose(panelBytes: self.weights.panelBytes, threads: all.count) {
        case .team: teams = [all]
        case .workers:
            all.close()
            teams = (0..<all.count).map { _ in WorkerPool(threads: 1) }
        }
        for (index, team) in teams.enumerated() {
            let thread = Thread { [self] in
                if isBackground { WorkerPool.giveWay() }
                serve(team)
                team.close()
            }
            thread.stackSize = 8 << 20
            thread.name = "serving-\(index)"
            thread.start()
        }
    }

    /// Ends the workers and abandons the sequences in progress. The owner must close an engine, because its threads
    /// keep it alive.
    public func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    /// - Throws: `LocalLMError` for an empty or too long prompt, and for ids outside the vocabulary.
    public func submit(_ request: Request, listener: @escaping GenerationListener) throws {
        guard !request.ids.isEmpty else {
            throw LocalLMError(.input, "an empty sequence", hint: "a prompt needs at least one token")
        }
        guard request.ids.count < c.maximumPositions else {
            throw LocalLMError(
                .input,
                "a prompt of \(request.ids.count) tokens; the model has \(c.maximumPositions) positions",
                hint: "shorten it"
            )
        }
        guard request.ids.allSatisfy({ $0 >= 0 && $0 < c.vocabularySize }) else {
            throw LocalLMError(.input, "a token id outside the vocabulary of \(c.vocabularySize)")
        }
        condition.lock()
        waiting.append((request, listener))
        condition.signal()
        condition.unlock()
    }

    // MARK: A batch

    private func serve(_ team: WorkerPool) {
        let decoder = Decoder(weights: weights, rotary: rotary, slots: slots, cache: cachePrecision, team: team)
        let batch = ContinuousBatch(decoder, c, keepsSlots: false)
        while let new = admit(batch) {
            batch.start(
                new.map {
                    ContinuousBatch.Prompt(
                        ids: $0.request.ids,
                        sampling: $0.request.sampling,
                        topLogprobs: $0.request.topLogprobs,
                        scoresPrompt: $0.request.scoresPrompt,
                        sequences: [($0.request.key, $0.listener)]
                    )
                }
            )
            batch.step()
        }
    }

    /// Requests for free places, this batch's share of them and no more than its cache takes; waits where there is
    /// nothing to do at all. nil: it is over.
    private func admit(_ batch: ContinuousBatch) -> [(request: Request, listener: GenerationListener)]? {
        let isIdle = batch.isEmpty
        var room = Self.cacheLimit - batch.cacheBytes
        condition.lock()
        defer { condition.unlock() }
        while isIdle && waiting.isEmpty && !isClosed { condition.wait() }
        if isClosed { return nil }
        let share = min(batch.freeCount, (waiting.count + teams.count - 1) / teams.count)
        let fitting = waiting.prefix(share).prefix { next in
            room -= KeyValueCache.bytes(
                c,
                length: ContinuousBatch.length(next.request.ids, next.request.sampling, c),
                precision: cachePrecision
            )
            return room >= 0
        }
        // A sequence longer than the limit is answered alone.
        let count = isIdle ? max(1, fitting.count) : fitting.count
        defer { waiting.removeFirst(count) }
        return Array(waiting.prefix(count))
    }
}
