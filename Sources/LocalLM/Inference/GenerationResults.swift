import Foundation

/// Finished sequences by request and sample, filled by any worker.
final class GenerationResults: @unchecked Sendable {
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
