import COpenBLAS

/// The matrices A and B of every adapted linear layer of one model, in one flat buffer, as the optimizer wants them.
///
/// `@unchecked Sendable`: as `Weights`, shared freely while nobody trains it.
public final class Adapter: @unchecked Sendable {
    public let settings: LoRASettings
    public let configuration: ModelConfiguration
    /// A and B by turns, named as PEFT's files name them.
    let tensors: [TensorSpecification]
    let buffer: FloatBuffer
    /// What is added to a projection, by the projection's place in the weights; q, k and v are one projection, and gate and up.
    let updates: [Int: [LowRankUpdate]]
    /// Of the random start and of dropout.
    let seed: UInt64

    /// A starts uniform in +-1 / sqrt(in) (PEFT's Kaiming with a = sqrt(5)), B at 0: the adapted model starts as the base.
    /// - Throws: `LocalLMError` for settings outside of their ranges.
    public init(_ settings: LoRASettings, for configuration: ModelConfiguration, seed: UInt64) throws {
        try settings.validate()
        self.settings = settings
        self.configuration = configuration
        self.seed = seed
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
            func matrix(_ module: LoRASettings.Module) -> TensorSpecification { base["model.layers.\(layer).\(module.path).weight"]! }
            for module in LoRASettings.Module.allCases where settings.modules.contains(module) {
                let target = matrix(module), group = matrix(module.firstOfGroup)
                let outputs = target.shape[0], inputs = target.shape[1]
                let name = "base_model.model.model.layers.\(layer).\(module.path)."
                updates[group.offset, default: []].append(
                    LowRankUpdate(
                        inputs: inputs, outputs: outputs, rank: settings.rank, scale: Float(settings.scale), column: (target.offset - group.offset) / inputs,
                        target: target.offset, a: add(name + "lora_A.weight", [settings.rank, inputs]),
                        b: add(name + "lora_B.weight", [outputs, settings.rank])))
            }
        }
        self.tensors = tensors
        self.updates = updates
        buffer = FloatBuffer(count: next)
        for tensor in tensors where tensor.name.hasSuffix("lora_A.weight") {
            var random = RandomStream(key: RandomKey.derive(seed, tensor.name))
            let bound = 1 / Double(tensor.shape[1]).squareRoot()
            for i in 0..<tensor.count { buffer.pointer[tensor.offset + i] = Float((2 * random.uniform() - 1) * bound) }
        }
    }

    public var parameterCount: Int { buffer.count }

    /// Of an adapter that is not made.
    static func parameterCount(_ settings: LoRASettings, _ c: ModelConfiguration) throws -> Int {
        try settings.validate()
        let names = Set(settings.modules.map { ".\($0.path).weight" })
        return WeightLayout(c).tensors.filter { tensor in names.contains { tensor.name.hasSuffix($0) } }.reduce(0) {
            $0 + settings.rank * ($1.shape[0] + $1.shape[1])
        }
    }

    /// The base with W + s B A in place of every adapted W.
    /// - Precondition: `base` has the shape that the adapter was made for.
    public func merged(into base: Weights) -> Weights {
        precondition(base.configuration.hasShape(of: configuration), "an adapter of another shape")
        let merged = base.copy()
        _ = BLASKernel.current
        for update in updates.values.joined() {
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(update.outputs), Int32(update.inputs), Int32(update.rank), update.scale,
                buffer.pointer + update.b, Int32(update.rank), buffer.pointer + update.a, Int32(update.inputs), 1,
                merged.buffer.pointer + update.target, Int32(update.inputs))
        }
        return merged
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

extension ModelConfiguration {
    /// The same tensors.
    func hasShape(of other: ModelConfiguration) -> Bool { WeightLayout(self) == WeightLayout(other) }
}
