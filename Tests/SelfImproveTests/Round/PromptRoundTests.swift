import Foundation
import TestSupport
import Testing

import ModelFiles
@testable import SelfImprove

/// What a round draws, and what it tells of it.
@Suite struct PromptRoundTests {
    @Test("A round tells what met a held-out set, and never draws it") func decontamination() async throws {
        try await withTemporaryDirectory { folder in
            let settings = "/prompts.jsonl\n  per_round: 199\n  decontaminate: {ngram: 2}"
            let world = try RoundWorld(
                folder,
                [("  per_round: 48\n", ""), ("/prompts.jsonl", settings)]
            )
            // The gate asks in other words what a prompt asks.
            let gate = folder.appendingPathComponent("gate.jsonl")
            var rows = try JSONLines.read(PromptRow.self, from: gate)
            rows[2].prompt = [Message(role: "user", content: "ECHO, 17!")]
            rows[5].prompt = [Message(role: "user", content: "please echo 18 now")]
            try JSONLines.write(rows, to: gate)
            try await world.round(1, from: "nursery student")
            let event = try #require(world.journal.rows(EventRecord.self).first { $0.kind == .drawn })
            #expect(event.round == 1)
            let report = try #require(event.data).decode(DrawingReport.self)
            #expect(report.overlapping == ["exact": 1, "ngram": 1])
            #expect(
                Set(report.overlaps.map(\.row)) == ["\(gate.path):3", "\(gate.path):6"],
                "\(report.overlaps)"
            )
            #expect(event.message.contains("198 prompts; 2 fell out that met a held-out set (1 the same, 1 in part)"))
            let prompts = world.journal.prompts("reduced", round: 1)
            #expect(prompts.count == 198 && !prompts.contains { ["17", "18"].contains($0.id) })
        }
    }

    @Test("Without such settings there is no event, and the same prompts") func off() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(folder)
            try await world.round(1, from: "nursery student")
            #expect(!world.journal.rows(EventRecord.self).contains { $0.kind == .drawn })
        }
    }

    @Test("The second round draws more of what the champion did not know in the first") func headroom() async throws {
        try await withTemporaryDirectory { folder in
            let rows = (0..<200).map {
                PromptRow(
                    id: "\($0)",
                    task: $0 % 2 == 0 ? "even" : "odd",
                    prompt: [Message(role: "user", content: "echo \($0)")]
                )
            }
            try JSONLines.write(rows, to: folder.appendingPathComponent("mixed.jsonl"))
            let world = try RoundWorld(
                folder,
                [("/prompts.jsonl", "/mixed.jsonl\n  weight_by: headroom")]
            ) { digest, question in
                digest == "nursery student" && Int(question)! % 2 == 1 ? "wrong" : question
            }
            try await world.round(1, from: "nursery student")
            try await world.round(2, from: "nursery student")
            let told = world.journal.rows(EventRecord.self).last { $0.kind == .drawn && $0.round == 2 }
            let weights = try #require(told?.data).decode(DrawingReport.self).weights
            let odd = try #require(weights?["odd"]), even = try #require(weights?["even"])
            #expect(odd > 0.9 && even == PromptWeights.least)
            let second = world.journal.prompts("reduced", round: 2)
            #expect(second.count { $0.task == "odd" } > 38 && second.count { $0.task == "even" } > 0)
        }
    }
}
