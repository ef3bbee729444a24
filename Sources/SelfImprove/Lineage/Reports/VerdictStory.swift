/// One verdict of a judge, and everything that it came from.
public struct VerdictStory: Sendable, Encodable {
    public var prompt: PromptRecord
    /// The two samples: `first` has the lower index.
    public var first: SampleRecord?
    public var second: SampleRecord?
    /// Both orders. Of a judge that writes, `reasoning` holds the criteria, each evaluation and the verdict as it was
    /// written, with `first` shown as answer A; `swappedReasoning` the same with `second` as answer A.
    public var verdict: VerdictRecord
    /// What counts where samples are ranked: a tie where the orders contradict each other or one cannot be read.
    public var agreed: Verdict
}
