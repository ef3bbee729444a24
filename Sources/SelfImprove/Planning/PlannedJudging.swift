/// What the judges that write ask of one model in a round: texts of one kind.
struct PlannedJudging: Sendable, Equatable {
    /// As the configuration names it.
    var model: String
    var calls: Int
    /// Of one call.
    var promptTokens: Int
    var answerTokens: Int

    /// A guess: the names of three criteria; grades, strengths and weaknesses; reasons in short and a mark.
    /// `maximum_tokens` bounds each.
    private static let guessed = (criteria: 20, evaluation: 300, verdict: 150)
    /// What a judge is told beside the texts: the words of `Prompts/Files/judging`.
    private static let words = (criteria: 260, evaluation: 280, verdict: 290)

    /// Criteria once per conversation, then each pair of samples in both orders: an evaluation of each proposer, and a
    /// verdict. Samples that are alike are one, which is not known before.
    static func all(_ c: CampaignConfiguration, sampled: Int, _ basis: PlanningBasis) -> [PlannedJudging] {
        guard c.dpo.enabled else { return [] }
        let comparisons = 2 * sampled * c.dpo.pairs.count(of: c.dpo.samples)
        let shown = basis.promptTokens + 2 * basis.answerTokens
        return c.judges.compactMap(\.written).flatMap { judge in
            func tokens(_ guess: Int) -> Int { min(guess, judge.maximumTokens) }
            let evaluation = tokens(guessed.evaluation)
            let criteria = PlannedJudging(
                model: judge.criteria,
                calls: sampled,
                promptTokens: words.criteria + basis.promptTokens,
                answerTokens: tokens(guessed.criteria)
            )
            let evaluations = judge.proposers.map {
                PlannedJudging(
                    model: $0,
                    calls: comparisons,
                    promptTokens: words.evaluation + shown,
                    answerTokens: evaluation
                )
            }
            let verdicts = PlannedJudging(
                model: judge.aggregator,
                calls: comparisons,
                promptTokens: words.verdict + shown + judge.proposers.count * evaluation,
                answerTokens: tokens(guessed.verdict)
            )
            return [criteria] + evaluations + [verdicts]
        }
    }
}
