import Foundation
import Testing

@testable import ModelFiles

/// Where a user speaks, against what transformers made of the families' templates.
@Suite struct UserTurnTests {
    private struct Golden: Decodable {
        struct Result: Decodable {
            var conversation: Int
            var add: Bool
            var text: String?
        }
        struct Template: Decodable {
            var name: String
            var template: String
            var results: [Result]
        }
        var tokens: [String: String]
        var conversations: [[Message]]
        var templates: [Template]
    }

    private let golden: Golden

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("LocalLMTests/Golden/templates.json")
        golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }

    private func template(_ source: String) throws -> ChatTemplate {
        let date = try #require(
            Calendar(identifier: .gregorian).date(
                from: DateComponents(year: 2026, month: 3, day: 4, hour: 5, minute: 6, second: 7)
            )
        )
        return try ChatTemplate(source: source, specialTokens: golden.tokens, now: { date })
    }

    @Test("Every family's rendering of a conversation begins with the prefix, and the user's words follow")
    func prefix() throws {
        var compared = 0, names = Set<String>()
        for entry in golden.templates {
            let turn = try template(entry.template).userTurn()
            for result in entry.results {
                let first = golden.conversations[result.conversation][0]
                guard first.role == "user", let said = first.plain?.content, let text = result.text else { continue }
                let words = said.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(text.utf8.starts(with: (turn.before + words).utf8), "\(entry.name), \(result.conversation)")
                compared += 1
                names.insert(entry.name)
                if result.conversation == 0, result.add {
                    #expect(text == turn.before + words + turn.after, "\(entry.name)")
                }
            }
        }
        #expect(names.count == golden.templates.count && compared > 30, "\(compared) of \(names.sorted())")
    }

    @Test("A model goes on from the text without spaces at its end, and stops at what follows a user's words")
    func openingAndClosing() throws {
        func turn(_ name: String) throws -> UserTurn {
            try template(#require(golden.templates.first { $0.name == name }).template).userTurn()
        }
        let mistral = try turn("mistral")
        #expect(mistral.before.hasSuffix("[INST] ") && mistral.opening.hasSuffix("[INST]"))
        #expect(mistral.closing == "[/INST]")
        let chat = try turn("smollm2")
        #expect(chat.opening == chat.before && chat.closing?.hasPrefix("<|im_end|>") == true)
    }

    @Test("A template that shows a text twice, or changes it, is refused") func refused() throws {
        for source in [
            "{{ messages[0].content }}{{ messages[0].content }}", "{{ messages[0].content | upper }}", "nothing",
        ] {
            #expect(throws: LocalLMError.self) { try template(source).userTurn() }
        }
    }
}
