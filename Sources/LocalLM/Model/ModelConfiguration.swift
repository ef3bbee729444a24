/// The shape of a Llama-like decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
///
/// Other families will say here how they differ; `Checkpoint/HuggingFaceConfiguration.swift` maps `config.json` to it.
public struct ModelConfiguration: Sendable, Equatable {
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var keyValueHeadCount: Int
    public var headDimension: Int
    public var vocabularySize: Int
    public var maximumPositions: Int
    public var rmsNormEpsilon: Float
    public var ropeTheta: Float
    /// The output projection is the embedding matrix.
    public var tiesEmbeddings: Bool
    public var bosTokenID: Int?
    public var eosTokenIDs: [Int]
    public var padTokenID: Int?

    public init(
        hiddenSize: Int, intermediateSize: Int, layerCount: Int, headCount: Int, keyValueHeadCount: Int,
        headDimension: Int? = nil, vocabularySize: Int, maximumPositions: Int = 2048, rmsNormEpsilon: Float = 1e-5,
        ropeTheta: Float = 10_000, tiesEmbeddings: Bool = true, bosTokenID: Int? = nil, eosTokenIDs: [Int] = [],
        padTokenID: Int? = nil
    ) {
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
}
