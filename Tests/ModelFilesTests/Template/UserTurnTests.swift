import Foundation
import Testing

@testable import ModelFiles

/// Where a user speaks, against what transformers made of the families' templates.
@Suite struct UserTurnTests {
    private let golden: TemplateGolden

    init() throws { golden = try TemplateGolden() }

    @Test("Every family's rendering of a conversation begins with the prefix, and the user's words follow")
    func prefix() throws {
        var compared = 0, names = Set<String>()
        for entry in golden.templates {
            let turn = try golden.template(entry.template).userTurn()
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
            try golden.template(#require(golden.templates.first { $0.name == name }).template).userTurn()
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
            #expect(throws: LocalLMError.self) { try golden.template(source).userTurn() }
        }
    }
}
