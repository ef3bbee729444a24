/// A row of TRL's conversational preference data: `{"prompt": [messages], "chosen": [message], "rejected": [message]}`,
/// and `tools`.
public struct PreferenceRow: Sendable, Equatable {
    public var prompt: [Message]
    public var chosen: [Message]
    public var rejected: [Message]
    /// The functions that the conversation may call, for the chat template; nil: none.
    public var tools: JSONValue?

    public init(prompt: [Message], chosen: [Message], rejected: [Message], tools: JSONValue? = nil) {
        self.prompt = prompt
        self.chosen = chosen
        self.rejected = rejected
        self.tools = tools
    }
}

extension PreferenceRow: JSONLinesRow {
    public init(json: JSONValue, context: String) throws {
        let fields = RowFields(json: json, context: context)
        prompt = try fields.messages("prompt")
        chosen = try fields.answer("chosen")
        rejected = try fields.answer("rejected")
        tools = try fields.tools()
        try fields.refuse(RowFields.meaningful)
        guard chosen != rejected else {
            throw fields.error("chosen and rejected are the same", "remove the row: it prefers nothing")
        }
    }

    public var json: JSONValue {
        let members = tools.map { [JSONValue.Member("tools", $0)] } ?? []
        return .object(
            members + [
                .init("prompt", .messages(prompt)), .init("chosen", .messages(chosen)),
                .init("rejected", .messages(rejected)),
            ]
        )
    }
}
