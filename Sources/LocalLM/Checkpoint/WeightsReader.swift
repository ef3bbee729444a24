import Foundation
import ModelFiles

/// Finds the tensors of a model where its weights are, and reads them.
package struct WeightsReader {
    private let weights: any WeightSource

    package init(_ weights: any WeightSource) { self.weights = weights }

    package init(_ directory: URL) throws { self.init(try WeightFiles(directory)) }

    /// Compares names, shapes and this machine's memory with what the configuration demands, and reads no tensor.
    ///
    /// Tensors that the architecture does not have are refused, for a model that needs them would compute something
    /// else; but an output projection that equals tied embeddings, and RoPE's constant frequencies in old files, say
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
        let names = try sources(layout, configuration)
        let result = Weights(configuration)
        for (tensor, name) in zip(layout.tensors, names) {
            let values = UnsafeMutableBufferPointer(start: result.pointer(tensor), count: tensor.count)
            try weights.read(name, into: values)
            try FiniteWeights.require(UnsafeBufferPointer(values), weights.place(of: name))
        }
        return result
    }

    /// Under which name each tensor of the layout is. Throws where one does not fit, or all together do not fit into
    /// memory.
    private func sources(_ layout: WeightLayout, _ configuration: ModelConfiguration) throws -> [String] {
        let sources = try layout.tensors.map { try source($0, configuration) }
        let expected = Set(sources)
        for name in weights.names where !expected.contains(name) {
            if name.hasSuffix("rotary_emb.inv_freq") || (configuration.tiesEmbeddings && name == "lm_head.weight") {
                continue
            }
            throw LocalLMError(
                .unsupported,
                "is none of a \(configuration.family.rawValue) model of this shape",
                context: weights.place(of: name)
            )
        }
        let bytes = UInt64(layout.count) * 4, memory = ProcessInfo.processInfo.physicalMemory
        guard bytes <= memory else {
            throw LocalLMError(
                .unsupported,
                "its weights need \(bytes >> 20) MB of memory as F32, this machine has \(memory >> 20)",
                context: weights.url.path
            )
        }
        return sources
    }

    /// The name that a tensor of the layout has among the weights.
    private func source(_ tensor: TensorSpecification, _ configuration: ModelConfiguration) throws -> String {
        var name = tensor.name, shape = try weights.shape(of: name)
        if shape == nil, configuration.tiesEmbeddings, tensor.role == .embedding {
            name = "lm_head.weight"
            shape = try weights.shape(of: name)
        }
        guard let shape else {
            throw LocalLMError(
                .damaged,
                "tensor \(tensor.name) is missing",
                context: weights.url.path,
                hint: "the model's configuration promises it"
            )
        }
        guard shape == tensor.shape else {
            throw LocalLMError(
                .damaged,
                "has shape \(shape), the model's configuration makes it \(tensor.shape)",
                context: weights.place(of: name)
            )
        }
        return name
    }
}
