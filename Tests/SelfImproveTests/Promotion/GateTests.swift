import LocalLM
import Testing

@testable import SelfImprove

@Suite struct GateTests {
    private let settings = CampaignConfiguration.Gate(
        enabled: true,
        confidence: 0.95,
        resamples: 2000,
        sliceMargin: 0.15,
        marks: .strict
    )

    /// Marks of a model that is right with probability `p`, by slice.
    private func marks(_ p: [String: Double], n: Int, seed: UInt64) -> [Gate.Mark] {
        var random = RandomStream(key: seed)
        return p.sorted { $0.key < $1.key }.flatMap { slice, p in
            (0..<n).map { Gate.Mark(id: "\(slice)\($0)", slice: slice, correct: random.uniform() < p) }
        }
    }

    private func rule(_ challenger: [Gate.Mark], _ champion: [Gate.Mark], candidates: Int = 1, enabled: Bool = true)
        -> Gate.Ruling
    {
        var settings = settings
        settings.enabled = enabled
        return Gate(settings, seed: 1).rule(challenger: challenger, champion: champion, candidates: candidates)
    }

    @Test func aClearGainIsPromoted() {
        let ruling = rule(marks(["a": 0.8, "b": 0.8], n: 200, seed: 1), marks(["a": 0.5, "b": 0.5], n: 200, seed: 2))
        #expect(ruling.outcome == .promoted)
        #expect(ruling.difference.low > 0.15 && ruling.difference.high < 0.45)
        #expect(ruling.reason.contains("n = 400"))
    }

    /// HumanEval of the paper's tuned Llama fell by 13 points, hidden by the average.
    @Test func aGainThatHidesARegressionIsRejected() {
        let ruling = rule(
            marks(["a": 0.9, "b": 0.9, "c": 0.4], n: 150, seed: 3),
            marks(["a": 0.5, "b": 0.5, "c": 0.8], n: 150, seed: 4)
        )
        #expect(ruling.difference.low > 0)
        #expect(ruling.outcome == .rejected)
        #expect(ruling.reason.contains("c -"))
    }

    @Test func aLossIsRejectedAndNoDifferenceIsInconclusive() {
        #expect(rule(marks(["a": 0.4], n: 300, seed: 5), marks(["a": 0.7], n: 300, seed: 6)).outcome == .rejected)
        let same = marks(["a": 0.7], n: 300, seed: 7)
        let ruling = rule(same, same)
        #expect(ruling.outcome == .inconclusive && ruling.difference.value == 0)
    }

    /// A comparison of equals promotes at most alpha of the time. Both models are noise around the same accuracy; of
    /// two candidates the better one is taken. One-sided 2.5% each is expected; 40 of 1,000 is 3 standard errors above
    /// it.
    @Test(arguments: [1, 2]) func equalsAreSeldomPromoted(candidates: Int) {
        var settings = settings
        settings.resamples = 400
        settings.sliceMargin = 1
        var promoted = 0
        for trial in 0..<1000 {
            let champion = marks(["a": 0.6], n: 200, seed: UInt64(10 * trial))
            let challengers = (1...candidates).map { marks(["a": 0.6], n: 200, seed: UInt64(10 * trial + $0)) }
            let best = challengers.max { $0.reduce(0) { $0 + $1.value } < $1.reduce(0) { $0 + $1.value } }!
            if Gate(settings, seed: UInt64(trial)).rule(challenger: best, champion: champion, candidates: candidates)
                .outcome == .promoted
            {
                promoted += 1
            }
        }
        #expect(promoted <= 40, "\(promoted) of 1000")
    }

    @Test func switchedOffItPromotesEverythingAndSaysSo() {
        let ruling = rule(marks(["a": 0.2], n: 100, seed: 8), marks(["a": 0.9], n: 100, seed: 9), enabled: false)
        #expect(ruling.outcome == .promoted)
        #expect(ruling.reason.contains("the gate is off"))
    }

    @Test func theSameAnswersGiveTheSameInterval() {
        let a = marks(["a": 0.7], n: 300, seed: 7), b = marks(["a": 0.5], n: 300, seed: 8)
        #expect(rule(a, b) == rule(a, b))
    }

    @Test func aRulingIsRecordedWithItsDifferenceAndInterval() throws {
        let ruling = Gate.Ruling(
            outcome: .promoted,
            reason: "+5.0 points",
            difference: Interval(value: 0.5, low: 0.25, high: 0.75, n: 8)
        )
        #expect(
            try JSONText(ruling).text
                == #"{"difference":{"estimate":0.5,"high":0.75,"low":0.25,"n":8},"outcome":"promoted","reason":"+5.0 points"}"#
        )
    }
}
