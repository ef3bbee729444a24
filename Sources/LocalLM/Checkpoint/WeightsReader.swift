import Foundation
import ModelFiles

/// Finds the tensors of a model in the files of its weights, and reads them.
package struct WeightsReader {
    private let weights: WeightFiles

    package init(_ weights: WeightFiles) { self.weights = weights }

    package init(_ directory: URL) throws { self.init(try WeightFiles(directory)) }

    /// Compares names, shapes and this machine's memory with what the configuration demands, and reads no tensor.
    ///
    /// Tensors that the architecture does not have are refused, for a model that needs them would compute something
    /// else; but an output projection next to tied embeddings, and RoPE's constant frequencies in old files, say
    /// nothing new.
    /// - Throws: `LocalLMError`, with the file and the tensor.
    package func check(_ configuration: ModelConfiguration) throws {
        _ = try sources(WeightLayout(configuration), configuration)
    }

    /// All tensors of the layout, as Float32.
    ///
    /// Names and shapes are compared before memory is allocated (`check`).
    /// - Throws: `LocalLMError`, also for weights that are infinite or NaN.
    package func read(_ configuration: ModelConfiguration) throws -> Weights {
        let layout = WeightLayout(configuration)
        let sources = try sources(layout, configuration)
        let result = Weights(configuration)
        for (tensor, source) in zip(layout.tensors, sources) {
            let values = UnsafeMutableBufferPointer(start: result.pointer(tensor), count: tensor.count)
            try source.file.read(source.name, into: values)
            let wrong = Self.countNonFinite(UnsafeBufferPointer(values))
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

    /// Where each tensor of the layout is. Throws where one does not fit, or all together do not fit into memory.
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
        let bytes = UInt64(layout.count) * 4, memory = ProcessInfo.processInfo.physicalMemory
        guard bytes <= memory else {
            throw LocalLMError(
                .unsupported,
                "its weights need \(bytes >> 20) MB of memory as F32, this machine has \(memory >> 20)",
                context: weights.directory.path
            )
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
        guard let file = weights.file(of: name) else {
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
        let shape = try file.weights(name).shape
        guard shape == tensor.shape else {
            throw LocalLMError(
                .damaged,
                "has shape \(shape), config.json makes it \(tensor.shape)",
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
