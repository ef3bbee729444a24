import GRDB

/// The mixture's answer to one prompt, and what the filters said of it.
public struct AnswerRecord: LineageRecord, Equatable {
    public static let databaseTableName = "answers"

    public var campaign: String
    public var round: Int
    public var position: Int
    public var text: String
    /// Of the most confident draft.
    public var confidence: Double?
    public var kept: Bool
    /// Why it was dropped; nil where it was kept.
    public var reason: String?
    /// Name of the aggregator, or nil where the most confident draft is the answer.
    public var aggregator: String?
    /// Digest of the aggregator's model.
    public var aggregatorModel: String?
    /// The champion's own answer differs.
    public var hard: Bool

    public init(
        campaign: String,
        round: Int,
        position: Int,
        text: String,
        confidence: Double?,
        kept: Bool,
        reason: String? = nil,
        aggregator: String?,
        aggregatorModel: String?,
        hard: Bool
    ) {
        self.campaign = campaign
        self.round = round
        self.position = position
        self.text = text
        self.confidence = confidence
        self.kept = kept
        self.reason = reason
        self.aggregator = aggregator
        self.aggregatorModel = aggregatorModel
        self.hard = hard
    }
}
