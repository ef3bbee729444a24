import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// A long sequence that several shards compute together, against the same on one.
@Suite struct SequencePartsTests {
    private func sequence(_ c: ModelConfiguration, length: Int, targets: [Range<Int>], seed: UInt64) -> Example {
        var random = RandomStream(key: seed)
        return Example(ids: (0..<length).map { _ in random.integer(below: c.vocabularySize) }, targets: targets)
    }

    private func settings() -> OptimizationSettings {
        OptimizationSettings(optimizer: .adamW, learningRate: 1e-2, schedule: .constant, totalSteps: 8)
    }

    @Test func partsHaveAboutTheSameWork() {
        let ranges = SequenceParts.cut(2048, into: 2, row: 1000, key: 1)
        #expect(ranges == [0..<1280, 1280..<2048])
        #expect(SequenceParts.cut(600, into: 1, row: 1, key: 1) == [0..<600])
        #expect(SequenceParts.cut(1000, into: 2, row: 1, key: 0) == [0..<512, 512..<1000])
        for length in [513, 700, 4096] {
            for parts in [2, 3, 16] {
                let ranges = SequenceParts.cut(length, into: parts, row: 50, key: 1)
                #expect(ranges.first!.lowerBound == 0 && ranges.last!.upperBound == length && ranges.count <= parts)
                #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
                #expect(ranges.dropLast().allSatisfy { $0.upperBound % AttentionTile.keys == 0 && !$0.isEmpty })
            }
        }
    }

    @Test(
        "Logprobs have the same bits, and every gradient is that of one shard",
        arguments: [ModelFamily.llama, .mistral, .gemma2, .qwen3],
        [(ActivationMemory.keep, Precision.fp32), (.compact, .fp32), (.checkpoint, .fp32), (.compact, .bf16)]
    )
    func gradients(family: ModelFamily, numbers: (memory: ActivationMemory, precision: Precision)) {
        let memory = numbers.memory
        var c = TinyModels.configuration(family)
        if numbers.precision == .bf16 { c.intermediateSize = 96 }
        c.maximumPositions = 700
        let bank = ProjectionBank(TinyModels.weights(c, seed: 61), precision: numbers.precision),
            rotary = RotaryEmbedding(c)
        // The second part has no target, and the last target of the first lies in its last row.
        let example = sequence(c, length: 650, targets: [100..<150, 240..<257, 390..<650], seed: 62)
        let alone = TransformerShard(bank: bank, rotary: rotary, memory: memory)
        alone.batch.append(example)
        alone.forward()
        for k in 0..<alone.batch.targetCount { alone.lossWeights.pointer[k] = 0.01 }
        alone.backward()
        let expected = Array(alone.logprobs.values[..<alone.batch.targetCount])

        let turns = GradientTurns(shards: 3), buffer = FloatBuffer(count: bank.weights.layout.count)
        let shards = (0..<3).map {
            TransformerShard(
                bank: bank,
                rotary: rotary,
                memory: memory,
                gradients: WeightGradients(buffer, turns: turns, shard: $0)
            )
        }
        let pool = WorkerPool(threads: 3)
        defer { pool.close() }
        func run() -> [Float] {
            buffer.fill(0)
            let all = SequenceParts(shards)
            for (index, range) in [0..<256, 256..<384, 384..<650].enumerated() {
                shards[index].batch.removeAll()
                shards[index].batch.append(example, part: range)
                shards[index].parts = (all, index)
            }
            turns.start(headWrites: shards.map(\.headWrites))
            pool.run { index in
                shards[index].forward()
                for k in 0..<shards[index].batch.targetCount { shards[index].lossWeights.pointer[k] = 0.01 }
                shards[index].backward()
            }
            for shard in shards { shard.parts = nil }
            return buffer.values
        }
        let together = run()
        #expect(shards.map(\.batch.targetCount) == [67, 0, 260])
        #expect(shards.flatMap { Array($0.logprobs.values[..<$0.batch.targetCount]) } == expected)
        let gradient = alone.gradients!.buffer.values, largest = gradient.map(abs).max()!
        let worst = zip(together, gradient).map { abs($0 - $1) }.max()!
        #expect(
            largest > 1e-2 && worst < (numbers.precision == .bf16 ? 1e-2 : 2e-5) * max(1, largest),
            "\(worst) of \(largest)"
        )
        #expect(run() == together, "the same bits each time")
    }

    @Test("Steps are those of whole sequences, also of an adapter", arguments: [false, true], [1, 2])
    func steps(adapted: Bool, sequences: Int) throws {
        var c = TinyModels.configuration()
        c.maximumPositions = 700
        let rows = (0..<sequences).map {
            sequence(c, length: 600 + 20 * $0, targets: [500..<(600 + 20 * $0)], seed: 63 + UInt64($0))
        }
        func train(cutting: Bool) throws -> [TrainingStep] {
            let trainer = try SFTTrainer(
                weights: TinyModels.weights(c, seed: 65),
                adapter: adapted ? try Adapter(LoRASettings(rank: 2, alpha: 4), for: c, seed: 1) : nil,
                settings: settings(),
                threads: 5
            )
            #expect(!trainer.cutsSequences, "a small model in fp32 keeps its bytes")
            trainer.cutsSequences = cutting
            return try (0..<3).map { _ in try trainer.step(rows) }
        }
        let cut = try train(cutting: true), whole = try train(cutting: false)
        #expect(try train(cutting: true) == cut)
        #expect(abs(cut[0].loss - whole[0].loss) < 1e-6)
        for (a, b) in zip(cut, whole) {
            #expect(a.tokens == b.tokens && a.targetTokens == b.targetTokens)
            #expect(abs(a.loss - b.loss) < 1e-3 && abs(a.gradientNorm - b.gradientNorm) < 2e-3 * b.gradientNorm)
        }
        #expect(cut[2].loss < cut[0].loss)
    }
}
