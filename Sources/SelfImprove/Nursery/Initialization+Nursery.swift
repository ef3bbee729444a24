import LocalLM
import ModelFiles

extension Initialization {
    /// Embedding .06, matrices .8 / sqrt(fan_in), o and down also / sqrt(2 layers), norms 1.
    public static func nursery(_ configuration: ModelConfiguration, seed: UInt64) -> Weights {
        normal(configuration, seed: seed) { tensor in
            switch tensor.role {
            case .norm, .bias: return 0
            case .embedding: return 0.06
            case .matrix:
                let deviation = 0.8 / Double(tensor.shape[1]).squareRoot()
                let isResidual = tensor.name.hasSuffix("o_proj.weight") || tensor.name.hasSuffix("down_proj.weight")
                return isResidual ? deviation / (2 * Double(configuration.layerCount)).squareRoot() : deviation
            }
        }
    }
}
