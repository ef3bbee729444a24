import ModelFiles

/// A row of RewardBench's kind: `{"prompt": [messages] | "text", "chosen": [messages] | "text", "rejected": …,
/// "subset": …}`, and IFEval's `instruction_id_list` and `kwargs`. Other keys are passed over.
public struct JudgeBenchRow: Sendable, Equatable {
    /// Of rows that name none.
    public static let defaultSubset = "all"

    public var prompt: [Message]
    /// The answer that people prefer.
    public var chosen: String
    public var rejected: String
    public var subset: String
    /// What the prompt asks of an answer's form, in IFEval's form.
    public var constraints: [Constraint] = []

    public init(prompt: [Message], chosen: String, rejected: String, subset: String = defaultSubset) {
        self.prompt = prompt
        self.chosen = chosen
        self.rejected = rejected
        self.subset = subset
    }
}

extension JudgeBenchRow: JSONLinesRow {
    public init(json: JSONValue, context: String) throws {
        let fields = RowFields(json: json, context: context)
        var prompt =
            try json["prompt"]?.string.map { [Message(role: "user", content: $0)] } ?? fields.messages("prompt")
        let chosen = try Self.answer("chosen", fields), rejected = try Self.answer("rejected", fields)
        guard chosen.before == rejected.before else {
            throw fields.error(
                "chosen and rejected answer different conversations",
                "what is said before the answers goes into prompt"
            )
        }
        // Some files repeat the prompt in both answers.
        if !chosen.before.isEmpty, chosen.before != prompt { prompt += chosen.before }
        guard !prompt.isEmpty else { throw fields.error("the prompt is empty", "give it a message") }
        guard chosen.text != rejected.text else {
            throw fields.error("chosen and rejected are the same", "remove the row: it prefers nothing")
        }
        try fields.refuse()
        self.init(
            prompt: prompt,
            chosen: chosen.text,
            rejected: rejected.text,
            subset: try fields.text("subset") ?? Self.defaultSubset
        )
        constraints = try Constraint.constraints(of: json, context: context)
    }

    /// The text of an answer, and the turns before it.
    private static func answer(_ key: String, _ fields: RowFields) throws -> (text: String, before: [Message]) {
        if let text = fields.json[key]?.string { return (text, []) }
        let messages = try fields.messages(key)
        guard let last = messages.last?.plain, last.isAnswer else {
            throw fields.error("\(key) does not end with an answer", "its last message must be the assistant's text")
        }
        return (last.content, messages.dropLast())
    }

    public var json: JSONValue {
        .object([
            .init("prompt", .array(prompt.map(\.json))), .init("chosen", .string(chosen)),
            .init("rejected", .string(rejected)), .init("subset", .string(subset)),
        ])
    }
}
