import GRDB

/// What was answered to one prompt of a held-out set, and whether it was right. The gold answer is not here.
public struct EvaluationAnswerRecord: LineageRecord, Equatable {
    public static let databaseTableName = "evaluation_answers"

    /// Given by the database, when the evaluation is written.
    public var evaluation: Int64 = 0
    public var promptId: String
    public var slice: String
    public var output: String
    /// By strict marks.
    public var correct: Bool
    /// By lenient ones; nil where there is one kind.
    public var lenient: Bool?

    /// - Parameter marks: of its evaluation.
    public func isRight(by marks: EvaluationMarks?) -> Bool { marks == .lenient ? lenient ?? correct : correct }

    /// As the gate and `compare` read it.
    func mark(by marks: EvaluationMarks?) -> Gate.Mark {
        Gate.Mark(id: promptId, slice: slice, correct: isRight(by: marks))
    }
}
