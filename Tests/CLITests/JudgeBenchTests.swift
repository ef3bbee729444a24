import Foundation
import LocalLM
import ModelFiles
import TestSupport
import Testing

/// `judge-bench`, as a user runs it, on models that know nothing.
@Suite struct JudgeBenchCommandTests {
    private struct Figures: Decodable {
        struct Score: Decodable { var value, low, high: Double; var n: Int }
        var accuracy: Score
        var flips, ties, unparsable: Double
        var prefers_longer, prefers_first: Double?
    }

    /// - Parameters:
    ///   - judges: of the configuration.
    ///   - student: nil: a model of the nursery.
    private func bench(_ judges: String, _ arguments: [String] = [], rows: Int = 6) throws -> Program.Result {
        try withTemporaryDirectory { folder in
            var shape = TinyModels.configuration(vocabulary: 80)
            shape.maximumPositions = 4096
            try TinyModels.spelling(shape).save(to: folder.appendingPathComponent("tiny"))
            for (name, range) in [("prompts", 0..<2), ("gate", 2..<4), ("report", 4..<6)] {
                let lines = range.map { #"{"prompt":"say \#($0)","answer":"\#($0)"}"# + "\n" }
                try Data(lines.joined().utf8).write(to: folder.appendingPathComponent("\(name).jsonl"))
            }
            let pairs = (0..<rows).map {
                #"{"prompt":"say \#($0)","chosen":"\#($0)","rejected":"\#($0) no no","subset":"s\#($0 % 2)"}"# + "\n"
            }
            let file = folder.appendingPathComponent("pairs.jsonl"), config = folder.appendingPathComponent("c.yaml")
            try Data(pairs.joined().utf8).write(to: file)
            try Data(
                """
                campaign: tiny
                student: tiny
                peers: [{name: a, model: tiny}]
                prompts: {source: prompts.jsonl, per_round: 2}
                mixture: {proposers: [a, champion], aggregator: plurality, maximum_tokens: 4}
                judges: [\(judges)]
                evaluation: {gate: gate.jsonl, report: report.jsonl}
                stop: {rounds: 1}
                """.utf8
            ).write(to: config)
            let state = folder.appendingPathComponent("state")
            let done = try Program.run(
                ["judge-bench", file.path, "--config", config.path, "--state", state.path] + arguments
            )
            #expect(!FileManager.default.fileExists(atPath: state.path), "nothing is written")
            return done
        }
    }

    private static let both =
        "{kind: likelihood, models: [a]}, "
        + "{kind: written, name: panel, proposers: [a], criteria: initial, aggregator: a, maximum_tokens: 8}"

    @Test func figuresOfEveryJudgeAndOfTheirMixtureAreTheContractsJSON() throws {
        let done = try bench(Self.both, ["--json"])
        #expect(done.code == 0 && done.error.isEmpty, "\(done.error)")
        let figures = try JSONDecoder().decode([String: Figures].self, from: Data(done.out.utf8))
        #expect(figures.keys.sorted() == ["likelihood", "mixture", "panel"])
        #expect(figures.values.allSatisfy { $0.accuracy.n == 6 && $0.accuracy.low <= $0.accuracy.value })
        #expect(figures["likelihood"]?.unparsable == 0 && figures["likelihood"]?.flips == 0)
        #expect(figures["panel"]?.unparsable == 1, "8 tokens of a model that knows nothing are no verdict")
    }

    @Test func peopleGetATableByJudgeAndSubset() throws {
        let done = try bench(Self.both)
        #expect(done.code == 0, "\(done.error)")
        for words in ["all: 6", "s0: 3", "s1: 3", "likelihood", "panel", "mixture", "100.0%", "n = 6)"] {
            #expect(done.out.contains(words), "\(words) in \(done.out)")
        }
    }

    @Test func whatCannotBeMeasuredIsRefusedInWords() throws {
        let agreement = try bench("{kind: agreement}")
        #expect(agreement.code == 2 && agreement.out.isEmpty)
        #expect(agreement.error.contains("the judge agreement") && agreement.error.contains("here is no mixture"))
        let named = try bench("{kind: likelihood, name: mixture, models: [a]}")
        #expect(named.code == 2 && named.error.contains("has the name of the mixture"), "\(named.error)")
        let empty = try bench(Self.both, rows: 0)
        #expect(empty.code == 2 && empty.error.contains("there are no rows"), "\(empty.error)")
    }
}
