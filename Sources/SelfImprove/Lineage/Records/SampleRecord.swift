import GRDB

/// One of the SFT policy's own answers to a prompt.
public struct SampleRecord: Sendable, Equatable {
    public var campaign: String
    public var round: Int
    public var position: Int
    /// From 0.
    public var sample: Int
    public var answer: Answer
}

extension SampleRecord: LineageRecord {
    public static let databaseTableName = "samples"

    private enum CodingKeys: CodingKey { case campaign, round, position, sample }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        campaign = try fields.decode(String.self, forKey: .campaign)
        round = try fields.decode(Int.self, forKey: .round)
        position = try fields.decode(Int.self, forKey: .position)
        sample = try fields.decode(Int.self, forKey: .sample)
        answer = try Answer(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(campaign, forKey: .campaign)
        try fields.encode(round, forKey: .round)
        try fields.encode(position, forKey: .position)
        try fields.encode(sample, forKey: .sample)
        try answer.encode(to: encoder)
    }
}
