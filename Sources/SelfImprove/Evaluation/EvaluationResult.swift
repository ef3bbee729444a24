/// What one model, peer or mixture said to every prompt of a set, and how much of it was right.
public struct EvaluationResult: Sendable {
    public struct Item: Sendable, Equatable {
        public var id: String
        public var slice: String
        public var output: String
        /// Strictly.
        public var correct: Bool
        /// nil where whole texts are compared.
        public var lenient: Bool?
    }

    /// In the order of the set.
    public var items: [Item]
    /// Tokens of all answers, EOS included.
    public var tokens: Int

    public init(_ set: EvaluationSet, answers: [Answer]) {
        precondition(set.items.count == answers.count, "\(answers.count) answers to \(set.items.count) prompts")
        items = zip(set.items, answers).map {
            Item(
                id: $0.id,
                slice: $0.slice,
                output: $1.text,
                correct: $0.isCorrect($1.text),
                lenient: set.hasLenientMarks ? $0.isLenientlyCorrect($1.text) : nil
            )
        }
        tokens = answers.reduce(0) { $0 + $1.tokens }
        hasLenientMarks = set.hasLenientMarks
    }

    private let hasLenientMarks: Bool

    public var correct: Int { items.count { $0.correct } }
    /// nil where whole texts are compared.
    public var lenient: Int? { hasLenientMarks ? items.count { $0.lenient == true } : nil }
    public var meanTokens: Double { Double(tokens) / Double(items.count) }

    /// By slice, in the order in which the set has them.
    public var slices: [SliceScore] {
        var order: [String] = []
        var scores: [String: SliceScore] = [:]
        for item in items {
            if scores[item.slice] == nil { order.append(item.slice) }
            scores[item.slice, default: SliceScore(slice: item.slice, n: 0, correct: 0)].n += 1
            scores[item.slice]!.correct += item.correct ? 1 : 0
            if let lenient = item.lenient {
                scores[item.slice]!.lenient = (scores[item.slice]!.lenient ?? 0) + (lenient ? 1 : 0)
            }
        }
        return order.map { scores[$0]! }
    }
}
