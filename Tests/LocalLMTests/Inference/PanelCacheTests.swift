import Foundation
import TestSupport
import Testing

@testable import LocalLM
@testable import ModelFiles

/// Inference of frozen weights: packed from their files, and kept beside them.
@Suite struct PanelCacheTests {
    private func logprobs(_ weights: InferenceWeights) throws -> [[Float]] {
        let engine = InferenceEngine(packed: weights, pool: WorkerPool(threads: 2), cache: .fp32, parallelism: nil)
        return try engine.logprobs(of: TinyModels.examples(4, vocabulary: 80, seed: 4, longest: 60))
    }

    private func packed(
        _ place: URL,
        _ precision: Precision? = nil,
        _ format: WeightFormat? = nil,
        keeps: Bool = true
    ) throws -> InferenceWeights {
        let parameters = try Checkpoint.load(place, holding: .frozen).parameters
        return try InferenceWeights(
            frozen: #require(parameters as? FrozenWeights),
            precision: precision,
            format: format,
            pool: WorkerPool(threads: 2),
            keepsPanels: keeps,
            leastFileBytes: 0
        )
    }

    private func kept(_ place: URL) throws -> [URL] {
        let folder = place.appendingPathComponent(".cache/selfimprove")
        guard AtomicFile.exists(folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .map(folder.appendingPathComponent)
    }

    @Test(arguments: ModelFamily.allCases, WeightFormat.allCases)
    func panelsOfFrozenWeightsAreThoseOfTheSameWeightsInMemory(family: ModelFamily, format: WeightFormat) throws {
        let precision: Precision = format == .fp32 ? .fp32 : .bf16
        try FrozenWeightsTests.withCheckpoint(family) { place, weights in
            let wanted = try logprobs(
                InferenceWeights(weights, precision: precision, format: format, pool: WorkerPool(threads: 1))
            )
            #expect(try logprobs(packed(place, precision, format, keeps: false)) == wanted)
            #expect(try kept(place).isEmpty)
            #expect(try logprobs(packed(place, precision, format)) == wanted, "while the file is made")
            #expect(try kept(place).count == 1)
            #expect(try logprobs(packed(place, precision, format)) == wanted, "from the file")
        }
    }

    @Test func aFileIsUsedAgain() throws {
        try FrozenWeightsTests.withCheckpoint { place, _ in
            let first = try logprobs(packed(place)), file = try #require(kept(place).first)
            // A weight of the last panels changed: who reads the file answers otherwise.
            let handle = try FileHandle(forUpdating: file)
            try handle.seek(toOffset: UInt64(PanelFile.headCount))
            try handle.write(contentsOf: Data(repeating: 0x3F, count: 64))
            try handle.close()
            #expect(try logprobs(packed(place)) != first)
            #expect(try kept(place) == [file])
        }
    }

    @Test func brokenAndForeignFilesAreMadeAgain() throws {
        try FrozenWeightsTests.withCheckpoint { place, _ in
            let first = try logprobs(packed(place)), file = try #require(kept(place).first)
            let good = [UInt8](try Data(contentsOf: file))
            func expectNew(_ bytes: [UInt8]) throws {
                try FileManager.default.removeItem(at: file)
                try Data(bytes).write(to: file)
                #expect(try logprobs(packed(place)) == first)
                #expect(try [UInt8](Data(contentsOf: file)) == good)
            }
            try expectNew([])
            try expectNew(Array(good.dropLast()))
            try expectNew(good + [0])
            for place in [0, 30, 60, 150, 4095] {
                var bytes = good
                bytes[place] ^= 1
                try expectNew(bytes)
            }
            try FileManager.default.removeItem(at: file)
            try FileManager.default.createSymbolicLink(at: file, withDestinationURL: place)
            #expect(try logprobs(packed(place)) == first)
        }
    }

    @Test func eachPrecisionHasAFileThatOnlyItsOwnerReads() throws {
        try FrozenWeightsTests.withCheckpoint { place, _ in
            let folder = place.appendingPathComponent(".cache/selfimprove")
            _ = try packed(place, .bf16)
            let stranger = folder.appendingPathComponent("mine.panels")
            try Data([1]).write(to: stranger)
            _ = try packed(place, .fp32)
            let names = try kept(place).map(\.lastPathComponent)
            #expect(names.count == 3 && AtomicFile.exists(stranger), "\(names)")
            for name in names where name != "mine.panels" {
                #expect(name.hasSuffix("-bf16.panels") || name.hasSuffix("-fp32.panels"))
                let path = folder.appendingPathComponent(name).path
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(name)")
            }
        }
    }

    @Test func panelsOfOtherFilesAreNotUsedAndGo() throws {
        try FrozenWeightsTests.withCheckpoint(largestFile: .max) { place, weights in
            _ = try packed(place)
            let old = try #require(kept(place).first)
            let other = TinyModels.weights(weights.configuration, seed: 6)
            other.buffer.round()
            try FileManager.default.removeItem(at: place.appendingPathComponent("model.safetensors"))
            try WeightsWriter(other, as: .bf16).write(into: place)
            let wanted = try logprobs(InferenceWeights(other, precision: nil, pool: WorkerPool(threads: 1)))
            #expect(try logprobs(packed(place)) == wanted)
            #expect(try kept(place).count == 1 && kept(place) != [old])
        }
    }

    /// A file stands where the folder would be; also root cannot write there.
    @Test func withoutAFolderNothingIsKept() throws {
        try FrozenWeightsTests.withCheckpoint { place, weights in
            try Data().write(to: place.appendingPathComponent(".cache"))
            let wanted = try logprobs(InferenceWeights(weights, precision: nil, pool: WorkerPool(threads: 1)))
            #expect(try logprobs(packed(place)) == wanted)
        }
    }
}
