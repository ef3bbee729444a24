import ModelFiles

/// One instruction: the conversation so far, and the key of its randomness.
public struct Instruction: Sendable {
    public var messages: [Message]
    /// Says how its answers are compared, and decides which examples a proposer sees.
    public var task: String
    public var key: UInt64

    public init(messages: [Message], task: String = PromptRow.defaultTask, key: UInt64) {
        self.messages = messages
        self.task = task
        self.key = key
    }
}

/// One answer of one proposer to one instruction.
public struct Draft: Sendable, Equatable {
    /// Place of the proposer in the mixture.
    public var proposer: Int
    /// Which of the proposer's answers it is, from 0.
    public var sample: Int
    public var answer: Answer
    /// Mean logprob that orders the drafts, see `Confidence`; nil where nothing measured it.
    public var confidence: Double?

    public init(proposer: Int, sample: Int = 0, answer: Answer, confidence: Double?) {
        self.proposer = proposer
        self.sample = sample
        self.answer = answer
        self.confidence = confidence
    }
}
