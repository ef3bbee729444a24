import Foundation
import Jinja

/// How a conversation becomes text, as the model's chat template says: a program in Jinja, run as transformers'
/// `apply_chat_template` runs it (its sandbox, `trim_blocks`, `lstrip_blocks`, `break` and `continue`,
/// `{% generation %}`, `raise_exception`, `strftime_now`, its own `tojson`), without documents.
///
/// A template shows what its text asks for. What a conversation holds beyond that (calls of tools, thoughts, parts) is
/// refused by name, where transformers leaves it out in silence: nobody who trains on it would know.
///
/// We deviate in that what this interpreter does not know is an error that names it, never a guess: `include` and
/// inheritance, recursive loops, filters that write HTML, whole numbers of more than 64 bits. Nor is a template
/// trusted: its source, its steps, its nesting and what it makes are bounded.
///
///     let template = try ChatTemplate(source: source, specialTokens: ["bos_token": "<s>"])
///     try template.render([Message(role: "user", content: "Hi")], addGenerationPrompt: true)
public struct ChatTemplate: Sendable, Equatable {
    /// The template as its file has it, byte for byte.
    public let source: String
    /// `bos_token` and its like, by name: variables of the template.
    public let specialTokens: [String: String]
    private let program: JinjaTemplate
    private var now: @Sendable () -> Date
    /// Whether the model has another template, `tool_use`, for conversations with tools.
    package var hasToolTemplate = false

    private static let maximumSource = 256 << 10

    /// `<|im_start|>role\ncontent<|im_end|>\n` per message.
    public static let chatML = known(
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
            + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    )

    /// A template of this program's own.
    package static func known(_ source: String) -> ChatTemplate {
        do { return try ChatTemplate(source: source) } catch { preconditionFailure("\(error)") }
    }

    /// - Parameter now: the clock of `strftime_now`.
    /// - Throws: `unsupported` for what this interpreter does not know, `input` for what is not a template; both name
    ///   the line.
    public init(source: String, specialTokens: [String: String] = [:], now: @escaping @Sendable () -> Date = { Date() })
        throws
    {
        guard source.utf8.count <= Self.maximumSource else {
            throw LocalLMError(
                .input,
                "the chat template has \(source.utf8.count) bytes",
                hint: "at most \(Self.maximumSource) are read"
            )
        }
        self.source = source
        self.specialTokens = specialTokens
        self.now = now
        do { program = try JinjaTemplate(source, constants: specialTokens) } catch let error as JinjaError {
            throw LocalLMError(error)
        }
    }

    /// The same, for which `strftime_now` is always noon (UTC) of July 26, 2024, the day that Llama 3's own templates
    /// take where they know none: what is trained, and the bytes that come of it, must not depend on the day.
    package var timeless: ChatTemplate {
        var template = self
        template.now = { Date(timeIntervalSince1970: 1_721_995_200) }
        return template
    }

    /// By source, byte for byte, and special tokens.
    public static func == (left: ChatTemplate, right: ChatTemplate) -> Bool {
        left.source.utf8.elementsEqual(right.source.utf8) && left.specialTokens == right.specialTokens
    }

    /// The text of a conversation. With `addGenerationPrompt` it ends where the assistant's answer begins.
    /// - Parameter tools: the functions that it may call; nil: none.
    /// - Throws: where the template refuses the conversation, fails on it, exceeds its bounds, or does not show
    ///   something that it holds; and for a conversation of no message, as transformers does.
    public func render(_ messages: [Message], tools: JSONValue? = nil, addGenerationPrompt: Bool) throws -> String {
        String(decoding: try rendering(messages, tools, addGenerationPrompt).text, as: UTF8.self)
    }

    /// A conversation's text, and its `{% generation %}` blocks, as offsets of UTF-8: what
    /// transformers' `return_assistant_tokens_mask` goes by. In the order in which the blocks end.
    public func renderMarked(_ messages: [Message], tools: JSONValue? = nil, addGenerationPrompt: Bool) throws -> (
        text: String, generated: [Range<Int>]
    ) {
        let rendering = try rendering(messages, tools, addGenerationPrompt)
        return (String(decoding: rendering.text, as: UTF8.self), rendering.generated)
    }

    private func rendering(_ messages: [Message], _ tools: JSONValue?, _ addGenerationPrompt: Bool) throws
        -> JinjaTemplate.Rendered
    {
        guard !messages.isEmpty else { throw LocalLMError(.input, "a conversation of no message has no text") }
        if tools != nil, hasToolTemplate {
            throw LocalLMError(
                .unsupported,
                "for conversations with tools the model has a template of its own, tool_use, which is not read",
                hint: "make it chat_template.jinja, in a copy of the model"
            )
        }
        if tools != nil, !program.knows("tools") { throw Self.unshown("\"tools\"") }
        do {
            return try program.render(
                messages.enumerated().map { try shown($0.element, number: $0.offset + 1) },
                tools: tools?.data,
                addsGenerationPrompt: addGenerationPrompt,
                now: now
            )
        } catch let error as JinjaError {
            throw LocalLMError(error)
        }
    }

    /// A message as the template gets it: without what is null, as transformers 5 has it.
    /// - Throws: for a member that it would not show.
    private func shown(_ message: Message, number: Int) throws -> JinjaTemplate.Message {
        var content: JinjaData? = .text(message.content), others: [(key: String, value: JinjaData)] = []
        for member in try reasoned(message, number: number) {
            if member.value.isNull {
                if member.key == "content" { content = nil }
            } else if member.key != "content" {
                guard member.isEmpty || Self.implied.contains(member.key) || program.knows(member.key) else {
                    throw Self.unshown("\"\(member.key.prefix(40))\" of message \(number)")
                }
                others.append((member.key, member.value.data))
            } else if program.knows("type"), program.knows("text") {
                content = member.value.data  // it goes through parts by itself
            }
        }
        return JinjaTemplate.Message(role: message.role, content: content, others: others)
    }

    /// The names under which messages hold a model's thoughts. Templates read the first of them (gpt-oss: the second).
    private static let reasoning = ["reasoning_content", "thinking", "reasoning"]

    /// The members of a message, its thoughts under every name that templates read, as transformers 5 has it.
    private func reasoned(_ message: Message, number: Int) throws -> [JSONValue.Member] {
        let given = message.members.filter { Self.reasoning.contains($0.key) && !$0.value.isNull }
        func said(_ name: String) -> JSONValue? { given.first { $0.key == name }?.value }
        guard let thought = Self.reasoning.lazy.compactMap(said).first else { return message.members }
        let isRead = Self.reasoning.contains(where: program.knows)
        for member in given where !member.isEmpty && !program.knows(member.key) {
            guard isRead, member.value == thought else {
                throw Self.unshown("\"\(member.key)\" of message \(number)")
            }
        }
        return [.init("thinking", said("thinking") ?? thought)]
            + message.members.filter { $0.key != "thinking" && $0.key != "reasoning_content" }
            + [.init("reasoning_content", thought)]
    }

    /// Which call the result of a tool belongs to says its place, too: many templates leave it at that. Thoughts were
    /// looked at before.
    private static let implied = ["tool_call_id"] + reasoning

    private static func unshown(_ what: String) -> LocalLMError {
        LocalLMError(
            .input,
            "the chat template does not show \(what)",
            hint: "take it out, or use a model whose template knows it"
        )
    }
}

extension JSONValue.Member {
    /// Whether there is nothing to show.
    fileprivate var isEmpty: Bool { value.isOff || value.string == "" }
}

extension JSONValue {
    fileprivate var data: JinjaData {
        switch self {
        case .null: .none
        case .bool(let value): .bool(value)
        case .number(let text): .number(text)
        case .string(let text): .text(text)
        case .array(let values): .list(values.map(\.data))
        case .object(let members): .dictionary(members.map { ($0.key, $0.value.data) })
        }
    }
}

extension LocalLMError {
    fileprivate init(_ error: JinjaError) {
        let place = "the chat template, line \(error.line)"
        switch error.failure {
        case .python(let message): self.init(.input, "\(place): \(message)")
        case .raised(let message): self.init(.input, "the chat template refuses the conversation: \(message)")
        case .unsupported(let what):
            self.init(.unsupported, "\(place): \(what)", hint: "what this program's Jinja does not know, it refuses")
        case .limit(let what):
            self.init(.input, "\(place): \(what)", hint: "templates are bounded in time and memory")
        }
    }
}
