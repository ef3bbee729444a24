import Foundation
import TestSupport
import Testing

@testable import LocalLM
@testable import ModelFiles

/// Weights that stay bf16 in their files compute what the same numbers compute in fp32.
@Suite struct FrozenWeightsTests {
    /// A small checkpoint of a family in bf16, on disk, in several files where they are small enough.
    static func withCheckpoint(
        _ family: ModelFamily = .llama,
        largestFile: Int = 4_000,
        _ body: (URL, Weights) throws -> Void
    ) throws {
        var c = TinyModels.configuration(family)
        c.vocabularySize = 80
        let weights = TinyModels.weights(c, seed: 5)
        weights.buffer.round()
        let tokenizer = try Tokenizer.nursery(words: ["Reverse", " the"])
        try withTemporaryDirectory { folder in
            let place = folder.appendingPathComponent("model")
            let model = Checkpoint(weights: weights, tokenizer: tokenizer, template: .nursery)
            try model.save(to: place, as: .bf16, card: nil, merging: nil, largestFile: largestFile)
            try body(place, weights)
        }
    }

    static func adapter(_ c: ModelConfiguration, rank: Int = 3) throws -> Adapter {
        let adapter = try Adapter(LoRASettings(rank: rank, alpha: 6), for: c, seed: 3)
        var random = RandomStream(key: 3)
        for i in 0..<adapter.buffer.count { adapter.buffer.pointer[i] = Float(0.1 * random.normal()) }
        return adapter
    }

    @Test(arguments: ModelFamily.allCases) func theNumbersAreThoseOfTheFiles(family: ModelFamily) throws {
        try Self.withCheckpoint(family) { place, weights in
            #expect(try WeightFiles(place).files.count > 1)
            let model = try Checkpoint.load(place, holding: .frozen)
            let frozen = try #require(model.parameters as? FrozenWeights)
            #expect(frozen.residentBytes < frozen.byteCount, "matrices are mapped")
            #expect(try frozen.single().buffer.values == weights.buffer.values)
            var row = [Float](repeating: 0, count: weights.configuration.hiddenSize)
            frozen.embed(7, into: &row)
            #expect(row == Array(weights.buffer.values[7 * row.count..<8 * row.count]))
            #expect(try Checkpoint.load(place).parameters is Weights, "small models are held in fp32")
        }
    }

    /// A header may end at any byte.
    @Test func whatLiesAtOddBytesIsReadIntoMemory() throws {
        try Self.withCheckpoint(largestFile: .max) { place, weights in
            let url = place.appendingPathComponent("model.safetensors")
            var bytes = [UInt8](try Data(contentsOf: url))
            bytes[0] += 1
            bytes.insert(UInt8(ascii: " "), at: 8 + Int(bytes[0]) - 1 + Int(bytes[1]) << 8)
            try Data(bytes).write(to: url)
            let frozen = try #require(try Checkpoint.load(place, holding: .frozen).parameters as? FrozenWeights)
            #expect(frozen.residentBytes == frozen.byteCount)
            #expect(try frozen.single().buffer.values == weights.buffer.values)
        }
    }

    // MARK: Training

    private static func pass(_ bank: ProjectionBank, _ adapter: Adapter, _ memory: ActivationMemory) -> (
        Double, [Float]
    ) {
        let c = bank.weights.configuration
        let shard = TransformerShard(bank: bank, rotary: RotaryEmbedding(c), memory: memory, adapter: adapter)
        for row in TinyModels.examples(5, vocabulary: c.vocabularySize, seed: 6, longest: 40) {
            shard.batch.append(row)
        }
        shard.forward()
        let count = shard.batch.targetCount
        for k in 0..<count { shard.lossWeights.pointer[k] = 1 / Float(count) }
        shard.backward()
        let loss = -(0..<count).reduce(0) { $0 + Double(shard.logprobs[$1]) } / Double(count)
        return (loss, shard.adapter!.gradients.values)
    }

    @Test(arguments: ModelFamily.allCases, [Precision.fp32, .bf16]) func lossAndGradientsAreThoseOfSingleWeights(
        family: ModelFamily,
        precision: Precision
    ) throws {
        try Self.withCheckpoint(family) { place, weights in
            let frozen = try #require(try Checkpoint.load(place, holding: .frozen).parameters as? FrozenWeights)
            let adapter = try Self.adapter(weights.configuration)
            for memory in [ActivationMemory.keep, .checkpoint] {
                let (loss, gradient) = Self.pass(ProjectionBank(frozen, precision: precision), adapter, memory)
                let (expected, wanted) = Self.pass(ProjectionBank(weights, precision: precision), adapter, memory)
                let tolerance = precision == .fp32 ? 1e-5 : 5e-3
                #expect(abs(loss - expected) < tolerance * expected)
                let size = wanted.reduce(0) { $0 + $1 * $1 }.squareRoot()
                let distance = zip(gradient, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
                #expect(Double(distance) < 4 * tolerance * Double(size), "\(distance) of \(size)")
            }
        }
    }

    @Test func theyAreNotTrainedThemselves() throws {
        let frozen = FrozenWeights(rounding: TinyModels.weights(TinyModels.configuration(), seed: 1))
        let settings = OptimizationSettings(optimizer: .adamW, learningRate: 1, schedule: .constant, totalSteps: 1)
        #expect { try SFTTrainer(weights: frozen, settings: settings, threads: 1) } throws: {
            "\($0)".contains("without an adapter")
        }
    }

    /// As after a kill: a fresh process has the files and the snapshot, and nothing else.
    @Test func aRunThatWasCutOffEndsWithTheSameAdapter() throws {
        try Self.withCheckpoint { place, weights in
            let c = weights.configuration, rows = TinyModels.examples(8, vocabulary: c.vocabularySize, seed: 6)
            let settings = OptimizationSettings(
                optimizer: .adamW,
                learningRate: 1e-2,
                schedule: .cosine,
                totalSteps: 4
            )
            func trainer() throws -> (SFTTrainer, Adapter) {
                let adapter = try Adapter(LoRASettings(rank: 2, alpha: 4, dropout: 0.1), for: c, seed: 1)
                let trainer = try SFTTrainer(
                    weights: Checkpoint.load(place, holding: .frozen).parameters,
                    adapter: adapter,
                    settings: settings,
                    precision: .automatic,
                    threads: 2,
                    memory: .checkpoint
                )
                return (trainer, adapter)
            }
            let (whole, wanted) = try trainer()
            let log = try (0..<4).map { try whole.step(Array(rows[2 * $0..<2 * $0 + 2])) }
            let snapshot = TrainingSnapshot(
                directory: place.deletingLastPathComponent().appendingPathComponent("training"),
                name: "run",
                identity: "one"
            )
            let (cut, _) = try trainer()
            let before = try (0..<2).map { try cut.step(Array(rows[2 * $0..<2 * $0 + 2])) }
            try snapshot.save(cut.run, log: before)
            let (resumed, adapter) = try trainer()
            #expect(try snapshot.restore(resumed.run) == before)
            let after = try (2..<4).map { try resumed.step(Array(rows[2 * $0..<2 * $0 + 2])) }
            #expect(before + after == log)
            #expect(adapter.buffer.values == wanted.buffer.values)
        }
    }

    // MARK: Damage

    @Test func numbersThatAreNoneAreRefusedByEveryoneWhoUsesThem() throws {
        try Self.withCheckpoint(largestFile: .max) { place, weights in
            let url = place.appendingPathComponent("model.safetensors")
            var bytes = [UInt8](try Data(contentsOf: url))
            let range = try SafeTensorsFile(url).weights("model.layers.1.mlp.up_proj.weight").range
            (bytes[range.lowerBound], bytes[range.lowerBound + 1]) = (0xC0, 0x7F)
            try Data(bytes).write(to: url)
            let model = try Checkpoint.load(place, holding: .frozen), c = weights.configuration
            let settings = OptimizationSettings(optimizer: .adamW, learningRate: 1, schedule: .constant, totalSteps: 1)
            func expectRefusal(_ body: () throws -> Void) {
                #expect(throws: LocalLMError.self) { try body() }
                do { try body() } catch {
                    #expect("\(error)".contains("up_proj") && "\(error)".contains("1 of its"), "\(error)")
                }
            }
            expectRefusal { _ = try InferenceEngine(model, threads: 2) }
            expectRefusal { _ = try ServingEngine(model, threads: 1) }
            expectRefusal { try model.save(to: place.appendingPathExtension("copy")) }
            expectRefusal {
                _ = try SFTTrainer(
                    weights: model.parameters,
                    adapter: Self.adapter(c),
                    settings: settings,
                    threads: 1
                )
            }
            #expect(!AtomicFile.exists(place.appendingPathExtension("copy")))
        }
    }
}
