import Foundation
import TestSupport
import Testing

@testable import LocalLM
@testable import ModelFiles

/// Models are written part by part, with the bytes of a model that is written whole.
@Suite struct WeightsWriterTests {
    private func files(_ directory: URL) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        return Dictionary(
            uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: directory.appendingPathComponent($0))) }
        )
    }

    @Test(arguments: [ModelFamily.llama, .qwen2, .gemma2], [Precision.fp32, .bf16])
    func mergingFromFrozenWeightsWritesTheBytesOfMergingInMemory(family: ModelFamily, precision: Precision) throws {
        try FrozenWeightsTests.withCheckpoint(family) { place, weights in
            let adapter = try FrozenWeightsTests.adapter(weights.configuration)
            let single = try Checkpoint.load(place), frozen = try Checkpoint.load(place, holding: .frozen)
            func saved(_ name: String, _ model: Checkpoint, _ adapter: Adapter?) throws -> [String: Data] {
                let to = place.deletingLastPathComponent().appendingPathComponent(name)
                try model.save(to: to, as: precision, merging: adapter)
                return try files(to)
            }
            let wanted = try saved("whole", single.replacing(adapter.merged(into: weights)), nil)
            #expect(wanted["model.safetensors"] != nil)
            #expect(try saved("single", single, adapter) == wanted)
            #expect(try saved("frozen", frozen, adapter) == wanted)
            #expect(try saved("plain", frozen, nil) == saved("plain single", single, nil))
            #expect(try frozen.merging(adapter).weights.buffer.values == adapter.merged(into: weights).buffer.values)
        }
    }

    /// As `save_pretrained` of transformers does.
    @Test func largeModelsAreCutIntoFilesWithAnIndex() throws {
        try FrozenWeightsTests.withCheckpoint(largestFile: 8_000) { place, weights in
            let index = try #require(try WeightFiles.index(place)), count = index.shards.count
            #expect(count > 2)
            #expect(index.shards == (1...count).map { "model-0000\($0)-of-0000\(count).safetensors" })
            #expect(Set(index.map.keys) == Set(weights.layout.tensors.map(\.name)))
            let json = try #require(try FileReader.json(place.appendingPathComponent("model.safetensors.index.json")))
            #expect(json["metadata"]?["total_size"]?.integer == 2 * weights.layout.count)
            for shard in index.shards {
                let file = try SafeTensorsFile(place.appendingPathComponent(shard))
                let bytes = file.entries.values.reduce(0) { $0 + $1.range.count }
                #expect(bytes <= 8_000 || file.entries.count == 1, "\(shard) has \(bytes) bytes")
                #expect(file.metadata == ["format": "pt"])
            }
            #expect(try Checkpoint.load(place).weights.buffer.values == weights.buffer.values)
            let digest = try Checkpoint.digest(place)
            try Checkpoint.verify(place, digest: digest)
            #expect(!AtomicFile.exists(place.appendingPathComponent("model.safetensors")))
        }
    }

    /// What fp32 holds and bf16 does not would be read as infinite.
    @Test func numbersBeyondBFloat16AreNotWritten() throws {
        let weights = TinyModels.weights(TinyModels.configuration(), seed: 8)
        weights.buffer.pointer[0] = .greatestFiniteMagnitude
        try withTemporaryDirectory { folder in
            let other = folder.appendingPathComponent("bf16")
            try FileManager.default.makeDirectories(other)
            try WeightsWriter(weights, as: .fp32).write(into: folder)
            #expect { try WeightsWriter(weights, as: .bf16).write(into: other) } throws: {
                ($0 as? LocalLMError)?.code == .damaged
            }
        }
    }
}
