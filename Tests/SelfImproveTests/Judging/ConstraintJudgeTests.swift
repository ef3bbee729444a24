import Foundation
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

/// A judge that goes by what prompts themselves ask for.
@Suite struct ConstraintJudgeTests {
    private func verdict(_ first: String, _ second: String, _ constraints: [Constraint]) async throws -> Verdict {
        let comparison = Comparison(
            messages: [],
            first: first,
            second: second,
            mixture: "",
            constraints: constraints,
            key: 1
        )
        return try await ConstraintJudge().judge([comparison], progress: { _ in }).judgements[0].verdict
    }

    @Test("Of two answers the one that meets more wins, in either order, and as many are a tie")
    func verdicts() async throws {
        let asked: [Constraint] = [.noComma, .quotation, .words(.init(.lessThan, 4))]
        #expect(try await verdict("\"a\"", "a, b", asked) == .first)
        #expect(try await verdict("a, b", "\"a\"", asked) == .second)
        #expect(try await verdict("a b c d", "\"a, b, c, d\"", asked) == .tie)
        #expect(try await verdict("a", "", []) == .tie)
    }

    /// - Parameter judge: a line of the configuration.
    private func prompts(_ folder: URL, judge: String) async throws -> [PromptRecord] {
        let rows = (0..<12).map { k in
            let stated = #","instruction_id_list":["punctuation:no_comma"],"kwargs":[{}]"#
            return #"{"id":"\#(k)","task":"echo","prompt":"echo \#(k)","note":"gold"\#(k < 6 ? stated : "")}"#
        }
        try Data((rows.joined(separator: "\n") + "\n").utf8).write(to: folder.appendingPathComponent("stated.jsonl"))
        let changes = [
            ("  per_round: 48", "  per_round: 12"), ("prompts.jsonl", "stated.jsonl"),
            ("  aggregator: words", "  aggregator: plurality"), ("confidence: own", "confidence: none"),
            ("judges:", "judges:" + judge),
        ]
        let world = try RoundWorld(folder, changes) { _, question in question }
        try await world.round(1, from: "nursery student")
        return world.journal.prompts("reduced", round: 1)
    }

    @Test("What a prompt's row states reaches the judge that asks for it, and nothing else of the row does")
    func rows() async throws {
        try await withTemporaryDirectory { folder in
            let unasked = try await prompts(folder, judge: "")
            #expect(unasked.count == 12 && unasked.allSatisfy { $0.constraints == nil }, "nobody asks")
        }
        try await withTemporaryDirectory { folder in
            let asked = try await prompts(folder, judge: "\n  - kind: constraint")
            #expect(asked.count { $0.constraints != nil } == 6)
            for prompt in asked { #expect(try prompt.stated == (Int(prompt.id)! < 6 ? [.noComma] : [])) }
            #expect(!asked.contains { $0.constraints?.text.contains("gold") == true })
        }
    }

    @Test(
        "A judge that nothing states anything to is a fault, and so is what cannot be read",
        arguments: [
            (#"{"prompt": "a"}"#, "no prompt states"),
            (#"{"prompt": "a", "instruction_id_list": ["x:y"], "kwargs": [{}]}"#, "row 1: unknown instruction x:y"),
        ]
    ) func faults(row: String, says: String) throws {
        try withTemporaryDirectory { folder in
            let file = folder.appendingPathComponent("prompts.jsonl")
            try Data((row + "\n").utf8).write(to: file)
            let error = #expect(throws: (any Error).self) {
                try ReducedCampaign.configuration([
                    ("  per_round: 48", "  per_round: 1\n  source: \(file.path)"),
                    ("judges:", "judges:\n  - kind: constraint"),
                ])
            }
            #expect("\(error!)".contains(says), "\(error!)")
        }
    }
}
