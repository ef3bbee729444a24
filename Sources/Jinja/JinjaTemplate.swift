import Foundation

/// A chat template, compiled: a program in Jinja whose variables are a conversation and a few constants.
///
/// The source is not trusted. Its nesting, its variables, its steps and what it makes are bounded, and every fault is a
/// `JinjaError`. A template does not change once it is made, and each rendering keeps its variables to itself: any
/// thread may render.
///
///     let template = try JinjaTemplate("{% for m in messages %}{{ m.content }}\n{% endfor %}", constants: [:])
///     try template.render([("user", "Hi")], addsGenerationPrompt: false, now: Date.init).text  // UTF-8 of "Hi\n"
package final class JinjaTemplate: @unchecked Sendable {
    /// What a template made of a conversation.
    package struct Rendered {
        /// UTF-8.
        package let text: [UInt8]
        /// The `{% generation %}` blocks as ranges of `text`, in the order in which they end.
        package let generated: [Range<Int>]
    }

    private static let maximumVariables = 400

    private let statements: [JinjaStatement]
    private let frame: JinjaFrame
    private let slotCount: Int
    /// The keys of a message.
    private let names: [JinjaValue] = [.text("role"), .text("content")]

    /// - Parameter constants: variables whose value is known from the start, such as `bos_token`.
    /// - Throws: `JinjaError`
    package init(_ source: String, constants: [String: String]) throws {
        statements = try JinjaParser.parse(Array(source.utf8))
        (frame, slotCount) = try JinjaScopes(maximumSlots: Self.maximumVariables) { Self.variable($0, constants) }
            .resolve(statements)
    }

    /// - Parameter now: the clock of `strftime_now`.
    /// - Throws: `JinjaError`, where the template refuses the conversation, fails on it or exceeds its bounds.
    package func render(
        _ messages: [(role: String, content: String)],
        addsGenerationPrompt: Bool,
        now: @escaping @Sendable () -> Date
    ) throws -> Rendered {
        let values = messages.map {
            JinjaValue.dictionary(JinjaDictionary(names: names, flat: [.text($0.role), .text($0.content)]))
        }
        let bytes = messages.reduce(256) { $0 + $1.content.utf8.count + 64 }
        let rendering = JinjaRendering(
            slotCount: slotCount,
            messages: .list(try JinjaSequence(values)),
            bytes: bytes,
            addsGenerationPrompt: addsGenerationPrompt,
            now: now
        )
        rendering.out.reserveCapacity(bytes)
        try rendering.run(statements, frame)
        return Rendered(text: rendering.out, generated: rendering.generated)
    }

    private static func variable(_ name: String, _ constants: [String: String]) -> JinjaFrame.Load? {
        switch name {
        case "messages": .messages
        case "add_generation_prompt": .addsGenerationPrompt
        case "tools", "documents": .value(.none)
        default:
            constants[name].map { .value(.text($0)) } ?? JinjaFunction(rawValue: name).map { .value(.function($0)) }
        }
    }
}
