import COpenBLAS
import ModelFiles

/// The matrices A and B of every adapted linear layer of one model, in one flat buffer, as the optimizer wants them.
///
/// `@unchecked Sendable`: as `Weights`, shared freely as long as it is not being trained.
public final class Adapter: @unchecked Sendable {
    public let settings: LoRASettings
    public let configuration: ModelConfiguration
    let layout: AdapterLayout
    let buffer: FloatBuffer
    /// Of the random start and of dropout.
    let seed: UInt64

    /// A starts uniform in +-1 / sqrt(in) (PEFT's Kaiming with a = sqrt(5)), B at 0: the adapted model starts as the
    /// base.
    /// - Throws: `LocalLMError` for settings outside of their ranges.
    public init(_ settings: LoRASettings, for configuration: ModelConfiguration, seed: UInt64) throws {
        self.settings = settings
        self.configuration = configuration
        self.seed = seed
        layout = try AdapterLayout(settings, for: configuration)
        buffer = FloatBuffer(count: layout.count)
        for tensor in layout.tensors where tensor.name.hasSuffix("lora_A.weight") {
            var random = RandomStream(key: RandomKey.derive(seed, tensor.name))
            let bound = 1 / Double(tensor.shape[1]).squareRoot()
            for i in 0..<tensor.count { buffer.pointer[tensor.offset + i] = Float((2 * random.uniform() - 1) * bound) }
        }
    }

    public var parameterCount: Int { buffer.count }

    /// The base with W + s B A in place of every adapted W.
    /// - Precondition: `base` has the shape that the adapter was made for.
    public func merged(into base: Weights) -> Weights {
        let merged = base.copy()
        merge(into: merged)
        return merged
    }

    /// The same in place.
    func merge(into weights: Weights) {
        precondition(weights.configuration.hasShape(of: configuration), "an adapter of another shape")
        for update in layout.updates.values.joined() { add(update, to: weights.buffer.pointer + update.target) }
    }

    /// W += s B A.
    func add(_ update: LowRankUpdate, to matrix: UnsafeMutablePointer<Float>) {
        _ = BLASKernel.current
        cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasNoTrans,
            Int32(update.outputs),
            Int32(update.inputs),
            Int32(update.rank),
            update.scale,
            buffer.pointer + update.b,
            Int32(update.rank),
            buffer.pointer + update.a,
            Int32(update.inputs),
            1,
            matrix,
            Int32(update.inputs)
        )
    }
}

extension ModelConfiguration {
    /// The same tensors.
    func hasShape(of other: ModelConfiguration) -> Bool { WeightLayout(self) == WeightLayout(other) }
}
