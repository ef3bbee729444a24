import LocalLM
import ModelFiles

/// One conversation to be answered, `samples` times.
public struct ChatRequest: Sendable {
    public var messages: [Message]
    public var samples: Int
    /// Key of the request's random stream: see `RandomKey`.
    public var key: UInt64

    public init(messages: [Message], samples: Int = 1, key: UInt64) {
        self.messages = messages
        self.samples = samples
        self.key = key
    }
}

/// One answer to a conversation.
public struct ChatAnswer: Sendable, Equatable, Codable {
    public var text: String
    /// Generated tokens, EOS included.
    public var tokens: Int
    /// Sum of the tokens' natural logprobs under the model that wrote them, where it is known.
    public var logprob: Double?
    public var finishReason: FinishReason

    public init(text: String, tokens: Int, logprob: Double?, finishReason: FinishReason) {
        self.text = text
        self.tokens = tokens
        self.logprob = logprob
        self.finishReason = finishReason
    }

    /// Mean logprob per token: the confidence of the mixture.
    public var meanLogprob: Double? { logprob.map { $0 / Double(max(tokens, 1)) } }
}

/// How likely a model finds an answer.
public struct Likelihood: Sendable, Equatable {
    /// Sum of natural logprobs of the answer's tokens, turn terminator included.
    public var logprob: Double
    public var tokens: Int

    public init(logprob: Double, tokens: Int) {
        self.logprob = logprob
        self.tokens = tokens
    }

    /// Length-normalised.
    public var mean: Double { logprob / Double(max(tokens, 1)) }
}

/// A model that answers conversations: local now, remote endpoints later.
public protocol ChatModel: Sendable {
    var name: String { get }
    /// Digest of its weights, tokenizer and template, or for a remote model of its name.
    var digest: String { get }
    /// Answers in the order of the requests, `samples` each. `progress` gets the number of answers finished so far.
    func answer(_ requests: [ChatRequest], sampling: Sampling, progress: @escaping @Sendable (Int) -> Void) async throws
        -> [[ChatAnswer]]
}

/// A model that can say how likely it finds an answer.
public protocol LikelihoodModel: ChatModel {
    /// In the order of `answers`.
    func likelihood(of answers: [(messages: [Message], answer: String)], progress: @escaping @Sendable (Int) -> Void)
        async throws -> [Likelihood]
}
