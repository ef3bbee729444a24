import Foundation
import TestSupport
import Testing

@testable import LocalLM
@testable import ModelFiles

/// LocalLM against what transformers and TRL computed on the same model (`Golden/README.md`).
@Suite struct GoldenTests {
    private struct Expected: Decodable {
        struct Text: Decodable {
            var text: String
            var ids: [Int]
            var decoded: String
        }
        struct Turn: Decodable {
            var role: String
            var content: String
        }
        struct Chat: Decodable {
            var messages: [Turn]
            var rendered: String
            var ids: [Int]
            var rendered_with_generation_prompt: String
            var ids_with_generation_prompt: [Int]
        }
        struct Logprobs: Decodable {
            var ids: [Int]
            var token_logprobs: [Float]
        }
        struct Greedy: Decodable {
            var prompt_ids: [Int]
            var new_ids: [Int]
        }
        struct Training: Decodable {
            struct Step: Decodable {
                var loss: Double
                var grad_norm: Double
                var margin: Double?
                var accuracy: Double?
                enum CodingKeys: String, CodingKey {
                    case loss, grad_norm
                    case margin = "rewards/margins"
                    case accuracy = "rewards/accuracies"
                }
            }
            var learning_rate: Double
            var steps: Int
            var weight_decay: Double
            var max_grad_norm: Double
            var beta: Double
            var log: [Step]
        }
        var texts: [Text]
        var chats: [Chat]
        var logprobs: [Logprobs]
        var greedy: [Greedy]
        var sft: Training
        var dpo: Training
    }

    private static let families = ["smollm", "llama3", "qwen2", "qwen3", "mistral", "gemma2"]

    private struct Golden {
        let folder: URL
        let expected: Expected
        let model: Checkpoint

        init(_ family: String) throws {
            let golden = GoldenModel(family)
            folder = golden.folder
            expected = try JSONDecoder().decode(
                Expected.self,
                from: Data(contentsOf: folder.appendingPathComponent("expected.json"))
            )
            model = try golden.checkpoint()
        }
    }

    @Test(arguments: families) func textAndChatsBecomeTheSameIds(family: String) throws {
        let golden = try Golden(family), model = golden.model, expected = golden.expected
        for text in expected.texts {
            #expect(model.tokenizer.encode(text.text) == text.ids)
            #expect(model.tokenizer.decode(text.ids) == text.decoded)
        }
        let template = try #require(model.template)
        for chat in expected.chats {
            let messages = chat.messages.map { Message(role: $0.role, content: $0.content) }
            #expect(try template.render(messages, addGenerationPrompt: false) == chat.rendered)
            #expect(try template.render(messages, addGenerationPrompt: true) == chat.rendered_with_generation_prompt)
            #expect(model.tokenizer.encode(chat.rendered) == chat.ids)
            #expect(try model.promptIDs(messages) == chat.ids_with_generation_prompt)
        }
        #expect(expected.texts.count >= 6 && expected.chats.count >= 2)
    }

    @Test(arguments: families) func logprobsAndGreedyContinuationsAreTheSame(family: String) throws {
        let golden = try Golden(family), model = golden.model, expected = golden.expected
        let engine = InferenceEngine(weights: model.weights, threads: 2)
        for row in expected.logprobs {
            let ours = try engine.logprobs(of: [Example(ids: row.ids, promptCount: 1)])[0]
            #expect(
                ours.count == row.token_logprobs.count
                    && zip(ours, row.token_logprobs).allSatisfy { abs($0 - $1) < 5e-4 }
            )
        }
        for row in expected.greedy {
            let sampling = Sampling(temperature: 0, maximumTokens: row.new_ids.count, ignoresEOS: true)
            #expect(
                try engine.generate([GenerationRequest(ids: row.prompt_ids, key: 1)], sampling: sampling)[0][0].ids
                    == row.new_ids
            )
        }
    }

    private func settings(_ training: Expected.Training) -> OptimizationSettings {
        OptimizationSettings(
            optimizer: .adamW,
            learningRate: training.learning_rate,
            schedule: .constant,
            totalSteps: training.steps,
            weightDecay: training.weight_decay,
            maximumGradientNorm: training.max_grad_norm
        )
    }

    private func hold(_ step: TrainingStep, against log: Expected.Training.Step) {
        #expect(
            abs(step.loss - log.loss) < 1e-3 && abs(step.gradientNorm - log.grad_norm) < 5e-3 * max(1, log.grad_norm)
        )
        if let margin = log.margin { #expect(abs(step.rewardMargin! - margin) < 5e-3 * max(1, margin)) }
        if let accuracy = log.accuracy { #expect(step.rewardAccuracy == accuracy) }
    }

    @Test(arguments: families) func lossesOfSFTAreTRLs(family: String) throws {
        let golden = try Golden(family), model = golden.model, expected = golden.expected
        let rows = try JSONLines.read(SFTRow.self, from: golden.folder.appendingPathComponent("sft.jsonl")).map {
            try #require(try model.example($0))
        }
        let trainer = try SFTTrainer(weights: model.weights.copy(), settings: settings(expected.sft), threads: 2)
        #expect(expected.sft.log.count == 8)
        for log in expected.sft.log { hold(try trainer.step(rows), against: log) }
    }

    @Test(arguments: families) func lossesAndMarginsOfDPOAreTRLs(family: String) throws {
        let golden = try Golden(family), model = golden.model, expected = golden.expected
        let rows = try JSONLines.read(PreferenceRow.self, from: golden.folder.appendingPathComponent("dpo.jsonl")).map {
            try #require(try model.preferenceExample($0))
        }
        let trainer = try DPOTrainer(
            weights: model.weights.copy(),
            settings: settings(expected.dpo),
            beta: expected.dpo.beta,
            threads: 2
        )
        let referenced = try trainer.reference(rows)
        #expect(expected.dpo.log.count == 8)
        for log in expected.dpo.log { hold(try trainer.step(referenced), against: log) }
    }

    /// The tokenizer merges the template's newline with the answer's: the model would be trained on a prompt that it
    /// never sees.
    @Test func anAnswerThatChangesTheIdsOfItsPromptIsDropped() throws {
        let model = try Golden("smollm").model
        let prompt = [Message(role: "user", content: "Hi")]
        #expect(model.tokenizer.encode("\n\n").count == 1, "the premise")
        #expect(try model.example(prompt: prompt, completion: "\n") == nil)
        #expect(try model.example(prompt: prompt, completion: "yes") != nil)
        #expect(try model.preferenceExample(prompt: prompt, chosen: "yes", rejected: "\n") == nil)
    }
}
