import Foundation
import GRDB

/// One model: `models/<digest>/`, and what made it.
///
/// The digest is of the bytes, so making the same model twice is one row: the first one stays.
public struct ModelRecord: LineageRecord, Equatable {
    public static let databaseTableName = "models"
    public static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .ignore)

    public enum Kind: String, Sendable, Codable { case nursery, initial, sft, dpo }

    public var digest: String
    public var kind: Kind
    /// The model it was trained from.
    public var parent: String?
    public var campaign: String?
    public var round: Int?
    /// What it was trained on.
    public var dataset: String?
    /// How it was trained: optimizer, schedule, epochs, and what the trainer reported at the end.
    public var settings: JSONText
    public var seed: Seed
    public var createdAt: Date
    /// `student`, `letters`, ... for models of a nursery.
    public var name: String?
    public var programVersion: String

    public init(
        digest: String,
        kind: Kind,
        parent: String? = nil,
        campaign: String? = nil,
        round: Int? = nil,
        dataset: String? = nil,
        settings: JSONText,
        seed: Seed,
        createdAt: Date,
        name: String? = nil,
        programVersion: String = ProgramVersion.current
    ) {
        self.digest = digest
        self.kind = kind
        self.parent = parent
        self.campaign = campaign
        self.round = round
        self.dataset = dataset
        self.settings = settings
        self.seed = seed
        self.createdAt = createdAt
        self.name = name
        self.programVersion = programVersion
    }
}
