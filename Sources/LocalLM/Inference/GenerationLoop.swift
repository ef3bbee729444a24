import Foundation

/// A prompt and the range of its samples that one worker answers.
struct GenerationJob: Sendable {
    let request: Int
    let ids: [Int]
    let samples: Range<Int>
    let key: UInt64
}

/// One worker's continuous batch: prefill prompts into free places, decode all places together, refill those that end.
struct GenerationLoop {
    private struct Place {
        var job: Int
        var sample: Int
        var position: Int
        var last: Int32
        var ids: [Int]
        var logprob: Double
        var random: RandomStream
    }

    private let decoder: Decoder
    private let jobs: [GenerationJob]
    private let sampling: Sampling
    private let c: ModelConfiguration
    private let eos: Set<Int>
    private var sampler: Sampler
    private var places: [Place?]
    private var next = 0

    init(decoder: Decoder, jobs: [GenerationJob], sampling: Sampling, configuration: ModelConfiguration) {
        self.decoder = decoder
        self.jobs = jobs
        self.sampling = sampling
        c = configuration
        eos = sampling.ignoresEOS ? [] : Set(configuration.eosTokenIDs)
        sampler = Sampler(sampling, vocabulary: configuration.vocabularySize)
        places = [Place?](repeating: nil, count: decoder.cache.slots)
    }

    mutating func run(into results: Collector) {
        guard sampling.maximumTokens > 0 else {
            for job in jobs { for sample in job.samples { results.store(GeneratedSequence(ids: [], logprob: 0, finishReason: .length), job.request, sample) } }
            return
        }
        var isIdle = false
        while !isIdle {
            prefill(into: results)
            isIdle = !decode(into: results) && next == jobs.count
        }
    }

    /// Fills free places with the next prompts, as many as one chunk takes.
    private mutating func prefill(into results: Collector) {
        var free = places.indices.filter { places[$0] == nil }
        var rows: [Decoder.Row] = []
        var started: [(job: Int, slots: ArraySlice<Int>, lastRow: Int)] = []
        while next < jobs.count, jobs[next].samples.count <= free.count, rows.isEmpty || rows.count + jobs[next].ids.count <= Decoder.chunk {
            let job = jobs[next]
            let slots = free.prefix(job.samples.count)
            for (position, id) in job.ids.enumerated() { rows.append(Decoder.Row(id: Int32(id), slot: slots.first!, position: position)) }
            started.append((next, slots, rows.count - 1))
            free.removeFirst(job.samples.count)
            next += 1
        }
        for start in stride(from: 0, to: rows.count, by: Decoder.chunk) {
            let part = rows[start..<min(start + Decoder.chunk, rows.count)]
            let here = started.filter { part.indices.contains($0.lastRow) }
            decoder.run(part, wanted: here.map { $0.lastRow - start })
            for (k, entry) in here.enumerated() {
                let job = jobs[entry.job]
                let logits = decoder.logits.pointer + k * c.vocabularySize
                for (slot, sample) in zip(entry.slots, job.samples) {
                    if slot != entry.slots.first! { decoder.cache.copy(from: entry.slots.first!, to: slot, count: job.ids.count) }
                    var place = Place(
                        job: entry.job, sample: sample, position: job.ids.count, last: 0, ids: [], logprob: 0,
                        random: RandomStream(key: RandomKey.derive(job.key, UInt64(sample))))
                    places[slot] = accept(&place, logits, results) ? nil : place
                }
            }
        }
    }

    /// One token for every place in use. Returns whether any place was.
    private mutating func decode(into results: Collector) -> Bool {
        let active = places.indices.filter { places[$0] != nil }
        for start in stride(from: 0, to: active.count, by: Decoder.chunk) {
            let slots = active[start..<min(start + Decoder.chunk, active.count)]
            let rows = slots.map { Decoder.Row(id: places[$0]!.last, slot: $0, position: places[$0]!.position) }
            decoder.run(rows[...], wanted: Array(rows.indices))
            for (k, slot) in slots.enumerated() {
                var place = places[slot]!
                place.position += 1
                places[slot] = accept(&place, decoder.logits.pointer + k * c.vocabularySize, results) ? nil : place
            }
        }
        return !active.isEmpty
    }

    /// Picks the next token of a place. Returns whether the sequence has ended (and was stored).
    private mutating func accept(_ place: inout Place, _ logits: UnsafePointer<Float>, _ results: Collector) -> Bool {
        let (id, logprob) = sampler.pick(logits, random: &place.random)
        place.ids.append(id)
        place.logprob += Double(logprob)
        place.last = Int32(id)
        let stops = eos.contains(id)
        guard stops || place.ids.count >= sampling.maximumTokens || place.position >= c.maximumPositions else { return false }
        results.store(GeneratedSequence(ids: place.ids, logprob: place.logprob, finishReason: stops ? .stop : .length), jobs[place.job].request, place.sample)
        return true
    }
}

/// Finished sequences by request and sample, filled by any worker.
final class Collector: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var sequences: [[GeneratedSequence]]
    private var finished = 0
    private let progress: ((Int) -> Void)?

    init(_ samples: [Int], progress: ((Int) -> Void)?) {
        let empty = GeneratedSequence(ids: [], logprob: 0, finishReason: .length)
        sequences = samples.map { [GeneratedSequence](repeating: empty, count: $0) }
        self.progress = progress
    }

    func store(_ sequence: GeneratedSequence, _ request: Int, _ sample: Int) {
        lock.lock()
        defer { lock.unlock() }
        sequences[request][sample] = sequence
        finished += 1
        progress?(finished)
    }
}
