import GRDB

/// One answer of one proposer to one prompt, in one layer of the mixture.
public struct DraftRecord: Sendable, Equatable {
    public var campaign: String
    public var round: Int
    /// 1 for drafts from the prompt alone; 2 and more for drafts that saw the layer before.
    public var layer: Int
    public var position: Int
    /// Place in the configuration's `proposers`; one name may be listed several times.
    public var proposerIndex: Int
    /// Which of the proposer's answers it is, from 0.
    public var sample: Int
    public var proposer: String
    public var role: ParticipantRole
    /// Digest of the proposer's model.
    public var model: String
    public var answer: Answer
    /// What ordered the candidates: see `Confidence`.
    public var confidence: Double?
}

extension DraftRecord: LineageRecord {
    public static let databaseTableName = "drafts"

    private enum CodingKeys: CodingKey {
        case campaign, round, layer, position, proposerIndex, sample, proposer, role, model, confidence
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        campaign = try fields.decode(String.self, forKey: .campaign)
        round = try fields.decode(Int.self, forKey: .round)
        layer = try fields.decode(Int.self, forKey: .layer)
        position = try fields.decode(Int.self, forKey: .position)
        proposerIndex = try fields.decode(Int.self, forKey: .proposerIndex)
        sample = try fields.decode(Int.self, forKey: .sample)
        proposer = try fields.decode(String.self, forKey: .proposer)
        role = try fields.decode(ParticipantRole.self, forKey: .role)
        model = try fields.decode(String.self, forKey: .model)
        confidence = try fields.decodeIfPresent(Double.self, forKey: .confidence)
        answer = try Answer(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(campaign, forKey: .campaign)
        try fields.encode(round, forKey: .round)
        try fields.encode(layer, forKey: .layer)
        try fields.encode(position, forKey: .position)
        try fields.encode(proposerIndex, forKey: .proposerIndex)
        try fields.encode(sample, forKey: .sample)
        try fields.encode(proposer, forKey: .proposer)
        try fields.encode(role, forKey: .role)
        try fields.encode(model, forKey: .model)
        try fields.encodeIfPresent(confidence, forKey: .confidence)
        try answer.encode(to: encoder)
    }
}
