import Foundation
import Testing

@testable import ModelFiles

@Suite struct TemplateTests {
    private let conversation = [Message(role: "user", content: "Hi"), Message(role: "assistant", content: "Hello")]

    private func error(_ source: String, _ messages: [Message]? = nil) -> LocalLMError? {
        do {
            _ = try ChatTemplate(source: source).render(messages ?? conversation, addGenerationPrompt: false)
            return nil
        } catch { return error as? LocalLMError }
    }

    @Test func chatMLRendersAsBefore() throws {
        #expect(
            try ChatTemplate.chatML.render(conversation, addGenerationPrompt: true)
                == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>assistant\n"
        )
    }

    @Test func equalBySourceAndTokens() throws {
        #expect(try ChatTemplate(source: ChatTemplate.chatML.source) == .chatML)
        #expect(try ChatTemplate(source: ChatTemplate.chatML.source, specialTokens: ["bos_token": "<s>"]) != .chatML)
        #expect(try ChatTemplate(source: "\u{E9}") != ChatTemplate(source: "e\u{301}"))
    }

    @Test func errorsNameTheLineAndTheCause() {
        #expect(error("\n\n{{ nothing.more }}")?.description == "the chat template, line 3: 'nothing' is undefined")
        #expect(
            error("{{ raise_exception('only ' ~ 'users') }}")?.description
                == "the chat template refuses the conversation: only users"
        )
        #expect(
            error("a\n{% if x %}\n{{ 'a' + 1 }}{% else %}\n\n{{ 'a' + 1 }}{% endif %}")?.description.contains(
                "line 5: unsupported operand"
            ) == true
        )
        #expect(error("\n{{ 'x'|urlize }}")?.description.contains("line 2: the filter 'urlize'") == true)
        #expect(error("\n{% unknown %}")?.code == .input)
        #expect(error("{{ 1 }}", [])?.code == .input)
    }

    @Test func textIsKeptScalarByScalar() throws {
        let template = try ChatTemplate(
            source: "{{ messages[0].content }}|{{ messages[0].content|length }}|{{ messages[0].content == 'é' }}"
        )
        #expect(
            Array(try template.render([Message(role: "user", content: "e\u{301}")], addGenerationPrompt: false).utf8)
                == Array("e\u{301}|2|False".utf8)
        )
        #expect(
            Array(try template.render([Message(role: "user", content: "\u{E9}")], addGenerationPrompt: false).utf8)
                == Array("\u{E9}|1|True".utf8)
        )
    }

    @Test func generatedRangesAreBytesOfTheText() throws {
        let source =
            "ü{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}[{{ m.content }}]{% endif %}{% endfor %}"
        let marked = try ChatTemplate(source: source).renderMarked(
            [
                Message(role: "user", content: "é"), Message(role: "assistant", content: "日本"),
                Message(role: "assistant", content: ""),
            ],
            addGenerationPrompt: false
        )
        #expect(marked.generated.map { String(decoding: Array(marked.text.utf8)[$0], as: UTF8.self) } == ["日本", ""])
        #expect(marked.text == "ü[é]日本")
    }

    @Test func theClockIsAParameter() throws {
        let date = try #require(
            Calendar(identifier: .gregorian).date(from: DateComponents(year: 1999, month: 12, day: 31))
        )
        #expect(
            try ChatTemplate(source: "{{ strftime_now('%d %b %Y') }}", now: { date }).render(
                conversation,
                addGenerationPrompt: false
            ) == "31 Dec 1999"
        )
    }

    /// Campaigns and training: the same text on every day.
    @Test func forTrainingItIsAlwaysTheSameDay() throws {
        let template = try ChatTemplate(source: "{{ strftime_now('%d %b %Y') }}")
        let text = try template.timeless.render(conversation, addGenerationPrompt: false)
        #expect(text == "26 Jul 2024")
        #expect(template.timeless == template, "it is saved as it is")
    }

    @Test func oneTemplateRendersFromManyTasksAtOnce() async throws {
        let template = try ChatTemplate(
            source:
                "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + loop.index %}{% endfor %}{{ ns.n }}"
        )
        let conversation = conversation
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<64 { group.addTask { try template.render(conversation, addGenerationPrompt: false) } }
            for try await text in group { #expect(text == "3") }
        }
    }

    /// PRNG for the property below; the seed is in its name.
    private struct Words: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3]) func anySourceIsRenderedOrRefused(seed: UInt64) {
        let pieces = [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "if", "else", "endif", "for", "in", "endfor", "set", "x",
            "messages", "loop", "=", "==", "(", ")",
            "[", "]", "{", "}", ":",
            ",", ".", "|", "~", "*", "**", "//", "%", "'a'", "\"", "'", "\\", "1", "9223372036854775807", "0.5", "not",
            "is", "defined", "map", "join", "range",
            "namespace", "macro", "endmacro",
            "call", "endcall", "filter", "endfilter", "raw", "endraw", "generation", "endgeneration", "content", "role",
            "split", "\n", " ", "é", "\u{2028}",
            "none", "true", "and", "or", "upper", "tojson",
        ]
        var random = Words(state: seed)
        for _ in 0..<3000 {
            let source = (0..<Int.random(in: 1...24, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined(separator: " ")
            for text in [source, "{{ \(source) }}", "{% \(source) %}"] {
                do { _ = try ChatTemplate(source: text).render(conversation, addGenerationPrompt: true) } catch {
                    #expect(error is LocalLMError, "seed \(seed): \(text)")
                }
            }
        }
    }
}
