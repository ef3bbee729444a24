import Foundation
import GRDB

/// A nursery that has been trained: campaigns with the same key take its models as they are.
public struct NurseryRecord: LineageRecord, Equatable {
    public static let databaseTableName = "nurseries"
    public static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .ignore)

    /// Digest of everything that decides its bytes: kind, scale, seed, threads, program version.
    public var key: String
    /// Digest of each model, by name.
    public var models: [String: String]
    public var createdAt: Date
}
