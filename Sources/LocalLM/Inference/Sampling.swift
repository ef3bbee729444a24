/// How to pick the next token. Temperature 0 is greedy: the highest logit, the lowest id among equals.
public struct Sampling: Sendable, Equatable {
    /// Logits are divided by it; 0, and all below `leastTemperature`: greedy.
    public var temperature: Double
    /// The likeliest tokens whose probabilities add up to this share are kept (Holtzman et al. 2020); 1: all.
    public var topP: Double
    /// Only so many of the likeliest tokens are kept; 0: all.
    public var topK: Int
    /// Tokens less likely than this share of the likeliest one's probability are left out (Nguyen et al. 2024); 0:
    /// none.
    public var minP: Double
    /// Logits of ids that the prompt or the answer has are divided by it where positive and multiplied where not
    /// (Keskar et al. 2019, "CTRL"); 1: left alone.
    public var repetitionPenalty: Double
    /// Texts that end an answer; the answer ends before them.
    public var stop: [String]
    /// New tokens of an answer, EOS included.
    public var maximumTokens: Int
    /// EOS may be produced and does not stop.
    public var ignoresEOS: Bool

    public init(
        temperature: Double = 0,
        topP: Double = 1,
        topK: Int = 0,
        minP: Double = 0,
        repetitionPenalty: Double = 1,
        stop: [String] = [],
        maximumTokens: Int,
        ignoresEOS: Bool = false
    ) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.stop = stop
        self.maximumTokens = maximumTokens
        self.ignoresEOS = ignoresEOS
    }

    /// Where two logits that differ at all, which is by 1e-6 and more, differ by a factor of e^10 in probability: below
    /// it drawing is choosing the highest, and floats have no room for the quotients.
    static let leastTemperature = 1e-7

    public var isGreedy: Bool { temperature < Self.leastTemperature }
}
