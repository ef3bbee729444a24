import LocalLM
import ModelFiles

/// Measures judges against preferences of people (RewardBench, arXiv 2403.13787): which of two answers each judge
/// prefers, asked in both orders.
///
/// A judge is right about a row where both orders prefer the chosen answer. We deviate from RewardBench, which asks in
/// one order and counts a tie, or what cannot be read, as half: such a row is not right here, as it is of no use to
/// DPO either, and the shares of flips, ties and unparsable rows are reported beside the accuracy. Half of these shares
/// added to the accuracy gives RewardBench's figure. Guessing gives .25.
///
/// The mixture of the judges prefers what more of them prefer, each after both of its orders; as many on either side is
/// a tie.
///
/// There is no answer of a mixture to compare with: an agreement judge has no place here.
public struct JudgeBench: Sendable {
    public var judges: [any Judge]
    public var seed: UInt64

    public init(judges: [any Judge], seed: UInt64) {
        self.judges = judges
        self.seed = seed
    }

    /// - Throws: what a judge throws.
    public func run(_ rows: [JudgeBenchRow], progress: StepProgress = StepProgress()) async throws -> (
        report: JudgeBenchReport, usage: Usage
    ) {
        let candidates = rows.map { row in
            MixtureOfJudges.Candidates(
                messages: row.prompt,
                samples: [row.chosen, row.rejected].map {
                    Answer(text: $0, tokens: $0.unicodeScalars.count, logprob: nil, finishReason: .stop)
                },
                mixture: "",
                constraints: row.constraints,
                // Of the prompt: rows do not depend on each other, and those of one prompt share its criteria.
                key: RandomKey.derive(RandomKey.derive(seed, "judge-bench"), PromptDigest.of(row.prompt))
            )
        }
        let (rankings, usage) = try await MixtureOfJudges(judges: judges, minimumMargin: 0).rank(
            candidates,
            progress: progress
        )
        var report = JudgeBenchReport(judges: judges.map(\.name))
        for (place, row) in rows.enumerated() {
            let decisions = rankings[place].decisions
            let figures = JudgingFigures.byJudge([rankings[place]], of: [candidates[place]])
            report.count(row, decisions, figures)
        }
        return (report, usage)
    }
}
