/// How to pick the next token. Temperature 0 is greedy: the highest logit, the lowest id among equals.
public struct Sampling: Sendable, Equatable {
    public var temperature: Double
    public var topP: Double
    public var topK: Int
    /// Tokens less likely than this share of the likeliest one's probability are left out (Nguyen et al. 2024); 0: none.
    public var minP: Double
    /// Logits of ids that the prompt or the answer has are divided by it where positive and multiplied where not (Keskar et al. 2019,
    /// "CTRL"); 1: left alone.
    public var repetitionPenalty: Double
    /// Texts that end an answer; the answer ends before them.
    public var stop: [String]
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
}

/// Stored samplings are part of keys of caches: what was added later is written only where it changes something, and may be missing.
extension Sampling: Codable {
    private enum CodingKeys: CodingKey {
        case temperature, topP, topK, minP, repetitionPenalty, stop, maximumTokens, ignoresEOS
    }

    public init(from decoder: any Swift.Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            temperature: try fields.decode(Double.self, forKey: .temperature),
            topP: try fields.decode(Double.self, forKey: .topP),
            topK: try fields.decode(Int.self, forKey: .topK),
            minP: try fields.decodeIfPresent(Double.self, forKey: .minP) ?? 0,
            repetitionPenalty: try fields.decodeIfPresent(Double.self, forKey: .repetitionPenalty) ?? 1,
            stop: try fields.decodeIfPresent([String].self, forKey: .stop) ?? [],
            maximumTokens: try fields.decode(Int.self, forKey: .maximumTokens),
            ignoresEOS: try fields.decode(Bool.self, forKey: .ignoresEOS)
        )
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(temperature, forKey: .temperature)
        try fields.encode(topP, forKey: .topP)
        try fields.encode(topK, forKey: .topK)
        if minP != 0 { try fields.encode(minP, forKey: .minP) }
        if repetitionPenalty != 1 { try fields.encode(repetitionPenalty, forKey: .repetitionPenalty) }
        if !stop.isEmpty { try fields.encode(stop, forKey: .stop) }
        try fields.encode(maximumTokens, forKey: .maximumTokens)
        try fields.encode(ignoresEOS, forKey: .ignoresEOS)
    }
}
