import ModelFiles

/// Where A and B of every adapted linear layer lie in one flat buffer: an adapter before it has any numbers.
struct AdapterLayout: Sendable {
    /// A and B by turns, named as PEFT's files name them.
    let tensors: [TensorSpecification]
    /// What is added to a projection, by the projection's place in the weights; q, k and v are one projection, and gate
    /// and up.
    let updates: [Int: [LowRankUpdate]]
    /// Numbers in all.
    let count: Int

    /// - Throws: `LocalLMError` for settings outside of their ranges.
    init(_ settings: LoRASettings, for configuration: ModelConfiguration) throws {
        try settings.validate()
        let base = Dictionary(uniqueKeysWithValues: WeightLayout(configuration).tensors.map { ($0.name, $0) })
        var tensors: [TensorSpecification] = []
        var updates: [Int: [LowRankUpdate]] = [:]
        var next = 0
        func add(_ name: String, _ shape: [Int]) -> Int {
            tensors.append(TensorSpecification(name: name, shape: shape, role: .matrix, offset: next))
            defer { next += shape[0] * shape[1] }
            return next
        }
        for layer in 0..<configuration.layerCount {
            func matrix(_ module: LoRASettings.Module) -> TensorSpecification {
                base["model.layers.\(layer).\(module.path).weight"]!
            }
            for module in LoRASettings.Module.allCases where settings.modules.contains(module) {
                let target = matrix(module), group = matrix(module.firstOfGroup)
                let outputs = target.shape[0], inputs = target.shape[1]
                let name = "base_model.model.model.layers.\(layer).\(module.path)."
                updates[group.offset, default: []].append(
                    LowRankUpdate(
                        inputs: inputs,
                        outputs: outputs,
                        rank: settings.rank,
                        scale: Float(settings.scale),
                        column: (target.offset - group.offset) / inputs,
                        target: target.offset,
                        a: add(name + "lora_A.weight", [settings.rank, inputs]),
                        b: add(name + "lora_B.weight", [outputs, settings.rank])
                    )
                )
            }
        }
        self.tensors = tensors
        self.updates = updates
        count = next
    }
}

extension LoRASettings.Module {
    /// The module with which its projection starts (`ProjectionBank`).
    fileprivate var firstOfGroup: Self {
        switch self {
        case .query, .key, .value: .query
        case .gate, .up: .gate
        case .output, .down: self
        }
    }
}
