import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// Every gradient of the hand-written backward pass against central finite differences of the loss.
@Suite struct GradientTests {
    private static func loss(_ weights: Weights, _ rows: [Example]) throws -> Double {
        let engine = InferenceEngine(weights: weights, threads: 1)
        let logprobs = try engine.logprobs(of: rows)
        let count = rows.reduce(0) { $0 + $1.targetCount }
        return -logprobs.joined().reduce(0.0) { $0 + Double($1) } / Double(count)
    }

    /// The gradient that a training step computes, read from the shards before the optimizer uses it.
    private static func gradients(_ weights: Weights, _ rows: [Example], threads: Int) -> [Float] {
        let bank = ProjectionBank(weights, backend: .panels)
        return gradients(bank, rows)
    }

    private static func gradients(_ bank: ProjectionBank, _ rows: [Example], memory: ActivationMemory = .keep)
        -> [Float]
    {
        let shard = TransformerShard(bank: bank, rotary: RotaryEmbedding(bank.weights.configuration), memory: memory)
        for row in rows { shard.batch.append(row) }
        shard.forward()
        for k in 0..<shard.batch.targetCount { shard.lossWeights.pointer[k] = 1 / Float(shard.batch.targetCount) }
        shard.backward()
        return shard.gradients!.buffer.values
    }

    @Test(arguments: [true, false]) func everyTensorMatchesFiniteDifferences(tied: Bool) throws {
        try check(TinyModels.configuration(tied: tied))
    }

    @Test(arguments: ModelFamily.allCases) func everyTensorOfEveryFamilyMatchesFiniteDifferences(family: ModelFamily)
        throws
    {
        try check(TinyModels.configuration(family))
    }

    private func check(_ c: ModelConfiguration) throws {
        let weights = TinyModels.weights(c, seed: 5)
        let rows = TinyModels.examples(5, vocabulary: c.vocabularySize, seed: 6, longest: 40)
        let analytic = Self.gradients(weights, rows, threads: 1)
        var random = RandomStream(key: 7)
        for tensor in weights.layout.tensors {
            // Along a random direction within the tensor: one number that every entry takes part in.
            let direction = (0..<tensor.count).map { _ in Float(random.normal()) }
            let expected = (0..<tensor.count).reduce(0.0) {
                $0 + Double(analytic[tensor.offset + $1]) * Double(direction[$1])
            }
            let h: Float = 2e-3 / Float(tensor.count).squareRoot()
            func shifted(_ sign: Float) throws -> Double {
                let moved = weights.copy()
                for i in 0..<tensor.count { moved.pointer(tensor)[i] += sign * h * direction[i] }
                return try Self.loss(moved, rows)
            }
            let numeric = (try shifted(1) - shifted(-1)) / (2 * Double(h))
            #expect(
                abs(numeric - expected) < 0.02 * max(abs(expected), 0.05),
                "\(tensor.name): \(numeric) numerically, \(expected) by the backward pass"
            )
        }
    }

    @Test(arguments: ModelFamily.allCases) func activationsThatAreMadeAgainGiveTheSameBits(family: ModelFamily) {
        let c = TinyModels.configuration(family)
        let bank = ProjectionBank(TinyModels.weights(c, seed: 12))
        let rows = TinyModels.examples(6, vocabulary: c.vocabularySize, seed: 13, longest: 40)
        let kept = Self.gradients(bank, rows)
        #expect(kept.contains { abs($0) > 1e-2 })
        #expect(Self.gradients(bank, rows, memory: .compact) == kept)
        #expect(Self.gradients(bank, rows, memory: .checkpoint) == kept)
    }

    /// In bf16 too, with the gated unit in blocks (320 columns are a block and a part of one) and in one piece; and the
    /// gradient is that of fp32 but for the rounding of operands.
    @Test(arguments: ModelFamily.allCases, [320, 40]) func inBFloat16(family: ModelFamily, ffn: Int) {
        var c = TinyModels.configuration(family)
        c.intermediateSize = ffn
        let weights = TinyModels.weights(c, seed: 14)
        let bank = ProjectionBank(weights, precision: .bf16)
        let rows = TinyModels.examples(12, vocabulary: c.vocabularySize, seed: 15, longest: 60)
        let kept = Self.gradients(bank, rows), exact = Self.gradients(ProjectionBank(weights), rows)
        #expect(Self.gradients(bank, rows, memory: .compact) == kept)
        #expect(Self.gradients(bank, rows, memory: .checkpoint) == kept)
        for tensor in weights.layout.tensors {
            let range = tensor.offset..<tensor.offset + tensor.count
            let apart = zip(kept[range], exact[range]).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
            let size = exact[range].reduce(0.0) { $0 + Double($1 * $1) }
            #expect((apart / size).squareRoot() < 0.1, "\(tensor.name): \((apart / size).squareRoot())")
        }
        #expect(kept != exact, "the comparison compares something")
    }

    /// Sequences that are long enough for attention in tiles, one of them with few targets.
    @Test(arguments: [ModelFamily.llama, .mistral, .gemma2, .qwen3]) func longSequences(family: ModelFamily) throws {
        var c = TinyModels.configuration(family)
        c.maximumPositions = 600
        let weights = TinyModels.weights(c, seed: 16), bank = ProjectionBank(weights)
        var random = RandomStream(key: 17)
        func ids(_ count: Int) -> [Int] { (0..<count).map { _ in random.integer(below: c.vocabularySize) } }
        let rows = [
            Example(ids: ids(20), promptCount: 3), Example(ids: ids(560), promptCount: 530),
            Example(ids: ids(513), promptCount: 1),
        ]
        let kept = Self.gradients(bank, rows)
        #expect(Self.gradients(bank, rows, memory: .compact) == kept)
        #expect(Self.gradients(bank, rows, memory: .checkpoint) == kept)
        let direction = (0..<weights.layout.count).map { _ in Float(random.normal()) }
        let expected = zip(kept, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let h: Float = 2e-3 / Float(kept.count).squareRoot()
        func shifted(_ sign: Float) throws -> Double {
            let moved = weights.copy()
            for i in direction.indices { moved.buffer.pointer[i] += sign * h * direction[i] }
            return try Self.loss(moved, rows)
        }
        let numeric = (try shifted(1) - shifted(-1)) / (2 * Double(h))
        #expect(abs(numeric - expected) < 0.02 * max(abs(expected), 0.5), "\(numeric) numerically, \(expected)")
    }

    /// Three shards of one buffer, one of them without work: the sums have the same bits each time, and are those of
    /// the shards.
    @Test(arguments: [ModelFamily.llama, .gemma2, .qwen3]) func aSharedGradientIsAddedToInOrder(family: ModelFamily) {
        var c = TinyModels.configuration(family)
        c.vocabularySize = 1 << 15  // the head then goes in chunks of 32 rows
        let bank = ProjectionBank(TinyModels.weights(c, seed: 14))
        let rows = TinyModels.examples(7, vocabulary: 37, seed: 15, longest: 40)
        let shares = [Array(rows[..<1]), [], Array(rows[1...])]
        func sum(_ shares: [[Example]]) -> [Float] {
            let turns = GradientTurns(shards: shares.count), buffer = FloatBuffer(count: bank.weights.layout.count)
            let shards = shares.indices.map { index in
                TransformerShard(
                    bank: bank,
                    rotary: RotaryEmbedding(c),
                    memory: .compact,
                    gradients: WeightGradients(buffer, turns: turns, shard: index)
                )
            }
            let pool = WorkerPool(threads: shares.count)
            defer { pool.close() }
            for (shard, share) in zip(shards, shares) { for row in share { shard.batch.append(row) } }
            turns.start(headWrites: shards.map(\.headWrites))
            pool.run { index in
                shards[index].forward()
                for k in 0..<shards[index].batch.targetCount { shards[index].lossWeights.pointer[k] = 0.1 }
                shards[index].backward()
            }
            return buffer.values
        }
        let first = sum(shares)
        for _ in 0..<3 { #expect(sum(shares) == first) }
        let parts = shares.map { sum([$0]) }
        let worst = first.indices.map { abs(first[$0] - parts[0][$0] - parts[2][$0]) }.max()!
        #expect(worst < 1e-5 && first.contains { abs($0) > 1e-2 })
    }

    @Test func panelsAndOpenBLASGiveTheSameGradients() throws {
        let c = TinyModels.configuration(hidden: 48, ffn: 72)
        let weights = TinyModels.weights(c, seed: 8)
        let rows = TinyModels.examples(7, vocabulary: c.vocabularySize, seed: 9)
        let a = Self.gradients(ProjectionBank(weights, backend: .panels), rows)
        let b = Self.gradients(ProjectionBank(weights, backend: .openBLAS), rows)
        let worst = zip(a, b).map { abs($0 - $1) }.max()!
        #expect(worst < 1e-5)
        #expect(a.contains { abs($0) > 1e-2 })
    }

    @Test func gradientsDoNotDependOnTheOrderOfSequencesInABatch() throws {
        let c = TinyModels.configuration()
        let weights = TinyModels.weights(c, seed: 10)
        let rows = TinyModels.examples(6, vocabulary: c.vocabularySize, seed: 11, longest: 70)
        let a = Self.gradients(weights, rows, threads: 1), b = Self.gradients(weights, rows.reversed(), threads: 1)
        #expect(zip(a, b).map { abs($0 - $1) }.max()! < 1e-5)
    }
}
