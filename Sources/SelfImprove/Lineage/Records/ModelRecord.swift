import Foundation
import GRDB
import ModelFiles

/// One model: `models/<digest>/`, and what made it.
///
/// The digest is of the bytes, so making the same model twice is one row: the first one stays.
public struct ModelRecord: LineageRecord, Equatable {
    public static let databaseTableName = "models"
    public static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .ignore)

    public var digest: String
    public var kind: ModelOrigin
    /// The model it was trained from.
    public var parent: String?
    public var campaign: String?
    public var round: Int?
    /// What it was trained on.
    public var dataset: String?
    /// How it was made: for a stage's model what the trainer was asked to do and what it reported (`TrainingReport`).
    public var settings: JSONText
    public var seed: Seed
    public var createdAt: Date
    /// `student`, `letters`, ... for models of a nursery.
    public var name: String?
    public var programVersion: String = ProgramVersion.current

    /// Digest of the adapter that was merged into it; nil where all weights were trained.
    public var adapter: String? { (try? settings.decode(JSONValue.self))?["adapter"]?.string }
}

/// Where a model comes from.
public enum ModelOrigin: Sendable, Hashable {
    /// Trained on the spot, from nothing.
    case nursery
    /// Brought in from a directory.
    case initial
    /// Made by a stage of a round.
    case stage(Stage)

    public var stage: Stage? { if case .stage(let stage) = self { stage } else { nil } }
}

extension ModelOrigin: RawRepresentable, Codable {
    public var rawValue: String {
        switch self {
        case .nursery: "nursery"
        case .initial: "initial"
        case .stage(let stage): stage.rawValue
        }
    }

    public init?(rawValue: String) {
        switch rawValue {
        case "nursery": self = .nursery
        case "initial": self = .initial
        default:
            guard let stage = Stage(rawValue: rawValue) else { return nil }
            self = .stage(stage)
        }
    }
}
