import Foundation
import TestSupport
import Testing

@testable import FuzzTargets
@testable import LocalLM
@testable import ModelFiles

/// Which files a model's weights may come from: those of its directory, each tensor from the shard that the index
/// names.
@Suite struct WeightsReaderTests {
    private static let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    private let layout = WeightLayout(SafeTensorsTarget.configuration)
    private let last = "model.norm.weight"

    /// A model in two shards, with the index that `change` makes of the right one.
    private func withShards(
        _ change: (inout [String: String]) -> Void = { _ in },
        tensors: [Range<Int>]? = nil,
        _ body: (URL) throws -> Void
    ) throws {
        let count = layout.tensors.count
        var map: [String: String] = [:]
        for (index, tensor) in layout.tensors.enumerated() { map[tensor.name] = Self.shards[index < count / 2 ? 0 : 1] }
        change(&map)
        try withTemporaryDirectory { folder in
            let directory = folder.appendingPathComponent("model")
            try FileManager.default.makeDirectories(directory)
            for (shard, range) in zip(Self.shards, tensors ?? [0..<count / 2, count / 2..<count]) {
                let image = SafeTensorsImage(layout.tensors[range].map { ($0.name, "F32", $0.shape) })
                try Data(image.bytes()).write(to: directory.appendingPathComponent(shard))
            }
            let index = JSONValue.object([.init("weight_map", .object(map.map { .init($0.key, .string($0.value)) }))])
            try Data(index.bytes).write(to: directory.appendingPathComponent("model.safetensors.index.json"))
            try body(directory)
        }
    }

    private func expectRefusal(_ directory: URL, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation)
    {
        #expect(sourceLocation: sourceLocation) {
            try WeightsReader(directory).read(SafeTensorsTarget.configuration)
        } throws: { error in
            words.allSatisfy { "\(error)".contains($0) } && "\(error)".contains(directory.path)
        }
    }

    @Test func shardsAreReadAsOneModel() throws {
        try withShards { directory in
            let weights = try WeightsReader(directory).read(SafeTensorsTarget.configuration)
            #expect(weights.buffer.values.allSatisfy { $0 == Float(bitPattern: 0x3C3C_3C3C) })
        }
    }

    /// Some write the projection into the index and, tied as it is, into no shard.
    @Test func aTiedProjectionThatOnlyTheIndexHasIsNotMissed() throws {
        #expect(SafeTensorsTarget.configuration.tiesEmbeddings)
        try withShards({ $0["lm_head.weight"] = Self.shards[1] }) { directory in
            let weights = try WeightsReader(directory).read(SafeTensorsTarget.configuration)
            #expect(weights.layout.count == layout.count)
            var untied = SafeTensorsTarget.configuration
            untied.tiesEmbeddings = false
            #expect { try WeightsReader(directory).read(untied) } throws: {
                "\($0)".contains("lm_head.weight is missing")
            }
        }
    }

    @Test func aTensorInTheWrongShardIsNamed() throws {
        try withShards({ $0["model.norm.weight"] = Self.shards[0] }) {
            expectRefusal($0, last, "is not in \(Self.shards[0])", "index.json")
        }
        try withShards({ $0["model.absent.weight"] = Self.shards[0] }) {
            expectRefusal($0, "model.absent.weight", "is not in \(Self.shards[0])")
        }
    }

    @Test func aTensorThatTheIndexDoesNotHaveIsNamed() throws {
        try withShards({ $0["model.norm.weight"] = nil }) {
            expectRefusal($0, last, "is not in the index", Self.shards[1])
        }
    }

    @Test func aTensorInTwoShardsIsNamed() throws {
        let count = layout.tensors.count
        try withShards(tensors: [0..<count / 2, 0..<count]) {
            expectRefusal($0, "tensor model", "is in another shard too")
        }
    }

    @Test func aMissingShardIsNamed() throws {
        try withShards { directory in
            try FileManager.default.removeItem(at: directory.appendingPathComponent(Self.shards[1]))
            expectRefusal(directory, Self.shards[1], "No such file")
        }
    }

    @Test(arguments: [
        "../outside.safetensors", "/etc/passwd", "sub/x.safetensors", "./x.safetensors", "..", "", ".safetensors",
        "x.bin", "..\\x.safetensors",
        "x\u{0}.safetensors",
        "/\u{301}x.safetensors",
    ])
    func anIndexLeadsNowhereOutOfTheDirectory(shard: String) throws {
        try withShards({ $0["model.norm.weight"] = shard }) { directory in
            let outside = directory.deletingLastPathComponent().appendingPathComponent("outside.safetensors")
            try FileManager.default.copyItem(at: directory.appendingPathComponent(Self.shards[1]), to: outside)
            expectRefusal(directory, last, "not a file of this directory", "index.json")
        }
    }

    /// Hugging Face's cache: a snapshot's files are symbolic links to `../../blobs/HASH`.
    @Test func linksOfTheDirectoryAreFollowedAsInTheCache() throws {
        try withShards { directory in
            let blobs = directory.deletingLastPathComponent().appendingPathComponent("blobs")
            let snapshot = directory.deletingLastPathComponent().appendingPathComponent("snapshots/0123")
            try FileManager.default.moveItem(at: directory, to: blobs)
            try FileManager.default.makeDirectories(snapshot)
            for name in Self.shards + ["model.safetensors.index.json"] {
                try FileManager.default.createSymbolicLink(
                    atPath: snapshot.appendingPathComponent(name).path,
                    withDestinationPath: "../../blobs/\(name)"
                )
            }
            #expect(try WeightsReader(snapshot).read(SafeTensorsTarget.configuration).parameterCount == layout.count)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aPipeIsRefusedAndNotWaitedFor() throws {
        try withShards { directory in
            let shard = directory.appendingPathComponent(Self.shards[0])
            try FileManager.default.removeItem(at: shard)
            mkfifo(shard.path, 0o600)
            expectRefusal(directory, Self.shards[0], "is not a file")
        }
    }

    @Test func anIndexOfAHundredThousandTensorsIsReadInSeconds() throws {
        try withShards({ map in
            for tensor in 0..<100_000 { map["model.layers.\(tensor).more"] = Self.shards[tensor % 2] }
        }) { directory in
            let start = ContinuousClock.now
            expectRefusal(directory, "is not in model-0000")
            #expect(start.duration(to: .now) < .seconds(10))
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func weightsThatAreNoNumbersAreNamed(value: Float) throws {
        try withTemporaryDirectory { folder in
            var image = SafeTensorsImage(layout) { _ in "F32" }
            image.data.replaceSubrange(
                image.data.count - 4..<image.data.count,
                with: withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
            )
            try Data(image.bytes()).write(to: folder.appendingPathComponent("model.safetensors"))
            expectRefusal(folder, last, "1 of its 4 weights are infinite or no numbers")
        }
    }

    /// `tie_word_embeddings` beside an output projection of its own: the projection counts, as in transformers 5.
    @Test(arguments: [ModelFamily.llama, .qwen2, .gemma2]) func aHeadThatDiffersIsNotTied(family: ModelFamily) throws {
        try withTemporaryDirectory { folder in
            var c = TinyModels.configuration(family)
            c.vocabularySize = 80
            c.tiesEmbeddings = false
            let untied = TinyModels.weights(c, seed: 3)
            func load(_ name: String, _ weights: Weights) throws -> Checkpoint {
                let place = folder.appendingPathComponent(name), spelling = try TinyModels.spelling()
                try Checkpoint(weights: weights, tokenizer: spelling.tokenizer, template: nil).save(to: place)
                let file = place.appendingPathComponent("config.json"),
                    text = try String(contentsOf: file, encoding: .utf8)
                #expect(text.contains("\"tie_word_embeddings\": false"))
                try text.replacingOccurrences(
                    of: "\"tie_word_embeddings\": false",
                    with: "\"tie_word_embeddings\": true"
                )
                .write(to: file, atomically: true, encoding: .utf8)
                return try Checkpoint.load(place)
            }
            let found = try load("own", untied)
            #expect(!found.configuration.tiesEmbeddings && found.weights.buffer.values == untied.buffer.values)
            #expect(try !Checkpoint.inspect(folder.appendingPathComponent("own")).configuration.tiesEmbeddings)
            let layout = WeightLayout(c), names = ["model.embed_tokens.weight", "lm_head.weight"]
            let (embedding, head) = (
                layout.tensors.first { $0.name == names[0] }!, layout.tensors.first { $0.name == names[1] }!
            )
            untied.pointer(head).update(from: untied.pointer(embedding), count: head.count)
            #expect(try load("equal", untied).configuration.tiesEmbeddings)
        }
    }

    /// A sparse file makes such a promise for nothing.
    @Test func weightsLargerThanTheMachineAreRefusedBeforeTheyAreAllocated() throws {
        var configuration = SafeTensorsTarget.configuration
        configuration.hiddenSize = 1 << 22
        configuration.vocabularySize = 1 << 18
        let tensors = WeightLayout(configuration).tensors
        var header: [JSONValue.Member] = [], end = 0
        for tensor in tensors {
            let bytes = tensor.count * 2
            header.append(
                .init(
                    tensor.name,
                    .object([
                        .init("dtype", .string("F16")), .init("shape", .array(tensor.shape.map(JSONValue.integer))),
                        .init("data_offsets", .array([.integer(end), .integer(end + bytes)])),
                    ])
                )
            )
            end += bytes
        }
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("model.safetensors")
            let bytes = SafeTensorsImage.join(JSONValue.object(header).bytes, [])
            try Data(bytes).write(to: url)
            try #require(truncate(url.path, bytes.count + end) == 0)
            #expect { try WeightsReader(folder).read(configuration) } throws: {
                "\($0)".contains("of memory as F32, this machine has")
            }
        }
    }
}
