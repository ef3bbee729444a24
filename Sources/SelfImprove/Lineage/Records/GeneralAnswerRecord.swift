import GRDB

/// What a model answers to a general prompt that is held out, and how likely it finds the initial model's answer:
/// whether it keeps what it could do.
public struct GeneralAnswerRecord: Sendable, Equatable {
    public var campaign: String
    /// 0 for the initial model.
    public var round: Int
    /// Digest.
    public var model: String
    /// Of the prompt, in round 0.
    public var position: Int
    public var answer: Answer
    /// Sum of the natural logprobs of the initial model's answer under this model; nil where it does not fit.
    public var referenceLogprob: Double?
    /// Its tokens.
    public var referenceTokens: Int
}

extension GeneralAnswerRecord: LineageRecord {
    public static let databaseTableName = "general_answers"
    /// The same model made twice answers the same.
    public static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .ignore)

    private enum CodingKeys: CodingKey { case campaign, round, model, position, referenceLogprob, referenceTokens }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        campaign = try fields.decode(String.self, forKey: .campaign)
        round = try fields.decode(Int.self, forKey: .round)
        model = try fields.decode(String.self, forKey: .model)
        position = try fields.decode(Int.self, forKey: .position)
        referenceLogprob = try fields.decodeIfPresent(Double.self, forKey: .referenceLogprob)
        referenceTokens = try fields.decode(Int.self, forKey: .referenceTokens)
        answer = try Answer(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(campaign, forKey: .campaign)
        try fields.encode(round, forKey: .round)
        try fields.encode(model, forKey: .model)
        try fields.encode(position, forKey: .position)
        try fields.encodeIfPresent(referenceLogprob, forKey: .referenceLogprob)
        try fields.encode(referenceTokens, forKey: .referenceTokens)
        try answer.encode(to: encoder)
    }
}
