import Foundation
import GRDB

/// How one model, peer or mixture did on one held-out set.
public struct EvaluationRecord: LineageRecord, Equatable {
    public static let databaseTableName = "evaluations"

    /// Given by the database.
    public var id: Int64?
    public var campaign: String
    public var round: Int
    /// Nil for a mixture.
    public var model: String?
    public var set: HeldOutSet
    public var subject: EvaluationSubject
    /// `champion`, `r2-sft`, a peer's name, `mixture`.
    public var name: String
    public var n: Int
    public var correct: Int
    /// Ends of the 95% Wilson interval of the accuracy, 0 to 1.
    public var low: Double
    public var high: Double
    public var slices: [SliceScore]
    /// Digest of the prompts and keys.
    public var dataset: String?
    /// Mean tokens of an answer, EOS included.
    public var meanTokens: Double?
    public var createdAt: Date

    public var score: Score { Score(value: n > 0 ? Double(correct) / Double(n) : 0, low: low, high: high, n: n) }
}
