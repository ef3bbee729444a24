import LocalLM

/// One answer to a conversation, by any model: a draft, an aggregated answer, a sample.
public struct Answer: Sendable, Equatable, Codable {
    public var text: String
    /// Generated tokens, EOS included.
    public var tokens: Int
    /// Sum of the tokens' natural logprobs under the model that wrote them, at temperature 1, where it is known.
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
