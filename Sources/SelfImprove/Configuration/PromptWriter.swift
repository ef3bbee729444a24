import LocalLM

/// A model that writes a share of every round's prompts, and how: a source of `prompts.sources`.
public struct PromptWriter: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// It is shown prompts, and writes one more of their kind (Self-Instruct, arXiv 2212.10560).
        case selfInstruct = "self_instruct"
        /// It is shown the beginning of a user's turn alone, and writes what a user would say (Magpie, arXiv
        /// 2406.08464).
        case magpie
    }

    /// In the lineage and in reports; what it draws depends on it.
    public var name: String
    public var kind: Kind
    public var model: Participant.Model
    public var temperature: Double
    public var topP: Double
    public var maximumTokens: Int
    /// Of self-instruct.
    public var examples: Examples?
    /// Of Magpie at an endpoint.
    public var opening: Opening?

    /// What self-instruct shows.
    public struct Examples: Sendable, Equatable, Codable {
        /// A file of prompts; nil: the files of the campaign's other sources.
        public var seeds: String?
        /// Prompts shown at once.
        public var shown: Int
        public var prompt: InstructionPrompt
    }

    /// What an endpoint, which keeps its template for itself, is to go on from.
    public struct Opening: Sendable, Equatable, Codable {
        public var prefix: String
        /// Texts that end the user's turn where the server does not end it itself.
        public var stop: [String]
    }

    /// Generations for each prompt that is wanted, at most.
    static let attempts = 4

    var sampling: Sampling {
        Sampling(temperature: temperature, topP: topP, stop: opening?.stop ?? [], maximumTokens: maximumTokens)
    }
}

extension PromptWriter {
    private enum CodingKeys: CodingKey {
        case name, kind, model, temperature, topP, maximumTokens, examples, opening
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        kind = try fields.decode(Kind.self, forKey: .kind)
        model = Participant.model(try fields.decode(String.self, forKey: .model))
        temperature = try fields.decode(Double.self, forKey: .temperature)
        topP = try fields.decode(Double.self, forKey: .topP)
        maximumTokens = try fields.decode(Int.self, forKey: .maximumTokens)
        examples = try fields.decodeIfPresent(Examples.self, forKey: .examples)
        opening = try fields.decodeIfPresent(Opening.self, forKey: .opening)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(kind, forKey: .kind)
        try fields.encode(Participant.text(model), forKey: .model)
        try fields.encode(temperature, forKey: .temperature)
        try fields.encode(topP, forKey: .topP)
        try fields.encode(maximumTokens, forKey: .maximumTokens)
        try fields.encodeIfPresent(examples, forKey: .examples)
        try fields.encodeIfPresent(opening, forKey: .opening)
    }
}
