/// How to pick the next token. Temperature 0 is greedy: the highest logit, the lowest id among equals.
public struct Sampling: Sendable, Equatable, Codable {
    public var temperature: Double
    public var topP: Double
    public var topK: Int
    public var maximumTokens: Int
    /// EOS may be produced and does not stop.
    public var ignoresEOS: Bool

    public init(temperature: Double = 0, topP: Double = 1, topK: Int = 0, maximumTokens: Int, ignoresEOS: Bool = false) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.maximumTokens = maximumTokens
        self.ignoresEOS = ignoresEOS
    }
}

/// A prompt and how many answers to it. The answers share one prefill of the prompt.
public struct GenerationRequest: Sendable {
    public var ids: [Int]
    public var samples: Int
    /// Key of this prompt's random stream; with the sample's index it decides every draw, whatever else is in the batch.
    public var key: UInt64

    public init(ids: [Int], samples: Int = 1, key: UInt64) {
        self.ids = ids
        self.samples = samples
        self.key = key
    }
}

public enum FinishReason: String, Sendable, Codable { case stop, length }

/// One answer. `logprob` is the sum over `ids` under the model itself (temperature 1), EOS included where it was produced.
public struct GeneratedSequence: Sendable, Equatable {
    /// The new ids; a final EOS is included.
    public var ids: [Int]
    public var logprob: Double
    public var finishReason: FinishReason

    public init(ids: [Int], logprob: Double, finishReason: FinishReason) {
        self.ids = ids
        self.logprob = logprob
        self.finishReason = finishReason
    }
}
