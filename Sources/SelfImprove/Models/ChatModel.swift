import LocalLM
import ModelFiles

/// One conversation to be answered, `samples` times.
public struct ChatRequest: Sendable {
    /// Whose turn is written.
    public enum Turn: Sendable, Hashable {
        case assistant
        /// The first of a user, before anything is said (Magpie, arXiv 2406.08464): a model on this machine goes on
        /// from what its chat template writes before it, one behind an endpoint from `prefix`.
        case user(prefix: String?)
    }

    /// None where the user's turn is written.
    public var messages: [Message]
    public var samples: Int
    public var sampling: Sampling
    /// Key of the request's random stream: see `RandomKey`.
    public var key: UInt64
    /// Whether somebody reads the answers' logprobs, which endpoints only say when they are asked.
    public var wantsLogprob: Bool
    public var turn = Turn.assistant

    public init(
        messages: [Message],
        samples: Int = 1,
        sampling: Sampling,
        key: UInt64,
        wantsLogprob: Bool = false
    ) {
        self.wantsLogprob = wantsLogprob
        self.messages = messages
        self.samples = samples
        self.sampling = sampling
        self.key = key
    }

    /// What a user would say first.
    /// - Parameter prefix: see `Turn.user`.
    public init(userAfter prefix: String?, sampling: Sampling, key: UInt64) {
        self.init(messages: [], sampling: sampling, key: key)
        turn = .user(prefix: prefix)
    }
}

/// The answers to one request, `samples` of them, or why there are none: one failure costs one request, not the call.
public typealias ChatResult = Result<[Answer], SelfImproveError>

extension [ChatResult] {
    /// The answers; nil where a conversation cannot be put to the model, because it is too long for it, or where an
    /// endpoint has no answer to it: that costs this one alone.
    /// - Parameter mayAllBeTooLong: for conversations that hold what a model wrote, which may be too long one and all.
    /// - Throws: any other failure; and the first one where nothing could be answered, for then it is not the
    ///   conversations.
    func answered(mayAllBeTooLong: Bool = false) throws -> [[Answer]?] {
        let answers = try map { result -> [Answer]? in
            switch result {
            case .success(let answers): answers
            case .failure(let error) where error.code == .input || error.code == .unanswered: nil
            case .failure(let error): throw error
            }
        }
        guard let first, answers.allSatisfy({ $0 == nil }) else { return answers }
        let areTooLong = allSatisfy {
            if case .failure(let error) = $0 { error.code == .input } else { false }
        }
        if !(mayAllBeTooLong && areTooLong) { _ = try first.get() }
        return answers
    }
}

extension Answer {
    /// In the place of an answer that could not be asked for: wrong, and nothing to learn from.
    static let none = Answer(text: "", tokens: 0, logprob: nil, finishReason: .length)
}

/// A model that answers conversations.
///
///     let question = [Message(role: "user", content: "2 + 2?")]
///     let request = ChatRequest(messages: question, sampling: Sampling(maximumTokens: 8), key: 1)
///     let answer = try await model.answer([request]) { _ in }[0].get()[0]
public protocol ChatModel: Sendable {
    var name: String { get }
    var identity: ModelIdentity { get }
    /// Answers in the order of the requests.
    /// - Parameter progress: gets the number of answers finished so far, from any thread.
    /// - Throws: where nothing can be answered, and `CancellationError`; what concerns one request is its result.
    func answer(_ requests: [ChatRequest], progress: @escaping @Sendable (Int) -> Void) async throws -> [ChatResult]
}

/// A model that can say how likely it finds an answer.
public protocol LikelihoodModel: Sendable {
    var name: String { get }
    var identity: ModelIdentity { get }
    /// In the order of `answers`.
    /// - Parameter progress: gets the number of answers scored so far, from any thread.
    func likelihood(of answers: [(messages: [Message], answer: String)], progress: @escaping @Sendable (Int) -> Void)
        async throws -> [Likelihood]
}

/// How likely a model finds an answer.
public enum Likelihood: Sendable, Equatable {
    /// The sum of the natural logprobs of the answer's tokens, turn terminator included, and their number.
    case measured(logprob: Double, tokens: Int)
    /// The answer cannot be told from its prompt, or does not fit: the model could not have written it.
    case impossible

    /// Mean logprob per token; minus infinity where the answer is impossible.
    public var mean: Double {
        switch self {
        case .measured(let logprob, let tokens): logprob / Double(max(tokens, 1))
        case .impossible: -.infinity
        }
    }

    /// Tokens read to find out.
    public var tokens: Int { if case .measured(_, let tokens) = self { tokens } else { 0 } }
}
