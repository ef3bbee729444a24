import ModelFiles
import Synchronization
import Testing
import TestSupport

@testable import SelfImprove

@Suite struct MixtureOfJudgesTests {
    /// Says what a function of the two texts in their order says.
    private struct ScriptedJudge: Judge {
        let name: String
        let verdict: @Sendable (String, String) -> Verdict
        func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
            judgements: [Judgement], usage: Usage
        ) {
            (comparisons.map { Judgement(verdict($0.first, $0.second)) }, Usage())
        }
    }

    private func candidates(_ texts: [String], cutOff: Set<Int> = []) -> MixtureOfJudges.Candidates {
        .init(
            messages: [Message(role: "user", content: "q")],
            samples: texts.enumerated().map {
                Answer(
                    text: $0.element,
                    tokens: $0.element.count,
                    logprob: nil,
                    finishReason: cutOff.contains($0.offset) ? .length : .stop
                )
            },
            mixture: "right",
            key: 1
        )
    }

    private let longer = ScriptedJudge(name: "longer") {
        $0.count == $1.count ? .tie : $0.count > $1.count ? .first : .second
    }

    @Test func bestAndWorstByCopelandBecomeThePair() async throws {
        let ranking = try await MixtureOfJudges(judges: [longer], minimumMargin: 0).rank([
            candidates(["aa", "a", "aaa", "a"])
        ]).rankings[0]
        #expect(ranking.pair == .init(chosen: 2, rejected: 1, chosenScore: 2, rejectedScore: 0))
        #expect(ranking.decisions.count == 3, "texts that are the same are one contestant")
    }

    /// Up to 13% of verdicts flip on a swap (position bias): the judge below always prefers what it sees first.
    @Test func aVerdictThatFlipsOnASwapIsATie() async throws {
        let biased = ScriptedJudge(name: "biased") { _, _ in .first }
        let ranking = try await MixtureOfJudges(judges: [biased], minimumMargin: 0).rank([candidates(["aa", "b"])])
            .rankings[0]
        #expect(ranking.decisions[0].verdict == .first && ranking.decisions[0].swapped == .second)
        #expect(ranking.pair == nil, "no preference, no pair")
    }

    @Test func anUnparsableVerdictIsATieAndStaysOnRecord() async throws {
        let mute = ScriptedJudge(name: "mute") { _, _ in .unparsable }
        let both = try await MixtureOfJudges(judges: [mute, longer], minimumMargin: 0).rank([candidates(["aa", "b"])])
            .rankings[0]
        #expect(both.pair?.chosenScore == 1.5 && both.pair?.rejectedScore == 0.5)
        #expect(both.decisions.contains { $0.verdict == .unparsable })
    }

    @Test func aNarrowMarginGivesNoPair() async throws {
        #expect(
            try await MixtureOfJudges(judges: [longer], minimumMargin: 2.1).rank([candidates(["aa", "a", "aaa"])])
                .rankings[0].pair == nil
        )
        #expect(
            try await MixtureOfJudges(judges: [longer], minimumMargin: 2).rank([candidates(["aa", "a", "aaa"])])
                .rankings[0].pair != nil
        )
    }

    @Test func amongEqualsTheShortestIsChosenAndTheLongestRejected() async throws {
        let good = ScriptedJudge(name: "good") { a, b in
            a.hasPrefix("g") == b.hasPrefix("g") ? .tie : a.hasPrefix("g") ? .first : .second
        }
        let ranking = try await MixtureOfJudges(judges: [good], minimumMargin: 0).rank([
            candidates(["ggg", "g", "b", "bbb"])
        ]).rankings[0]
        #expect(ranking.pair?.chosen == 1 && ranking.pair?.rejected == 3)
    }

    @Test func whatWasCutOffIsNeverChosen() async throws {
        let ranking = try await MixtureOfJudges(judges: [longer], minimumMargin: 0).rank([
            candidates(["aaa", "aa", "a"], cutOff: [0])
        ]).rankings[0]
        #expect(ranking.pair?.chosen == 1)
    }

    @Test func theJudgesPreferWhatTheyShould() async throws {
        let peer = ScriptedModel("peer", score: { $0 == "right" ? -0.1 : -3 }) { _ in "" }
        let judges: [any Judge] = [LikelihoodJudge([peer]), AgreementJudge()]
        let ranking = try await MixtureOfJudges(judges: judges, minimumMargin: 0).rank([
            candidates(["rigth", "right", "wrong"])
        ]).rankings[0]
        #expect(ranking.pair?.chosen == 1 && ranking.pair?.rejected == 2)
        #expect(ranking.pair?.chosenScore == 4, "both judges, both opponents")
    }

    @Test func agreementWithAMixtureDoesNotDependOnWhatElseIsAskedAbout() async throws {
        let texts = ["right", "rigth", "wrong", "", "right "]
        let comparisons = ["right", "wrong"].flatMap { mixture in
            texts.flatMap { a in
                texts.map { Comparison(messages: [], first: a, second: $0, mixture: mixture, key: 1) }
            }
        }
        let together = try await AgreementJudge().judge(comparisons) { _ in }.judgements.map(\.verdict)
        let expected = comparisons.map { asked in
            let first = AgreementJudge.agreement(asked.first, asked.mixture)
            let second = AgreementJudge.agreement(asked.second, asked.mixture)
            return first == second ? Verdict.tie : first > second ? .first : .second
        }
        #expect(together == expected)
    }

    @Test func twoJudgesOfOneKindHaveTwoNames() async throws {
        let peers = [
            ScriptedModel("long", score: { Double($0.count) }) { _ in "" },
            ScriptedModel("short", score: { -Double($0.count) }) { _ in "" },
        ]
        let judges = peers.map { LikelihoodJudge([$0], name: $0.name) }
        let decisions = try await MixtureOfJudges(judges: judges, minimumMargin: 0).rank([candidates(["aa", "b"])])
            .rankings[0].decisions
        #expect(decisions.map(\.judge) == ["long", "short"] && decisions.map(\.verdict) == [.first, .second])
    }

    @Test func agreementIsOneForTheSameTextAndFallsWithTheEditDistance() {
        #expect(AgreementJudge.agreement("abc", "abc") == 1)
        #expect(AgreementJudge.agreement("abc", "abd") == 0.5 * (1 - 1.0 / 3))
    }

    @Test func portionsBoundWhatIsAskedAtOnceAndChangeNothing() async throws {
        let asked = Mutex<[Int]>([])
        let judge = ScriptedJudge(name: "longer") { $0.count > $1.count ? .first : .second }
        let counting = CountingJudge(judge) { count in asked.withLock { $0.append(count) } }
        let prompts = (0..<10).map { n in
            candidates((0..<4).map { String(repeating: "a", count: 1 + (n + $0 * $0) % 9) })
        }
        let mixture = MixtureOfJudges(judges: [Named("a", counting), Named("b", judge)], minimumMargin: 0)
        let whole = try await mixture.rank(prompts).rankings
        let once = asked.withLock { $0 }
        asked.withLock { $0 = [] }
        var parts: [MixtureOfJudges.Ranking] = [], order: [Int] = [], reports: [Int] = []
        let last = Mutex(0)
        let progress = StepProgress { report in last.withLock { $0 = report.done * 1000 / report.total } }
        _ = try await mixture.rank(prompts, portion: 3, progress: progress) { index, ranking in
            order.append(index)
            parts.append(ranking)
            reports.append(last.withLock { $0 })
        }
        #expect(order == Array(0..<10))
        #expect(parts.map(\.decisions) == whole.map(\.decisions) && parts.map(\.pair) == whole.map(\.pair))
        #expect(once.count == 1 && asked.withLock { $0 }.count == 4 && asked.withLock { $0 }.reduce(0, +) == once[0])
        #expect(reports == reports.sorted() && reports.last == 1000, "progress is of the whole")
    }
}

private struct CountingJudge: Judge {
    let judge: any Judge
    let asked: @Sendable (Int) -> Void
    var name: String { judge.name }

    init(_ judge: any Judge, asked: @escaping @Sendable (Int) -> Void) {
        self.judge = judge
        self.asked = asked
    }

    func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        judgements: [Judgement], usage: Usage
    ) {
        asked(comparisons.count)
        return try await judge.judge(comparisons, progress: progress)
    }
}

/// Another name for a judge, which tells its progress at its end.
private struct Named: Judge {
    let name: String
    let judge: any Judge

    init(_ name: String, _ judge: any Judge) {
        self.name = name
        self.judge = judge
    }

    func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
        judgements: [Judgement], usage: Usage
    ) {
        let said = try await judge.judge(comparisons, progress: progress)
        progress(comparisons.count)
        return said
    }
}
