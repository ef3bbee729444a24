import Foundation
import LocalLM
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

/// What of a model's text is a prompt, and what it is shown before.
@Suite struct PromptWritingTests {
    @Test(
        "The first task counts, without number, title and quotation marks",
        arguments: [
            ("Name three rivers.", "Name three rivers."), ("  9. Name three rivers.\n", "Name three rivers."),
            ("Task 9: Name three rivers.\nTask 10: Sing.", "Name three rivers."),
            ("**Task 9:** Name three rivers.\n\n**Task 10:** Sing.", "Name three rivers."),
            ("### Task 2:\nName three\nrivers.", "Name three\nrivers."),
            ("\"Name three rivers.\"", "Name three rivers."),
            ("1. Take a pan.\n2. Fry an egg.", "Take a pan."), ("3.5 + 2 is what?", "3.5 + 2 is what?"),
            ("Instruction: Sing.", "Sing."), ("Tasks: list them.", "Tasks: list them."),
            ("\"Yes\" or \"no\": is it?", "\"Yes\" or \"no\": is it?"), ("2 and 2?", "2 and 2?"), ("", ""),
            ("7.", ""), ("Sort:\n1. b\n2. a", "Sort:\n1. b\n2. a"),
        ]
    ) func instruction(text: String, wanted: String) { #expect(WrittenText.instruction(text) == wanted) }

    @Test("Any bytes are read, in linear time") func fuzz() {
        var random = RandomStream(key: 8)
        let parts = ["Task", " ", "9", ".", ":", "\n", "**", "\"", "“", "\u{301}", "é", "<|", "x", "\u{0}", "10)", "#"]
        for _ in 0..<20_000 {
            let text = (0..<random.integer(below: 24)).map { _ in parts[random.integer(below: parts.count)] }.joined()
            #expect(WrittenText.instruction(text).utf8.count <= text.utf8.count)
        }
        let long = String(repeating: "Task 9: \n", count: 200_000)
        let start = ContinuousClock.now
        _ = WrittenText.instruction(long)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    private func writer(_ kind: PromptWriter.Kind) -> PromptWriter {
        PromptWriter(
            name: "w",
            kind: kind,
            model: .initial,
            temperature: 1,
            topP: 1,
            maximumTokens: 9,
            examples: kind == .magpie ? nil : .init(seeds: nil, shown: 2, prompt: .standard)
        )
    }

    private func reason(_ text: String, _ kind: PromptWriter.Kind, _ finish: FinishReason = .stop) -> WritingReason? {
        let answer = Answer(text: text, tokens: 3, logprob: nil, finishReason: finish)
        return WritingFilter(writer(kind), refusals: ["en"]).read(answer, to: []).reason
    }

    @Test("What is no prompt falls out with its reason") func filter() {
        for kind in PromptWriter.Kind.allCases {
            #expect(reason("Name three rivers.", kind) == nil)
            #expect(reason("Name three rivers.", kind, .length) == .truncated)
            #expect(reason(" \n", kind) == .empty)
            #expect(reason("Hi<|im_end|>\n<|im_start|>assistant", kind) == .garbled)
            #expect(reason("a \u{1B}[31m b", kind) == .garbled && reason("a \u{FFFD}", kind) == .garbled)
            #expect(reason(String(repeating: "again and again ", count: 40), kind) == .repetition)
        }
        #expect(reason("I'm sorry, but I can't help with that.", .selfInstruct) == .refusal)
        #expect(reason("I'm sorry, but I can't help with that.", .magpie) == nil, "a user may say so")
        let many = (0..<151).map { "word\($0)" }.joined(separator: " ")
        #expect(reason(many, .selfInstruct) == .overLong && reason(many, .magpie) == nil)
        let asked = "Write one more task that the same people might set: of the same kind and about as difficult."
        #expect(reason(asked, .selfInstruct) == .leak)
    }

    @Test("The words show each task once, and what they hold is never read again") func words() throws {
        let message = InstructionPrompt.standard.message(showing: ["{task} A {number}", "B {tasks}"])
        #expect(message.role == "user" && message.content.contains("Task 1: {task} A {number}\n\nTask 2: B {tasks}"))
        #expect(message.content.hasPrefix("Here are 2 tasks"))
        let own = try InstructionPrompt(
            name: "own.txt",
            words: "\u{FEFF}More of {tasks}, {please}\r\n---\r\n<{task}>\r\n"
        )
        #expect(own.message(showing: ["a", "b"]).content == "More of <a>\n\n<b>, {please}")
        #expect(try JSONText(own).decode(InstructionPrompt.self) == own)
        #expect(try JSONText(InstructionPrompt.standard).decode(InstructionPrompt.self) == .standard)
        for wrong in ["", "{tasks}", "no place\n---\n{task}", "{tasks} {tasks}\n---\n{task}", "{tasks}\n---\nno"] {
            #expect(throws: SelfImproveError.self) { try InstructionPrompt(name: "own.txt", words: wrong) }
        }
    }

    @Test("Seeds are different ones of one task, by key, and none that is held out or a conversation") func seeds()
        throws
    {
        try withTemporaryDirectory { folder in
            var rows = (0..<20).map {
                PromptRow(
                    id: "\($0)",
                    task: $0 < 5 ? "few" : "many",
                    prompt: [Message(role: "user", content: "q \($0)")]
                )
            }
            rows.append(
                PromptRow(prompt: [
                    Message(role: "user", content: "a"), Message(role: "assistant", content: "b"),
                    Message(role: "user", content: "c"),
                ])
            )
            let file = folder.appendingPathComponent("seeds.jsonl")
            try JSONLines.write(rows, to: file)
            let near = NearPrompts(.standard, seed: 1)
            var seeds = try SeedPrompts(files: [file.path], near: near) { $0[0].content == "q 7" }
            #expect(seeds.all.count == 19 && seeds.heldOut == 1)
            let isLike = ["Q 3!", "q 7"].map { seeds.isLikeOne([Message(role: "user", content: $0)]) }
            #expect(isLike == [true, false])
            var few = 0
            for key in 0..<400 as Range<UInt64> {
                let shown = seeds.draw(8, key: key)
                #expect(Set(shown.map(\.origin.id)).count == shown.count && Set(shown.map(\.task)).count == 1)
                #expect(shown.count == (shown[0].task == "few" ? 5 : 8))
                #expect(shown.map(\.text) == seeds.draw(8, key: key).map(\.text))
                #expect(shown.allSatisfy { $0.origin.line == Int($0.origin.id)! + 1 && $0.origin.file == file.path })
                few += shown[0].task == "few" ? 1 : 0
            }
            #expect((60...160).contains(few), "\(few) of 400; 5 of 19 seeds are of the task")
        }
    }

    @Test("A model on this machine speaks as the user after its template's own words, by key alone") func opening()
        async throws
    {
        let checkpoint = try TinyModels.spelling(TinyModels.configuration(vocabulary: 80, eos: [1]))
        let model = try LocalModel(name: "tiny", digest: "d", checkpoint: checkpoint, threads: 2)
        let sampling = Sampling(temperature: 1, maximumTokens: 30)
        func written(_ keys: [UInt64]) async throws -> [Answer] {
            let requests = keys.map { ChatRequest(userAfter: nil, sampling: sampling, key: $0) }
            return try await model.answer(requests) { _ in }.map { try $0.get()[0] }
        }
        let all = try await written(Array(0..<40))
        #expect(try await written([17, 3]) == [all[17], all[3]], "the batch makes no difference")
        // The same by hand: what follows <|ask|>, up to the first special token.
        let ids = checkpoint.tokenizer.encode("<|ask|>")
        #expect(ids.count == 1)
        let engine = InferenceEngine(weights: checkpoint.weights, threads: 2)
        for key in 0..<40 {
            let request = GenerationRequest(ids: ids, key: UInt64(key))
            let sequence = try engine.generate([request], sampling: sampling)[0][0]
            let said = sequence.ids.prefix { $0 > 5 }  // NurseryToken
            #expect(all[key].text == checkpoint.tokenizer.decode(Array(said)))
            #expect(all[key].finishReason == (said.count < sequence.ids.count ? .stop : .length))
        }
        #expect(Set(all.map(\.finishReason)).count == 2 && Set(all.map(\.text)).count > 20)
    }

    @Test("A text that closes the turn ends it, where the template has no token for that") func closing() async throws {
        let spelling = try TinyModels.spelling()
        let template = try ChatTemplate(source: "<|ask|>{{ messages[0].content }} a\n{{ 'b' }}")
        let checkpoint = Checkpoint(weights: spelling.weights, tokenizer: spelling.tokenizer, template: template)
        let model = try LocalModel(name: "tiny", digest: "d", checkpoint: checkpoint, threads: 2)
        let requests = (0..<60).map {
            ChatRequest(userAfter: nil, sampling: Sampling(temperature: 1, maximumTokens: 100), key: UInt64($0))
        }
        let texts = try await model.answer(requests) { _ in }.map { try $0.get()[0] }
        #expect(texts.allSatisfy { !$0.text.contains("a") } && texts.contains { $0.text.count > 5 })
        let turn = try template.userTurn()
        #expect(turn.opening == "<|ask|>" && turn.closing == "a")
    }
}
