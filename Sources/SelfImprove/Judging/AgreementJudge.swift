/// Prefers the answer that is nearer to the mixture's: equal to it, else of higher similarity (1 - edit distance /
/// length).
public struct AgreementJudge: Judge {
    public let name = "agreement"

    public init() {}

    public func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        verdicts: [Verdict], usage: Usage
    ) {
        let verdicts = comparisons.map { comparison in
            let first = Self.agreement(comparison.first, comparison.mixture),
                second = Self.agreement(comparison.second, comparison.mixture)
            return first == second ? Verdict.tie : first > second ? .first : .second
        }
        progress(comparisons.count)
        return (verdicts, Usage())
    }

    /// 1 for the same text, else at most .5.
    static func agreement(_ text: String, _ mixture: String) -> Double {
        if text == mixture { return 1 }
        let a = Array(text.prefix(2000)), b = Array(mixture.prefix(2000))
        return 0.5 * (1 - Double(EditDistance.levenshtein(a, b)) / Double(max(a.count, b.count, 1)))
    }
}
