import ModelFiles

/// What a written judge is asked about: two answers to a conversation, in their order, and the criteria to judge by.
/// For the choice of criteria the answers are empty.
struct JudgeQuestion: Sendable {
    var conversation: [Message]
    /// Of the conversation: which examples a judge with a context sees.
    var task: String
    var criteria: [Criterion]
    var first = ""
    var second = ""
    /// Of the comparison, or of the conversation.
    var key: UInt64
}
