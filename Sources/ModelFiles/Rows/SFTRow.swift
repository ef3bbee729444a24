/// A row of TRL's conversational prompt-completion data: `{"prompt": [messages], "completion": [message]}`.
public struct SFTRow: Sendable, Equatable {
    public var prompt: [Message]
    public var completion: [Message]

    public init(prompt: [Message], completion: [Message]) {
        self.prompt = prompt
        self.completion = completion
    }
}

extension SFTRow: JSONLinesRow {
    public init(json: JSONValue, context: String) throws {
        let fields = RowFields(json: json, context: context)
        prompt = try fields.messages("prompt")
        completion = try fields.answer("completion")
        guard completion.contains(where: { !$0.content.isEmpty }) else {
            throw fields.error("the completion is empty", "a row needs text to train on")
        }
    }

    public var json: JSONValue {
        .object([.init("prompt", .messages(prompt)), .init("completion", .messages(completion))])
    }
}
