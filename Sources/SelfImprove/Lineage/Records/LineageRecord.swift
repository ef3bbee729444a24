import GRDB

/// A row of the lineage: Swift's names in the program, snake_case in the database.
public protocol LineageRecord: Sendable, Codable, FetchableRecord, PersistableRecord {}

extension LineageRecord {
    public static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy { .convertFromSnakeCase }
    public static var databaseColumnEncodingStrategy: DatabaseColumnEncodingStrategy { .convertToSnakeCase }
}
