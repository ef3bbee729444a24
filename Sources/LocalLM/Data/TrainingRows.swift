/// A row of TRL's conversational prompt-completion data: `{"prompt": [messages], "completion": [message]}`.
public struct SFTRow: Sendable, Equatable, Codable {
    public var prompt: [Message]
    public var completion: [Message]

    public init(prompt: [Message], completion: [Message]) {
        self.prompt = prompt
        self.completion = completion
    }
}

/// A row of TRL's conversational preference data: `{"prompt": [messages], "chosen": [message], "rejected": [message]}`.
public struct PreferenceRow: Sendable, Equatable, Codable {
    public var prompt: [Message]
    public var chosen: [Message]
    public var rejected: [Message]

    public init(prompt: [Message], chosen: [Message], rejected: [Message]) {
        self.prompt = prompt
        self.chosen = chosen
        self.rejected = rejected
    }
}

/// A prompt to be answered: `{"prompt": [messages] | "text", "id": …, "task": …, "answer": …}`.
public struct PromptRow: Sendable {
    public var id: String?
    /// The slice of an evaluation that it belongs to.
    public var task: String?
    public var prompt: [Message]
    /// The gold answer of a verifiable task: in evaluation files alone.
    public var answer: String?
    /// Every other key, as it stood.
    public var provenance: [JSONValue.Member]

    public init(
        id: String? = nil,
        task: String? = nil,
        prompt: [Message],
        answer: String? = nil,
        provenance: [JSONValue.Member] = []
    ) {
        self.id = id
        self.task = task
        self.prompt = prompt
        self.answer = answer
        self.provenance = provenance
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

extension PromptRow: JSONLinesRow {
    private static let ownKeys = ["id", "task", "prompt", "answer"]

    public init(json: JSONValue, context: String) throws {
        let fields = RowFields(json: json, context: context)
        prompt = try json["prompt"]?.string.map { [Message(role: "user", content: $0)] } ?? fields.messages("prompt")
        guard !prompt.isEmpty else { throw fields.error("the prompt is empty", "give it a message") }
        id = try fields.label("id")
        task = try fields.label("task")
        answer = try fields.label("answer")
        provenance = (json.members ?? []).filter { !Self.ownKeys.contains($0.key) }
    }

    public var json: JSONValue {
        var members: [JSONValue.Member] = []
        if let id { members.append(.init("id", .string(id))) }
        if let task { members.append(.init("task", .string(task))) }
        members.append(.init("prompt", .messages(prompt)))
        if let answer { members.append(.init("answer", .string(answer))) }
        return .object(members + provenance)
    }
}

extension JSONValue {
    static func messages(_ messages: [Message]) -> JSONValue {
        .array(messages.map { .object([.init("role", .string($0.role)), .init("content", .string($0.content))]) })
    }
}

/// The fields of one row, with errors that say where it stands and what to do.
private struct RowFields {
    let json: JSONValue
    let context: String

    func error(_ what: String, _ hint: String) -> LocalLMError {
        LocalLMError(.input, what, context: context, hint: hint)
    }

    func messages(_ key: String) throws -> [Message] {
        guard json.members != nil else {
            throw error("the row is \(json.kind), not an object", "one JSON object a line")
        }
        guard let value = json[key] else {
            throw error("\(key) is missing", "a list of messages with role and content")
        }
        guard let list = value.array else {
            throw error(
                "\(key) is \(value.kind), not a list of messages",
                "[{\"role\": \"user\", \"content\": \"...\"}]"
            )
        }
        return try list.enumerated().map { index, entry in
            guard let role = entry["role"]?.string, let content = entry["content"]?.string else {
                throw error("message \(index + 1) of \(key) lacks role or content", "both must be strings")
            }
            return Message(role: role, content: content)
        }
    }

    /// Messages that end with the assistant's.
    func answer(_ key: String) throws -> [Message] {
        let messages = try messages(key)
        guard let last = messages.last else { throw error("\(key) is empty", "a row needs an answer to train on") }
        guard last.role == "assistant" else {
            throw error(
                "\(key) ends with the role \"\(last.role.prefix(40))\"",
                "the last message must be the assistant's"
            )
        }
        return messages
    }

    /// A string; a number is taken as it is written.
    func label(_ key: String) throws -> String? {
        switch json[key] {
        case nil: nil
        case .string(let text): text
        case .number(let text): text
        case let value?: throw error("\(key) is \(value.kind)", "it must be a string")
        }
    }
}
