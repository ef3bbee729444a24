import Foundation
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

/// Conversations that the mixture answers turn by turn.
@Suite struct TurnsRoundTests {
    private static func ask(_ number: Int) -> Message { Message(role: "user", content: "echo \(number)") }

    /// Prompt k is a conversation of 1, 2 or 3 turns, with answers of somebody else's after the first.
    private static func rows(_ count: Int) -> [PromptRow] {
        (0..<count).map { k in
            let asked = (0...(k % 3)).map { ask(10 * k + $0) }
            let others = [Message(role: "assistant", content: "not the mixture's")]
            return PromptRow(id: "c\(k)", task: "echo", prompt: Array(asked.map { [$0] }.joined(separator: others)))
        }
    }

    /// - Parameter wrong: a question to which everyone says "wrong", so that its answer is dropped.
    private func round(_ folder: URL, wrong: String? = nil, _ changes: [(String, String)] = []) async throws -> (
        RoundWorld, RoundOutcome
    ) {
        let world = try RoundWorld(
            folder,
            [
                ("  per_round: 48", "  per_round: 30\n  turns: every"),
                ("  aggregator: words", "  aggregator: plurality"),
                ("confidence: own", "confidence: none"),
            ] + changes
        ) { digest, question in
            question == wrong
                ? "" : digest == "nursery student" && Int(question)! >= 1000 ? "wrong" : "It is \(question)"
        }
        try JSONLines.write(Self.rows(30), to: folder.appendingPathComponent("prompts.jsonl"))
        return (world, try await world.round(1, from: "nursery student"))
    }

    @Test("Each turn sees the mixture's own answers to the turns before it, and never the file's") func own()
        async throws
    {
        try await withTemporaryDirectory { folder in
            let (world, _) = try await round(folder)
            let prompts: [PromptRecord] = world.journal.prompts("reduced", round: 1)
            #expect(
                prompts.map(\.turn) == [Int](repeating: 1, count: 30) + [Int](repeating: 2, count: 20)
                    + [Int](repeating: 3, count: 10)
            )
            #expect(prompts.map(\.position) == Array(0..<60))
            for prompt in prompts {
                let first = 10 * Int(prompt.id.dropFirst())!
                var expected: [Message] = []
                for turn in 0..<prompt.turn {
                    if turn > 0 {
                        expected.append(Message(role: "assistant", content: "It is \(first + turn - 1)"))
                    }
                    expected.append(Self.ask(first + turn))
                }
                #expect(prompt.messages == expected)
                #expect(prompt.sha256 == PromptDigest.of(expected))
            }
            let drafts: [DraftRecord] = world.journal.rows()
            #expect(drafts.count == 60 * 4 && Set(drafts.map(\.position)) == Set(0..<60))
            let steps = world.journal.done.filter { $0.step == .propose || $0.step == .aggregate }.map(\.name)
            let turns = ["", ", turn 2", ", turn 3"]
            #expect(Set(steps) == Set(turns.flatMap { ["propose" + $0, "aggregate" + $0] }) && steps.count == 6)
        }
    }

    @Test("A conversation is one row, of which every answer is trained; each of its turns may give a pair")
    func rows() async throws {
        try await withTemporaryDirectory { folder in
            let (world, _) = try await round(folder)
            let job = try #require(world.workplace.jobs.first)
            let bytes = try world.campaign.datasets.read(dataset: job.dataset)
            let rows = try JSONLines.decode(SFTRow.self, bytes, name: "sft")
            #expect(rows.count == 30 && rows.allSatisfy { $0.targets == .everyAnswer })
            #expect(
                rows.map { $0.completion.count / 2 }.sorted() == [1, 2, 3].flatMap { [Int](repeating: $0, count: 10) }
            )
            #expect(!String(decoding: bytes, as: UTF8.self).contains("not the mixture's"))
            let samples: [SampleRecord] = world.journal.rows()
            #expect(Set(samples.map(\.position)).count == min(60, world.campaign.configuration.dpo.prompts))
        }
    }

    @Test("A turn whose answer is dropped ends its conversation, which teaches what came before") func dropped()
        async throws
    {
        try await withTemporaryDirectory { folder in
            // The second turn of conversation 5, which has three.
            let (world, _) = try await round(folder, wrong: "51")
            let turns = world.journal.prompts("reduced", round: 1).filter { $0.id == "c5" }
            #expect(turns.map(\.turn) == [1, 2])
            let answers = world.journal.answers("reduced", round: 1)
            #expect(turns.map { answers[$0.position].kept } == [true, false])
            let job = try #require(world.workplace.jobs.first)
            let rows = try JSONLines.decode(
                SFTRow.self,
                world.campaign.datasets.read(dataset: job.dataset),
                name: "sft"
            )
            let row = try #require(rows.first { $0.completion[0] == Self.ask(50) })
            #expect(row.completion == [Self.ask(50), Message(role: "assistant", content: "It is 50")])
        }
    }

    @Test("What was taught turn by turn is replayed as it was") func replayed() async throws {
        try await withTemporaryDirectory { folder in
            let (world, _) = try await round(folder, [("  per_round: 30", "  per_round: 15")])
            try await world.round(2, from: "nursery student")
            let jobs = world.workplace.jobs.filter { $0.method == .sft }
            let rows = try jobs.map {
                try JSONLines.decode(SFTRow.self, world.campaign.datasets.read(dataset: $0.dataset), name: "sft")
            }
            #expect(rows.map(\.count) == [15, 30])
            #expect(rows[1].suffix(15) == rows[0][...])
        }
    }

    @Test("A conversation whose first question is held out is not begun") func heldOut() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(
                folder,
                [("  per_round: 48", "  per_round: 30\n  turns: every")],
                knows: { _ in true }
            )
            let held = PromptRow(
                id: "held",
                task: "echo",
                prompt: [
                    Self.ask(1000), Message(role: "assistant", content: "1000"), Self.ask(7),
                ]
            )
            let silent = PromptRow(id: "silent", task: "echo", prompt: [Message(role: "assistant", content: "Hello")])
            try JSONLines.write(Self.rows(3) + [held, silent], to: folder.appendingPathComponent("prompts.jsonl"))
            try await world.round(1, from: "nursery student")
            #expect(Set(world.journal.prompts("reduced", round: 1).map(\.id)) == ["c0", "c1", "c2"])
        }
    }
}
