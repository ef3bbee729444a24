import Foundation
import ModelFiles

/// Finds the tensors of a model in the files of its weights, and reads them.
package struct WeightsReader {
    private let weights: WeightFiles

    package init(_ weights: WeightFiles) { self.weights = weights }

    package init(_ directory: URL) throws { self.init(try WeightFiles(directory)) }

    /// Compares names and shapes with what the configuration demands, and reads no tensor.
    ///
    /// Tensors that the architecture does not have are refused, for a model that needs them would compute something else; but an
    /// output projection beside tied embeddings, and RoPE's constant frequencies in old files, say nothing new.
    /// - Throws: as `read` does for files that do not fit the configuration.
    package func check(_ configuration: ModelConfiguration) throws {
        _ = try sources(WeightLayout(configuration), configuration)
    }

    /// All tensors of the layout, as Float32.
    ///
    /// Names and shapes are compared before memory is allocated (`check`). Weights that are infinite or no numbers are refused.
    package func read(_ configuration: ModelConfiguration) throws -> Weights {
        let layout = WeightLayout(configuration)
        let sources = try sources(layout, configuration)
        let bytes = UInt64(layout.count) * 4, memory = ProcessInfo.processInfo.physicalMemory
        guard bytes <= memory else {
            throw LocalLMError(
                .unsupported,
                "its weights need \(bytes >> 20) MB of memory as F32, this machine has \(memory >> 20)",
                context: weights.directory.path
            )
        }
        let result = Weights(configuration)
        for (tensor, source) in zip(layout.tensors, sources) {
            let pointer = result.pointer(tensor)
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
        return result
    }

    /// Where each tensor of the layout is.
    private func sources(_ layout: WeightLayout, _ configuration: ModelConfiguration) throws -> [Source] {
        let sources = try layout.tensors.map { try source($0, configuration) }
        let expected = Set(sources.map(\.name))
        for file in weights.files {
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
        return sources
    }

    private typealias Source = (file: SafeTensorsFile, name: String)

    /// The file that holds a tensor of the layout, and its name there.
    private func source(_ tensor: TensorSpecification, _ configuration: ModelConfiguration) throws -> Source {
        var name = tensor.name
        if weights.file(of: name) == nil, configuration.tiesEmbeddings, tensor.role == .embedding {
            name = "lm_head.weight"
        }
        guard let file = weights.file(of: name), let entry = file.entries[name] else {
            throw LocalLMError(
                .damaged,
                "tensor \(tensor.name) is missing",
                context: weights.directory.path,
                hint: "config.json promises it"
            )
        }
        let place = "\(file.reader.url.path): tensor \(name)"
        guard weights.lists(name) else {
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
