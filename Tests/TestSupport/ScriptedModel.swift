import LocalLM
import ModelFiles
import SelfImprove
import Synchronization

/// A model that says what a test wants, and remembers what it was asked.
public final class ScriptedModel: ChatModel, LikelihoodModel {
    public let name: String
    public var identity: ModelIdentity { .named(name) }
    private let reply: @Sendable (ChatRequest) -> String?
    private let score: @Sendable (String) -> Double
    private let pause: @Sendable () -> Void
    private let requests = Mutex<[ChatRequest]>([])

    /// - Parameters:
    ///   - pause: called before every answer and every score.
    ///   - reply: nil: the conversation is too long for it.
    public init(
        _ name: String,
        score: @escaping @Sendable (String) -> Double = { _ in -1 },
        pause: @escaping @Sendable () -> Void = {},
        reply: @escaping @Sendable (ChatRequest) -> String?
    ) {
        self.name = name
        self.reply = reply
        self.score = score
        self.pause = pause
    }

    public var asked: [ChatRequest] { requests.withLock { $0 } }

    public func answer(_ requests: [ChatRequest], progress: @escaping @Sendable (Int) -> Void) async throws
        -> [ChatResult]
    {
        self.requests.withLock { $0 += requests }
        var done = 0
        var results: [ChatResult] = []
        for request in requests {
            var answers: [Answer] = []
            for _ in 0..<request.samples {
                pause()
                guard let text = reply(request) else { break }
                answers.append(answer(text))
                done += 1
                progress(done)
            }
            let isWhole = answers.count == request.samples
            results.append(isWhole ? .success(answers) : .failure(SelfImproveError(.input, "too long", context: name)))
        }
        return results
    }

    private func answer(_ text: String) -> Answer {
        Answer(
            text: text,
            tokens: text.count + 1,
            logprob: score(text) * Double(text.count + 1),
            finishReason: .stop
        )
    }

    public func likelihood(
        of answers: [(messages: [Message], answer: String)],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [Likelihood] {
        var likelihoods: [Likelihood] = []
        for item in answers {
            pause()
            let tokens = item.answer.count + 1
            likelihoods.append(.measured(logprob: score(item.answer) * Double(tokens), tokens: tokens))
            progress(likelihoods.count)
        }
        return likelihoods
    }
}
