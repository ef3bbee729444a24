import ModelFiles

/// The body of `POST /completions` that asks how likely a model finds a text: the text is echoed with the logprob of
/// each token.
struct EchoCompletionBody: Sendable, Equatable {
    var model: String
    /// The rendered conversation, up to where the answer begins.
    var prompt: String
    var completion: String

    /// One token is generated and passed over: to some servers `max_tokens: 0` is an error, to others no limit.
    func json() -> JSONValue {
        .object([
            .init("model", .string(model)), .init("prompt", .string(prompt + completion)),
            .init("max_tokens", .integer(1)), .init("temperature", .integer(0)),
            .init("logprobs", .integer(1)), .init("echo", .bool(true)),
        ])
    }
}

/// How likely an endpoint's model finds a text after another one.
public struct EchoedLikelihood: Sendable, Equatable {
    /// Sum of the natural logprobs of the completion's tokens.
    public var logprob: Double
    public var tokens: Int
    /// Sum of the highest logprobs where these tokens stand; nil where the endpoint does not say it of each.
    public var highest: Double?
}

/// An answer of `POST /completions` with `echo`, read from any bytes.
struct EchoCompletionReply: Sendable, Equatable {
    enum Outcome: Sendable, Equatable {
        case measured(EchoedLikelihood)
        /// One token holds the end of the prompt and the beginning of the completion: they cannot be told apart.
        case boundaryInsideToken
        /// The reply does not hold the text that was sent, or no logprobs: this endpoint cannot score.
        case notEchoed
    }

    var outcome: Outcome
    var usage: EndpointUsage?
    var model: String?

    /// Five for each token of a context of 100,000.
    private static let mostValues = 1 << 19

    static func read(_ reply: HTTPReply, to body: EchoCompletionBody) -> Result<EchoCompletionReply, ReplyFault> {
        ReplyShell.read(reply, asked: body.model, mostValues: mostValues).flatMap { shell in
            guard let text = shell.choice["text"]?.string else { return .failure(.garbage("a choice without a text")) }
            let whole = body.prompt + body.completion
            let logprobs = shell.choice["logprobs"]
            guard text.utf8.starts(with: whole.utf8), let tokens = logprobs?["tokens"]?.array,
                let values = logprobs?["token_logprobs"]?.array
            else {
                return .success(.init(outcome: .notEchoed, usage: shell.usage, model: shell.model))
            }
            let texts = tokens.compactMap(\.string)
            guard texts.count == tokens.count, values.count == tokens.count else {
                return .failure(.garbage("tokens and logprobs that do not fit together"))
            }
            let given = logprobs?["text_offset"]?.array?.compactMap(\.integer)
            guard let starts = starts(of: texts, whole: whole, given: given) else {
                return .failure(.garbage("tokens whose places in the text are not known"))
            }
            let highest = logprobs?["top_logprobs"]?.array?.map { top in top.members?.compactMap(\.value.real).max() }
            return measure(values, starts, highest: highest, body).map {
                .init(outcome: $0, usage: shell.usage, model: shell.model)
            }
        }
    }

    /// Where each token begins, in Unicode scalars of the text; negative for those that stand before it.
    ///
    /// The tokens' own texts are laid side by side where they give the whole, after at most two not echoed (BOS:
    /// vLLM counts its text in `text_offset`, though not in `text`). Pieces of characters do not, and then the offsets
    /// are believed as they are.
    private static func starts(of tokens: [String], whole: String, given: [Int]?) -> [Int]? {
        let joined = tokens.joined()
        for skipped in 0...min(2, tokens.count) {
            let before = tokens[..<skipped].reduce(0) { $0 + $1.utf8.count }
            guard joined.utf8.dropFirst(before).starts(with: whole.utf8) else { continue }
            var position = -tokens[..<skipped].reduce(0) { $0 + $1.unicodeScalars.count }
            return tokens.map { token in
                defer { position += token.unicodeScalars.count }
                return position
            }
        }
        guard let given, given.count == tokens.count, zip(given, given.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            return nil
        }
        return given
    }

    private static func measure(
        _ values: [JSONValue],
        _ starts: [Int],
        highest: [Double?]?,
        _ body: EchoCompletionBody
    ) -> Result<Outcome, ReplyFault> {
        let boundary = body.prompt.unicodeScalars.count
        let end = boundary + body.completion.unicodeScalars.count
        var sum = 0.0, count = 0, highestSum = highest?.count == values.count ? 0.0 : nil
        for (index, start) in starts.enumerated() where start >= boundary && start < end {
            guard let logprob = values[index].real, logprob <= 0.01 else {
                return .failure(.garbage("a token of the completion without a logprob"))
            }
            sum += logprob
            count += 1
            highestSum = highestSum.flatMap { sum in highest?[index].map { sum + $0 } }
        }
        // Nothing begins where the completion does.
        guard boundary == end || starts.contains(boundary) else { return .success(.boundaryInsideToken) }
        return .success(.measured(EchoedLikelihood(logprob: sum, tokens: count, highest: highestSum)))
    }
}
