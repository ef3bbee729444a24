/// Which answers to a held-out set are right.
public enum EvaluationMarks: String, Sendable, Codable, CaseIterable {
    /// Those whose whole text, trimmed, is the gold answer.
    case strict
    /// Those that say what the gold answer says (`AnswerExtraction`).
    case lenient
}
