import Foundation
import LocalLM
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct PromptDrawingTests {
    private static let words = [
        "river", "stone", "lamp", "cloud", "seven", "green", "carry", "under", "between", "quiet", "engine", "market",
        "winter", "letter", "copper", "garden", "signal", "window", "yellow", "bridge", "travel", "number", "silver",
    ]

    private static func sentence(_ count: Int, _ random: inout RandomStream) -> String {
        (0..<count).map { _ in words[random.integer(below: words.count)] }.joined(separator: " ")
    }

    private static func rows(_ texts: [String], prefix: String, task: String = "t", gold: Bool = false) -> [PromptRow] {
        texts.enumerated().map { index, text in
            PromptRow(
                id: "\(prefix)\(index)",
                task: task,
                prompt: [Message(role: "user", content: text)],
                answer: gold ? "x" : nil
            )
        }
    }

    private func write(_ rows: [PromptRow], _ name: String, _ folder: URL) throws -> String {
        let file = folder.appendingPathComponent(name)
        try JSONLines.write(rows, to: file)
        return file.path
    }

    private func configuration(_ prompts: String, _ folder: URL, evaluation: [String]) throws -> CampaignConfiguration {
        let gate = evaluation + (0..<20).map { "unlike \($0)" }
        // Longer rows than the nursery's student reads come into the file when it was checked.
        let rows = Self.rows((0..<20).map { "unlike \($0)" }, prefix: "e", gold: true)
        let other = Self.rows((0..<20).map { "other \($0)" }, prefix: "o", gold: true)
        let configuration = try ReducedCampaign.configuration([
            ("  per_round: 48", "  per_round: 48\n\(prompts)"),
            (
                "  gate_prompts: 48",
                "  gate: \(try write(rows, "gate.jsonl", folder))\n  report: \(try write(other, "report.jsonl", folder))"
            ),
            ("  report_prompts: 36\n", ""),
        ])
        _ = try write(Self.rows(gate, prefix: "e", gold: true), "gate.jsonl", folder)
        return configuration
    }

    private func drawing(_ c: CampaignConfiguration, used: Set<String> = []) throws -> PromptDrawing {
        let comparison = try AnswerComparison(c.answers)
        let sets = try HeldOutSet.allCases.map { name in
            let (source, count) = c.evaluation.source(of: name)
            return (name, try source.heldOut(name, count: count, seed: c.seed, comparison: comparison))
        }
        return try PromptDrawing(c, used: used, heldOut: sets)
    }

    @Test("A single file without any settings is drawn as it always was") func asBefore() throws {
        try withTemporaryDirectory { folder in
            let file = try write(Self.rows((0..<300).map { "q \($0)" }, prefix: ""), "p.jsonl", folder)
            let c = try configuration("  source: \(file)", folder, evaluation: [])
            let plain = try PromptSource.file(file).fresh(
                count: 48,
                excluding: ["3"],
                heldOut: [],
                answered: [],
                seed: 77
            )
            let (rows, report) = try drawing(c, used: ["3"]).draw(48, seed: 77)
            #expect(rows.map(\.id) == plain.map(\.id) && rows.count == 48)
            #expect(report.fellOut == 0)
            #expect(try drawing(c).isTold == false)
        }
    }

    @Test("What shares words with a held-out row falls out, named by file and line; a template does not") func overlap()
        throws
    {
        try withTemporaryDirectory { folder in
            var random = RandomStream(key: 3)
            let template =
                "Read the following question with great care and then answer it in a single word only please:"
            let held = (0..<30).map { "\(template) \(Self.sentence(16, &random)) \($0)" }
            var texts = (0..<40).map { "\(template) \(Self.sentence(16, &random)) number \($0)" }
            texts[7] = held[4].uppercased()
            texts[9] = "Now this: " + held[6].split(separator: " ").dropFirst(18).joined(separator: " ") + " indeed"
            texts[11] = held[8]  // word for word
            let file = try write(Self.rows(texts, prefix: "p"), "p.jsonl", folder)
            let c = try configuration("  source: \(file)\n  decontaminate: {ngram: 13}", folder, evaluation: held)
            let (rows, report) = try drawing(c).draw(100, seed: 1)
            #expect(Set((0..<40).map { "p\($0)" }).subtracting(rows.compactMap(\.id)) == ["p7", "p9", "p11"])
            #expect(report.overlapping == ["exact": 2, "ngram": 1])
            let gate = folder.appendingPathComponent("gate.jsonl").path
            #expect(
                Set(report.overlaps.map { "\($0.prompt) \($0.row)" }) == [
                    "\(file):8 \(gate):5", "\(file):10 \(gate):7", "\(file):12 \(gate):9",
                ]
            )
            #expect(report.overlappingFiles == [gate: 3])
            #expect(try drawing(c).left(upTo: .max).count == 37)
            let plan = try PlannedPrompts.measure(c)
            #expect(plan.pool?.prompts == 37 && plan.left?.overlapping == ["exact": 2, "ngram": 1])
            // A row that the campaign did not choose to be measured by is held out like the others.
            var few = c
            few.evaluation.gatePrompts = 1
            #expect(try drawing(few).draw(100, seed: 1).report.overlapping == ["exact": 2, "ngram": 1])
            let all = try configuration(
                "  source: \(file)\n  decontaminate: {common_rows: off}",
                folder,
                evaluation: held
            )
            #expect(try drawing(all).draw(100, seed: 1).rows.isEmpty, "the template is 16 words long")
        }
    }

    @Test("Prompts that are like earlier ones or like one another fall out", arguments: ["rouge_l", "minhash"])
    func near(method: String) throws {
        try withTemporaryDirectory { folder in
            var random = RandomStream(key: 4)
            let sentences = (0..<30).map { "\(Self.sentence(25, &random)) \($0)" }
            let file = try write(Self.rows(sentences + sentences.map { $0 + " again" }, prefix: "p"), "p.jsonl", folder)
            let c = try configuration(
                "  source: \(file)\n  near_duplicates: {method: \(method), threshold: 0.7}",
                folder,
                evaluation: []
            )
            var drawing = try drawing(c, used: ["p0"])
            drawing.keep([
                PromptRecord(
                    campaign: "reduced",
                    round: 1,
                    position: 0,
                    id: "p0",
                    task: "t",
                    messages: [Message(role: "user", content: sentences[0])],
                    sha256: ""
                )
            ])
            let (rows, report) = try drawing.draw(100, seed: 1)
            #expect(rows.count == 29 && report.nearEarlier == 1 && report.nearSameRound == 29)
            #expect(Set(rows.map { Int($0.id!.dropFirst())! % 30 }).count == 29)
            #expect(try drawing.left(upTo: .max).count == 29)
            #expect(try drawing.left(upTo: 5).count == 5)
        }
    }

    @Test("Files give their shares, others what one lacks, and that is told") func shares() throws {
        try withTemporaryDirectory { folder in
            let a = try write(Self.rows((0..<500).map { "a \($0)" }, prefix: "a"), "a.jsonl", folder)
            let b = try write(Self.rows((0..<500).map { "b \($0)" }, prefix: "b"), "b.jsonl", folder)
            let few = try write(Self.rows((0..<10).map { "c \($0)" }, prefix: "c"), "c.jsonl", folder)
            let c = try configuration(
                "  sources: [{file: \(a), share: 3}, {file: \(b), share: 1}, {file: \(few), share: 4}]",
                folder,
                evaluation: []
            )
            let (rows, report) = try drawing(c).draw(80, seed: 1)
            let counts = Dictionary(grouping: rows) { $0.id!.first! }.mapValues(\.count)
            #expect(report.files.map(\.wanted) == [30, 10, 40] && rows.count == 80)
            #expect(counts["c"] == 10 && counts["a"] == 53 && counts["b"] == 17, "30 missing ones, 3 to 1: \(counts)")
            #expect(report.files.map(\.drawn) == [53, 17, 10])
            #expect(report.words.contains("c.jsonl gave 10 for 40"))
            #expect(try drawing(c).draw(80, seed: 1).rows.map(\.id) == rows.map(\.id))
            #expect(try drawing(c).draw(80, seed: 2).rows.map(\.id) != rows.map(\.id))
            let used = Set(rows.compactMap(\.id)), next = try drawing(c, used: used).draw(80, seed: 1).rows
            #expect(used.isDisjoint(with: next.compactMap(\.id)) && next.count == 80)
            #expect(try drawing(c, used: used).left(upTo: .max).count == 930)
        }
    }

    @Test("Quotas add up", arguments: 0..<50) func quotas(seed: Int) {
        var random = RandomStream(key: UInt64(seed))
        let shares = (0..<1 + random.integer(below: 6)).map { _ in random.uniform() + 0.01 }
        let count = random.integer(below: 1000), quotas = PromptDrawing.quotas(of: count, shares)
        #expect(quotas.reduce(0, +) == count, "seed \(seed)")
        let sum = shares.reduce(0, +)
        #expect(zip(quotas, shares).allSatisfy { abs(Double($0) - Double(count) * $1 / sum) <= 1 }, "seed \(seed)")
    }

    @Test("Tasks that the champion does not know are drawn more, and none dies out") func headroom() throws {
        try withTemporaryDirectory { folder in
            let rows = ["known", "unknown"].flatMap { task in
                Self.rows((0..<2000).map { "\(task) \($0)" }, prefix: task, task: task)
            }
            let file = try write(rows, "p.jsonl", folder)
            let c = try configuration("  source: \(file)\n  weight_by: headroom", folder, evaluation: [])
            var weights = PromptWeights()
            weights.tasks["known"] = PromptWeights.least
            weights.tasks["unknown"] = 0.9
            var drawing = try drawing(c)
            drawing.weights = weights
            let drawn = try drawing.draw(500, seed: 1).rows, known = drawn.count { $0.task == "known" }
            #expect(drawn.count == 500 && (30...80).contains(known), "50 are expected: \(known)")
            #expect(try drawing.draw(500, seed: 1).rows.map(\.id) == drawn.map(\.id))
            drawing.weights = nil
            let even = try drawing.draw(500, seed: 1).rows.count { $0.task == "known" }
            #expect((200...300).contains(even), "\(even)")
        }
    }

    @Test("20,000 prompts are compared with everything in seconds") func linear() throws {
        try withTemporaryDirectory { folder in
            var random = RandomStream(key: 5)
            let held = (0..<1000).map { "\(Self.sentence(30, &random)) \($0)" }
            let texts = (0..<20_000).map { "\(Self.sentence(40, &random)) \($0)" }
            let file = try write(Self.rows(texts, prefix: "p"), "p.jsonl", folder)
            let c = try configuration(
                "  source: \(file)\n  decontaminate: {}\n  near_duplicates: {method: minhash}",
                folder,
                evaluation: held
            )
            let drawing = try drawing(c)
            var rows = 0
            let time = try ContinuousClock().measure { rows = try drawing.draw(20_000, seed: 1).rows.count }
            #expect(rows > 18_000)
            #expect(time < .seconds(20), "\(time)")
        }
    }
}
