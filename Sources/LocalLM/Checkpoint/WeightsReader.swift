import Foundation

/// Reads the weights of a directory: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
package struct WeightsReader {
    private let directory: URL
    private let files: [SafeTensorsFile]

    package init(_ directory: URL) throws {
        self.directory = directory
        let single = directory.appendingPathComponent(Checkpoint.File.weights)
        if FileManager.default.fileExists(atPath: single.path) {
            files = [try SafeTensorsFile(single)]
            return
        }
        let indexURL = directory.appendingPathComponent(Checkpoint.File.index)
        guard let index = try FileReader.json(indexURL) else { throw Checkpoint.missing(single) }
        files = try Self.shards(index, indexURL).map { try SafeTensorsFile(directory.appendingPathComponent($0)) }
    }

    /// Names of the shards, each once, in the order of their names. Only plain file names pass.
    package static func shards(_ index: JSONValue, _ url: URL) throws -> [String] {
        guard let map = index["weight_map"]?.members, !map.isEmpty else {
            throw LocalLMError(.damaged, "weight_map is missing or empty", context: url.path)
        }
        var names = Set<String>()
        for entry in map {
            guard let name = entry.value.string, isPlainName(name) else {
                throw LocalLMError(
                    .damaged,
                    "tensor \(entry.key.prefix(200)) is said to be in \(entry.value.string.map { "\"\($0.prefix(200))\"" } ?? entry.value.kind), which is no file of this directory",
                    context: url.path)
            }
            names.insert(name)
        }
        return names.sorted()
    }

    private static func isPlainName(_ name: String) -> Bool {
        name.utf8.count <= 255 && name.hasSuffix(".safetensors") && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy { $0 != "/" && $0 != "\\" && $0.value >= 0x20 }
    }

    /// All tensors of the layout, as Float32.
    ///
    /// Names and shapes are compared before memory is allocated. Tensors that the architecture does not have are refused, for a
    /// model that needs them would compute something else; but an output projection beside tied embeddings, and RoPE's constant
    /// frequencies in old files, say nothing new.
    package func read(_ configuration: ModelConfiguration) throws -> Weights {
        let layout = WeightLayout(configuration)
        var sources: [(file: SafeTensorsFile, name: String)] = []
        var expected = Set<String>()
        for tensor in layout.tensors {
            var holders = files.filter { $0.entries[tensor.name] != nil }
            var name = tensor.name
            if holders.isEmpty, configuration.tiesEmbeddings, tensor.role == .embedding {
                name = "lm_head.weight"
                holders = files.filter { $0.entries[name] != nil }
            }
            guard let file = holders.first, let entry = file.entries[name] else {
                throw LocalLMError(.damaged, "tensor \(tensor.name) is missing", context: directory.path, hint: "config.json promises it")
            }
            let place = "\(file.reader.url.path): tensor \(name)"
            guard holders.count == 1 else { throw LocalLMError(.damaged, "stands in several shards", context: place) }
            guard entry.shape == tensor.shape else {
                throw LocalLMError(.damaged, "has shape \(entry.shape), config.json makes it \(tensor.shape)", context: place)
            }
            sources.append((file, name))
            expected.insert(name)
        }
        for file in files {
            for name in file.entries.keys.sorted() where !expected.contains(name) {
                if name.hasSuffix("rotary_emb.inv_freq") || (configuration.tiesEmbeddings && name == "lm_head.weight") { continue }
                throw LocalLMError(
                    .unsupported, "tensor \(name.prefix(200)) is none of a \(configuration.family.rawValue) model of this shape", context: file.reader.url.path)
            }
        }
        let weights = Weights(configuration)
        for (tensor, source) in zip(layout.tensors, sources) { try source.file.read(source.name, into: weights.pointer(tensor)) }
        return weights
    }
}
