import GRDB

/// What one judge said of two samples of a prompt, asked in both orders.
public struct VerdictRecord: LineageRecord, Equatable {
    public static let databaseTableName = "verdicts"

    public enum Verdict: String, Sendable, Codable { case first, second, tie, unparsable }

    public var campaign: String
    public var round: Int
    public var position: Int
    public var judge: String
    /// The two samples, by index; `first` is the lower one.
    public var first: Int
    public var second: Int
    /// With `first` shown first.
    public var verdict: Verdict
    /// With `second` shown first; in the same terms: `.first` means that sample `first` was preferred.
    public var swappedVerdict: Verdict

    public init(
        campaign: String,
        round: Int,
        position: Int,
        judge: String,
        first: Int,
        second: Int,
        verdict: Verdict,
        swappedVerdict: Verdict
    ) {
        self.campaign = campaign
        self.round = round
        self.position = position
        self.judge = judge
        self.first = first
        self.second = second
        self.verdict = verdict
        self.swappedVerdict = swappedVerdict
    }

    /// The two orders contradict each other: position bias. Counted as a tie.
    public var flipped: Bool {
        (verdict == .first && swappedVerdict == .second) || (verdict == .second && swappedVerdict == .first)
    }
}
