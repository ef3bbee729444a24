import Foundation
import LocalLM
import ModelFiles

/// `model.safetensors.index.json` and two shards: only files of the directory are read, and what is accepted is the
/// whole model.
struct ShardsTarget: FuzzTarget {
    static let name = "shards"

    private static let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    private static let link = "link.safetensors"

    private let directory: URL
    private let files: [InputFile]
    private let images: [SafeTensorsImage]
    private let index: JSONValue
    private let layout: WeightLayout
    private let mutator = SafeTensorsMutator()
    private let json: JSONMutator
    private let bytes: Mutator

    init(folder: URL) throws {
        directory = folder.appendingPathComponent("model")
        try FileManager.default.makeDirectories(directory.appendingPathComponent("sub"))
        layout = WeightLayout(SafeTensorsTarget.configuration)
        let half = layout.tensors.count / 2
        images = [layout.tensors[..<half], layout.tensors[half...]].map { tensors in
            SafeTensorsImage(tensors.map { ($0.name, "F32", $0.shape) })
        }
        index = .object([
            .init("metadata", .object([.init("total_size", .integer(layout.count * 4))])),
            .init(
                "weight_map",
                .object(layout.tensors.enumerated().map { .init($1.name, .string(Self.shards[$0 < half ? 0 : 1])) })
            ),
        ])
        files = try (["model.safetensors.index.json"] + Self.shards).map {
            try InputFile(folder.appendingPathComponent("model/\($0)"))
        }
        // What a path would find: a reader that follows it loads a model.
        for place in ["outside.safetensors", "model/sub/inside.safetensors"] {
            try InputFile(folder.appendingPathComponent(place)).write(images[1].bytes())
        }
        symlink(Self.shards[1], directory.appendingPathComponent(Self.link).path)
        mkfifo(directory.appendingPathComponent("pipe.safetensors").path, 0o600)
        let words =
            Self.shards + layout.tensors.map(\.name) + [
                "weight_map", "metadata", "total_size", Self.link, "../outside.safetensors", "sub/inside.safetensors",
                "./" + Self.shards[1],
                folder.appendingPathComponent("outside.safetensors").path, "..", ".", "/", "", ".safetensors", "sub",
                "pipe.safetensors", "/dev/zero",
                "..\\outside.safetensors", "file:///etc/passwd", "%2e%2e%2foutside.safetensors",
                "~/outside.safetensors", "model.safetensors.index.json",
                "absent.safetensors",
            ]
        json = JSONMutator(words: words, fragments: [.object([.init("a", .string(Self.shards[0]))])])
        bytes = Mutator(words: words.map { "\"\($0)\"" })
    }

    func input(_ random: inout RandomStream) -> FuzzInput {
        var index = index, images = images
        let choice = random.integer(below: 8)
        if choice < 5 { json.mutate(&index, &random) }
        var text = index.bytes
        if choice == 5 { bytes.mutate(&text, with: index.bytes, &random) }
        if random.one(in: 8) { swapTensor(&images, &random) }
        var parts = [text] + images.map { $0.bytes() }
        if choice > 5 { parts[choice - 5] = mutator.mutated(images[choice - 6], with: images[7 - choice], &random) }
        return parts
    }

    /// A tensor goes to the other shard, or stands in both.
    private func swapTensor(_ images: inout [SafeTensorsImage], _ random: inout RandomStream) {
        let from = random.integer(below: 2)
        var members = images[from].header.members ?? []
        let member = members[random.integer(below: members.count)]
        if random.one(in: 2) { members.removeAll { $0.key == member.key } }
        images[from].header = .object(members)
        images[1 - from].header = images[1 - from].header.setting(member.key, member.value)
        for index in images.indices { images[index].layOut() }
    }

    func read(_ input: FuzzInput) throws {
        for (file, bytes) in zip(files, input) { try file.write(bytes) }
        let index = try JSONParser.parse(input[0], context: "index")
        let weights = try WeightsReader(directory).read(SafeTensorsTarget.configuration)
        try require(weights.buffer.values.allSatisfy(\.isFinite), "weights that are no numbers")
        for tensor in layout.tensors {
            let shard = index["weight_map"]?[tensor.name]?.string
            try require(
                shard.map { (Self.shards + [Self.link]).contains($0) } ?? false,
                "tensor \(tensor.name) comes from \(shard ?? "nowhere")"
            )
        }
    }
}
