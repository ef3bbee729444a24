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
    /// By strict marks.
    public var correct: Int
    /// By lenient ones; nil where the campaign compares whole texts, so that there are no others.
    public var lenient: Int?
    /// The marks that the campaign's gate and its scores go by; nil where there is one kind.
    public var marks: EvaluationMarks?
    /// Ends of the 95% Wilson interval of the accuracy by those marks, 0 to 1.
    public var low: Double
    public var high: Double
    public var slices: [SliceScore]
    /// Digest of the prompts and keys.
    public var dataset: String?
    /// Mean tokens of an answer, EOS included.
    public var meanTokens: Double?
    public var createdAt: Date

    /// Right answers by the marks that count.
    public var right: Int { marks == .lenient ? lenient ?? correct : correct }
    public var score: Score { Score(value: n > 0 ? Double(right) / Double(n) : 0, low: low, high: high, n: n) }
    /// By both kinds of marks; nil where there is one kind.
    public var bothScores: BothScores? {
        guard let lenient, n > 0 else { return nil }
        return BothScores(strict: Score(correct: correct, n: n), lenient: Score(correct: lenient, n: n))
    }
}
