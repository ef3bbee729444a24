/// A row of TRL's conversational preference data: `{"prompt": [messages], "chosen": [message], "rejected": [message]}`.
public struct PreferenceRow: Sendable, Equatable {
    public var prompt: [Message]
    public var chosen: [Message]
    public var rejected: [Message]

    public init(prompt: [Message], chosen: [Message], rejected: [Message]) {
        self.prompt = prompt
        self.chosen = chosen
        self.rejected = rejected
    }
}

extension PreferenceRow: JSONLinesRow {
    public init(json: JSONValue, context: String) throws {
        let fields = RowFields(json: json, context: context)
        prompt = try fields.messages("prompt")
        chosen = try fields.answer("chosen")
        rejected = try fields.answer("rejected")
        guard chosen != rejected else {
            throw fields.error("chosen and rejected are the same", "remove the row: it prefers nothing")
        }
    }

    public var json: JSONValue {
        .object([
            .init("prompt", .messages(prompt)), .init("chosen", .messages(chosen)),
            .init("rejected", .messages(rejected)),
        ])
    }
}
