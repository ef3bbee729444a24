import LocalLM
import ModelFiles
import SelfImprove
import Synchronization

/// A model that says what a test wants, and remembers what it was asked.
public final class ScriptedModel: ChatModel, LikelihoodModel {
    public let name: String
    public var identity: ModelIdentity { .named(name) }
    private let reply: @Sendable (ChatRequest) -> String
    private let score: @Sendable (String) -> Double
    private let requests = Mutex<[ChatRequest]>([])

    public init(
        _ name: String,
        score: @escaping @Sendable (String) -> Double = { _ in -1 },
        reply: @escaping @Sendable (ChatRequest) -> String
    ) {
        self.name = name
        self.reply = reply
        self.score = score
    }

    public var asked: [ChatRequest] { requests.withLock { $0 } }

    public func answer(_ requests: [ChatRequest], progress: @escaping @Sendable (Int) -> Void) async throws
        -> [ChatResult]
    {
        self.requests.withLock { $0 += requests }
        var done = 0
        return requests.map { request in
            let answers = (0..<request.samples).map { _ in answer(reply(request)) }
            done += answers.count
            progress(done)
            return .success(answers)
        }
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
        zip(1..., answers).map { index, item in
            progress(index)
            let tokens = item.answer.count + 1
            return .measured(logprob: score(item.answer) * Double(tokens), tokens: tokens)
        }
    }
}
