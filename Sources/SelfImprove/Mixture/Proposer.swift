import LocalLM
import ModelFiles

/// A participant at work: the model behind it, and the sampling it answers with.
public struct Proposer: Sendable {
    public var name: String
    public var role: ParticipantRole
    public var model: any ChatModel
    public var context: ParticipantContext
    public var sampling: Sampling

    public init(
        name: String,
        role: ParticipantRole,
        model: any ChatModel,
        context: ParticipantContext = ParticipantContext(),
        sampling: Sampling
    ) {
        self.name = name
        self.role = role
        self.model = model
        self.context = context
        self.sampling = sampling
    }

    func request(_ conversation: [Message], key: UInt64) -> ChatRequest {
        ChatRequest(messages: conversation, sampling: sampling, key: key)
    }
}
