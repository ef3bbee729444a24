/// One turn of a conversation: `role` is `system`, `user`, `assistant` or `tool`.
public struct Message: Sendable, Equatable, Hashable {
    public var role: String
    /// Its text. Of several parts of text: all of them, one after the other.
    public var content: String
    /// What else it holds: `tool_calls`, `reasoning_content` and their like; and `content` itself where that is a list
    /// of parts, or null. A template gets them as they are, or the message is refused (`ChatTemplate`).
    public var members: [JSONValue.Member]

    public init(role: String, content: String, members: [JSONValue.Member] = []) {
        self.role = role
        self.content = content
        self.members = members
    }

    /// - Parameter place: what errors call it, "message 2 of prompt".
    /// - Throws: `input` for what is no message, and for parts that are not text.
    public init(json: JSONValue, place: String, context: String?) throws {
        func error(_ what: String, _ hint: String) -> LocalLMError {
            LocalLMError(.input, "\(place) \(what)", context: context, hint: hint)
        }
        guard let role = json["role"]?.string else { throw error("lacks role or content", "both must be strings") }
        var members = (json.members ?? []).filter { $0.key != "role" }
        let content = members.first { $0.key == "content" }?.value
        switch content {
        case .string(let text)?:
            self.content = text
            members.removeAll { $0.key == "content" }
        case .array(let parts)?:
            self.content = try parts.map { part in
                guard part["type"]?.string == "text" else {
                    let type = part["type"]?.string.map { "type \"\($0.prefix(40))\"" } ?? "no type"
                    throw error("holds a part of \(type)", "only text is supported")
                }
                guard let text = part["text"]?.string else {
                    throw error("holds a part whose text is \(part["text"]?.kind ?? "missing")", "it must be a string")
                }
                return text
            }.joined()
        case nil where members.contains(where: { !$0.value.isOff }), .null? where members.contains { !$0.value.isOff }:
            self.content = ""
        default: throw error("lacks role or content", "both must be strings")
        }
        self.role = role
        self.members = members
    }

    public var json: JSONValue {
        let content = members.contains { $0.key == "content" } ? [] : [JSONValue.Member("content", .string(content))]
        return .object([.init("role", .string(role))] + content + members)
    }

    package var isAnswer: Bool { role == "assistant" }

    /// The same where it is text and nothing else matters; nil where it holds more.
    package var plain: Message? {
        let others = members.filter { $0.key != "content" && !$0.value.isOff }
        return others.isEmpty ? Message(role: role, content: content) : nil
    }
}

/// As columns of the lineage hold it.
extension Message: Codable {
    public init(from decoder: any Decoder) throws {
        let json = try JSONValue(from: decoder)
        do { try self.init(json: json, place: "a message", context: nil) } catch let error as LocalLMError {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: error.message))
        }
    }

    public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}
