/// A row of TRL's conversational prompt-completion data: `{"prompt": [messages], "completion": [message]}`, and
/// `tools`.
public struct SFTRow: Sendable, Equatable {
    public var prompt: [Message]
    public var completion: [Message]
    /// The functions that the conversation may call, for the chat template; nil: none.
    public var tools: JSONValue?

    public init(prompt: [Message], completion: [Message], tools: JSONValue? = nil) {
        self.prompt = prompt
        self.completion = completion
        self.tools = tools
    }
}

extension SFTRow: JSONLinesRow {
    public init(json: JSONValue, context: String) throws {
        let fields = RowFields(json: json, context: context)
        prompt = try fields.messages("prompt")
        completion = try fields.answer("completion")
        guard completion.contains(where: { !$0.content.isEmpty || $0.plain == nil }) else {
            throw fields.error("the completion is empty", "a row needs text to train on")
        }
        tools = try fields.tools()
        try fields.refuse(RowFields.meaningful)
    }

    public var json: JSONValue {
        let members = tools.map { [JSONValue.Member("tools", $0)] } ?? []
        return .object(members + [.init("prompt", .messages(prompt)), .init("completion", .messages(completion))])
    }
}
