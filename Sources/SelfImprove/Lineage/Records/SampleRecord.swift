import GRDB

/// One of the SFT policy's own answers to a prompt.
public struct SampleRecord: LineageRecord, Equatable {
    public static let databaseTableName = "samples"

    public var campaign: String
    public var round: Int
    public var position: Int
    /// From 0.
    public var sample: Int
    public var text: String
    /// Generated, EOS included.
    public var tokens: Int
    /// Sum of natural logprobs under the policy at temperature 1.
    public var logprob: Double?

    public init(campaign: String, round: Int, position: Int, sample: Int, text: String, tokens: Int, logprob: Double?) {
        self.campaign = campaign
        self.round = round
        self.position = position
        self.sample = sample
        self.text = text
        self.tokens = tokens
        self.logprob = logprob
    }
}
