import Foundation

/// How a conversation becomes text, as the model's chat template says: a program in Jinja, run as transformers' `apply_chat_template`
/// runs it (its sandbox, `trim_blocks`, `lstrip_blocks`, `break` and `continue`, `{% generation %}`, `raise_exception`,
/// `strftime_now`, its own `tojson`), without tools and documents.
///
/// We deviate in that what this interpreter does not know is an error that names it, never a guess: `include` and inheritance,
/// recursive loops, filters that write HTML, whole numbers of more than 64 bits. Nor is a template trusted: its source, its steps,
/// its nesting and what it makes are bounded.
public struct ChatTemplate: Sendable, Equatable {
    /// The template as its file has it, byte for byte.
    public let source: String
    /// `bos_token` and its like, by name: variables of the template.
    public let specialTokens: [String: String]
    private let program: Program
    private let now: @Sendable () -> Date

    private static let maximumSource = 256 << 10
    private static let maximumVariables = 400

    /// `<|im_start|>role\ncontent<|im_end|>\n` per message.
    public static let chatML = known(
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
            + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    )
    /// `<|ask|>`, `<|aggregate|>` or `<|answer|>`, then the content; an answer ends with `<|end|>`.
    public static let nursery = known(
        "{% for m in messages %}{{ {'system':'<|aggregate|>','user':'<|ask|>','assistant':'<|answer|>'}[m['role']] + m['content'] + "
            + "('<|end|>' if m['role'] == 'assistant' else '') }}{% endfor %}{% if add_generation_prompt %}{{ '<|answer|>' }}{% endif %}"
    )

    private static func known(_ source: String) -> ChatTemplate {
        do { return try ChatTemplate(source: source) } catch { preconditionFailure("\(error)") }
    }

    /// - Parameter now: the clock behind `strftime_now`.
    /// - Throws: `unsupported` for what this interpreter does not know, `input` for what is no template; both name the line.
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
        program = try Program(source, specialTokens)
    }

    public static func == (left: ChatTemplate, right: ChatTemplate) -> Bool {
        left.source.utf8.elementsEqual(right.source.utf8) && left.specialTokens == right.specialTokens
    }

    /// The text of a conversation. With `addGenerationPrompt` it ends where the assistant's answer begins.
    /// - Throws: where the template refuses the conversation, fails on it or exceeds its bounds; and for a conversation of no message,
    ///   as transformers does.
    public func render(_ messages: [Message], addGenerationPrompt: Bool) throws -> String {
        String(decoding: try rendering(messages, addGenerationPrompt).out, as: UTF8.self)
    }

    /// A conversation's text, and what of it stands in `{% generation %}` blocks, as offsets of UTF-8: what transformers'
    /// `return_assistant_tokens_mask` goes by. In the order in which the blocks end.
    public func renderMarked(_ messages: [Message], addGenerationPrompt: Bool) throws -> (
        text: String, generated: [Range<Int>]
    ) {
        let rendering = try rendering(messages, addGenerationPrompt)
        return (String(decoding: rendering.out, as: UTF8.self), rendering.generated)
    }

    private func rendering(_ messages: [Message], _ addGenerationPrompt: Bool) throws -> JinjaRendering {
        guard !messages.isEmpty else { throw LocalLMError(.input, "a conversation of no message has no text") }
        let values = messages.map {
            JinjaValue.dictionary(JinjaDictionary(names: program.names, flat: [.text($0.role), .text($0.content)]))
        }
        let bytes = messages.reduce(256) { $0 + $1.content.utf8.count + 64 }
        let rendering = JinjaRendering(
            slotCount: program.slotCount,
            messages: .list(try JinjaSequence(values)),
            bytes: bytes,
            addsGenerationPrompt: addGenerationPrompt,
            now: now
        )
        rendering.out.reserveCapacity(bytes)
        try rendering.run(program.statements, program.frame)
        return rendering
    }

    /// What the source was compiled to. Nothing of it changes once it is made: a rendering keeps its variables to itself.
    private final class Program: @unchecked Sendable {
        let statements: [JinjaStatement]
        let frame: JinjaFrame
        let slotCount: Int
        /// The keys of a message.
        let names: [JinjaValue] = [.text("role"), .text("content")]

        init(_ source: String, _ specialTokens: [String: String]) throws {
            statements = try JinjaParser.parse(Array(source.utf8))
            (frame, slotCount) = try JinjaScopes(maximumSlots: maximumVariables) { Self.variable($0, specialTokens) }
                .resolve(statements)
        }

        private static func variable(_ name: String, _ specialTokens: [String: String]) -> JinjaFrame.Load? {
            switch name {
            case "messages": .messages
            case "add_generation_prompt": .addsGenerationPrompt
            case "tools", "documents": .value(.none)
            default:
                specialTokens[name].map { .value(.text($0)) }
                    ?? JinjaFunction(rawValue: name).map { .value(.function($0)) }
            }
        }
    }
}
