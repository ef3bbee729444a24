import Foundation
import Synchronization
import Testing
import TestSupport

@testable import LocalLM
import ModelFiles
@testable import SelfImprove

/// What a round does with what its models say (`RoundWorld`).
@Suite struct RoundTests {
    @Test("A whole round runs in memory, and what is better is promoted") func promotion() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(folder)
            #expect(try await world.round(1, from: "nursery student") == .promoted)
            #expect(world.journal.champion == "sft 1")
            #expect(world.journal.done.map(\.step) == StepName.preparation + StepName.round)
            let drafts: [DraftRecord] = world.journal.rows()
            #expect(drafts.count == 48 * 4)
            #expect(
                drafts.filter { $0.role == .champion }.allSatisfy { $0.model == "nursery student" && $0.layer == 1 }
            )
            let answers: [AnswerRecord] = world.journal.rows()
            #expect(answers.count == 48 && answers.allSatisfy { $0.kept && $0.hard && $0.answer.finishReason == .stop })
            let round = try #require(world.journal.rounds("reduced").first)
            #expect(round.sftModel == "sft 1" && round.outcome == .promoted)
            #expect(world.journal.evaluations("reduced").filter { $0.subject == .mixture }.map(\.correct) == [40])
            #expect(
                world.journal.evaluations("reduced").filter { $0.subject == .rule }.map(\.name)
                    == ["most confident", "surest of task", "plurality"]
            )
        }
    }

    @Test("Everything that decides a model stands in its job") func jobs() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(folder)
            try await world.round(1, from: "nursery student")
            let job = try #require(world.workplace.jobs.first)
            #expect(job.base == "nursery student" && job.method == .sft && job.optimizer == .muon)
            #expect(job.weights == .perRow([Double](repeating: 2, count: 48)), "all of them hard")
            let rows = try JSONLines.decode(
                SFTRow.self,
                world.campaign.datasets.read(dataset: job.dataset),
                name: "sft"
            )
            #expect(rows.count == 48)
            #expect(try JSONText(job).decode(TrainingJob.self) == job)
            #expect(try JSONText([RowWeights.perRow([])]).text == "[[]]")
            // The samples are all right, and all alike: there is nothing to prefer.
            #expect(world.workplace.jobs.count == 1)
        }
    }

    @Test("What the journal holds as done is not done again") func resumption() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(folder)
            let first = try await world.round(1, from: "nursery student")
            let asked = world.asked.model("nursery words").asked.count,
                rows = world.journal.rows(DraftRecord.self).count
            #expect(try await world.round(1, from: "nursery student") == first)
            #expect(world.asked.model("nursery words").asked.count == asked)
            #expect(world.journal.rows(DraftRecord.self).count == rows)
        }
    }

    @Test("The second round draws other prompts and replays what the first one taught") func replay() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(folder)
            try await world.round(1, from: "nursery student")
            try await world.round(2, from: "sft 1")
            let prompts: [PromptRecord] = world.journal.rows()
            #expect(Set(prompts.map(\.id)).count == 96)
            let second = try #require(world.workplace.jobs.last)
            let origins = world.journal.rows(DatasetRowRecord.self).filter { $0.dataset == second.dataset }
            #expect(origins.count { $0.round == 2 } == 48 && origins.count { $0.round == 1 } == 48)
        }
    }

    @Test("Training that diverges costs the round its stage, and the champion stays") func divergence() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(
                folder,
                outcome: { _, _ in .failed("training diverged at step 3 of 9: the loss is nan") }
            )
            #expect(try await world.round(1, from: "nursery student") == .abandoned)
            let round = try #require(world.journal.rounds("reduced").first)
            #expect(round.reason == "nothing to evaluate: training diverged at step 3 of 9: the loss is nan")
            #expect(world.journal.champion == "nursery student")
        }
    }

    @Test("A model that is worse is rejected") func rejection() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(folder, knows: { !$0.hasPrefix("sft") })
            #expect(try await world.round(1, from: "nursery student") == .rejected)
            #expect(world.journal.champion == "nursery student")
        }
    }

    @Test("An example that asks a held-out prompt of the nursery stops the preparation") func hygiene() async throws {
        let held = try PromptSource.nursery.heldOut(.gate, count: 48, seed: 5, comparison: .whole).items[0].messages
        try await withTemporaryDirectory { folder in
            let row = ExampleRow(messages: held + [Message(role: "assistant", content: "x")])
            try JSONLines.write([row], to: folder.appendingPathComponent("examples.jsonl"))
            let campaign = Campaign(
                try ReducedCampaign.configuration([
                    (
                        "proposers: [letters, numbers, words, champion]",
                        "proposers: [letters, {name: shown, model: champion, examples: \(folder.path)/examples.jsonl}]"
                    )
                ]),
                history: MemoryJournal(),
                datasets: MemoryDatasets(),
                models: ScriptedCatalog { digest, _ in ScriptedModel(digest) { _ in "" } },
                workplace: ScriptedWorkplace { _, _ in .failed("no training here") },
                now: { Date(timeIntervalSince1970: 0) }
            )
            let error = await #expect(throws: SelfImproveError.self) {
                try await Preparation(campaign).run(MemoryJournal())
            }
            #expect(error?.message == "an example of a proposer asks a prompt of the gate set")
        }
    }

    @Test("The gate goes by its marks, and both kinds are kept", arguments: EvaluationMarks.allCases)
    func marks(marks: EvaluationMarks) async throws {
        try await withTemporaryDirectory { folder in
            let changes = [
                ("  resamples: 200", "  resamples: 200\n  marks: \(marks.rawValue)"),
                ("seed: 5", "seed: 5\nanswers: {extract: last_number}"),
            ]
            // The student learns what to say, and not the form.
            let world = try RoundWorld(folder, changes) { digest, question in
                digest == "nursery student" ? "no number" : digest == "sft 1" ? "It is \(question)." : question
            }
            let outcome = try await world.round(1, from: "nursery student")
            #expect(outcome == (marks == .lenient ? .promoted : .inconclusive))
            let records = world.journal.evaluations("reduced").filter { $0.model == "sft 1" }
            #expect(records.map(\.correct) == [0, 0] && records.map(\.lenient) == [50, 40])
            #expect(records.allSatisfy { $0.marks == marks && $0.score.value == (marks == .lenient ? 1 : 0) })
            let answers = world.journal.evaluationAnswers(try #require(records[0].id))
            #expect(answers.allSatisfy { !$0.correct && $0.lenient == true })
            let round = try #require(world.journal.rounds("reduced").first)
            #expect(try round.figures?.decode([String: Double].self)["gain"] == (marks == .lenient ? 1 : 0))
        }
    }

    @Test("Every long step reports its progress, scoring too", arguments: ["own", "peers"])
    func progress(confidence: String) async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(folder, [("  confidence: own", "  confidence: \(confidence)")])
            try await world.round(1, from: "nursery student")
            for step in [StepName.baseline, .propose, .aggregate, .sample, .judge, .evaluate] {
                let key = StepKey(campaign: "reduced", round: step == .baseline ? 0 : 1, step: step)
                let reports = world.journal.reports(key)
                #expect(step == .judge || !reports.isEmpty, "\(step)")
                #expect(reports.allSatisfy { $0.done <= $0.total }, "\(step)")
            }
            // Every answer and every score of the mixture's evaluation is told, not its end alone.
            let notes = world.journal.reports(StepKey(campaign: "reduced", round: 0, step: .baseline)).compactMap(
                \.note
            )
            for name in ["letters", "numbers", "words", "champion"] { #expect(notes.contains(name)) }
            #expect(notes.contains { $0.hasPrefix("scored by") } == (confidence == "peers"))
        }
    }

    /// The watchdog of the service kills a daemon that it has not heard of for some time. Here the time is short and
    /// the models are slow: some steps take longer, and none of them may be silent for so long.
    @Test("A slow step is never silent for as long as a watchdog waits") func watchdog() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(folder, [("  confidence: own", "  confidence: peers")])
            let clock = Mutex(Duration.zero), journal = MemoryJournal { clock.withLock { $0 } }
            let slow = ScriptedCatalog { digest, _ in
                ScriptedModel(
                    digest,
                    score: { $0 == "wrong" ? -5 : -0.1 },
                    pause: { clock.withLock { $0 += .seconds(4) } }
                ) {
                    digest == "nursery student" ? "wrong" : String($0.messages.last!.content.dropFirst(5))
                }
            }
            let campaign = Campaign(
                world.campaign.configuration,
                history: journal,
                datasets: world.campaign.datasets,
                models: slow,
                workplace: world.workplace,
                now: world.campaign.now
            )
            let prepared = try await Preparation(campaign).run(journal)
            journal.begin(RoundRecord(campaign: "reduced", round: 1, parent: prepared.initial, startedAt: Date()))
            _ = try await Round(campaign, prepared: prepared, number: 1, parent: prepared.initial).run(journal)
            let watchdog = Duration.seconds(30)
            var long = 0
            for key in journal.done {
                let times = journal.times(key), whole = times[times.count - 1] - times[0]
                let silence = zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? .zero
                #expect(silence < watchdog, "\(key.step) was silent for \(silence) of its \(whole)")
                long += whole > watchdog ? 1 : 0
            }
            #expect(long >= 4, "only steps that take longer prove something: \(long)")
        }
    }
}
