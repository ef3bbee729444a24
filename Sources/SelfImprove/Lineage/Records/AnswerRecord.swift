import GRDB

/// The mixture's answer to one prompt, and what the filters said of it.
public struct AnswerRecord: Sendable, Equatable {
    public var campaign: String
    public var round: Int
    public var position: Int
    public var answer: Answer
    /// Of the most confident draft.
    public var confidence: Double?
    public var kept: Bool
    /// Why it was dropped; nil where it was kept.
    public var reason: String?
    /// Name of the aggregator; nil where a rule chose one of the drafts (the most confident one, or a vote).
    public var aggregator: String?
    /// Digest of the aggregator's model.
    public var aggregatorModel: String?
    /// The champion's own answer differs.
    public var hard: Bool
    /// Of the drafts that say what it says, 0 to 1; nil in rows of versions that recorded none.
    public var share: Double?
    /// Digest of the words in which the aggregator was shown the drafts; nil where a rule chose.
    public var aggregationPrompt: String?
    /// How much of each draft the aggregator was shown, 0 to 1; nil: all.
    public var shownShare: Double?
}

extension AnswerRecord: LineageRecord {
    public static let databaseTableName = "answers"

    private enum CodingKeys: CodingKey {
        case campaign, round, position, confidence, kept, reason, aggregator, aggregatorModel, hard, share
        case aggregationPrompt, shownShare
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        campaign = try fields.decode(String.self, forKey: .campaign)
        round = try fields.decode(Int.self, forKey: .round)
        position = try fields.decode(Int.self, forKey: .position)
        confidence = try fields.decodeIfPresent(Double.self, forKey: .confidence)
        kept = try fields.decode(Bool.self, forKey: .kept)
        reason = try fields.decodeIfPresent(String.self, forKey: .reason)
        aggregator = try fields.decodeIfPresent(String.self, forKey: .aggregator)
        aggregatorModel = try fields.decodeIfPresent(String.self, forKey: .aggregatorModel)
        hard = try fields.decode(Bool.self, forKey: .hard)
        share = try fields.decodeIfPresent(Double.self, forKey: .share)
        aggregationPrompt = try fields.decodeIfPresent(String.self, forKey: .aggregationPrompt)
        shownShare = try fields.decodeIfPresent(Double.self, forKey: .shownShare)
        answer = try Answer(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(campaign, forKey: .campaign)
        try fields.encode(round, forKey: .round)
        try fields.encode(position, forKey: .position)
        try fields.encodeIfPresent(confidence, forKey: .confidence)
        try fields.encode(kept, forKey: .kept)
        try fields.encodeIfPresent(reason, forKey: .reason)
        try fields.encodeIfPresent(aggregator, forKey: .aggregator)
        try fields.encodeIfPresent(aggregatorModel, forKey: .aggregatorModel)
        try fields.encode(hard, forKey: .hard)
        try fields.encodeIfPresent(share, forKey: .share)
        try fields.encodeIfPresent(aggregationPrompt, forKey: .aggregationPrompt)
        try fields.encodeIfPresent(shownShare, forKey: .shownShare)
        try answer.encode(to: encoder)
    }
}
