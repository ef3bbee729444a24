import Testing

@testable import SelfImprove

@Suite struct WilsonTests {
    /// Newcombe 1998, table I, method 3: 81 of 263 is 0.2553 to 0.3662, 15 of 148 is 0.0624 to 0.1605.
    @Test(arguments: [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)]) func theIntervalIsNewcombes(
        correct: Int,
        n: Int,
        low: Double,
        high: Double
    ) {
        let score = Score(correct: correct, n: n)
        #expect(abs(score.low - low) < 5e-5 && abs(score.high - high) < 5e-5, "\(score)")
        #expect(score.value == Double(correct) / Double(n) && score.n == n)
    }

    /// Newcombe again: 0 of 20 is 0 to 0.1611.
    @Test func itStaysWithinZeroToOne() {
        let none = Score(correct: 0, n: 20), all = Score(correct: 20, n: 20)
        #expect(none.low == 0 && abs(none.high - 0.1611) < 5e-5)
        #expect(all.high == 1 && abs(all.low - (1 - 0.1611)) < 5e-5)
    }

    @Test func aScoreIsWrittenWithItsFourFields() throws {
        #expect(
            try JSONText(Score(value: 0.5, low: 0.25, high: 0.75, n: 8)).text
                == #"{"high":0.75,"low":0.25,"n":8,"value":0.5}"#
        )
    }
}
