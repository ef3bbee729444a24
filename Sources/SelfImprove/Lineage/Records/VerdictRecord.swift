import GRDB

/// What one judge said of two samples of a prompt, asked in both orders.
public struct VerdictRecord: LineageRecord, Equatable {
    public static let databaseTableName = "verdicts"

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
    /// How a judge that writes came to them, whole: `WrittenReasoning`. Nil for judges that compute.
    public var reasoning: JSONText?
    public var swappedReasoning: JSONText?

    /// What counts where samples are ranked.
    public var agreed: Verdict { verdict.agreed(with: swappedVerdict) }
}
