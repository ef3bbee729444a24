/// Prefers the answer that is nearer to the mixture's: one that says the same, else one that says something more
/// similar (1 - edit distance / length). An answer that says nothing is as far away as can be.
///
/// Agreement is measured once per text of a prompt, however many comparisons it is in, in memory linear in its length.
public struct AgreementJudge: Judge {
    public let name: String

    private let comparison: AnswerComparison

    public init(_ comparison: AnswerComparison = .whole, name: String = "agreement") {
        self.comparison = comparison
        self.name = name
    }

    public func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        judgements: [Judgement], usage: Usage
    ) {
        struct Question: Hashable { let task: String, mixture: String, text: String }
        var agreements: [Question: Double] = [:]
        let judgements = comparisons.map { asked in
            let extraction = comparison[asked.task]
            func agreement(_ text: String) -> Double {
                let question = Question(task: asked.task, mixture: asked.mixture, text: text)
                if let known = agreements[question] { return known }
                let agreement = Self.agreement(
                    extraction.statement(of: text)?.key,
                    extraction.statement(of: asked.mixture)?.key
                )
                agreements[question] = agreement
                return agreement
            }
            return Judgement(Verdict(comparing: agreement(asked.first), agreement(asked.second)))
        }
        progress(comparisons.count)
        return (judgements, Usage())
    }

    /// 1 for the same, else at most .5; 0 where one of them says nothing.
    static func agreement(_ text: String?, _ mixture: String?) -> Double {
        guard let text, let mixture else { return 0 }
        if text == mixture { return 1 }
        let a = Array(text.prefix(2000)), b = Array(mixture.prefix(2000))
        return 0.5 * (1 - Double(EditDistance.levenshtein(a, b)) / Double(max(a.count, b.count, 1)))
    }
}
