import Foundation
import Testing

@testable import SelfImprove

@Suite struct StopForecastTests {
    @Test func theForecastSaysWhatFiresFirst() throws {
        var expectation = StopForecast.Expectation(
            preparationSeconds: 100,
            roundSeconds: 50,
            preparationTokens: 1000,
            roundTokens: 500,
            roundBytes: 10,
            bytes: 1000,
            pricePerHour: 36,
            now: Date(timeIntervalSince1970: 0)
        )
        func rounds(_ limits: KeyValuePairs<String, String>) throws -> [String] {
            try StopForecast(StopCriteria(limits), expectation).expected.map {
                "\($0.criterion) \($0.round) \($0.seconds)"
            }
        }
        #expect(try rounds(["rounds": "7", "wall_clock": "201"]) == ["wall_clock 3 250.0", "rounds 7 450.0"])
        #expect(try rounds(["wall_clock": "200"]) == ["wall_clock 2 200.0"])
        #expect(try rounds(["tokens": "900"]) == ["tokens 0 100.0"], "before the first round")
        #expect(try rounds(["tokens": "2001"]) == ["tokens 3 250.0"])
        #expect(try rounds(["money": "3"]) == ["money 4 300.0"])
        #expect(
            try rounds(["deadline": "1970-01-01T00:02:30Z", "disk": "1005B"]) == [
                "deadline 1 150.0", "disk 1 150.0",
            ]
        )
        expectation.pool = PromptPool(prompts: 250, perRound: 100)
        #expect(try rounds(["rounds": "7"]) == ["prompts 3 250.0", "rounds 7 450.0"], "the pool ends it")
        #expect(try rounds(["prompts": "100"]) == ["prompts 2 200.0"])
        expectation.pool = nil
        let open = try StopForecast(
            StopCriteria(["target_score": "0.5", "patience": "1", "regression": "0", "kept": "below 0.1"]),
            expectation
        )
        #expect(open.expected.isEmpty && open.open == ["target_score", "patience", "regression", "kept"])
    }
}
