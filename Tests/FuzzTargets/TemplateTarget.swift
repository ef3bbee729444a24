import Foundation
import LocalLM
import ModelFiles

/// Chat templates: what is accepted renders conversations, or refuses them, within its budget.
struct TemplateTarget: FuzzTarget {
    static let name = "template"

    private static let conversations: [(messages: [Message], addGenerationPrompt: Bool)] = [
        ([Message(role: "user", content: "Hi {{ 1 }} {% x %} é 🙂\n")], true),
        (
            [
                Message(role: "system", content: " Be brief. "), Message(role: "user", content: "2+2?"),
                Message(role: "assistant", content: "<think>\n4\n</think>\n4"), Message(role: "user", content: ""),
            ], false
        ),
    ]
    /// No conversation here is longer than a hundred bytes.
    private static let longestText = 1 << 26

    private let seeds = TemplateSeeds.all.map { JinjaTokens($0) }
    private let words = TemplateSeeds.words.map { Array($0.utf8) }
    private let bytes = Mutator(words: TemplateSeeds.words)

    init(folder: URL) throws {}

    func input(_ random: inout RandomStream) -> FuzzInput {
        var tokens = random.element(of: seeds)
        if !random.one(in: 8) { tokens.mutate(with: random.element(of: seeds), words, &random) }
        var text = tokens.bytes
        if random.one(in: 6) { bytes.mutate(&text, with: random.element(of: seeds).bytes, &random) }
        return [text]
    }

    func read(_ input: FuzzInput) throws {
        guard let source = String(validating: input[0], as: UTF8.self) else {
            throw LocalLMError(.damaged, "is not UTF-8")
        }
        let template = try ChatTemplate(source: source)
        var refusal: LocalLMError?
        var rendered = 0
        for conversation in Self.conversations {
            do {
                let text = try template.render(
                    conversation.messages,
                    addGenerationPrompt: conversation.addGenerationPrompt
                )
                try require(text.utf8.count <= Self.longestText, "a text of \(text.utf8.count) bytes")
                rendered += 1
            } catch let error as LocalLMError { refusal = refusal ?? error }
        }
        if rendered == 0, let refusal { throw refusal }
    }
}
