import Foundation

/// A chat template, compiled: a program in Jinja whose variables are a conversation and a few constants.
///
/// The source is not trusted. Its nesting, its variables, its steps and what it makes are bounded, and every fault is a
/// `JinjaError`. A template does not change once it is made, and each rendering keeps its variables to itself: any
/// thread may render.
///
///     let template = try JinjaTemplate("{% for m in messages %}{{ m.content }}\n{% endfor %}", constants: [:])
///     let hi = JinjaTemplate.Message(role: "user", content: .text("Hi"))
///     try template.render([hi], addsGenerationPrompt: false, now: Date.init).text  // UTF-8 of "Hi\n"
package final class JinjaTemplate: @unchecked Sendable {
    /// What a template made of a conversation.
    package struct Rendered {
        /// UTF-8.
        package let text: [UInt8]
        /// The `{% generation %}` blocks as ranges of `text`, in the order in which they end.
        package let generated: [Range<Int>]
    }

    /// One turn of a conversation.
    package struct Message {
        package var role: String
        /// nil: it has none.
        package var content: JinjaData?
        /// What else it holds.
        package var others: [(key: String, value: JinjaData)]

        package init(role: String, content: JinjaData?, others: [(key: String, value: JinjaData)] = []) {
            (self.role, self.content, self.others) = (role, content, others)
        }

        fileprivate var bytes: Int {
            others.reduce((content?.bytes ?? 0) + 56) { $0 + $1.key.utf8.count + $1.value.bytes }
        }
    }

    private static let maximumVariables = 400

    private let statements: [JinjaStatement]
    private let frame: JinjaFrame
    private let slotCount: Int
    /// Every name and text of its expressions: a key that is not among them it never asks for.
    private let words: Set<String>
    /// The keys of a message.
    private let names: [JinjaValue] = [.text("role"), .text("content")]

    /// - Parameter constants: variables whose value is known from the start, such as `bos_token`.
    /// - Throws: `JinjaError`
    package init(_ source: String, constants: [String: String]) throws {
        let tokens = try JinjaLexer.tokens(Array(source.utf8))
        words = Set(tokens.compactMap(\.word))
        statements = try JinjaParser.parse(tokens)
        (frame, slotCount) = try JinjaScopes(maximumSlots: Self.maximumVariables) { Self.variable($0, constants) }
            .resolve(statements)
    }

    /// Whether it can ask for a variable, or a member of a message, of this name.
    package func knows(_ name: String) -> Bool { words.contains(name) }

    /// - Parameters:
    ///   - tools: the functions that the conversation may call; nil: none.
    ///   - now: the clock of `strftime_now`.
    /// - Throws: `JinjaError`, where the template refuses the conversation, fails on it or exceeds its bounds.
    package func render(
        _ messages: [Message],
        tools: JinjaData? = nil,
        addsGenerationPrompt: Bool,
        now: @escaping @Sendable () -> Date
    ) throws -> Rendered {
        let conversation: JinjaValue, functions: JinjaValue
        do {
            conversation = .list(try JinjaSequence(messages.map { try value($0) }))
            functions = try tools?.value() ?? .none
        } catch let failure as JinjaFailure { throw failure.error(line: 1) }
        let bytes = messages.reduce(256) { $0 + $1.bytes } + (tools?.bytes ?? 0)
        let rendering = JinjaRendering(
            slotCount: slotCount,
            messages: conversation,
            tools: functions,
            bytes: bytes,
            addsGenerationPrompt: addsGenerationPrompt,
            now: now
        )
        rendering.out.reserveCapacity(bytes)
        try rendering.run(statements, frame)
        return Rendered(text: rendering.out, generated: rendering.generated)
    }

    private func value(_ message: Message) throws -> JinjaValue {
        if message.others.isEmpty, case .text(let content)? = message.content {
            return .dictionary(JinjaDictionary(names: names, flat: [.text(message.role), .text(content)]))
        }
        let content = message.content.map { [(key: "content", value: $0)] } ?? []
        return try JinjaData.dictionary([("role", .text(message.role))] + content + message.others).value()
    }

    private static func variable(_ name: String, _ constants: [String: String]) -> JinjaFrame.Load? {
        switch name {
        case "messages": .messages
        case "add_generation_prompt": .addsGenerationPrompt
        case "tools": .tools
        case "documents": .value(.none)
        default:
            constants[name].map { .value(.text($0)) } ?? JinjaFunction(rawValue: name).map { .value(.function($0)) }
        }
    }
}
