/// What a bench says of judges: of each, of their mixture, and of both by subset.
public struct JudgeBenchReport: Sendable, Equatable, Encodable {
    /// One judge, or the mixture, over a set of rows.
    ///
    /// As JSON `{"accuracy", "flips", "ties", "unparsable", "prefers_longer", "prefers_first"}`: an interval and
    /// shares, null where nothing was counted.
    public struct Figures: Sendable, Equatable {
        /// Rows in which the chosen answer was preferred in both orders.
        public var right = 0
        /// `prefersFirst` of the mixture is over the verdicts of all judges.
        public var judging = JudgingFigures()

        public init() {}

        /// With Wilson's interval, over all rows.
        public var accuracy: Score? {
            judging.comparisons == 0 ? nil : Interval(correct: right, n: judging.comparisons)
        }
    }

    /// A set of rows.
    public struct Part: Sendable, Equatable, Encodable {
        public var rows = 0
        public var judges: [String: Figures]
        public var mixture = Figures()
    }

    public var all: Part
    public var subsets: [String: Part] = [:]
    private let names: [String]

    init(judges names: [String]) {
        self.names = names
        all = Self.part(names)
    }

    private static func part(_ names: [String]) -> Part {
        Part(judges: Dictionary(uniqueKeysWithValues: names.map { ($0, Figures()) }))
    }

    public func encode(to encoder: any Encoder) throws {
        enum Keys: CodingKey { case rows, judges, mixture, subsets }
        var fields = encoder.container(keyedBy: Keys.self)
        try fields.encode(all.rows, forKey: .rows)
        try fields.encode(all.judges, forKey: .judges)
        try fields.encode(all.mixture, forKey: .mixture)
        try fields.encode(subsets, forKey: .subsets)
    }

    // MARK: Counting

    /// Counts one row: sample 0 is the chosen answer.
    mutating func count(
        _ row: JudgeBenchRow,
        _ decisions: [MixtureOfJudges.Decision],
        _ figures: [String: JudgingFigures]
    ) {
        all.count(row, decisions, figures)
        subsets[row.subset, default: Self.part(names)].count(row, decisions, figures)
    }
}

extension JudgeBenchReport.Part {
    fileprivate mutating func count(
        _ row: JudgeBenchRow,
        _ decisions: [MixtureOfJudges.Decision],
        _ figures: [String: JudgingFigures]
    ) {
        rows += 1
        for decision in decisions {
            judges[decision.judge]?.right += decision.agreed == .first ? 1 : 0
            judges[decision.judge]?.judging += figures[decision.judge] ?? JudgingFigures()
        }
        mixture.count(row, decisions, figures)
    }
}

extension JudgeBenchReport.Figures {
    /// The majority's word on a row. Where there is none, and every judge failed in the same way, it is theirs; else a
    /// tie.
    fileprivate mutating func count(
        _ row: JudgeBenchRow,
        _ decisions: [MixtureOfJudges.Decision],
        _ figures: [String: JudgingFigures]
    ) {
        let all = figures.values.reduce(JudgingFigures(), +)
        let lead = decisions.reduce(0) { $0 + ($1.agreed == .first ? 1 : $1.agreed == .second ? -1 : 0) }
        judging.comparisons += 1
        judging.decided += all.decided
        judging.preferredFirst += all.preferredFirst
        if lead != 0 {
            right += lead > 0 ? 1 : 0
            judging.preferences += 1
            judging.count(preferred: lead > 0 ? .first : .second, first: row.chosen, second: row.rejected)
        } else if decisions.isEmpty {
            judging.ties += 1
        } else if all.flips == decisions.count {
            judging.flips += 1
        } else if all.unparsable == decisions.count {
            judging.unparsable += 1
        } else {
            judging.ties += 1
        }
    }
}

extension JudgeBenchReport.Figures: Encodable {
    private enum CodingKeys: String, CodingKey {
        case accuracy, flips, ties, unparsable
        case prefersLonger = "prefers_longer"
        case prefersFirst = "prefers_first"
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(accuracy, forKey: .accuracy)
        try fields.encode(judging.flipRate, forKey: .flips)
        try fields.encode(judging.tieRate, forKey: .ties)
        try fields.encode(judging.unparsableRate, forKey: .unparsable)
        try fields.encode(judging.prefersLonger, forKey: .prefersLonger)
        try fields.encode(judging.prefersFirst, forKey: .prefersFirst)
    }
}
