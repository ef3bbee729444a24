import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// DPO with the prompt of a pair computed once, against the same with two whole sequences.
@Suite struct SharedPromptTests {
    private func pair(_ c: ModelConfiguration, prompt: Int, chosen: Int, rejected: Int, seed: UInt64)
        -> PreferenceExample
    {
        var random = RandomStream(key: seed)
        func ids(_ count: Int) -> [Int] { (0..<count).map { _ in random.integer(below: c.vocabularySize) } }
        let shared = ids(prompt)
        return PreferenceExample(
            chosen: Example(ids: shared + ids(chosen), promptCount: prompt),
            rejected: Example(ids: shared + ids(rejected), promptCount: prompt)
        )
    }

    private func settings() -> OptimizationSettings {
        OptimizationSettings(optimizer: .adamW, learningRate: 1e-2, schedule: .constant, totalSteps: 8)
    }

    @Test("The rejected completion keeps the row before its first target, and nothing that differs is shared")
    func batches() {
        func example(_ ids: [Int], _ prompt: Int) -> Example { Example(ids: ids, promptCount: prompt) }
        let pair = PreferenceExample(chosen: example([1, 2, 3, 4, 5], 3), rejected: example([1, 2, 3, 6], 3))
        #expect(pair.sharedCount == 2)
        var batch = PackedBatch()
        batch.append(example([7, 8], 1))
        batch.append(pair, sharingPrompts: true)
        #expect(batch.ids == [7, 8, 1, 2, 3, 4, 5, 3, 6])
        #expect(
            batch.sequences == [
                .init(length: 2), .init(start: 2, length: 5), .init(start: 7, length: 2, prefix: 2..<4),
            ]
        )
        #expect(batch.sequences.map(\.position) == [0, 0, 2])
        #expect(batch.targetRows == [0, 4, 5, 7] && batch.targets == [8, 4, 5, 6])
        #expect(batch.targetRanges == [0..<1, 1..<3, 3..<4])
        // Prompts of unlike lengths, unlike prompts, equal texts, an answer within the prompt.
        #expect(PreferenceExample(chosen: example([1, 2, 3], 2), rejected: example([1, 2, 3], 1)).sharedCount == 0)
        #expect(PreferenceExample(chosen: example([1, 2, 3], 2), rejected: example([4, 2, 3], 2)).sharedCount == 0)
        let same = example([1, 2, 3, 4], 3)
        #expect(PreferenceExample(chosen: same, rejected: same).sharedCount == 2)
        let turns = Example(ids: [1, 2, 3, 4, 5], targets: [2..<3, 4..<5])
        #expect(PreferenceExample(chosen: turns, rejected: turns).sharedCount == 1)
        var apart = PackedBatch()
        apart.append(pair, sharingPrompts: false)
        #expect(apart.sequences == [.init(length: 5), .init(start: 5, length: 4)])
    }

    @Test("Logprobs and every gradient are those of two sequences", arguments: ModelFamily.allCases, [20, 300])
    func gradients(family: ModelFamily, prompt: Int) {
        var c = TinyModels.configuration(family)
        c.maximumPositions = 700
        let bank = ProjectionBank(TinyModels.weights(c, seed: 41))
        let pairs = [
            pair(c, prompt: prompt, chosen: 12, rejected: 260, seed: 42),
            pair(c, prompt: 2, chosen: 5, rejected: 1, seed: 43), pair(c, prompt: 1, chosen: 3, rejected: 4, seed: 44),
        ]
        func run(sharing: Bool, _ memory: ActivationMemory) -> (logprobs: [Float], gradients: [Float], rows: Int) {
            let shard = TransformerShard(bank: bank, rotary: RotaryEmbedding(c), memory: memory)
            for pair in pairs { shard.batch.append(pair, sharingPrompts: sharing) }
            shard.forward()
            shard.score()
            let logprobs = Array(shard.logprobs.values[..<shard.batch.targetCount])
            for (index, range) in shard.batch.targetRanges.enumerated() {
                for k in range { shard.lossWeights.pointer[k] = index % 2 == 0 ? 0.02 : -0.03 }
            }
            shard.backward()
            return (logprobs, shard.gradients!.buffer.values, shard.batch.tokenCount)
        }
        let two = run(sharing: false, .keep), one = run(sharing: true, .keep)
        #expect(one.rows == two.rows - (prompt - 1) - 1)
        let apart = zip(one.logprobs, two.logprobs).map { abs($0 - $1) }.max()!
        #expect(apart < 1e-4, "logprobs")
        let largest = two.gradients.map(abs).max()!,
            worst = zip(one.gradients, two.gradients).map { abs($0 - $1) }.max()!
        #expect(largest > 1e-2 && worst < 2e-5 * max(1, largest), "gradients: \(worst) of \(largest)")
        for memory in [ActivationMemory.compact, .checkpoint] {
            #expect(run(sharing: true, memory).gradients == one.gradients)
        }
    }

    @Test("Steps have the same losses and margins, and the first margin is exactly 0", arguments: [1, 2])
    func steps(threads: Int) throws {
        let c = TinyModels.configuration()
        let examples = (0..<4).map { pair(c, prompt: 30, chosen: 8, rejected: 11, seed: 50 + UInt64($0)) }
        func train(sharing: Bool) throws -> [TrainingStep] {
            let trainer = try DPOTrainer(
                weights: TinyModels.weights(c, seed: 51),
                settings: settings(),
                beta: 0.3,
                threads: threads
            )
            #expect(!trainer.sharesPrompts, "a small model in fp32 keeps its bytes")
            trainer.sharesPrompts = sharing
            let pairs = try trainer.reference(examples)
            return try (0..<4).map { _ in try trainer.step(pairs) }
        }
        let one = try train(sharing: true), two = try train(sharing: false)
        #expect(one[0].rewardMargin == 0)
        #expect(one[0].tokens == two[0].tokens - 4 * 29 && one[0].targetTokens == two[0].targetTokens)
        for (a, b) in zip(one, two) {
            #expect(abs(a.loss - b.loss) < 2e-4 && abs(a.rewardMargin! - b.rewardMargin!) < 1e-3)
            #expect(abs(a.gradientNorm - b.gradientNorm) < 1e-3 * b.gradientNorm)
        }
        #expect(one[3].rewardMargin! > 0.1)
    }

    @Test("Large models and those in bf16 share; a nursery's do not") func rule() {
        let small = MatrixBackend.panelParameters
        #expect(!TrainingEngine.sharesPrompts(parameters: small, .fp32))
        #expect(TrainingEngine.sharesPrompts(parameters: small + 1, .fp32))
        #expect(TrainingEngine.sharesPrompts(parameters: 1, .bf16))
    }
}
