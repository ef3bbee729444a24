import ModelFiles

/// Two answers to one conversation, in the order in which the judge sees them. It is never told who wrote them.
public struct Comparison: Sendable {
    public var messages: [Message]
    public var first: String
    public var second: String
    /// The mixture's own answer, for judges that compare with it.
    public var mixture: String

    public init(messages: [Message], first: String, second: String, mixture: String) {
        self.messages = messages
        self.first = first
        self.second = second
        self.mixture = mixture
    }
}

/// Prefers one of two answers.
public protocol Judge: Sendable {
    var name: String { get }
    /// A verdict per comparison, in order, and what they took. What cannot be understood is `.unparsable`, never a
    /// default.
    func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        verdicts: [Verdict], usage: Usage
    )
}
