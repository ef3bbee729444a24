/// Prefers the answer that is nearer to the mixture's: one that says the same, else one that says something more
/// similar (1 - edit distance / length). An answer that says nothing is as far away as can be.
public struct AgreementJudge: Judge {
    public let name = "agreement"

    private let comparison: AnswerComparison

    public init(_ comparison: AnswerComparison = .whole) { self.comparison = comparison }

    public func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        verdicts: [Verdict], usage: Usage
    ) {
        let verdicts = comparisons.map { asked in
            let extraction = comparison[asked.task], mixture = extraction.statement(of: asked.mixture)?.key
            let first = Self.agreement(extraction.statement(of: asked.first)?.key, mixture),
                second = Self.agreement(extraction.statement(of: asked.second)?.key, mixture)
            return first == second ? Verdict.tie : first > second ? .first : .second
        }
        progress(comparisons.count)
        return (verdicts, Usage())
    }

    /// 1 for the same, else at most .5; 0 where one of them says nothing.
    static func agreement(_ text: String?, _ mixture: String?) -> Double {
        guard let text, let mixture else { return 0 }
        if text == mixture { return 1 }
        let a = Array(text.prefix(2000)), b = Array(mixture.prefix(2000))
        return 0.5 * (1 - Double(EditDistance.levenshtein(a, b)) / Double(max(a.count, b.count, 1)))
    }
}
