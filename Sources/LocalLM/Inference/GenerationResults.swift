import Foundation

/// One answer, put together from what its batch tells. Only one thread at a time touches it: `@unchecked Sendable`.
final class Answer: @unchecked Sendable {
    private var ids: [Int] = []
    private var logprobs: [Float] = []
    private var logprob = 0.0
    /// Where there are stop texts: the answer's text so far, and who looks for them.
    private var text: String?
    private var watcher: AnswerText?
    private let store: @Sendable (GeneratedSequence) -> Void

    init(_ watcher: AnswerText?, store: @escaping @Sendable (GeneratedSequence) -> Void) {
        self.watcher = watcher
        self.store = store
        text = watcher == nil ? nil : ""
    }

    func hear(_ event: GenerationEvent) -> Bool {
        switch event {
        case .started: return true
        case .token(let token):
            ids.append(token.id)
            logprobs.append(token.logprob)
            logprob += Double(token.logprob)
            look(token.id, isLast: false)
            guard watcher?.isStopped == true else { return true }
            finish(.stop)
            return false
        case .finished(let reason):
            look(nil, isLast: true)
            finish(reason)
            return false
        }
    }

    private func look(_ id: Int?, isLast: Bool) {
        if let new = watcher?.add(id, isLast: isLast) { text? += new }
    }

    private func finish(_ reason: FinishReason) {
        store(GeneratedSequence(ids: ids, logprob: logprob, tokenLogprobs: logprobs, text: text, finishReason: reason))
    }
}

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
