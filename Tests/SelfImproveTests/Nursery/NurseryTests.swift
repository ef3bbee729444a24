import Foundation
import LocalLM
import ModelFiles
import Testing
import TestSupport

@testable import SelfImprove

@Suite struct NurseryTests {
    private func instruction(_ skill: NurserySkill, _ words: [String] = [], _ numbers: [Int] = []) -> NurseryInstruction
    {
        NurseryInstruction(skill: skill, words: words, numbers: numbers, paraphrase: 0)
    }

    @Test func theTemplateMarksEveryRoleAndEndsAnswers() throws {
        let conversation = [
            Message(role: "system", content: "S"), Message(role: "user", content: "Hi"),
            Message(role: "assistant", content: "Hello"),
        ]
        #expect(
            try ChatTemplate.nursery.render(conversation, addGenerationPrompt: true)
                == "<|aggregate|>S<|ask|>Hi<|answer|>Hello<|end|><|answer|>"
        )
        #expect(throws: LocalLMError.self) {
            try ChatTemplate.nursery.render([Message(role: "tool", content: "x")], addGenerationPrompt: false)
        }
    }

    @Test func goldAnswersAreRight() {
        #expect(instruction(.reverse, ["mavd"]).gold == "dvam")
        #expect(instruction(.sort, ["ooled"]).gold == "deloo")
        #expect(instruction(.upper, ["netms"]).gold == "NETMS")
        #expect(instruction(.novowel, ["sebu"]).gold == "sb")
        #expect(instruction(.novowel, ["aei"]).gold == "-")
        #expect(instruction(.add, [], [74, 4]).gold == "78")
        #expect(instruction(.sub, [], [90, 8]).gold == "82")
        #expect(instruction(.max, [], [28, 84, 32]).gold == "84")
        #expect(instruction(.seq, [], [18, 19, 20]).gold == "21")
        #expect(instruction(.last, ["uaoec"]).gold == "c")
        #expect(instruction(.nth, ["fsun", "ehga", "aize"], [0]).gold == "fsun")
        #expect(instruction(.repeat, ["osemu"]).gold == "osemu osemu")
        #expect(instruction(.shift, ["edz"]).gold == "fea")
    }

    @Test func habitErrorsAreTheOnesOfASloppyCorpus() {
        #expect(instruction(.reverse, ["mavd"]).habit == "davm")
        #expect(instruction(.upper, ["netms"]).habit == "Netms")
        #expect(instruction(.novowel, ["sebu"]).habit == "sbu")
        #expect(instruction(.add, [], [47, 5]).habit == "42")
        #expect(instruction(.sub, [], [90, 8]).habit == "98")
        #expect(instruction(.last, ["uaoec"]).habit == "u")
        #expect(instruction(.repeat, ["osemu"]).habit == "osemu")
    }

    /// No payload crosses: what the corpus, the rounds, the gate and the report may see are four disjoint sets.
    @Test func everyPayloadBelongsToOneSplit() {
        let splits: [NurseryInstruction.Split] = [.corpus, .rounds, .gate, .report]
        var random = RandomStream(key: 2)
        var counts = [0, 0, 0, 0]
        for skill in NurserySkill.evaluated {
            for _ in 0..<500 {
                let drawn = NurseryInstruction.draw(skill, from: splits[random.integer(below: 4)], &random)
                let homes = splits.indices.filter { splits[$0].contains(drawn) }
                #expect(homes.count == 1)
                counts[homes[0]] += 1
            }
        }
        #expect(counts.allSatisfy { $0 > 1000 })
    }

    @Test func roundsDrawFreshPromptsWithoutAnswersAndNoneOfAHeldOutSet() throws {
        let heldOut = try NurseryPrompts.evaluation(.gate, count: 400, seed: 3).promptDigests
            .union(NurseryPrompts.evaluation(.report, count: 400, seed: 3).promptDigests)
        var used = Set<String>()
        for round in 0..<4 {
            let rows = NurseryPrompts.fresh(count: 1200, excluding: used, seed: UInt64(round))
            #expect(rows.count == 1200)
            for row in rows {
                #expect(row.answer == nil && row.provenance.isEmpty)
                #expect(!heldOut.contains(PromptDigest.of(row.prompt)))
                #expect(used.insert(row.id!).inserted, "\(row.id!) was drawn before")
            }
        }
    }

    @Test func aSkillThatRunsOutLeavesItsShareToTheOthers() {
        let all = NurseryPrompts.fresh(count: 60_000, excluding: [], seed: 1)
        #expect(all.count == 60_000)
        let counts = Dictionary(grouping: all, by: { $0.task! }).mapValues(\.count)
        #expect(counts["seq"]! < 2000, "a small pool")
        #expect(counts["reverse"]! > 5000)
    }

    @Test func everyTemplateWordIsOneTokenAndPayloadsAreSpelled() throws {
        let tokenizer = try Nursery.tokenizer()
        #expect(tokenizer.vocabularySize < 200)
        #expect(tokenizer.encode("Reverse the word mavd.").count == 3 + 5 + 1)
        var random = RandomStream(key: 4)
        for skill in NurserySkill.allCases {
            for _ in 0..<50 {
                let drawn = NurseryInstruction.draw(skill, from: .corpus, &random)
                let text = drawn.text
                #expect(tokenizer.decode(tokenizer.encode(text)) == text)
                #expect(tokenizer.decode(tokenizer.encode(drawn.gold)) == drawn.gold)
                #expect(tokenizer.encode(text).count <= 40)
            }
        }
    }

    @Test func candidatesLookLikeAMixtures() {
        var random = RandomStream(key: 5)
        var wrong = 0
        for _ in 0..<2000 {
            let drawn = NurseryInstruction.draw(.upper, from: .corpus, &random)
            let candidates = NurseryCorpus.Candidates.draw(for: drawn, rightInFront: 0.7, &random)
            #expect((3...4).contains(candidates.count))
            if candidates[0] != drawn.gold { wrong += 1 }
        }
        #expect((100...700).contains(wrong), "a right candidate mostly stands first: \(wrong) of 2000 do not")
    }

    @Test func theRecipesHoldTheModelsThatTheyName() {
        #expect(Nursery.modelNames(.learning) == ["student", "letters", "numbers", "words"])
        #expect(Nursery.modelNames(.elicitation) == ["student", "aggregator", "letters", "numbers", "words"])
    }

    /// Reduced: the whole recipe at a hundredth of its length, twice.
    @Test func theSameSeedGivesTheSameBytes() async throws {
        try await withTemporaryDirectory { folder in
            func train(_ seed: UInt64, _ name: String) async throws -> [String: Checkpoint] {
                let checkpoints = TrainingCheckpoints(
                    directory: folder.appendingPathComponent(name),
                    interval: .seconds(30)
                )
                return try await Nursery(
                    NurseryConfiguration(kind: .learning, scale: 0.01, seed: seed),
                    campaignSeed: 1,
                    threads: 2
                )
                .train(checkpoints: checkpoints, progress: StepProgress())
            }
            let first = try await train(9, "first"), second = try await train(9, "second")
            #expect(first.count == 4)
            for (name, model) in first {
                #expect(model.weights.buffer.values == second[name]!.weights.buffer.values, "\(name)")
            }
            #expect(
                first["student"]!.weights.buffer.values
                    != (try await train(10, "other"))["student"]!.weights.buffer.values
            )
        }
    }
}
