import LocalLM
import ModelFiles

/// A participant at work: the model behind it, and the sampling it answers with.
public struct Proposer: Sendable {
    public var name: String
    public var role: ParticipantRole
    public var model: any ChatModel
    public var context: ParticipantContext
    public var sampling: Sampling
    /// Answers to every conversation.
    public var samples: Int

    public init(
        name: String,
        role: ParticipantRole,
        model: any ChatModel,
        context: ParticipantContext = ParticipantContext(),
        sampling: Sampling,
        samples: Int = 1
    ) {
        self.name = name
        self.role = role
        self.model = model
        self.context = context
        self.sampling = sampling
        self.samples = samples
    }

    func request(_ conversation: [Message], key: UInt64, wantsLogprob: Bool = false) -> ChatRequest {
        ChatRequest(
            messages: conversation,
            samples: samples,
            sampling: sampling,
            key: key,
            wantsLogprob: wantsLogprob
        )
    }
}
