import LocalLM
import ModelFiles
import SelfImprove
import Synchronization

/// A model that says what a test wants, and remembers what it was asked.
public final class ScriptedModel: LikelihoodModel {
    public let name: String
    public var digest: String { "scripted-\(name)" }
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

    public func answer(_ requests: [ChatRequest], sampling: Sampling, progress: @escaping @Sendable (Int) -> Void)
        async throws -> [[ChatAnswer]]
    {
        self.requests.withLock { $0 += requests }
        return requests.map { request in
            (0..<request.samples).map { _ in
                let text = reply(request)
                return ChatAnswer(
                    text: text,
                    tokens: text.count + 1,
                    logprob: score(text) * Double(text.count + 1),
                    finishReason: .stop
                )
            }
        }
    }

    public func likelihood(
        of answers: [(messages: [Message], answer: String)],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [Likelihood] {
        answers.map { Likelihood(logprob: score($0.answer) * Double($0.answer.count + 1), tokens: $0.answer.count + 1) }
    }
}
