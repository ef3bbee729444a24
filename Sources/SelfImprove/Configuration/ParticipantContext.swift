import ModelFiles

/// What a participant is told before every conversation: a system text, and solved examples.
///
/// Only the participant reads it. What a campaign trains on is the conversation alone.
public struct ParticipantContext: Sendable, Hashable {
    public var system: String?
    /// In the order of their file.
    public var examples: [ExampleRow]

    public init(system: String? = nil, examples: [ExampleRow] = []) {
        self.system = system
        self.examples = examples
    }

    public var isEmpty: Bool { system == nil && examples.isEmpty }

    /// The conversation with the context before it: the system text, the messages of the examples of its task and of
    /// those without one, and the conversation. A system message of the conversation's own follows the participant's,
    /// in the same message, for templates take one, at the beginning.
    public func applied(to conversation: [Message], task: String?) -> [Message] {
        let shown = examples.filter { $0.task == nil || $0.task == task }.flatMap(\.messages)
        let own = conversation.first.flatMap { $0.role == "system" ? $0.content : nil }
        let system = [system, own].compactMap { $0 }.joined(separator: "\n\n")
        let first = self.system == nil && own == nil ? [] : [Message(role: "system", content: system)]
        return first + shown + conversation.dropFirst(own == nil ? 0 : 1)
    }

    /// Tasks that examples name, each once.
    var tasks: [String] {
        var seen = Set<String>()
        return examples.compactMap(\.task).filter { seen.insert($0).inserted }
    }

    /// What `applied` tells apart: the tasks of the examples, or nil where all prompts are told the same.
    var everyTask: [String?] { tasks.isEmpty ? [nil] : tasks }
}

extension ParticipantContext: Codable {
    private enum CodingKeys: CodingKey { case system, examples }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        system = try fields.decodeIfPresent(String.self, forKey: .system)
        examples = try fields.decodeIfPresent([ExampleRow].self, forKey: .examples) ?? []
    }
}

extension ExampleRow {
    /// Digests of the questions that it answers, as prompts of a file would ask them: each alone, and after what was
    /// said before it.
    var questions: Set<String> {
        var digests: Set<String> = []
        for place in messages.indices where messages[place].role == "user" {
            digests.insert(PromptDigest.ofQuestion([messages[place]]))
            digests.insert(PromptDigest.ofQuestion(Array(messages[...place])))
        }
        return digests
    }
}
