/// What a judge's decisions say about the judge: counts that add up, and shares of them.
public struct JudgingFigures: Sendable, Equatable, Codable {
    /// Pairs of answers that were asked about in both orders. Each is exactly one of the next four.
    public var comparisons = 0
    /// Both orders prefer the same answer.
    public var preferences = 0
    /// Each order prefers another answer.
    public var flips = 0
    /// At least one order says tie, and both can be read.
    public var ties = 0
    /// At least one order cannot be read.
    public var unparsable = 0

    /// Single verdicts that prefer an answer, and those among them that prefer the one shown first.
    public var decided = 0, preferredFirst = 0
    /// Preferences between answers of unequal length, and those among them for the longer one.
    public var unequal = 0, preferredLonger = 0

    /// Conversations for which criteria were chosen, and those for which the choice could not be read or asked for.
    public var criteriaChosen = 0, criteriaUnparsable = 0

    public init() {}

    public var flipRate: Double? { share(flips, of: comparisons) }
    public var tieRate: Double? { share(ties, of: comparisons) }
    public var unparsableRate: Double? { share(unparsable, of: comparisons) }
    public var criteriaUnparsableRate: Double? { share(criteriaUnparsable, of: criteriaChosen) }
    /// Of decided verdicts; .5 without a position bias.
    public var prefersFirst: Double? { share(preferredFirst, of: decided) }
    /// Of preferences between answers of unequal length.
    public var prefersLonger: Double? { share(preferredLonger, of: unequal) }

    /// Nil where nothing was counted.
    private func share(_ part: Int, of whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }

    /// `12 comparisons (9 flipped with the order, 2 tied, 1 unparsable)`
    public var words: String {
        let parts = [(flips, "flipped with the order"), (ties, "tied"), (unparsable, "unparsable")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return "\(comparisons) comparisons" + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
    }

    /// Counts one pair of answers.
    /// - Parameters:
    ///   - verdict: with `first` shown first.
    ///   - swapped: with `second` shown first, in the same terms: `.first` prefers `first`.
    public mutating func count(_ verdict: Verdict, swapped: Verdict, first: String, second: String) {
        comparisons += 1
        switch (verdict, swapped) {
        case (.unparsable, _), (_, .unparsable): unparsable += 1
        case (.tie, _), (_, .tie): ties += 1
        case (.first, .first), (.second, .second):
            preferences += 1
            count(preferred: verdict, first: first, second: second)
        case (.first, .second), (.second, .first): flips += 1
        }
        count(decided: verdict, shownFirst: .first)
        count(decided: swapped, shownFirst: .second)
    }

    /// Length is in Unicode scalars, for judges see texts, not a model's tokens.
    mutating func count(preferred verdict: Verdict, first: String, second: String) {
        let a = first.unicodeScalars.count, b = second.unicodeScalars.count
        guard a != b else { return }
        unequal += 1
        preferredLonger += (verdict == .first) == (a > b) ? 1 : 0
    }

    private mutating func count(decided verdict: Verdict, shownFirst: Verdict) {
        guard verdict == .first || verdict == .second else { return }
        decided += 1
        preferredFirst += verdict == shownFirst ? 1 : 0
    }

    public static func + (a: JudgingFigures, b: JudgingFigures) -> JudgingFigures {
        var sum = a
        for field in fields { sum[keyPath: field] += b[keyPath: field] }
        return sum
    }

    public static func += (a: inout JudgingFigures, b: JudgingFigures) { a = a + b }

    private static var fields: [WritableKeyPath<JudgingFigures, Int>] {
        [
            \.comparisons, \.preferences, \.flips, \.ties, \.unparsable, \.decided, \.preferredFirst, \.unequal,
            \.preferredLonger, \.criteriaChosen, \.criteriaUnparsable,
        ]
    }
}

extension JudgingFigures {
    /// Over all judges of a round.
    /// - Parameter samples: that were judged, with others perhaps.
    init(_ verdicts: [VerdictRecord], of samples: [SampleRecord]) {
        struct Place: Hashable { let position: Int, sample: Int }
        let texts = Dictionary(
            samples.map { (Place(position: $0.position, sample: $0.sample), $0.answer.text) },
            uniquingKeysWith: { first, _ in first }
        )
        for verdict in verdicts {
            func text(_ sample: Int) -> String { texts[Place(position: verdict.position, sample: sample)] ?? "" }
            count(
                verdict.verdict,
                swapped: verdict.swappedVerdict,
                first: text(verdict.first),
                second: text(verdict.second)
            )
        }
    }

    /// The figures of every judge over the rankings of `prompts`.
    public static func byJudge(_ rankings: [MixtureOfJudges.Ranking], of prompts: [MixtureOfJudges.Candidates])
        -> [String: JudgingFigures]
    {
        var figures: [String: JudgingFigures] = [:]
        for (ranking, prompt) in zip(rankings, prompts) {
            var chose = Set<String>()
            for decision in ranking.decisions {
                figures[decision.judge, default: JudgingFigures()].count(
                    decision.verdict,
                    swapped: decision.swapped,
                    first: prompt.samples[decision.first].text,
                    second: prompt.samples[decision.second].text
                )
                if let choice = decision.judgement.reasoning?.criteria, chose.insert(decision.judge).inserted {
                    figures[decision.judge]?.criteriaChosen += 1
                    figures[decision.judge]?.criteriaUnparsable += choice.isDefault ? 1 : 0
                }
            }
        }
        return figures
    }
}
