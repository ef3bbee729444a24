import Foundation

/// Reads the weights of a directory: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
///
/// Shards are files of the directory by their plain names: an index leads nowhere else. What the directory itself holds may be
/// symbolic links, as in Hugging Face's cache, where every file is one.
package struct WeightsReader {
    private let directory: URL
    private let files: [SafeTensorsFile]
    /// Which of the files holds a tensor.
    private let places: [String: Int]
    /// The tensors that the index lists; nil where there is none.
    private let listed: Set<String>?

    /// Of an index: 100,000 tensors need some 10 MB.
    private static let longestIndex = 1 << 25

    package init(_ directory: URL) throws {
        self.directory = directory
        let single = directory.appendingPathComponent(Checkpoint.File.weights)
        if FileManager.default.fileExists(atPath: single.path) {
            files = [try SafeTensorsFile(single)]
            places = try Self.places(files)
            listed = nil
            return
        }
        guard let index = try Self.index(directory) else { throw Checkpoint.missing(single) }
        let names = index.shards
        files = try names.map { try SafeTensorsFile(directory.appendingPathComponent($0)) }
        places = try Self.places(files)
        for (tensor, shard) in index.map {
            guard let place = places[tensor], names[place] == shard else {
                throw LocalLMError(
                    .damaged,
                    "tensor \(tensor) is not in \(shard), where the index has it",
                    context: index.url.path
                )
            }
        }
        listed = Set(index.map.keys)
    }

    /// A checked index.
    struct Index {
        let url: URL
        /// The shard of every tensor.
        let map: [String: String]
        /// Each once, in the order of their names.
        let shards: [String]
    }

    /// Reads a directory's index; nil where it has none.
    static func index(_ directory: URL) throws -> Index? {
        let url = directory.appendingPathComponent(Checkpoint.File.index)
        guard let json = try FileReader.json(url, limit: longestIndex) else { return nil }
        guard let members = json["weight_map"]?.members, !members.isEmpty else {
            throw LocalLMError(.damaged, "weight_map is missing or empty", context: url.path)
        }
        var map: [String: String] = [:]
        for member in members {
            guard let name = member.value.string, isPlainName(name) else {
                throw LocalLMError(
                    .damaged,
                    "tensor \(member.key.prefix(200)) is said to be in \(member.value.string.map { "\"\($0.prefix(200))\"" } ?? member.value.kind), which is no file of this directory",
                    context: url.path
                )
            }
            map[member.key] = name
        }
        return Index(url: url, map: map, shards: Set(map.values).sorted())
    }

    private static func isPlainName(_ name: String) -> Bool {
        name.utf8.count <= 255 && name.hasSuffix(".safetensors") && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy { $0 != "/" && $0 != "\\" && $0.value >= 0x20 }
    }

    private static func places(_ files: [SafeTensorsFile]) throws -> [String: Int] {
        var places: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for name in file.entries.keys {
                guard places.updateValue(index, forKey: name) == nil else {
                    throw LocalLMError(
                        .damaged,
                        "stands in another shard too",
                        context: "\(file.reader.url.path): tensor \(name)"
                    )
                }
            }
        }
        return places
    }

    /// All tensors of the layout, as Float32.
    ///
    /// Names and shapes are compared before memory is allocated. Tensors that the architecture does not have are refused, for a
    /// model that needs them would compute something else; but an output projection beside tied embeddings, and RoPE's constant
    /// frequencies in old files, say nothing new. Weights that are infinite or no numbers are refused.
    package func read(_ configuration: ModelConfiguration) throws -> Weights {
        let layout = WeightLayout(configuration)
        let sources = try layout.tensors.map { try source($0, configuration) }
        let expected = Set(sources.map(\.name))
        for file in files {
            for name in file.entries.keys.sorted() where !expected.contains(name) {
                if name.hasSuffix("rotary_emb.inv_freq") || (configuration.tiesEmbeddings && name == "lm_head.weight") {
                    continue
                }
                throw LocalLMError(
                    .unsupported,
                    "tensor \(name.prefix(200)) is none of a \(configuration.family.rawValue) model of this shape",
                    context: file.reader.url.path
                )
            }
        }
        let bytes = UInt64(layout.count) * 4, memory = ProcessInfo.processInfo.physicalMemory
        guard bytes <= memory else {
            throw LocalLMError(
                .unsupported,
                "its weights need \(bytes >> 20) MB of memory as F32, this machine has \(memory >> 20)",
                context: directory.path
            )
        }
        let weights = Weights(configuration)
        for (tensor, source) in zip(layout.tensors, sources) {
            let pointer = weights.pointer(tensor)
            try source.file.read(source.name, into: pointer)
            let wrong = Self.countNonFinite(UnsafeBufferPointer(start: pointer, count: tensor.count))
            guard wrong == 0 else {
                throw LocalLMError(
                    .damaged,
                    "\(wrong) of its \(tensor.count) weights are infinite or no numbers",
                    context: "\(source.file.reader.url.path): tensor \(source.name)"
                )
            }
        }
        return weights
    }

    /// The file that holds a tensor of the layout, and its name there.
    private func source(_ tensor: TensorSpecification, _ configuration: ModelConfiguration) throws -> (
        file: SafeTensorsFile, name: String
    ) {
        var name = tensor.name
        if places[name] == nil, configuration.tiesEmbeddings, tensor.role == .embedding { name = "lm_head.weight" }
        guard let file = places[name].map({ files[$0] }), let entry = file.entries[name] else {
            throw LocalLMError(
                .damaged,
                "tensor \(tensor.name) is missing",
                context: directory.path,
                hint: "config.json promises it"
            )
        }
        let place = "\(file.reader.url.path): tensor \(name)"
        guard listed?.contains(name) ?? true else {
            throw LocalLMError(.damaged, "is not in the index", context: place)
        }
        guard entry.shape == tensor.shape else {
            throw LocalLMError(
                .damaged,
                "has shape \(entry.shape), config.json makes it \(tensor.shape)",
                context: place
            )
        }
        return (file, name)
    }

    private static func countNonFinite(_ values: UnsafeBufferPointer<Float>) -> Int {
        var count = 0
        for value in values where value.bitPattern & 0x7F80_0000 == 0x7F80_0000 { count += 1 }
        return count
    }
}
