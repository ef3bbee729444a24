import ModelFiles

/// Two answers to one conversation, in the order in which the judge sees them. It is never told who wrote them.
public struct Comparison: Sendable {
    public var messages: [Message]
    /// Of the conversation: says how answers are compared.
    public var task: String
    public var first: String
    public var second: String
    /// The mixture's own answer, for judges that compare with it.
    public var mixture: String

    public init(
        messages: [Message],
        task: String = PromptRow.defaultTask,
        first: String,
        second: String,
        mixture: String
    ) {
        self.messages = messages
        self.task = task
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
