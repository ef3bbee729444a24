import Foundation
import SelfImprove
import Testing

@testable import Scheduler

@Suite struct StopCheckTests {
    private let nothing = StopCheck.Situation(
        rounds: 2, score: Score(correct: 80, n: 100), roundsWithoutPromotion: 1, seconds: 100, tokens: 1000, now: Date(timeIntervalSince1970: 1000),
        diskBytes: 3_000_000_000)

    private func reason(_ criteria: StopCriteria) -> String? { StopCheck(criteria).reason(nothing) }

    @Test func eachCriterionFiresAtItsBoundAndNotBefore() {
        #expect(reason(StopCriteria(rounds: 3)) == nil)
        #expect(reason(StopCriteria(rounds: 2)) == "2 of 2 rounds are done")
        #expect(reason(StopCriteria(patience: 2)) == nil)
        #expect(reason(StopCriteria(patience: 1))?.contains("patience is 1") == true)
        #expect(reason(StopCriteria(wallClockSeconds: 101)) == nil)
        #expect(reason(StopCriteria(wallClockSeconds: 100)) == "it ran for 100 s; the limit is 100 s")
        #expect(reason(StopCriteria(tokens: 1001)) == nil)
        #expect(reason(StopCriteria(tokens: 1000)) == "it used 1000 tokens; the limit is 1000")
        #expect(reason(StopCriteria(deadline: Moment("1970-01-01T00:16:41Z"))) == nil)
        #expect(reason(StopCriteria(deadline: Moment("1970-01-01T00:16:40Z"))) == "the deadline has passed: 1970-01-01T00:16:40Z")
        #expect(reason(StopCriteria(diskBytes: 3_000_000_001)) == nil)
        #expect(reason(StopCriteria(diskBytes: 3_000_000_000)) == "the state directory takes 3GB; the limit is 3GB")
    }

    /// 80 of 100 is 71 to 87: a target of 75% is not reached with confidence.
    @Test func theTargetCountsByTheLowerEndOfTheInterval() {
        #expect(reason(StopCriteria(targetScore: 0.75)) == nil)
        #expect(reason(StopCriteria(targetScore: 0.7))?.hasPrefix("the target score of 70.0% is reached: 80.0% (71.1 to 86.7, n = 100)") == true)
    }
}
