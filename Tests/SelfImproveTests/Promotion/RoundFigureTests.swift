import Foundation
import Testing

@testable import SelfImprove

@Suite struct RoundFigureTests {
    private func evaluation(meanTokens: Double?) -> EvaluationRecord {
        EvaluationRecord(
            campaign: "c",
            round: 1,
            model: "m",
            set: .gate,
            subject: .model,
            name: "m",
            n: 10,
            correct: 5,
            low: 0.2,
            high: 0.8,
            slices: [],
            meanTokens: meanTokens,
            createdAt: Date(timeIntervalSince1970: 0)
        )
    }

    private func answer(kept: Bool) -> AnswerRecord {
        AnswerRecord(
            campaign: "c",
            round: 1,
            position: 0,
            answer: Answer(text: "a", tokens: 1, logprob: nil, finishReason: .stop),
            kept: kept,
            hard: false
        )
    }

    private func verdict(_ position: Int, _ verdict: Verdict, _ swapped: Verdict) -> VerdictRecord {
        VerdictRecord(
            campaign: "c",
            round: 1,
            position: position,
            judge: "j",
            first: 0,
            second: 1,
            verdict: verdict,
            swappedVerdict: swapped
        )
    }

    private func sample(_ position: Int, _ sample: Int, _ text: String) -> SampleRecord {
        SampleRecord(
            campaign: "c",
            round: 1,
            position: position,
            sample: sample,
            answer: Answer(text: text, tokens: 1, logprob: nil, finishReason: .stop)
        )
    }

    private var evidence: RoundEvidence {
        RoundEvidence(
            gain: -0.25,
            challenger: evaluation(meanTokens: 6),
            parent: evaluation(meanTokens: 4),
            outputs: ["a b a b", "a c"],
            mixture: Score(value: 0.75, low: 0.5, high: 1, n: 8),
            parentReport: Score(value: 0.5, low: 0.25, high: 0.75, n: 8),
            answers: [answer(kept: true), answer(kept: false), answer(kept: true), answer(kept: true)],
            pairs: 7,
            judging: JudgingFigures(
                [
                    verdict(0, .first, .first), verdict(1, .first, .second), verdict(2, .tie, .first),
                    verdict(3, .unparsable, .second), verdict(4, .first, .first),
                ],
                of: (0..<5).flatMap { [sample($0, 0, "long one"), sample($0, 1, "short")] }
            ),
            preferences: .init(firstChosenLogprob: -2, lastChosenLogprob: -4.5)
        )
    }

    private func measure(_ key: String, _ evidence: RoundEvidence) throws -> Double? {
        try #require(RoundFigure.all.first { $0.key == key }).measure(evidence)
    }

    @Test(arguments: [
        ("gain", -0.25), ("length_ratio", 1.5), ("distinct_1", 0.5), ("distinct_2", 0.75),
        ("self_similarity", 1.0 / 3), ("headroom", 0.25),
        ("kept", 0.75), ("pairs", 7), ("chosen_logprob", -2.5), ("flip_rate", 0.2), ("unparsable_rate", 0.2),
        ("tie_rate", 0.2), ("prefers_longer", 1.0), ("prefers_first", 0.625),
    ]) func everyFigureIsMeasuredOnWhatTheRoundDid(key: String, value: Double) throws {
        #expect(try measure(key, evidence) == value)
    }

    @Test func whatARoundDidNotDoHasNoFigure() throws {
        var evidence = evidence
        evidence.outputs = []
        evidence.parent = evaluation(meanTokens: nil)
        evidence.mixture = nil
        evidence.answers = []
        evidence.preferences = nil
        evidence.judging = JudgingFigures()
        for key in [
            "length_ratio", "distinct_1", "distinct_2", "self_similarity", "headroom", "kept", "chosen_logprob",
            "flip_rate",
            "unparsable_rate", "tie_rate", "prefers_longer", "prefers_first",
        ] {
            #expect(try measure(key, evidence) == nil, "\(key)")
        }
    }
}
