/// A row to fine-tune on, in one of TRL's two conversational forms: `{"prompt": [messages], "completion": [message]}`,
/// of which the completion is trained, or `{"messages": [messages]}`, of which every message of the assistant is
/// (`assistant_only_loss`; without it TRL trains questions too, which we never do). Either may have `tools`.
public struct SFTRow: Sendable, Equatable {
    public enum Targets: Sendable, Equatable { case completion, everyAnswer }

    /// Empty where every answer is a target.
    public var prompt: [Message]
    /// The whole conversation where every answer is a target.
    public var completion: [Message]
    public var targets: Targets
    /// The functions that the conversation may call, for the chat template; nil: none.
    public var tools: JSONValue?

    public init(prompt: [Message], completion: [Message], tools: JSONValue? = nil) {
        self.prompt = prompt
        self.completion = completion
        self.tools = tools
        targets = .completion
    }

    /// - Parameter conversation: ends with the assistant's message.
    public init(conversation: [Message], tools: JSONValue? = nil) {
        prompt = []
        completion = conversation
        self.tools = tools
        targets = .everyAnswer
    }
}

extension SFTRow: JSONLinesRow {
    public init(json: JSONValue, context: String) throws {
        let fields = RowFields(json: json, context: context)
        try fields.one(of: [["messages"], ["prompt", "completion"]])
        if json["messages"] != nil {
            self.init(conversation: try fields.answer("messages"), tools: try fields.tools())
        } else {
            let prompt = try fields.messages("prompt"), completion = try fields.answer("completion")
            self.init(prompt: prompt, completion: completion, tools: try fields.tools())
        }
        let trained = targets == .completion ? completion : completion.filter(\.isAnswer)
        guard trained.contains(where: { !$0.content.isEmpty || $0.plain == nil }) else {
            throw fields.error(
                targets == .completion ? "the completion is empty" : "every message of the assistant is empty",
                "a row needs text to train on"
            )
        }
        try fields.refuse(RowFields.meaningful)
    }

    public var json: JSONValue {
        let members = tools.map { [JSONValue.Member("tools", $0)] } ?? []
        return switch targets {
        case .completion:
            .object(members + [.init("prompt", .messages(prompt)), .init("completion", .messages(completion))])
        case .everyAnswer: .object(members + [.init("messages", .messages(completion))])
        }
    }
}
