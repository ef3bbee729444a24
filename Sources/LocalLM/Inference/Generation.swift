/// A prompt and how many answers to it. The answers share one prefill of the prompt.
public struct GenerationRequest: Sendable {
    /// The prompt.
    public var ids: [Int]
    /// How many answers.
    public var samples: Int
    /// Key of this prompt's random stream; with the sample's index it decides every draw, whatever else is in the
    /// batch.
    public var key: UInt64

    public init(ids: [Int], samples: Int = 1, key: UInt64) {
        self.ids = ids
        self.samples = samples
        self.key = key
    }
}

/// Why a sequence ended: an EOS or a stop text, or the limit of its tokens or of the model's positions.
public enum FinishReason: String, Sendable, Codable { case stop, length }

/// One answer. `logprob` is the sum over `ids` under the model itself (temperature 1), EOS included where it was
/// produced.
public struct GeneratedSequence: Sendable, Equatable {
    /// The new ids; a final EOS is included, and so are those of a stop text.
    public var ids: [Int]
    /// Natural log, summed over `ids`.
    public var logprob: Double
    /// Of each id.
    public var tokenLogprobs: [Float]
    /// The text before a stop text; nil where no such were asked for.
    public var text: String?
    /// Why it ended.
    public var finishReason: FinishReason

    public init(
        ids: [Int],
        logprob: Double,
        tokenLogprobs: [Float] = [],
        text: String? = nil,
        finishReason: FinishReason
    ) {
        self.ids = ids
        self.logprob = logprob
        self.tokenLogprobs = tokenLogprobs
        self.text = text
        self.finishReason = finishReason
    }
}

/// One token of an answer under way.
public struct GeneratedToken: Sendable, Equatable {
    public struct Alternative: Sendable, Equatable {
        public var id: Int
        public var logprob: Float
    }
    public var id: Int
    /// Natural, under the unmodified distribution (temperature 1). NaN: of the first token of a prompt, which follows
    /// nothing.
    public var logprob: Float
    /// The likeliest tokens, best first.
    public var top: [Alternative]
}

public enum GenerationEvent: Sendable {
    /// It has a place in the batch.
    case started
    /// The tokens of the prompt, where a request asks for them.
    case prompt([GeneratedToken])
    case token(GeneratedToken)
    /// Nothing comes after it.
    case finished(FinishReason)
}

/// Told everything about one sequence, on a thread of its engine. Returns whether the answer is still wanted.
public typealias GenerationListener = @Sendable (GenerationEvent) -> Bool
