import ModelFiles
import TestSupport
import Testing

@testable import LocalLM

/// Conversations of which every answer is trained. `Tests/Parity/assistant_only.py` holds them against TRL.
@Suite struct ConversationExampleTests {
    private static let conversation = [
        Message(role: "system", content: "s"), Message(role: "user", content: "ab"),
        Message(role: "assistant", content: "ba"), Message(role: "user", content: "c"),
        Message(role: "assistant", content: "abc"), Message(role: "user", content: ""),
        Message(role: "assistant", content: "a b"),
    ]

    private func model(_ template: String) throws -> Checkpoint {
        let tokenizer = try Tokenizer.nursery(words: [" the"])
        let c = TinyModels.configuration(vocabulary: tokenizer.vocabularySize)
        return Checkpoint(
            weights: Initialization.gaussian(c, standardDeviation: 0.3, seed: 1),
            tokenizer: tokenizer,
            template: try ChatTemplate(source: template)
        )
    }

    private static let marked = """
        {% for m in messages %}{% if m.role == 'assistant' %}x{% generation %}{{ m.content }}y{% endgeneration %}\
        {% else %}u{{ m.content }}v{% endif %}{% endfor %}{% if add_generation_prompt %}x{% endif %}
        """
    private static let plain = marked.replacing("{% generation %}", with: "").replacing("{% endgeneration %}", with: "")

    @Test("Where a template marks answers, exactly these are targets") func marks() throws {
        let model = try model(Self.marked)
        let example = try #require(try model.example(conversation: Self.conversation))
        #expect(model.tokenizer.decode(example.ids) == "usvuabvxbayucvxabcyuvxa by")
        #expect(example.targets.map { model.tokenizer.decode(Array(example.ids[$0])) } == ["bay", "abcy", "a by"])
    }

    @Test("Elsewhere what an answer adds to the conversation before it is") func prefixes() throws {
        let model = try model(Self.plain)
        let example = try #require(try model.example(conversation: Self.conversation))
        #expect(example.targets.map { model.tokenizer.decode(Array(example.ids[$0])) } == ["bay", "abcy", "a by"])
        // The parts that its turns have as completions of the conversations before them.
        let turns = try [2, 4, 6].map { end in
            try #require(
                try model.example(
                    prompt: Array(Self.conversation[..<end]),
                    completion: [Self.conversation[end]]
                )
            )
        }
        #expect(turns.map { $0.targets[0] } == example.targets)
        let engine = InferenceEngine(weights: model.weights, threads: 1)
        let whole = try engine.logprobs(of: [example])[0], parts = try engine.logprobs(of: turns).flatMap(\.self)
        #expect(whole.count == parts.count && zip(whole, parts).allSatisfy { abs($0 - $1) < 1e-4 })
        // And the loss is over these alone.
        let settings = OptimizationSettings(optimizer: .adamW, learningRate: 0, schedule: .constant, totalSteps: 1)
        let step = try SFTTrainer(weights: model.weights.copy(), settings: settings, threads: 2).step([example])
        #expect(step.targetTokens == whole.count)
        #expect(abs(step.loss + whole.reduce(0) { $0 + Double($1) } / Double(whole.count)) < 1e-4)
    }

    @Test("A template that shows an answer otherwise once another follows drops the row") func changed() throws {
        let thoughtless = Self.plain.replacing("{{ m.content }}y", with: "{{ m.content if loop.last else 'z' }}y")
        #expect(try model(thoughtless).example(conversation: Self.conversation) == nil)
        #expect(try model(thoughtless).example(conversation: Array(Self.conversation[...2])) != nil)
        #expect(try model(Self.plain).example(conversation: [Message(role: "assistant", content: "a")]) == nil)
    }

    @Test("A limit cuts within an answer, and leaves no target where it cuts before the first") func limits() throws {
        let example = Example(ids: Array(0..<12), targets: [0..<2, 4..<6, 8..<8, 9..<12])
        #expect(example.targets == [1..<2, 4..<6, 9..<12] && example.targetCount == 6 && example.promptCount == 1)
        #expect(example.truncated(to: 5)?.targets == [1..<2, 4..<5])
        #expect(Example(ids: [1, 2, 3], targets: [2..<3]).truncated(to: 2) == nil)
        #expect(Example(ids: [1, 2, 3], promptCount: 7).targetCount == 0)
    }

    @Test("Rows say in their form what is trained") func forms() throws {
        func row(_ text: String) throws -> SFTRow {
            try SFTRow(json: JSONParser.parse(Array(text.utf8), context: ""), context: "line")
        }
        let messages = #"[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]"#
        let whole = try row(#"{"messages": \#(messages)}"#)
        #expect(whole.targets == .everyAnswer && whole.completion.count == 2)
        #expect(try SFTRow(json: whole.json, context: "") == whole)
        #expect(throws: LocalLMError.self) { try row(#"{"messages": \#(messages), "prompt": \#(messages)}"#) }
        #expect(throws: LocalLMError.self) { try row(#"{"messages": [{"role": "user", "content": "a"}]}"#) }
        #expect(throws: LocalLMError.self) { try row(#"{"messages": [{"role": "assistant", "content": ""}]}"#) }
    }
}
