import Foundation
import LocalLM
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct ModelComparisonTests {
    private func marks(_ text: String, _ selection: ScoreFile.Selection = .init(), name: String = "a.jsonl") throws
        -> [Gate.Mark]
    {
        try withTemporaryDirectory { folder in
            let file = folder.appendingPathComponent(name)
            try Data(text.utf8).write(to: file)
            return try ScoreFile(file, selection).marks
        }
    }

    private func compare(_ a: [Gate.Mark], _ b: [Gate.Mark], common: Bool = false) throws -> ModelComparison {
        try ModelComparison(
            a,
            b,
            confidence: 0.95,
            margin: 0.1,
            resamples: 2000,
            seed: 1,
            isCommonEnough: common
        )
    }

    @Test func rowsOfThisProgram() throws {
        let found = try marks(
            """
            {"id": "x", "score": 0.25, "task": "add", "cluster": "t1"}
            {"id": 7, "correct": true, "filter": "a"}

            {"id": "y", "correct": false, "passage": 3, "filter": "b"}
            """
        )
        #expect(found.map(\.id) == ["add/x", "\(PromptRow.defaultTask)/7", "\(PromptRow.defaultTask)/y"])
        #expect(found.map(\.value) == [0.25, 1, 0] && found.map(\.cluster) == ["t1", nil, nil])
        #expect(found[0].slice == "add" && found[1].slice == PromptRow.defaultTask)
    }

    @Test func rowsOfTheHarness() throws {
        func row(_ id: Int, _ filter: String, _ exact: String) -> String {
            """
            {"doc_id": \(id), "doc": {"passage": "p\(id / 2)"}, "target": "1", "resps": [["1"]], \
            "filtered_resps": ["1"], "filter": "\(filter)", \
            "metrics": ["exact_match", "acc"], "exact_match": \(exact), "acc": 0.5}
            """
        }
        let text = [row(0, "strict", "1.0"), row(0, "flexible", "0"), row(1, "strict", "0.0"), row(1, "flexible", "1")]
            .joined(separator: "\n")
        let name = "samples_gsm8k_cot_2026-11-27T10-00-00.123456.jsonl"
        let first = try marks(text, name: name)
        #expect(first.map(\.value) == [1, 0] && first.map(\.slice) == ["gsm8k_cot", "gsm8k_cot"])
        #expect(try marks(text, .init(filter: "flexible"), name: name).map(\.value) == [0, 1])
        let other = try marks(text, .init(cluster: "passage", metric: "acc"), name: name)
        #expect(other.map(\.value) == [0.5, 0.5] && other.map(\.cluster) == ["p0", "p0"])
        try withTemporaryDirectory { folder in
            for task in ["a", "b"] {
                try Data(text.utf8).write(to: folder.appendingPathComponent("samples_\(task)_2026-11-27T10.jsonl"))
            }
            #expect(try ScoreFile(folder).marks.map(\.id) == ["a/0", "a/1", "b/0", "b/1"])
            try Data(text.utf8).write(to: folder.appendingPathComponent("samples_b_2026-11-28T10.jsonl"))
            #expect(throws: SelfImproveError.self) { try ScoreFile(folder) }
        }
    }

    @Test(arguments: [
        "", "[1]", "{\"score\": 1}", "{\"id\": \"a\"}", "{\"id\": \"a\", \"score\": 1.5}",
        "{\"id\": \"a\", \"score\": \"1\"}", "{\"id\": [], \"score\": 1}", "{\"id\": \"a\", \"score\": null}",
        "{\"id\": \"a\", \"score\": 1}\n{\"id\": \"a\", \"score\": 0}",
        "{\"doc_id\": 1, \"metrics\": [\"bleu\"], \"bleu\": 31}",
        "{\"doc_id\": 1, \"metrics\": []}", "{\"id\": \"a\", \"task\": 3, \"score\": 1}", "{",
    ]) func faultsOfFiles(text: String) {
        #expect(throws: (any Error).self) { try marks(text) }
    }

    /// Damaged files are refused, or give marks from 0 to 1.
    @Test func mutatedFiles() throws {
        let valid = Array(
            """
            {"id": "x", "score": 0.25, "task": "add", "cluster": "t1", "filter": "mine"}
            {"id": 7, "correct": true}
            {"doc_id": 3, "doc": {"p": 1}, "filter": "none", "metrics": ["acc"], "acc": 1.0}

            """.utf8
        )
        let words = ["null", "1e999", "-1", "[]", "{}", "\"\"", "true", "\u{0}", "NaN", "0.5", "\"id\"", "\n"]
        var random = RandomStream(key: 17), accepted = 0
        for _ in 0..<4000 {
            var bytes = valid
            for _ in 0...random.integer(below: 3) {
                let place = random.integer(below: bytes.count)
                switch random.integer(below: 3) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.integer(below: 256))
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.integer(below: 12)))
                default: bytes.insert(contentsOf: words[random.integer(below: words.count)].utf8, at: place)
                }
                if bytes.isEmpty { bytes = valid }
            }
            guard let found = try? marks(String(decoding: bytes, as: UTF8.self)) else { continue }
            accepted += 1
            #expect(!found.isEmpty && found.allSatisfy { (0...1).contains($0.value) })
        }
        #expect(accepted > 100, "some are still valid")
    }

    @Test func rowsWithoutTheirCluster() {
        #expect(throws: (any Error).self) { try marks("{\"id\": 1, \"score\": 1}", .init(cluster: "passage")) }
    }

    @Test func figures() throws {
        // 30 prompts: B alone is right in 12, A alone in 3.
        let a = (0..<30).map { Gate.Mark(id: "\($0)", slice: $0 < 15 ? "x" : "y", correct: $0 < 3 || $0 >= 20) }
        let b = (0..<30).map { Gate.Mark(id: "\($0)", slice: $0 < 15 ? "x" : "y", correct: $0 >= 8) }
        let c = try compare(a, b)
        #expect(abs(c.first - 13.0 / 30) < 1e-12 && abs(c.second - 22.0 / 30) < 1e-12)
        #expect(abs(c.difference.value - 0.3) < 1e-12 && c.difference.low > 0 && c.difference.high < 0.6)
        #expect(c.tasks.keys.sorted() == ["x", "y"] && c.tasks["x"]?.n == 15)
        #expect(abs(c.mcNemar! - 0.03515625) < 1e-9)
        // The standard error of the differences: 15 of 30 are not 0.
        let error = ((15.0 - 30 * 0.09) / 29 / 30).squareRoot()
        #expect(abs(c.power.smallest80 - (1.959963984540054 + 0.8416212335729143) * error) < 1e-9)
        #expect(c.power.smallest95 > c.power.smallest80 && c.ruling.difference == c.difference)
        let json = String(decoding: try JSONEncoder().encode(c), as: UTF8.self)
        for key in ["\"estimate\"", "\"mcnemar_p\"", "\"smallest_80\"", "\"tasks\"", "\"outcome\""] {
            #expect(json.contains(key))
        }
    }

    @Test func partMarksHaveNoMcNemar() throws {
        let a = (0..<20).map { Gate.Mark(id: "\($0)", slice: "x", value: 0.25) }
        let b = (0..<20).map { Gate.Mark(id: "\($0)", slice: "x", value: 0.75) }
        let c = try compare(a, b)
        #expect(c.mcNemar == nil && c.difference.value == 0.5 && c.ruling.outcome == .promoted)
        #expect(String(decoding: try JSONEncoder().encode(c), as: UTF8.self).contains("\"mcnemar_p\":null"))
    }

    @Test func promptsWithoutPartnerAreAFaultUnlessTheyMayBeLeftOut() throws {
        func marks(_ range: Range<Int>) -> [Gate.Mark] {
            range.map { Gate.Mark(id: "\($0)", slice: "x", correct: $0 % 2 == 0) }
        }
        #expect(throws: SelfImproveError.self) { try compare(marks(0..<20), marks(5..<25)) }
        let c = try compare(marks(0..<20), marks(5..<25), common: true)
        #expect(c.leftOut == 10 && c.difference.n == 15)
        #expect(throws: SelfImproveError.self) { try compare(marks(0..<5), marks(5..<9), common: true) }
    }

    @Test func clustersWidenTheInterval() throws {
        func marks(_ isNew: Bool, clustered: Bool) -> [Gate.Mark] {
            (0..<200).map {
                let isRight = isNew ? $0 / 20 % 5 < 3 : $0 / 20 % 5 < 2
                return Gate.Mark(
                    id: "\($0)",
                    slice: "x",
                    value: isRight ? 1 : 0,
                    cluster: clustered ? "\($0 / 20)" : nil
                )
            }
        }
        let plain = try compare(marks(false, clustered: false), marks(true, clustered: false))
        let grouped = try compare(marks(false, clustered: true), marks(true, clustered: true))
        #expect(grouped.clusters == 10 && plain.clusters == nil && plain.difference.value == grouped.difference.value)
        #expect(grouped.difference.low < plain.difference.low && grouped.power.smallest80 > plain.power.smallest80)
        #expect(plain.ruling.outcome == .promoted && grouped.ruling.outcome == .inconclusive)
    }
}
