import Foundation
import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct JudgeBenchTests {
    private struct ScriptedJudge: Judge {
        let name: String
        let verdict: @Sendable (String, String) -> Verdict
        func judge(_ comparisons: [Comparison], progress: @escaping @Sendable (Int) -> Void) async throws -> (
            judgements: [Judgement], usage: Usage
        ) {
            (comparisons.map { Judgement(verdict($0.first, $0.second)) }, Usage(generated: comparisons.count))
        }
    }

    private let good = ScriptedJudge(name: "good") {
        $1.hasPrefix("good") == $0.hasPrefix("good") ? .tie : $0.hasPrefix("good") ? .first : .second
    }
    private let longer = ScriptedJudge(name: "longer") { $0.count > $1.count ? .first : .second }
    private let biased = ScriptedJudge(name: "biased") { _, _ in .first }
    private let mute = ScriptedJudge(name: "mute") { _, _ in .unparsable }

    private func rows(_ count: Int) -> [JudgeBenchRow] {
        (0..<count).map {
            JudgeBenchRow(
                prompt: [Message(role: "user", content: "question \($0)")],
                chosen: "good",
                rejected: $0 % 4 == 0 ? "b" : "bad and long",
                subset: $0 % 2 == 0 ? "even" : "odd"
            )
        }
    }

    @Test func everyJudgeAndTheirMixtureAreMeasuredByTheChosenAnswer() async throws {
        let (report, usage) = try await JudgeBench(judges: [good, longer, biased, mute], seed: 1).run(rows(40))
        #expect(usage.generated == 4 * 80, "every row in both orders, by every judge")
        #expect(report.all.judges["good"]?.accuracy == Interval(correct: 40, n: 40))
        #expect(report.all.judges["longer"]?.accuracy == Interval(correct: 10, n: 40))
        #expect(report.all.judges["longer"]?.judging.prefersLonger == 1)
        let biased = try #require(report.all.judges["biased"])
        #expect(biased.right == 0 && biased.judging.flipRate == 1 && biased.judging.prefersFirst == 1)
        #expect(report.all.judges["mute"]?.judging.unparsableRate == 1)
        // Good and longer agree on a quarter, and contradict each other on the rest.
        #expect(report.all.mixture.right == 10 && report.all.mixture.judging.ties == 30)
        #expect(report.subsets["odd"]?.judges["longer"]?.right == 0 && report.subsets["even"]?.rows == 20)
        #expect(report.subsets["even"]?.judges["longer"]?.accuracy == Interval(correct: 10, n: 20))
    }

    @Test func aMajorityOutvotesOneJudge() async throws {
        let judges = ["a", "b"].map { ScriptedJudge(name: $0, verdict: good.verdict) } + [longer]
        let report = try await JudgeBench(judges: judges, seed: 1).run(rows(8)).report
        #expect(report.all.mixture.right == 8 && report.all.mixture.judging.flips == 0)
        let wrong = try await JudgeBench(judges: [longer], seed: 1).run(rows(8)).report
        #expect(wrong.all.mixture.right == 2 && wrong.all.mixture.judging.preferences == 8)
        let alike = try await JudgeBench(judges: [biased], seed: 1).run(rows(8)).report
        #expect(alike.all.mixture.judging.flips == 8, "where all judges fail alike, their mixture does")
    }

    @Test func theReportIsJSONOfIntervalsAndShares() async throws {
        let report = try await JudgeBench(judges: [biased], seed: 1).run(rows(2)).report
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let figures = """
            {"accuracy":{"high":0.6576197724933469,"low":0,"n":2,"value":0},"flips":1,"prefers_first":1,\
            "prefers_longer":null,"ties":0,"unparsable":0}
            """
        let text = String(decoding: try encoder.encode(report.all.judges), as: UTF8.self)
        #expect(text == "{\"biased\":\(figures)}")
    }

    @Test func rowsAreReadAsRewardBenchWritesThem() throws {
        func row(_ text: String) throws -> JudgeBenchRow {
            try JSONLines.decode(JudgeBenchRow.self, Data(text.utf8), name: "rows")[0]
        }
        let plain = try row(#"{"prompt": "q", "chosen": "a", "rejected": "b", "subset": "chat", "id": 7}"#)
        #expect(
            plain
                == JudgeBenchRow(
                    prompt: [Message(role: "user", content: "q")],
                    chosen: "a",
                    rejected: "b",
                    subset: "chat"
                )
        )
        let turns = try row(
            """
            {"prompt": [{"role": "user", "content": "q"}], \
            "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], \
            "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]}
            """
        )
        #expect(turns.prompt == plain.prompt && turns.chosen == "a" && turns.subset == JudgeBenchRow.defaultSubset)
        for fault in [
            #"{"prompt": "q", "chosen": "a", "rejected": "a"}"#, #"{"prompt": "q", "chosen": "a"}"#,
            #"{"prompt": [], "chosen": "a", "rejected": "b"}"#, #"{"chosen": "a", "rejected": "b"}"#,
            #"{"prompt": "q", "chosen": [{"role": "user", "content": "a"}], "rejected": "b"}"#, "[]",
        ] {
            #expect(throws: LocalLMError.self) { try row(fault) }
        }
    }
}
