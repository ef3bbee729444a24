import LocalLM
import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct PreferencePairTests {
    private typealias Answered = (text: String, tokens: Int)

    private func candidates(_ answers: [Answered], cutOff: Set<Int> = []) -> MixtureOfJudges.Candidates {
        .init(
            messages: [],
            samples: answers.enumerated().map {
                Answer(
                    text: $0.element.text,
                    tokens: $0.element.tokens,
                    logprob: nil,
                    finishReason: cutOff.contains($0.offset) ? .length : .stop
                )
            },
            mixture: "",
            key: 0
        )
    }

    /// Decisions of one judge that prefers the sample of the higher rank; equal ranks tie.
    private func decisions(_ ranks: [Int]) -> [MixtureOfJudges.Decision] {
        ranks.indices.flatMap { a in
            ranks.indices.filter { $0 > a }.map { b in
                let verdict: Verdict = ranks[a] == ranks[b] ? .tie : ranks[a] > ranks[b] ? .first : .second
                return MixtureOfJudges.Decision(
                    judge: "ranks",
                    first: a,
                    second: b,
                    judgement: Judgement(verdict),
                    swappedJudgement: Judgement(verdict.swapped)
                )
            }
        }
    }

    private struct Mute: Judge {
        let name = "ranks"
        func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
            judgements: [Judgement], usage: Usage
        ) { ([], Usage()) }
    }

    private func pair(
        _ answers: [Answered],
        _ ranks: [Int],
        rho: Double = 0,
        margin: Double = 0,
        cutOff: Set<Int> = []
    ) -> MixtureOfJudges.Pair? {
        MixtureOfJudges(judges: [Mute()], minimumMargin: margin, rho: rho)
            .pair(Array(answers.indices), candidates(answers, cutOff: cutOff), decisions(ranks))
    }

    /// The rule before tiers: one best score, one worst score.
    private func plainPair(
        _ answers: [Answered],
        _ ranks: [Int],
        margin: Double,
        cutOff: Set<Int>
    ) -> MixtureOfJudges.Pair? {
        var scores = [Double](repeating: 0, count: ranks.count)
        for a in ranks.indices {
            for b in ranks.indices where a != b {
                scores[a] += ranks[a] > ranks[b] ? 1 : ranks[a] == ranks[b] ? 0.5 : 0
            }
        }
        let eligible = ranks.indices.filter { !cutOff.contains($0) }
        guard let best = eligible.map({ scores[$0] }).max(), let worst = scores.min(), best > worst,
            best - worst >= margin,
            let chosen = eligible.filter({ scores[$0] == best }).min(by: {
                (answers[$0].tokens, $0) < (answers[$1].tokens, $1)
            }),
            let rejected = ranks.indices.filter({ scores[$0] == worst }).min(by: {
                (-answers[$0].tokens, $0) < (-answers[$1].tokens, $1)
            })
        else { return nil }
        return .init(chosen: chosen, rejected: rejected, chosenScore: best, rejectedScore: worst)
    }

    @Test func withoutATierTheBestAndTheWorstScoreAloneDecide() {
        let seed: UInt64 = 19
        var random = RandomStream(key: seed)
        for trial in 0..<2_000 {
            let count = 1 + random.integer(below: 7)
            let answers = (0..<count).map { (text: "answer \($0)", tokens: 1 + random.integer(below: 4)) }
            let ranks = (0..<count).map { _ in random.integer(below: 4) }
            let cutOff = Set((0..<count).filter { _ in random.integer(below: 4) == 0 })
            let margin = Double(random.integer(below: 4))
            #expect(
                pair(answers, ranks, margin: margin, cutOff: cutOff)
                    == plainPair(answers, ranks, margin: margin, cutOff: cutOff),
                "seed \(seed), trial \(trial)"
            )
        }
    }

    @Test func rhoWidensBothTiersAndLengthDecidesInThem() {
        // Scores 4, 3, 2, 1, 0: with a quarter of the distance each tier holds two.
        let answers: [Answered] = [("a", 9), ("b", 2), ("c", 1), ("d", 30), ("e", 3)]
        #expect(pair(answers, [4, 3, 2, 1, 0]) == .init(chosen: 0, rejected: 4, chosenScore: 4, rejectedScore: 0))
        #expect(
            pair(answers, [4, 3, 2, 1, 0], rho: 0.25)
                == .init(chosen: 1, rejected: 3, chosenScore: 3, rejectedScore: 1)
        )
    }

    @Test func overlappingTiersNeverPreferTheWorse() {
        let seed: UInt64 = 7
        var random = RandomStream(key: seed)
        for trial in 0..<500 {
            let answers = (0..<5).map { (text: "answer \($0)", tokens: 1 + random.integer(below: 9)) }
            let ranks = (0..<5).map { _ in random.integer(below: 5) }
            let margin = Double(random.integer(below: 4))
            guard let pair = pair(answers, ranks, rho: random.uniform(), margin: margin) else { continue }
            #expect(pair.chosenScore > pair.rejectedScore, "seed \(seed), trial \(trial)")
            #expect(pair.chosenScore - pair.rejectedScore >= margin, "seed \(seed), trial \(trial)")
        }
    }

    @Test func chosenAndRejectedAreNeverAlike() {
        // The longest of the worst says what the best says, in other letters: the next of the worst is rejected.
        let answers: [Answered] = [("Caf\u{E9} at nine", 3), ("CAFE\u{301}  at\nnine ", 8), ("no idea", 2)]
        #expect(pair(answers, [1, 0, 0])?.rejected == 2)
        #expect(pair(Array(answers.prefix(2)), [1, 0]) == nil, "there is no other")
        // No rejected sample is left for the shortest of the best: the next of the best is chosen.
        let others: [Answered] = [("Yes", 1), ("No", 2), ("yes ", 9)]
        #expect(pair(others, [1, 1, 0]) == .init(chosen: 1, rejected: 2, chosenScore: 1.5, rejectedScore: 0))
    }

    @Test func anUnmetOpponentCountsAsATie() {
        let met = decisions([1, 0]).map { decision in
            var decision = decision
            (decision.first, decision.second) = (0, 2)
            return decision
        }
        #expect(Copeland.scores(met, among: [0, 1, 2], judges: 1) == [0: 1.5, 1: 1, 2: 0.5])
    }
}
