import ModelFiles

/// One instruction: the conversation so far, and the key of its randomness.
public struct Instruction: Sendable {
    public var messages: [Message]
    /// Says how its answers are compared.
    public var task: String
    public var key: UInt64

    public init(messages: [Message], task: String = PromptRow.defaultTask, key: UInt64) {
        self.messages = messages
        self.task = task
        self.key = key
    }
}

/// What one proposer answered to one instruction.
public struct Draft: Sendable, Equatable {
    /// Place of the proposer in the mixture.
    public var proposer: Int
    public var answer: Answer
    /// Mean logprob that orders the drafts, see `Confidence`; nil where nothing measured it.
    public var confidence: Double?

    public init(proposer: Int, answer: Answer, confidence: Double?) {
        self.proposer = proposer
        self.answer = answer
        self.confidence = confidence
    }
}
