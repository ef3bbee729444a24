import Foundation
import GRDB

/// One dataset: `data/<digest>.jsonl`. The same bytes twice are one row: the first one stays.
public struct DatasetRecord: LineageRecord, Equatable {
    public static let databaseTableName = "datasets"
    public static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .ignore)

    public enum Kind: String, Sendable, Codable { case sft, dpo, evaluation, nursery }

    public var digest: String
    public var kind: Kind
    public var campaign: String?
    public var round: Int?
    public var rows: Int
    public var tokens: Int?
    public var createdAt: Date

    public init(
        digest: String,
        kind: Kind,
        campaign: String?,
        round: Int?,
        rows: Int,
        tokens: Int? = nil,
        createdAt: Date
    ) {
        self.digest = digest
        self.kind = kind
        self.campaign = campaign
        self.round = round
        self.rows = rows
        self.tokens = tokens
        self.createdAt = createdAt
    }
}
