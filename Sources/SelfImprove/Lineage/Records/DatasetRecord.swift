import Foundation
import GRDB

/// One dataset: `data/<digest>.jsonl`. The same bytes twice are one row: the first one stays.
public struct DatasetRecord: LineageRecord, Equatable {
    public static let databaseTableName = "datasets"
    public static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .ignore)

    public var digest: String
    public var kind: DatasetKind
    public var campaign: String?
    public var round: Int?
    public var rows: Int
    public var tokens: Int?
    public var createdAt: Date
}

/// What a dataset is for.
public enum DatasetKind: Sendable, Hashable {
    case training(Stage)
    /// A held-out set, with its gold answers.
    case evaluation
}

extension DatasetKind: RawRepresentable, Codable {
    public var rawValue: String {
        switch self {
        case .training(let stage): stage.rawValue
        case .evaluation: "evaluation"
        }
    }

    public init?(rawValue: String) {
        if rawValue == "evaluation" {
            self = .evaluation
        } else if let stage = Stage(rawValue: rawValue) {
            self = .training(stage)
        } else {
            return nil
        }
    }
}
