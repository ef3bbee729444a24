import GRDB

/// What one proposer answered to one prompt, in one layer of the mixture.
public struct DraftRecord: LineageRecord, Equatable {
    public static let databaseTableName = "drafts"

    public var campaign: String
    public var round: Int
    /// 1 for drafts from the prompt alone; 2 and more for drafts that saw the layer before.
    public var layer: Int
    public var position: Int
    /// Place in the configuration's `proposers`; one name may stand there several times.
    public var proposerIndex: Int
    public var proposer: String
    /// Digest of the proposer's model.
    public var model: String
    public var text: String
    /// Generated, EOS included.
    public var tokens: Int
    /// Sum of natural logprobs under the proposer.
    public var logprob: Double?
    /// What ordered the candidates: see `Mixture.Confidence`.
    public var confidence: Double?

    public init(
        campaign: String,
        round: Int,
        layer: Int,
        position: Int,
        proposerIndex: Int,
        proposer: String,
        model: String,
        text: String,
        tokens: Int,
        logprob: Double?,
        confidence: Double?
    ) {
        self.campaign = campaign
        self.round = round
        self.layer = layer
        self.position = position
        self.proposerIndex = proposerIndex
        self.proposer = proposer
        self.model = model
        self.text = text
        self.tokens = tokens
        self.logprob = logprob
        self.confidence = confidence
    }
}
