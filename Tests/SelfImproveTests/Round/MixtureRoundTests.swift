import Foundation
import Testing
import TestSupport

@testable import LocalLM
import ModelFiles
@testable import SelfImprove

/// How the members of a mixture answer in a round, and what of it is taught.
@Suite struct MixtureRoundTests {
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
            let world = try RoundWorld(
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

    /// With three layers the aggregator sees drafts of the second: what a rule would make of the first is no
    /// comparison.
    @Test("The aggregator and the rules that it is measured against see the same drafts") func sameDrafts() async throws
    {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(
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
            #expect(rules.map(\.correct) == [40, 40, 40], "the second layer's drafts, which are right")
        }
    }

    @Test("Answers are compared by what they say, and what few say is not taught") func answersBySense() async throws {
        try await withTemporaryDirectory { folder in
            let changes = [
                ("  aggregator: words", "  aggregator: plurality\n  filters: {minimum_share: 0.5}"),
                ("seed: 5", "seed: 5\nanswers:\n  tasks:\n    echo: {extract: last_number}"),
            ]
            let world = try RoundWorld(folder, changes) { digest, question in
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

    /// What is left to learn is told on the prompts that the mixture answered, the same ones for every champion.
    @Test func theMixtureMayAnswerAPartOfTheReportSet() async throws {
        try await withTemporaryDirectory { folder in
            let part = ("report.jsonl", "report.jsonl\n  mixture_prompts: 20")
            // Even answers are the student's and the new model's, all of them the peers'.
            let world = try RoundWorld(folder, [part]) { digest, question in
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

    /// Every tenth question is too long for everybody, and another tenth for one of the peers.
    @Test func whatIsTooLongForAModelCostsThatPromptAlone() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(
                folder,
                says: { digest, question in
                    let number = Int(question) ?? 1
                    if number % 10 == 0 || number % 10 == 1 && digest == "nursery letters" { return nil }
                    return digest == "nursery student" ? "wrong" : question
                }
            )
            #expect(try await world.round(1, from: "nursery student") == .promoted)
            let prompts = world.journal.prompts("reduced", round: 1)
            let answers = world.journal.answers("reduced", round: 1)
            let drafts = world.journal.rows(DraftRecord.self)
            for (prompt, answer) in zip(prompts, answers) {
                let number = try #require(Int(prompt.id)), own = drafts.filter { $0.position == prompt.position }
                #expect((answer.reason == "unanswered") == (number % 10 == 0), "\(number)")
                #expect(own.isEmpty == (number % 10 == 0))
                if number % 10 == 1 { #expect(!own.contains { $0.proposer == "letters" } && own.count == 3) }
            }
            #expect(answers.contains { $0.reason == "unanswered" })
            let gate = try #require(world.journal.evaluation(of: "sft 1", on: .gate, campaign: "reduced"))
            #expect(gate.n == 50 && gate.correct == 45, "what it cannot read is wrong")
        }
    }

    @Test func aModelThatCanReadNothingIsAFault() async throws {
        try await withTemporaryDirectory { folder in
            let world = try RoundWorld(folder, says: { digest, _ in digest == "nursery words" ? nil : "wrong" })
            await #expect { _ = try await world.round(1, from: "nursery student") } throws: {
                "\($0)".contains("nursery words") && "\($0)".contains("too long")
            }
        }
    }
}
