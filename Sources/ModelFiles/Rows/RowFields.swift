/// The fields of one row, with errors that name the place and the remedy.
struct RowFields {
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

extension JSONValue {
    static func messages(_ messages: [Message]) -> JSONValue {
        .array(messages.map { .object([.init("role", .string($0.role)), .init("content", .string($0.content))]) })
    }
}
