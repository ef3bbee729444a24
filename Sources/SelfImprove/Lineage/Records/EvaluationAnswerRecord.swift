import GRDB

/// One answer of an evaluation, and whether it was right. The key itself stays in the evaluation's file.
public struct EvaluationAnswerRecord: LineageRecord, Equatable {
    public static let databaseTableName = "evaluation_answers"

    public var evaluation: Int64
    public var promptId: String
    public var slice: String
    public var output: String
    public var correct: Bool

    /// `evaluation` is filled in by `EvaluationRecord.insert(_:answers:)`.
    public init(evaluation: Int64 = 0, promptId: String, slice: String, output: String, correct: Bool) {
        self.evaluation = evaluation
        self.promptId = promptId
        self.slice = slice
        self.output = output
        self.correct = correct
    }
}
