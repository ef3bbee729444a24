/// How a conversation becomes text, as the model's chat template says.
///
/// Templates are programs in Jinja; this reads no Jinja but recognises the ones it knows, whatever their spacing inside of
/// tags, quotes and way of writing a newline. Another is refused; an interpreter can take its place behind `Dialect`.
public struct ChatTemplate: Sendable, Equatable {
    /// The template as its file has it, byte for byte.
    public let source: String
    private let dialect: Dialect

    private enum Dialect: Sendable, CaseIterable {
        case chatML, nursery

        var source: String {
            switch self {
            case .chatML:
                "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
                    + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
            case .nursery:
                "{% for m in messages %}{{ {'system':'<|aggregate|>','user':'<|ask|>','assistant':'<|answer|>'}[m['role']] + m['content'] + "
                    + "('<|end|>' if m['role'] == 'assistant' else '') }}{% endfor %}{% if add_generation_prompt %}{{ '<|answer|>' }}{% endif %}"
            }
        }
    }

    private static let signatures: [(JinjaSignature, Dialect)] = Dialect.allCases.map { (JinjaSignature($0.source)!, $0) }

    /// `<|im_start|>role\ncontent<|im_end|>\n` per message.
    public static let chatML = ChatTemplate(.chatML)
    /// `<|ask|>`, `<|aggregate|>` or `<|answer|>`, then the content; an answer ends with `<|end|>`.
    public static let nursery = ChatTemplate(.nursery)

    private init(_ dialect: Dialect) {
        source = dialect.source
        self.dialect = dialect
    }

    /// - Throws: `unsupported` for any template but ChatML and the nursery's.
    public init(source: String) throws {
        guard let signature = JinjaSignature(source), let known = Self.signatures.first(where: { $0.0 == signature }) else {
            throw LocalLMError(
                .unsupported, "a chat template that is neither ChatML nor the nursery's: \"\(source.prefix(80))\"",
                hint: "supported: ChatML (<|im_start|>role ... <|im_end|>), and the nursery's")
        }
        self.source = source
        dialect = known.1
    }

    /// The text of a conversation. With `addGenerationPrompt` it ends where the assistant's answer begins.
    /// - Throws: for a role that the template has no word for.
    public func render(_ messages: [Message], addGenerationPrompt: Bool) throws -> String {
        var text = ""
        for message in messages {
            switch dialect {
            case .chatML: text += "<|im_start|>\(message.role)\n\(message.content)<|im_end|>\n"
            case .nursery:
                switch message.role {
                case "system": text += "<|aggregate|>\(message.content)"
                case "user": text += "<|ask|>\(message.content)"
                case "assistant": text += "<|answer|>\(message.content)<|end|>"
                default: throw LocalLMError(.input, "the role \"\(message.role)\" is unknown", hint: "system, user or assistant")
                }
            }
        }
        if addGenerationPrompt {
            switch dialect {
            case .chatML: text += "<|im_start|>assistant\n"
            case .nursery: text += "<|answer|>"
            }
        }
        return text
    }
}
