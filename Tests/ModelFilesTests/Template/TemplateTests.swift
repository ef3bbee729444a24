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

    /// A template that knows tools, calls, thoughts and parts, in the manner of Qwen 3 and Llama 3.2.
    private static let knowing = """
        {% for t in tools or [] %}[{{ t | tojson }}]{% endfor %}{% for m in messages %}{{ m.role }}:
        {%- if m.content is string %}{{ m.content }}{% elif m.content %}{% for p in m.content %}
        {%- if p.type == 'text' %}({{ p.text }}){% endif %}{% endfor %}{% else %}{{ m.content }}{% endif %}
        {%- for c in m.tool_calls or [] %}<{{ c.function.name }} {{ c.function.arguments | tojson }}>{% endfor %}
        {%- if m.reasoning_content %}~{{ m.reasoning_content }}~{% endif %};{% endfor %}
        """

    private static func messages(_ json: String) throws -> [Message] {
        try JSONParser.parse(Array(json.utf8), context: "").array!.map {
            try Message(json: $0, place: "a", context: nil)
        }
    }

    @Test func whatATemplateKnowsItShows() throws {
        let messages = try Self.messages(
            #"""
            [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
             {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                {"id": "1", "function": {"name": "f", "arguments": {"z": 1.50, "a": [true, null, 7]}}}]},
             {"role": "tool", "tool_call_id": "1", "content": "warm", "name": null, "weight": []}]
            """#
        )
        let tools = try JSONParser.parse(Array(#"[{"name": "f", "b": -2}]"#.utf8), context: "")
        #expect(
            try ChatTemplate(source: Self.knowing).render(messages, tools: tools, addGenerationPrompt: false)
                == #"[{"name": "f", "b": -2}]user:(a)(b);assistant:<f {"z": 1.5, "a": [true, null, 7]}>~hm~;tool:warm;"#
        )
        #expect(
            try ChatTemplate.chatML.render([messages[0]], addGenerationPrompt: false)
                == "<|im_start|>user\nab<|im_end|>\n",
            "parts of text are one text to a template that knows no parts"
        )
    }

    @Test(
        "What a template does not show is refused by name",
        arguments: [
            (#"[{"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}]"#, "\"tool_calls\" of message 1"),
            (
                #"[{"role": "assistant", "content": "a", "reasoning_content": "b"}]"#,
                "\"reasoning_content\" of message 1"
            ),
            (
                #"[{"role": "user", "content": "a"}, {"role": "user", "content": "a", "name": "Ann"}]"#,
                "\"name\" of message 2"
            ),
            (#"[{"role": "assistant", "content": "a", "weight": 0}]"#, "\"weight\" of message 1"),
        ]
    )
    func unshown(_ json: String, _ what: String) throws {
        let messages = try Self.messages(json)
        do {
            _ = try ChatTemplate.chatML.render(messages, addGenerationPrompt: false)
            Issue.record("rendered")
        } catch let error as LocalLMError { #expect(error.message == "the chat template does not show \(what)") }
    }

    /// transformers 5, `_alias_reasoning_fields`.
    @Test("Thoughts have three names", arguments: ["reasoning_content", "thinking", "reasoning"])
    func thoughts(name: String) throws {
        let messages = try Self.messages(#"[{"role": "assistant", "content": "a", "\#(name)": "b"}]"#)
        #expect(
            try ChatTemplate(source: Self.knowing).render(messages, addGenerationPrompt: false) == "assistant:a~b~;"
        )
        #expect(
            try ChatTemplate(source: "{{ messages[0].thinking }}").render(messages, addGenerationPrompt: false) == "b"
        )
        if name != "reasoning_content" {
            let two = try Self.messages(
                #"[{"role": "assistant", "content": "a", "reasoning_content": "b", "\#(name)": "c", "x": ""}]"#
            )
            #expect(throws: LocalLMError.self, "one of two would not be shown") {
                try ChatTemplate(source: Self.knowing).render(two, addGenerationPrompt: false)
            }
        }
        do {
            _ = try ChatTemplate.chatML.render(messages, addGenerationPrompt: false)
            Issue.record("rendered")
        } catch let error as LocalLMError { #expect(error.message.contains("does not show \"\(name)\" of message 1")) }
    }

    @Test func toolsThatNobodyShowsAreRefused() throws {
        let tools = JSONValue.array([.object([.init("name", .string("f"))])])
        do {
            _ = try ChatTemplate.chatML.render(conversation, tools: tools, addGenerationPrompt: false)
            Issue.record("rendered")
        } catch let error as LocalLMError { #expect(error.message == "the chat template does not show \"tools\"") }
    }

    @Test func wholeNumbersBeyond64BitsAreRefused() throws {
        let messages = try Self.messages(
            #"[{"role": "user", "content": "", "tool_calls": 123456789012345678901234567890}]"#
        )
        do {
            _ = try ChatTemplate(source: Self.knowing).render(messages, addGenerationPrompt: false)
            Issue.record("rendered")
        } catch let error as LocalLMError { #expect(error.code == .unsupported && error.message.contains("64 bits")) }
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
