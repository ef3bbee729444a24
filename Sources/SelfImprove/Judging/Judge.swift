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
    /// What the conversation asks of an answer's form, where its file says so.
    public var constraints: [Constraint]
    /// Key of the conversation's randomness. With the two texts in their order it makes the key of the comparison: what
    /// a judge draws does not depend on what else it is asked.
    public var key: UInt64

    public init(
        messages: [Message],
        task: String = PromptRow.defaultTask,
        first: String,
        second: String,
        mixture: String,
        constraints: [Constraint] = [],
        key: UInt64
    ) {
        self.messages = messages
        self.task = task
        self.first = first
        self.second = second
        self.mixture = mixture
        self.constraints = constraints
        self.key = key
    }
}

/// Prefers one of two answers.
public protocol Judge: Sendable {
    /// Of the participant: two judges of one kind have two names.
    var name: String { get }
    /// A judgement per comparison, in order, and what all of them took. What cannot be understood is `.unparsable`,
    /// never a default.
    /// - Parameter progress: gets the number of comparisons judged so far, from any thread.
    func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        judgements: [Judgement], usage: Usage
    )
}
