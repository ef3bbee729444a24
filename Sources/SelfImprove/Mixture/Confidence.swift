/// What orders the candidates in the aggregation prompt, best first, and what the confidence filters read.
public enum Confidence: String, Sendable, Codable, CaseIterable {
    /// No ordering: as listed in `proposers`.
    case none
    /// Mean logprob (EOS included) that the draft's own model gave it. Champions never score their own drafts.
    case own
    /// Maximum over the peers of the mean logprob each gives the draft.
    case peers
}
