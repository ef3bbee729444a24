/// A prompt to be answered: `{"prompt": [messages] | "text", "id": …, "task": …, "slice": …, "answer": …}`.
public struct PromptRow: Sendable {
    /// Of rows that name none.
    public static let defaultTask = "all"

    public var id: String?
    /// What kind of question it is: says which examples are shown before it, and how its answers are compared.
    public var task: String?
    /// The part of an evaluation that it is counted in; its task, where it names none.
    public var slice: String?
    public var prompt: [Message]
    /// The gold answer of a verifiable task: in evaluation files alone.
    public var answer: String?
    /// Every other key, unchanged.
    public var provenance: [JSONValue.Member]

    public init(
        id: String? = nil,
        task: String? = nil,
        slice: String? = nil,
        prompt: [Message],
        answer: String? = nil,
        provenance: [JSONValue.Member] = []
    ) {
        self.id = id
        self.task = task
        self.slice = slice
        self.prompt = prompt
        self.answer = answer
        self.provenance = provenance
    }
}

extension PromptRow: JSONLinesRow {
    private static let ownKeys = ["id", "task", "slice", "prompt", "answer"]

    public init(json: JSONValue, context: String) throws {
        let fields = RowFields(json: json, context: context)
        prompt = try json["prompt"]?.string.map { [Message(role: "user", content: $0)] } ?? fields.texts("prompt")
        guard !prompt.isEmpty else { throw fields.error("the prompt is empty", "give it a message") }
        id = try fields.label("id")
        task = try fields.label("task")
        slice = try fields.label("slice")
        answer = try fields.label("answer")
        try fields.refuse([
            "tools", "functions", "chat_template_kwargs", "system", "images", "image", "videos", "audio",
        ])
        provenance = (json.members ?? []).filter { !Self.ownKeys.contains($0.key) }
    }

    public var json: JSONValue {
        var members: [JSONValue.Member] = []
        if let id { members.append(.init("id", .string(id))) }
        if let task { members.append(.init("task", .string(task))) }
        if let slice { members.append(.init("slice", .string(slice))) }
        members.append(.init("prompt", .messages(prompt)))
        if let answer { members.append(.init("answer", .string(answer))) }
        return .object(members + provenance)
    }
}
