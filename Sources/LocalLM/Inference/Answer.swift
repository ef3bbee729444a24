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
        case .started, .prompt: return true
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
