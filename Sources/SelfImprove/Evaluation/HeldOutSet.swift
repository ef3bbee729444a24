/// A set of prompts that no training sees.
public enum HeldOutSet: String, Sendable, Codable, CaseIterable {
    /// Promotion reads it.
    case gate
    /// Only reports read it.
    case report
}

/// Who answered a held-out set.
public enum EvaluationSubject: String, Sendable, Codable {
    /// The initial model, or one that the campaign made.
    case model
    case peer
    /// All proposers with the configured aggregator.
    case mixture
    /// The same drafts with a rule in the aggregator's place: what the aggregator is worth.
    case rule
}

/// A part of a held-out set, one task, and how much of it was right.
public struct SliceScore: Sendable, Codable, Hashable {
    public var slice: String
    public var n: Int
    /// By strict marks.
    public var correct: Int
    /// By lenient ones; nil where whole texts are compared, so that there are no others.
    public var lenient: Int?

    public init(slice: String, n: Int, correct: Int, lenient: Int? = nil) {
        self.slice = slice
        self.n = n
        self.correct = correct
        self.lenient = lenient
    }
}
