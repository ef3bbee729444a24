import GRDB

/// Where one row of a training set comes from: the prompt, and through it the drafts, of the round that made it.
public struct DatasetRowRecord: LineageRecord, Equatable {
    public static let databaseTableName = "dataset_rows"
    public static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .ignore)

    public var dataset: String
    /// Line of the file, from 0.
    public var row: Int
    public var campaign: String
    /// The round of the prompt: an earlier one for replayed rows.
    public var round: Int
    public var position: Int
    /// For preference rows.
    public var chosenSample: Int?
    public var rejectedSample: Int?
}
