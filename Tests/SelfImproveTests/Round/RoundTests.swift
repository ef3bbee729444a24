import Foundation
import Synchronization
import Testing
import TestSupport

@testable import LocalLM
import ModelFiles
@testable import SelfImprove

/// The method alone: no database, no weights, a journal in memory and models that follow a script.
@Suite struct RoundTests {
    /// A campaign whose questions are "echo N", to be answered by N.
    private struct World {
        var journal = MemoryJournal()
        var workplace: ScriptedWorkplace
        var campaign: Campaign
        var asked: Asked

        func prepared() async throws -> PreparedModels { try await Preparation(campaign).run(journal) }

        @discardableResult func round(_ number: Int, from parent: String) async throws -> RoundOutcome {
            let prepared = try await prepared()
            journal.begin(
                RoundRecord(campaign: campaign.name, round: number, parent: parent, startedAt: campaign.now())
            )
            return try await Round(campaign, prepared: prepared, number: number, parent: parent).run(journal)
        }
    }

    /// The models of a world by digest, made once each.
    private final class Asked: Sendable {
        private let models = Mutex<[String: ScriptedModel]>([:])
        private let says: @Sendable (String, _ question: String) -> String

        init(_ says: @escaping @Sendable (String, _ question: String) -> String) { self.says = says }

        func model(_ digest: String) -> ScriptedModel {
            models.withLock { models in
                if let known = models[digest] { return known }
                let says = says
                let model = ScriptedModel(digest, score: { $0 == "wrong" ? -5 : -0.1 }) { request in
                    says(digest, String(request.messages.last!.content.dropFirst(5)))
                }
                models[digest] = model
                return model
            }
        }
    }

    /// - Parameter knows: whether the model of a digest answers right.
    private func world(
        _ folder: URL,
        _ changes: [(String, String)] = [],
        knows: @escaping @Sendable (String) -> Bool = { $0 != "nursery student" },
        outcome: (@Sendable (TrainingJob, StepKey) -> TrainingOutcome)? = nil
    ) throws -> World {
        try world(folder, changes, outcome: outcome) { digest, question in knows(digest) ? question : "wrong" }
    }

    /// - Parameter says: what the model of a digest answers to "echo QUESTION".
    private func world(
        _ folder: URL,
        _ changes: [(String, String)] = [],
        outcome: (@Sendable (TrainingJob, StepKey) -> TrainingOutcome)? = nil,
        says: @escaping @Sendable (_ digest: String, _ question: String) -> String
    ) throws -> World {
        func rows(_ range: Range<Int>, gold: Bool) -> Data {
            JSONLines.encode(
                range.map {
                    PromptRow(
                        id: "\($0)",
                        task: "echo",
                        prompt: [Message(role: "user", content: "echo \($0)")],
                        answer: gold ? "\($0)" : nil
                    )
                }
            )
        }
        try rows(0..<200, gold: false).write(to: folder.appendingPathComponent("prompts.jsonl"))
        try rows(1000..<1050, gold: true).write(to: folder.appendingPathComponent("gate.jsonl"))
        try rows(2000..<2040, gold: true).write(to: folder.appendingPathComponent("report.jsonl"))
        let files = [
            ("  per_round: 48", "  per_round: 48\n  source: \(folder.path)/prompts.jsonl"),
            ("  gate_prompts: 48", "  gate: \(folder.path)/gate.jsonl\n  report: \(folder.path)/report.jsonl"),
            ("  enabled: false", "  enabled: true"), ("  report_prompts: 36\n", ""),
        ]
        let journal = MemoryJournal()
        let workplace = ScriptedWorkplace(
            outcome ?? { job, step in
                .made("\(step.step.rawValue) \(step.round)", TrainingReport(job, log: [Self.step], rows: 1, dropped: 0))
            }
        )
        let asked = Asked(says)
        let campaign = Campaign(
            try ReducedCampaign.configuration(files + changes),
            history: journal,
            datasets: MemoryDatasets(),
            models: ScriptedCatalog { digest, _ in asked.model(digest) },
            workplace: workplace,
            now: { Date(timeIntervalSince1970: 0) }
        )
        return World(journal: journal, workplace: workplace, campaign: campaign, asked: asked)
    }

    private static let step = TrainingStep(
        step: 1,
        loss: 1,
        gradientNorm: 1,
        learningRate: 1,
        tokens: 10,
        targetTokens: 5
    )

    @Test("A whole round runs in memory, and what is better is promoted") func promotion() async throws {
        try await withTemporaryDirectory { folder in
            let world = try world(folder), clock = ContinuousClock(), start = clock.now
            #expect(try await world.round(1, from: "nursery student") == .promoted)
            #expect(clock.now - start < .seconds(5), "no weights, no database")
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
                    == ["most confident", "plurality"]
            )
        }
    }

    @Test("Everything that decides a model stands in its job") func jobs() async throws {
        try await withTemporaryDirectory { folder in
            let world = try world(folder)
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
            let world = try world(
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

    /// What is left to learn is told on the prompts that the mixture answered, the same ones for every champion.
    @Test func theMixtureMayAnswerAPartOfTheReportSet() async throws {
        try await withTemporaryDirectory { folder in
            let part = ("report.jsonl", "report.jsonl\n  mixture_prompts: 20")
            // Even answers are the student's and the new model's, all of them the peers'.
            let world = try world(folder, [part]) { digest, question in
                digest.hasPrefix("nursery") && digest != "nursery student" || Int(question)?.isMultiple(of: 2) == true
                    ? question : "wrong"
            }
            try await world.round(1, from: "nursery student")
            try await world.round(2, from: "sft 1")
            let mixtures = world.journal.evaluations("reduced").filter { $0.subject == .mixture }
            #expect(mixtures.map(\.n) == [20, 20])
            let asked = try mixtures.map { world.journal.evaluationAnswers(try #require($0.id)).map(\.promptId) }
            #expect(asked[0] == asked[1] && Set(asked[0]).count == 20)
            let student = try #require(
                world.journal.evaluation(of: "nursery student", on: .report, campaign: "reduced")?.id
            )
            let right = world.journal.evaluationAnswers(student).count { $0.correct && asked[0].contains($0.promptId) }
            let figures = try #require(world.journal.rounds("reduced").first?.figures).decode([String: Double].self)
            let headroom = try #require(figures["headroom"])
            #expect(abs(headroom - (Double(mixtures[0].correct) - Double(right)) / 20) < 1e-9)
            #expect(headroom > 0)
        }
    }

    @Test("What the journal holds as done is not done again") func resumption() async throws {
        try await withTemporaryDirectory { folder in
            let world = try world(folder)
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
            let world = try world(folder)
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
            let world = try world(
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
            let world = try world(folder, knows: { !$0.hasPrefix("sft") })
            #expect(try await world.round(1, from: "nursery student") == .rejected)
            #expect(world.journal.champion == "nursery student")
        }
    }

    /// Two contexts of the champion with several samples each, and the model that the campaign began with.
    @Test("Proposers with contexts and samples teach the question alone") func contexts() async throws {
        try await withTemporaryDirectory { folder in
            let rows = [
                ExampleRow(
                    task: "echo",
                    messages: [Message(role: "user", content: "echo 7"), Message(role: "assistant", content: "7")]
                ),
                ExampleRow(
                    task: "other",
                    messages: [Message(role: "user", content: "say 8"), Message(role: "assistant", content: "8")]
                ),
            ]
            try JSONLines.write(rows, to: folder.appendingPathComponent("examples.jsonl"))
            let proposers = """
                  proposers:
                    - {name: shown, model: champion, system: Echo., examples: \(folder.path)/examples.jsonl, samples: 3}
                    - {name: asked, model: champion, system: Echo., samples: 2}
                    - initial
                """
            let world = try world(
                folder,
                [
                    ("  proposers: [letters, numbers, words, champion]", proposers),
                    ("  aggregator: words", "  aggregator: plurality\n  filters: {minimum_share: 0.5}"),
                    ("confidence: own", "confidence: none"), ("  per_round: 48", "  per_round: 199"),
                ],
                knows: { _ in false }
            )
            // The student knows where it is shown.
            let models = ScriptedCatalog { digest, _ in
                ScriptedModel(digest) { request in
                    let isShown = request.messages.contains { $0.content == "echo 7" }
                    return isShown || digest.hasPrefix("sft")
                        ? String(request.messages.last!.content.dropFirst(5)) : "no"
                }
            }
            let campaign = Campaign(
                world.campaign.configuration,
                history: world.journal,
                datasets: world.campaign.datasets,
                models: models,
                workplace: world.workplace,
                now: world.campaign.now
            )
            let prepared = try await Preparation(campaign).run(world.journal)
            // Three of six say what the examples show, the others agree on something else.
            #expect(
                world.journal.evaluations("reduced").filter { $0.name == "plurality" }.map(\.correct) == [40],
                "a tie goes to what is listed first"
            )
            world.journal.begin(
                RoundRecord(campaign: "reduced", round: 1, parent: prepared.initial, startedAt: campaign.now())
            )
            let outcome = try await Round(campaign, prepared: prepared, number: 1, parent: prepared.initial).run(
                world.journal
            )
            #expect(outcome == .promoted)
            let prompts: [PromptRecord] = world.journal.rows()
            #expect(prompts.count == 199 && !prompts.contains { $0.messages[0].content == "echo 7" })
            let drafts: [DraftRecord] = world.journal.rows()
            #expect(drafts.count == 199 * 6)
            #expect(drafts.prefix(6).map(\.proposer) == ["shown", "shown", "shown", "asked", "asked", "initial"])
            #expect(drafts.prefix(6).map(\.sample) == [0, 1, 2, 0, 1, 0])
            #expect(drafts.prefix(6).map(\.role) == [.champion, .champion, .champion, .champion, .champion, .initial])
            #expect(
                world.journal.rows(AnswerRecord.self).allSatisfy { $0.kept && $0.hard },
                "with examples is not alone"
            )
            #expect(
                world.journal.rows(AnswerRecord.self).allSatisfy { $0.share == 0.5 },
                "three samples of the six drafts"
            )
            let job = try #require(world.workplace.jobs.first)
            let taught = try JSONLines.decode(SFTRow.self, campaign.datasets.read(dataset: job.dataset), name: "sft")
            #expect(taught.count == 199)
            #expect(taught.allSatisfy { $0.prompt.count == 1 && $0.prompt[0].content.hasPrefix("echo ") })
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

    /// With three layers the aggregator sees drafts of the second: what a rule would make of the first is no
    /// comparison.
    @Test("The aggregator and the rules that it is measured against see the same drafts") func sameDrafts() async throws
    {
        try await withTemporaryDirectory { folder in
            let world = try world(
                folder,
                [("  aggregator: words", "  aggregator: words\n  layers: 3")],
                knows: { _ in true }
            )
            // Candidates are in the system message: a model that sees none of them does not know.
            let peers = ScriptedCatalog { digest, _ in
                ScriptedModel(digest) {
                    $0.messages.count > 1 ? String($0.messages.last!.content.dropFirst(5)) : "wrong"
                }
            }
            let campaign = Campaign(
                world.campaign.configuration,
                history: world.journal,
                datasets: MemoryDatasets(),
                models: peers,
                workplace: world.workplace,
                now: world.campaign.now
            )
            _ = try await Preparation(campaign).run(world.journal)
            let rules = world.journal.evaluations("reduced").filter { $0.subject == .rule }
            #expect(rules.map(\.correct) == [40, 40], "the second layer's drafts, which are right")
        }
    }

    @Test("Answers are compared by what they say, and what few say is not taught") func answersBySense() async throws {
        try await withTemporaryDirectory { folder in
            let changes = [
                ("  aggregator: words", "  aggregator: plurality\n  filters: {minimum_share: 0.5}"),
                ("seed: 5", "seed: 5\nanswers:\n  tasks:\n    echo: {extract: last_number}"),
            ]
            let world = try world(folder, changes) { digest, question in
                let isOdd = Int(question)! % 2 == 1
                return switch digest {
                case "nursery letters": "It is \(question)."
                case "nursery numbers": isOdd ? "I guess 7777." : "So: \(question)"
                case "nursery words": "none of them"
                case "nursery student": isOdd ? "perhaps 8888" : "the answer is \(question).0"
                default: question
                }
            }
            try await world.round(1, from: "nursery student")
            let answers: [AnswerRecord] = world.journal.rows(), prompts: [PromptRecord] = world.journal.rows()
            for (prompt, answer) in zip(prompts, answers) {
                if Int(prompt.id)! % 2 == 1 {
                    #expect(answer.answer.text == "It is \(prompt.id)." && answer.reason == "share")
                } else {
                    #expect(answer.answer.text == "So: \(prompt.id)" && answer.kept && !answer.hard)
                }
            }
            let kept = answers.count(where: \.kept)
            #expect(kept > 10 && kept < 38)
            #expect(world.workplace.jobs[0].weights == .perRow([Double](repeating: 0.6, count: kept)), "all easy")
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
            let world = try world(folder, changes) { digest, question in
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
            let world = try world(folder, [("  confidence: own", "  confidence: \(confidence)")])
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
            let world = try world(folder, [("  confidence: own", "  confidence: peers")])
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
