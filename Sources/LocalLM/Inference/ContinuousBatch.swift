import ModelFiles
import Synchronization

/// Sequences that are answered together: prompts are prefilled into free places as they come, all places get their next
/// token in one step, and a place is free again as soon as its sequence ends (continuous batching, Yu et al. 2022,
/// "Orca").
///
/// A sequence's tokens depend on its own ids, sampling and key alone. One thread calls it; `@unchecked Sendable`, for
/// the decoder's workers each pick the tokens of other places.
final class ContinuousBatch: @unchecked Sendable {
    /// A prompt and the sequences that continue it.
    struct Prompt: Sendable {
        var ids: [Int]
        /// How many of them are computed once for this prompt and those before and after it that begin with them too.
        var shared = 0
        var sampling: Sampling
        var topLogprobs = 0
        /// Whether its listeners are told the prompt's own tokens with their logprobs. Then nothing is shared.
        var scoresPrompt = false
        /// Each with the key of its random stream.
        var sequences: [(key: UInt64, listener: GenerationListener)]
    }

    private final class Place: @unchecked Sendable {
        let sampling: Sampling
        let topLogprobs: Int
        let listener: GenerationListener
        var random: RandomStream
        var position: Int
        var produced = 0
        /// Ids so far, where somebody asks for them.
        var seen: Set<Int>
        var token = GeneratedToken(id: 0, logprob: 0, top: [])

        init(_ prompt: Prompt, _ sequence: (key: UInt64, listener: GenerationListener)) {
            sampling = prompt.sampling
            topLogprobs = prompt.topLogprobs
            listener = sequence.listener
            random = RandomStream(key: sequence.key)
            position = prompt.ids.count
            seen = prompt.sampling.repetitionPenalty == 1 ? [] : Set(prompt.ids)
        }
    }

    private let decoder: Decoder
    private let c: ModelConfiguration
    private let samplers: [Sampler]
    private let keepsSlots: Bool
    private var places: [Place?]
    /// What the latest prompts began with.
    private var prefix: (ids: ArraySlice<Int>, memory: KeyValuePrefix)?

    /// - Parameter keepsSlots: a slot's memory stays for the next sequence; else it is given back.
    init(_ decoder: Decoder, _ configuration: ModelConfiguration, keepsSlots: Bool) {
        self.decoder = decoder
        self.keepsSlots = keepsSlots
        c = configuration
        samplers = (0..<decoder.team.count).map { _ in Sampler(vocabulary: configuration.vocabularySize) }
        places = [Place?](repeating: nil, count: decoder.cache.slotCount)
    }

    var freeCount: Int { places.count { $0 == nil } }
    var isEmpty: Bool { freeCount == places.count }
    /// Of all sequences, at their full length.
    var cacheBytes: Int { decoder.cache.bytes }

    /// Prefixes that sequences in the batch begin with.
    var prefixCount: Int { decoder.cache.prefixCount }
    /// Whether a prompt begins with what the latest ones began with.
    func hasPrefix(of prompt: Prompt) -> Bool { prefix?.ids == prompt.ids[..<prompt.shared] }

    /// Positions that a sequence can take at most.
    static func length(_ ids: [Int], _ sampling: Sampling, _ c: ModelConfiguration) -> Int {
        min(ids.count + min(max(sampling.maximumTokens, 0), c.maximumPositions), c.maximumPositions)
    }

    /// Prefills prompts, whose sequences need no more places than are free, and picks the first token of each.
    func start(_ prompts: [Prompt]) {
        var free = places.indices.filter { places[$0] == nil }[...]
        var rows: [Decoder.Row] = []
        var started: [Started] = []
        for prompt in prompts {
            let wanted = prompt.sequences.filter { $0.listener(.started) }
            guard prompt.sampling.maximumTokens > 0 || prompt.scoresPrompt else {
                for sequence in wanted { _ = sequence.listener(.finished(.length)) }
                continue
            }
            guard !wanted.isEmpty else { continue }
            let slots = free.prefix(wanted.count)
            free.removeFirst(wanted.count)
            let prefix = prefix(of: prompt, slot: slots.first!)
            let new = wanted.map { Place(prompt, $0) }
            for (slot, place) in zip(slots, new) {
                places[slot] = place
                decoder.cache.open(slot: slot, length: Self.length(prompt.ids, prompt.sampling, c), prefix: prefix)
            }
            for position in prompt.shared..<prompt.ids.count {
                rows.append(Decoder.Row(id: Int32(prompt.ids[position]), slot: slots.first!, position: position))
            }
            started.append(Started(prompt, slots, new, lastRow: rows.count - 1))
        }
        let waiting = started,
            wanted = waiting.enumerated().flatMap { s, entry in entry.wanted.map { (row: $0, of: s) } }
        decoder.run(rows, wanted: wanted.map(\.row)) { [self] k, logits, worker in
            let (row, entry) = (wanted[k].row, waiting[wanted[k].of])
            if row < entry.lastRow {
                let next = entry.prompt.ids[entry.prompt.ids.count - (entry.lastRow - row)]
                let logprob = logits[next] - VectorMath.logSumExp(logits, c.vocabularySize)
                let token = GeneratedToken(id: next, logprob: logprob, top: top(entry.prompt.topLogprobs, logits))
                entry.scores.withLock { $0[row] = token }
            } else {
                for place in entry.places { pick(place, logits, worker) }
            }
        }
        for entry in started {
            for slot in entry.slots.dropFirst() {
                decoder.cache.copy(from: entry.slots.first!, to: slot, count: entry.prompt.ids.count)
            }
            for slot in entry.slots {
                if entry.prompt.scoresPrompt, !tell(entry.scored, slot) { continue }
                tell(slot)
            }
        }
    }

    /// A prompt that is being prefilled.
    private final class Started: Sendable {
        let prompt: Prompt, slots: ArraySlice<Int>, places: [Place], lastRow: Int
        /// Tokens of the prompt after the first, by the row whose logits say how likely they are.
        let scores = Mutex<[Int: GeneratedToken]>([:])

        init(_ prompt: Prompt, _ slots: ArraySlice<Int>, _ places: [Place], lastRow: Int) {
            (self.prompt, self.slots, self.places, self.lastRow) = (prompt, slots, places, lastRow)
        }

        /// Rows whose logits somebody reads.
        var wanted: ClosedRange<Int> { (prompt.scoresPrompt ? lastRow - prompt.ids.count + 1 : lastRow)...lastRow }

        var scored: [GeneratedToken] {
            [GeneratedToken(id: prompt.ids[0], logprob: .nan, top: [])]
                + scores.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
        }
    }

    /// Tells a prompt's own tokens.
    /// - Returns: whether its sequence goes on.
    private func tell(_ prompt: [GeneratedToken], _ slot: Int) -> Bool {
        let place = places[slot]!
        if place.listener(.prompt(prompt)) {
            if place.sampling.maximumTokens > 0 { return true }
            _ = place.listener(.finished(.length))
        }
        free(slot)
        return false
    }

    /// What a prompt begins with: that of the prompt before it, or a new one.
    /// - Parameter slot: that is free.
    private func prefix(of prompt: Prompt, slot: Int) -> KeyValuePrefix? {
        guard prompt.shared > 0 else { return nil }
        if let prefix, hasPrefix(of: prompt) { return prefix.memory }
        prefix = nil
        let ids = prompt.ids[..<prompt.shared], memory = decoder.prefix(ids, slot: slot)
        prefix = (ids, memory)
        return memory
    }

    /// One token for every place in use.
    func step() {
        let slots = places.indices.filter { places[$0] != nil }
        let active = slots.map { places[$0]! }
        let rows = zip(slots, active).map { Decoder.Row(id: Int32($1.token.id), slot: $0, position: $1.position) }
        decoder.run(rows, wanted: Array(rows.indices)) { [self] k, logits, worker in pick(active[k], logits, worker) }
        for (slot, place) in zip(slots, active) {
            place.position += 1
            tell(slot)
        }
    }

    private func pick(_ place: Place, _ logits: UnsafePointer<Float>, _ worker: Int) {
        let (id, logprob) = samplers[worker].pick(logits, place.sampling, seen: place.seen, random: &place.random)
        place.token = GeneratedToken(id: id, logprob: logprob, top: top(place.topLogprobs, logits))
    }

    /// Tells the token that was picked; frees the place where the sequence has ended.
    private func tell(_ slot: Int) {
        let place = places[slot]!, id = place.token.id
        place.produced += 1
        if place.sampling.repetitionPenalty != 1 { place.seen.insert(id) }
        if place.listener(.token(place.token)) {
            let stops = !place.sampling.ignoresEOS && c.eosTokenIDs.contains(id)
            guard stops || place.produced >= place.sampling.maximumTokens || place.position >= c.maximumPositions else {
                return
            }
            _ = place.listener(.finished(stops ? .stop : .length))
        }
        free(slot)
    }

    private func free(_ slot: Int) {
        places[slot] = nil
        if keepsSlots { decoder.cache.leave(slot: slot) } else { decoder.cache.close(slot: slot) }
    }

    private func top(_ count: Int, _ logits: UnsafePointer<Float>) -> [GeneratedToken.Alternative] {
        guard count > 0 else { return [] }
        let total = VectorMath.logSumExp(logits, c.vocabularySize)
        var best: [Int] = []
        best.reserveCapacity(count + 1)
        for id in 0..<c.vocabularySize where best.count < count || logits[id] > logits[best[best.count - 1]] {
            best.insert(id, at: best.firstIndex { logits[id] > logits[$0] } ?? best.count)
            if best.count > count { best.removeLast() }
        }
        return best.map { GeneratedToken.Alternative(id: $0, logprob: logits[$0] - total) }
    }
}
