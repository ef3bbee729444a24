/// Random weights for models that start from nothing.
public enum Initialization {
    /// The nursery's: embedding .06, matrices .8 / sqrt(fan_in), o and down also / sqrt(2 layers), norms 1.
    public static func nursery(_ configuration: ModelConfiguration, seed: UInt64) -> Weights {
        fill(configuration, seed: seed) { tensor in
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

    /// Every matrix with one standard deviation (transformers' default is 0.02), norms 1.
    public static func gaussian(_ configuration: ModelConfiguration, standardDeviation: Double = 0.02, seed: UInt64)
        -> Weights
    {
        fill(configuration, seed: seed) { $0.role.decays ? standardDeviation : 0 }
    }

    private static func fill(
        _ configuration: ModelConfiguration,
        seed: UInt64,
        deviation: (TensorSpecification) -> Double
    ) -> Weights {
        let weights = Weights(configuration)
        for tensor in weights.layout.tensors {
            let p = weights.pointer(tensor)
            if tensor.role == .norm {
                p.update(repeating: 1 - configuration.normOffset, count: tensor.count)
            } else if tensor.role != .bias {
                var random = RandomStream(key: RandomKey.derive(seed, tensor.name))
                let scale = deviation(tensor)
                for i in 0..<tensor.count { p[i] = Float(random.normal() * scale) }
            }
        }
        return weights
    }
}
