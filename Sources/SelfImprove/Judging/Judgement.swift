/// A judge's word on one comparison, and how it came to it.
public struct Judgement: Sendable, Equatable, Codable {
    /// In the terms of the order in which the answers were shown.
    public var verdict: Verdict
    /// What was written on the way to the verdict; nil for judges that compute theirs.
    public var reasoning: WrittenReasoning?

    public init(_ verdict: Verdict, reasoning: WrittenReasoning? = nil) {
        self.verdict = verdict
        self.reasoning = reasoning
    }

    /// What was read and written for this comparison alone. What several comparisons share, such as the choice of
    /// criteria, is only in the judge's total.
    public var usage: Usage { Usage(generated: reasoning?.ownTokens ?? 0) }
}
