/// A solved example: `{"messages": [messages], "task": …}`, questions of the user and their answers.
public struct ExampleRow: Sendable, Hashable, Codable {
    /// The task whose prompts it belongs to; nil: it belongs to all.
    public var task: String?
    /// The first is the user's, the last the assistant's.
    public var messages: [Message]

    public init(task: String? = nil, messages: [Message]) {
        self.task = task
        self.messages = messages
    }
}

extension ExampleRow: JSONLinesRow {
    private static let roles = ["user", "assistant"]

    public init(json: JSONValue, context: String) throws {
        let fields = RowFields(json: json, context: context)
        messages = try fields.answer("messages", of: fields.texts("messages"))
        if let role = messages.map(\.role).first(where: { !Self.roles.contains($0) }) {
            throw fields.error(
                "messages hold the role \"\(role.prefix(40))\"",
                "an example has questions of the user and answers of the assistant"
            )
        }
        guard messages[0].role == "user" else {
            throw fields.error("messages begin with the assistant's", "an example begins with a question of the user")
        }
        task = try fields.label("task")
    }

    public var json: JSONValue {
        let members = task.map { [JSONValue.Member("task", .string($0))] } ?? []
        return .object(members + [.init("messages", .messages(messages))])
    }
}
