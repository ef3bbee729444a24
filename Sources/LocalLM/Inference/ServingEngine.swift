import Foundation

/// Answers sequences as they are asked for, many at once: each worker prefills new prompts into free places of its batch and decodes
/// all places together (continuous batching, Yu et al. 2022, "Orca").
///
/// A sequence's tokens depend on its own ids, sampling and key alone, not on what is answered beside it or on which worker.
/// `@unchecked Sendable`: the queue is only touched under the lock, a place only by its worker.
public final class ServingEngine: @unchecked Sendable {
    public struct Request: Sendable {
        public var ids: [Int]
        public var sampling: Sampling
        /// Of the sequence's random stream.
        public var key: UInt64
        /// How many of the likeliest tokens to tell with each token.
        public var topLogprobs: Int

        public init(ids: [Int], sampling: Sampling, key: UInt64, topLogprobs: Int = 0) {
            self.ids = ids
            self.sampling = sampling
            self.key = key
            self.topLogprobs = topLogprobs
        }
    }

    public struct Token: Sendable, Equatable {
        public struct Alternative: Sendable, Equatable {
            public var id: Int
            public var logprob: Float
        }
        public var id: Int
        /// Natural, under the unmodified distribution (temperature 1).
        public var logprob: Float
        /// The likeliest tokens, best first.
        public var top: [Alternative]
    }

    public enum Event: Sendable {
        /// It has a place in the batch.
        case started
        case token(Token)
        /// Nothing comes after it.
        case finished(FinishReason)
    }

    /// Told everything about one request, on the worker's thread. Returns whether the answer is still wanted.
    public typealias Listener = @Sendable (Event) -> Bool

    private struct Place {
        var request: Request
        var listener: Listener
        var sampler: Sampler
        var random: RandomStream
        var position: Int
        var last: Int32 = 0
        var produced = 0
    }

    private let condition = NSCondition()
    private var waiting: [(request: Request, listener: Listener)] = []
    private var isClosed = false
    private let bank: ProjectionBank
    private let rotary: RotaryEmbedding
    private let c: ModelConfiguration
    private let workers: Int
    private let length: Int
    /// Sequences that one worker answers at once.
    public let slots: Int

    /// Largest key-value cache of one worker, in bytes.
    private static let cacheLimit = 1 << 30

    /// - Parameter isBackground: threads of the lowest priority, so that other work on the machine keeps its pace.
    public init(weights: Weights, threads: Int, slots: Int = 32, isBackground: Bool = false) {
        c = weights.configuration
        bank = ProjectionBank(weights)
        length = c.maximumPositions
        rotary = RotaryEmbedding(c)
        workers = max(1, threads)
        self.slots = max(1, min(slots, Decoder.chunk, Self.cacheLimit / KeyValueCache.bytes(c, length: length)))
        for index in 0..<workers {
            let thread = Thread { [self] in
                if isBackground { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19) }  // on Linux: of this thread
                serve()
            }
            thread.stackSize = 8 << 20
            thread.name = "serving-\(index)"
            thread.start()
        }
    }

    /// Ends the workers; what is under way ends as if nobody wanted it. An engine is closed by its owner: its threads keep it alive.
    public func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    /// - Throws: `LocalLMError` for an empty or too long prompt, and for ids outside the vocabulary.
    public func submit(_ request: Request, listener: @escaping Listener) throws {
        guard !request.ids.isEmpty else { throw LocalLMError(.input, "an empty sequence", hint: "a prompt needs at least one token") }
        guard request.ids.count < c.maximumPositions else {
            throw LocalLMError(.input, "a prompt of \(request.ids.count) tokens; the model has \(c.maximumPositions) positions", hint: "shorten it")
        }
        guard request.ids.allSatisfy({ $0 >= 0 && $0 < c.vocabularySize }) else {
            throw LocalLMError(.input, "a token id outside the vocabulary of \(c.vocabularySize)")
        }
        condition.lock()
        waiting.append((request, listener))
        condition.signal()
        condition.unlock()
    }

    // MARK: A worker

    private func serve() {
        let decoder = Decoder(bank: bank, rotary: rotary, slots: slots, length: length)
        var places = [Place?](repeating: nil, count: slots)
        while let new = admit(free: places.count { $0 == nil }, isIdle: places.allSatisfy { $0 == nil }) {
            prefill(new, decoder, &places)
            decode(decoder, &places)
        }
    }

    /// Requests for free places, this worker's share of them; waits where there is nothing to do at all. nil: it is over.
    private func admit(free: Int, isIdle: Bool) -> [(request: Request, listener: Listener)]? {
        condition.lock()
        defer { condition.unlock() }
        while isIdle && waiting.isEmpty && !isClosed { condition.wait() }
        if isClosed { return nil }
        let share = min(free, (waiting.count + workers - 1) / workers)
        defer { waiting.removeFirst(share) }
        return Array(waiting.prefix(share))
    }

    private func prefill(_ new: [(request: Request, listener: Listener)], _ decoder: Decoder, _ places: inout [Place?]) {
        var free = places.indices.filter { places[$0] == nil }[...]
        for (request, listener) in new where listener(.started) {
            let slot = free.removeFirst()
            var place = Place(
                request: request, listener: listener, sampler: Sampler(request.sampling, vocabulary: c.vocabularySize),
                random: RandomStream(key: request.key), position: request.ids.count)
            let rows = request.ids.enumerated().map { Decoder.Row(id: Int32($0.element), slot: slot, position: $0.offset) }
            for start in stride(from: 0, to: rows.count, by: Decoder.chunk) {
                let part = rows[start..<min(start + Decoder.chunk, rows.count)]
                decoder.run(part, wanted: part.endIndex == rows.count ? [part.count - 1] : [])
            }
            places[slot] = accept(&place, decoder.logits.pointer) ? place : nil
        }
    }

    private func decode(_ decoder: Decoder, _ places: inout [Place?]) {
        let active = places.indices.filter { places[$0] != nil }
        guard !active.isEmpty else { return }
        let rows = active.map { Decoder.Row(id: places[$0]!.last, slot: $0, position: places[$0]!.position) }
        decoder.run(rows[...], wanted: Array(rows.indices))
        for (k, slot) in active.enumerated() {
            var place = places[slot]!
            place.position += 1
            places[slot] = accept(&place, decoder.logits.pointer + k * c.vocabularySize) ? place : nil
        }
    }

    /// Picks the next token and tells it. Returns whether the sequence goes on.
    private func accept(_ place: inout Place, _ logits: UnsafePointer<Float>) -> Bool {
        let sampling = place.request.sampling
        guard sampling.maximumTokens > 0 else {
            _ = place.listener(.finished(.length))
            return false
        }
        let (id, logprob) = place.sampler.pick(logits, random: &place.random)
        place.last = Int32(id)
        place.produced += 1
        guard place.listener(.token(Token(id: id, logprob: logprob, top: top(place.request.topLogprobs, logits)))) else { return false }
        let stops = !sampling.ignoresEOS && c.eosTokenIDs.contains(id)
        guard stops || place.produced >= sampling.maximumTokens || place.position >= c.maximumPositions else { return true }
        _ = place.listener(.finished(stops ? .stop : .length))
        return false
    }

    private func top(_ count: Int, _ logits: UnsafePointer<Float>) -> [Token.Alternative] {
        guard count > 0 else { return [] }
        let total = VectorMath.logSumExp(logits, c.vocabularySize)
        var best: [Int] = []
        best.reserveCapacity(count + 1)
        for id in 0..<c.vocabularySize where best.count < count || logits[id] > logits[best[best.count - 1]] {
            best.insert(id, at: best.firstIndex { logits[id] > logits[$0] } ?? best.count)
            if best.count > count { best.removeLast() }
        }
        return best.map { Token.Alternative(id: $0, logprob: logits[$0] - total) }
    }
}
