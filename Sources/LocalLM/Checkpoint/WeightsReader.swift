import Crypto
import Foundation
import ModelFiles

/// Finds the tensors of a model where its weights are, and reads them.
package struct WeightsReader {
    private let weights: any WeightSource

    package init(_ weights: any WeightSource) { self.weights = weights }

    package init(_ directory: URL) throws { self.init(try WeightFiles(directory)) }

    /// Compares names, shapes and this machine's memory with what the configuration demands, and reads no tensor.
    /// Memory is that of the form in which `Checkpoint.load` holds them.
    ///
    /// Tensors that the architecture does not have are refused, for a model that needs them would compute something
    /// else; but an output projection that equals tied embeddings, and RoPE's constant frequencies in old files, say
    /// nothing new.
    /// - Throws: `LocalLMError`, with the file and the tensor.
    package func check(_ configuration: ModelConfiguration) throws {
        _ = try sources(WeightLayout(configuration), configuration, isFrozen: prefersFrozen(configuration))
    }

    /// Whether a model is loaded as frozen weights: it is large, and all of its numbers are bf16's.
    package func prefersFrozen(_ configuration: ModelConfiguration) -> Bool {
        weights.holdsBFloat16 && WeightLayout(configuration).count >= FrozenWeights.leastParameters
    }

    /// All tensors of the layout, as Float32.
    ///
    /// Names and shapes are compared before memory is allocated (`check`).
    /// - Throws: `LocalLMError`, also for weights that are infinite or NaN.
    package func read(_ configuration: ModelConfiguration) throws -> Weights {
        let layout = WeightLayout(configuration)
        let names = try sources(layout, configuration, isFrozen: false)
        let result = Weights(configuration)
        for (tensor, name) in zip(layout.tensors, names) {
            let values = UnsafeMutableBufferPointer(start: result.pointer(tensor), count: tensor.count)
            try weights.read(name, into: values)
            try FiniteWeights.require(UnsafeBufferPointer(values), weights.place(of: name))
        }
        return result
    }

    /// The tensors of the layout as they are, mapped where they can be. Of their values only norms and biases are read,
    /// and what cannot be mapped.
    /// - Precondition: the source holds bf16 numbers alone.
    /// - Throws: as `read`; matrices are checked for values that are infinite or NaN by those who use them.
    package func readFrozen(_ configuration: ModelConfiguration) throws -> FrozenWeights {
        precondition(weights.holdsBFloat16, "frozen weights of another type than bf16")
        let layout = WeightLayout(configuration)
        let names = try sources(layout, configuration, isFrozen: true)
        let sources = Dictionary(uniqueKeysWithValues: zip(layout.tensors.map(\.offset), names))
        let (vectors, places) = try FrozenWeights.vectors(of: layout) { tensor, values in
            let name = sources[tensor.offset]!
            try weights.read(name, into: values)
            try FiniteWeights.require(UnsafeBufferPointer(values), weights.place(of: name))
        }
        var matrices: [Int: FrozenWeights.Matrix] = [:]
        nonisolated(unsafe) let source = weights  // read with `pread`, which any thread may
        for tensor in layout.tensors where tensor.role.decays {
            let name = sources[tensor.offset]!, place = source.place(of: name)
            if let mapped = try source.halves(of: name) {
                matrices[tensor.offset] = FrozenWeights.Matrix(
                    start: mapped.start,
                    owner: mapped,
                    read: { try source.read(name, from: $0, into: $1) },
                    place: place
                )
            } else {
                let halves = HalfBuffer(count: tensor.count)
                try source.forEachPart(of: name, count: tensor.count) { first, part in
                    BFloat16.convert(part.baseAddress!, part.count, into: halves.pointer + first)
                }
                matrices[tensor.offset] = FrozenWeights.Matrix(
                    start: halves.pointer,
                    owner: halves,
                    read: nil,
                    place: place
                )
            }
        }
        let origin = try weights.identity().map {
            FrozenWeights.Origin(directory: weights.url, identity: SHA256.hash(data: Data($0.utf8)).hexadecimal)
        }
        return FrozenWeights(
            configuration,
            vectors: vectors,
            at: places,
            matrices: matrices,
            origin: origin,
            isKnownFinite: false
        )
    }

    /// Under which name each tensor of the layout is. Throws where one does not fit, or all together do not fit into
    /// memory.
    private func sources(_ layout: WeightLayout, _ configuration: ModelConfiguration, isFrozen: Bool) throws -> [String]
    {
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
        let bytes = UInt64(isFrozen ? FrozenWeights.byteCount(layout) : 4 * layout.count)
        let memory = ProcessInfo.processInfo.physicalMemory
        guard bytes <= memory else {
            throw LocalLMError(
                .unsupported,
                "its weights need \(bytes >> 20) MB of memory as \(isFrozen ? "BF16" : "F32"), this machine has \(memory >> 20)",
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
