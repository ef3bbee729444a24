import ModelFiles

/// Random weights for models that start from nothing.
public enum Initialization {
    /// Every matrix with one standard deviation (transformers' default is 0.02), norms 1.
    public static func gaussian(_ configuration: ModelConfiguration, standardDeviation: Double = 0.02, seed: UInt64)
        -> Weights
    {
        normal(configuration, seed: seed) { $0.role.decays ? standardDeviation : 0 }
    }

    /// Normal with a standard deviation for each tensor; norms 1 and biases 0 whatever it says.
    ///
    /// A tensor's numbers depend on the seed and its name alone.
    package static func normal(
        _ configuration: ModelConfiguration,
        seed: UInt64,
        standardDeviation: (TensorSpecification) -> Double
    ) -> Weights {
        let weights = Weights(configuration)
        for tensor in weights.layout.tensors {
            let p = weights.pointer(tensor)
            if tensor.role == .norm {
                p.update(repeating: 1 - configuration.normOffset, count: tensor.count)
            } else if tensor.role != .bias {
                var random = RandomStream(key: RandomKey.derive(seed, tensor.name))
                let scale = standardDeviation(tensor)
                for i in 0..<tensor.count { p[i] = Float(random.normal() * scale) }
            }
        }
        return weights
    }
}
