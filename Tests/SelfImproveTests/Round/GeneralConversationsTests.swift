import Foundation
import Testing
import TestSupport

@testable import LocalLM
import ModelFiles
@testable import SelfImprove

@Suite struct GeneralConversationsTests {
    /// 31 prompts: an example asks one, 10 are held out, and 12 of the other 20 are in every round's training set.
    @Test("What the initial model could do stays in the training set, and is measured on prompts that no training sees")
    func generalConversations() async throws {
        try await withTemporaryDirectory { folder in
            let talk = (0..<31).map { PromptRow(prompt: [Message(role: "user", content: "talk about \($0)")]) }
            try JSONLines.write(talk, to: folder.appendingPathComponent("general.jsonl"))
            let general = "general: {prompts: \(folder.path)/general.jsonl, rows: 12, held_out: 10, temperature: 0}"
            let example = ExampleRow(messages: talk[30].prompt + [Message(role: "assistant", content: "ok")])
            try JSONLines.write([example], to: folder.appendingPathComponent("examples.jsonl"))
            let shown = "{name: shown, model: champion, examples: \(folder.path)/examples.jsonl}"
            let world = try RoundWorld(
                folder,
                [
                    ("tokens: 3000", "tokens: 3000\n  \(general)"),
                    ("[letters, numbers, words, champion]", "[letters, numbers, words, champion, \(shown)]"),
                ]
            )
            try await world.round(1, from: "nursery student")
            let job = try #require(world.workplace.jobs.first)
            let rows = try JSONLines.decode(
                SFTRow.self,
                world.campaign.datasets.read(dataset: job.dataset),
                name: "sft"
            ).filter { $0.prompt.last!.content.hasPrefix("talk") }
            #expect(rows.count == 12 && rows.allSatisfy { $0.completion[0].content == "wrong" }, "the student's words")
            #expect(job.weights.values(60).suffix(12) == [Double](repeating: 1, count: 12)[...])
            let prompts = world.journal.prompts("reduced", round: 0),
                answers = world.journal.answers("reduced", round: 0)
            #expect(prompts.count == 30 && answers.count { !$0.kept } == 10)
            #expect(!prompts.contains { $0.messages == talk[30].prompt }, "an example answers it")
            let heldOut = Set(zip(prompts, answers).filter { $0.1.reason == "held out" }.map(\.0.messages))
            #expect(heldOut.count == 10 && rows.allSatisfy { !heldOut.contains($0.prompt) })
            let origins = world.journal.rows(DatasetRowRecord.self).filter { $0.round == 0 }
            #expect(origins.count == 12 && origins.allSatisfy { prompts[$0.position].task == "general" })
            let figures = try #require(world.journal.rounds("reduced").first?.figures).decode([String: Double].self)
            // The student says "wrong" to everything, the new model what follows the first five characters.
            #expect(figures["general_loss"] == 0, "the script scores them alike")
            #expect(try #require(figures["general_length"]) > 0)
            #expect(world.journal.rows(GeneralAnswerRecord.self).count == 20, "the initial model and the new one")

            // The second round takes another choice, and replays nothing of the first one's.
            try await world.round(2, from: "sft 1")
            let next = try JSONLines.decode(
                SFTRow.self,
                world.campaign.datasets.read(dataset: #require(world.workplace.jobs.last).dataset),
                name: "sft"
            ).filter { $0.prompt.last!.content.hasPrefix("talk") }
            #expect(next.count == 12 && next != rows)
        }
    }
}
