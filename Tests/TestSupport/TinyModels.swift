import LocalLM
import ModelFiles
import SelfImprove

/// Small random models for numeric tests.
public enum TinyModels {
    /// Odd sizes on purpose: nothing divides 32, two query heads share a key-value head.
    public static func configuration(
        hidden: Int = 24,
        ffn: Int = 40,
        layers: Int = 2,
        heads: Int = 4,
        kvHeads: Int = 2,
        vocabulary: Int = 37,
        tied: Bool = true,
        eos: [Int] = [1],
        pad: Int? = nil
    ) -> ModelConfiguration {
        ModelConfiguration(
            hiddenSize: hidden,
            intermediateSize: ffn,
            layerCount: layers,
            headCount: heads,
            keyValueHeadCount: kvHeads,
            vocabularySize: vocabulary,
            maximumPositions: 160,
            rmsNormEpsilon: 1e-5,
            ropeTheta: 1000,
            tiesEmbeddings: tied,
            eosTokenIDs: eos,
            padTokenID: pad
        )
    }

    /// A small model of each family with all that the family has: windows shorter than the sequences, soft caps that
    /// bend typical values.
    public static func configuration(_ family: ModelFamily) -> ModelConfiguration {
        var c = configuration(layers: 3, tied: family == .gemma2 || family == .qwen2)
        c.family = family
        switch family {
        case .llama:
            c.ropeScaling = RopeScaling(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 64)
        case .mistral:
            c.slidingWindow = 7
            c.slides = [true, true, true]
        case .qwen2: c.hasQueryKeyValueBias = true
        case .qwen3:
            c.normalizesQueriesAndKeys = true
            c.headDimension = 10
        case .gemma2:
            c.hasPostNorms = true
            c.normOffset = 1
            c.activation = .geluTanh
            c.embeddingScale = Float(c.hiddenSize).squareRoot()
            c.queryScalar = 9
            c.attentionSoftcap = 3
            c.finalSoftcap = 4
            c.slidingWindow = 9
            c.slides = [true, false, true]
        }
        return c
    }

    /// Weights large enough that every path through the model matters.
    public static func weights(_ configuration: ModelConfiguration, seed: UInt64) -> Weights {
        let weights = Initialization.gaussian(configuration, standardDeviation: 0.25, seed: seed)
        var random = RandomStream(key: RandomKey.derive(seed, "norms"))
        for tensor in weights.layout.tensors where tensor.role == .norm || tensor.role == .bias {
            let center = tensor.role == .bias ? 0 : Double(1 - configuration.normOffset)
            for i in 0..<tensor.count { weights.pointer(tensor)[i] = Float(center + 0.3 * random.normal()) }
        }
        return weights
    }

    /// Rows of random ids, of ragged lengths.
    public static func examples(_ count: Int, vocabulary: Int, seed: UInt64, longest: Int = 21) -> [Example] {
        var random = RandomStream(key: seed)
        return (0..<count).map { _ in
            let prompt = 1 + random.integer(below: longest / 2), completion = 1 + random.integer(below: longest / 2)
            return Example(
                ids: (0..<(prompt + completion)).map { _ in random.integer(below: vocabulary) },
                promptCount: prompt
            )
        }
    }

    /// A model of random weights that spells: with the nursery's tokenizer and template.
    public static func spelling(_ configuration: ModelConfiguration = configuration(vocabulary: 80)) throws
        -> Checkpoint
    {
        let tokenizer = try Tokenizer.nursery(words: ["Reverse", " the"])
        precondition(
            tokenizer.vocabularySize <= configuration.vocabularySize,
            "\(tokenizer.vocabularySize) tokens, \(configuration.vocabularySize) rows"
        )
        return Checkpoint(
            weights: Initialization.gaussian(configuration, seed: 1),
            tokenizer: tokenizer,
            template: .nursery
        )
    }
}
