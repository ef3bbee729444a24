/// The shape of a Llama-like decoder: RMSNorm, rotary positions, grouped-query attention, a gated feed-forward network;
/// and how its family differs from Llama (`Families/`).
///
/// `HuggingFaceConfiguration` maps `config.json` to it and back.
public struct ModelConfiguration: Sendable, Equatable {
    /// The function of the gated feed-forward network.
    public enum Activation: String, Sendable {
        case silu
        /// GELU in its tanh form (Hendrycks & Gimpel 2016).
        case geluTanh = "gelu_pytorch_tanh"
    }

    /// transformers' `model_type`.
    public var family: ModelFamily
    /// Width of the residual stream, in floats.
    public var hiddenSize: Int
    /// Width of the gated feed-forward network.
    public var intermediateSize: Int
    /// Transformer layers.
    public var layerCount: Int
    /// Heads of queries.
    public var headCount: Int
    /// Heads of keys and values; each serves `headCount / keyValueHeadCount` heads of queries.
    public var keyValueHeadCount: Int
    /// Width of a head; even, because rotary positions turn pairs.
    public var headDimension: Int
    /// Rows of the embedding; ids are below it.
    public var vocabularySize: Int
    /// Tokens of the longest sequence, prompt and answer together.
    public var maximumPositions: Int
    /// Added to the mean square that RMSNorm divides by.
    public var rmsNormEpsilon: Float
    /// Base of the rotary frequencies theta^(-2i / D).
    public var ropeTheta: Float
    /// Nil: unscaled.
    public var ropeScaling: RopeScaling?
    /// The output projection is the embedding matrix.
    public var tiesEmbeddings: Bool
    /// The token that begins a text; templates write it, the tokenizer does not add it.
    public var bosTokenID: Int?
    /// The tokens that end an answer.
    public var eosTokenIDs: [Int]
    /// The token that other programs pad batches with; this one packs them.
    public var padTokenID: Int?

    /// Of the family.
    public var activation = Activation.silu
    /// q, k and v have biases.
    public var hasQueryKeyValueBias = false
    /// Queries and keys pass an RMSNorm of their own, head by head, before they are turned.
    public var normalizesQueriesAndKeys = false
    /// What attention and feed-forward network give passes an RMSNorm before it joins the residual stream.
    public var hasPostNorms = false
    /// Norms multiply with `offset + weight`.
    public var normOffset: Float = 0
    /// What embeddings are multiplied with on their way in.
    public var embeddingScale: Float = 1
    /// Scores are divided by its square root; the head dimension where nil.
    public var queryScalar: Float?
    /// Scores s become cap tanh(s / cap) before the softmax.
    public var attentionSoftcap: Float?
    /// The same of the logits.
    public var finalSoftcap: Float?
    /// A token sees itself and the `slidingWindow - 1` before it, in the layers that `slides` names.
    public var slidingWindow: Int?
    /// Per layer, whether it has the window; empty: none has.
    public var slides: [Bool] = []

    public init(
        hiddenSize: Int,
        intermediateSize: Int,
        layerCount: Int,
        headCount: Int,
        keyValueHeadCount: Int,
        headDimension: Int? = nil,
        vocabularySize: Int,
        maximumPositions: Int = 2048,
        rmsNormEpsilon: Float = 1e-5,
        ropeTheta: Float = 10_000,
        tiesEmbeddings: Bool = true,
        bosTokenID: Int? = nil,
        eosTokenIDs: [Int] = [],
        padTokenID: Int? = nil
    ) {
        family = .llama
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headDimension = headDimension ?? (headCount > 0 ? hiddenSize / headCount : 0)
        self.vocabularySize = vocabularySize
        self.maximumPositions = maximumPositions
        self.rmsNormEpsilon = rmsNormEpsilon
        self.ropeTheta = ropeTheta
        self.tiesEmbeddings = tiesEmbeddings
        self.bosTokenID = bosTokenID
        self.eosTokenIDs = eosTokenIDs
        self.padTokenID = padTokenID
    }

    /// Width of the concatenated queries: heads x head dimension.
    public var queryWidth: Int { headCount * headDimension }
    /// Width of the concatenated keys (and of the values): key-value heads x head dimension.
    public var keyValueWidth: Int { keyValueHeadCount * headDimension }
    /// Width of queries, keys and values side by side.
    package var attentionRowWidth: Int { queryWidth + 2 * keyValueWidth }

    /// What scores are multiplied with.
    package var attentionScale: Float { 1 / (queryScalar ?? Float(headDimension)).squareRoot() }
    /// How many tokens a token of this layer sees, itself included; nil: all before it.
    package func window(layer: Int) -> Int? { slides.indices.contains(layer) && slides[layer] ? slidingWindow : nil }
}

/// How Llama 3.1 stretches rotary positions beyond the context it was trained on: low frequencies are divided by
/// `factor`, high ones stay, those between are blended (transformers' rope type `llama3`).
public struct RopeScaling: Sendable, Equatable {
    public var factor: Float
    public var lowFrequencyFactor: Float
    public var highFrequencyFactor: Float
    public var originalPositions: Int

    public init(factor: Float, lowFrequencyFactor: Float, highFrequencyFactor: Float, originalPositions: Int) {
        self.factor = factor
        self.lowFrequencyFactor = lowFrequencyFactor
        self.highFrequencyFactor = highFrequencyFactor
        self.originalPositions = originalPositions
    }
}
