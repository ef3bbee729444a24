import Foundation
import ModelFiles
import SelfImprove
import Synchronization
import Testing
import TestSupport

@testable import Scheduler

/// Whole campaigns on real (tiny) models, in one process.
@Suite struct CampaignTests {
    private func run(_ state: URL, _ changes: [(String, String)] = [], rounds: Int? = nil) async throws -> (
        Lineage, CampaignEnd
    ) {
        let lineage = try Lineage.open(state: state)
        return (
            lineage,
            try await CampaignRunner(ReducedCampaign.configuration(changes), lineage: lineage).run(rounds: rounds)
        )
    }

    @Test func everyTrainingRowTracesBackToDraftsOrSamples() async throws {
        try await withTemporaryDirectory { state in
            let (lineage, end) = try await run(state)
            #expect(end.reason == "2 of 2 rounds are done")
            let heldOut = try lineage.datasets().filter { $0.kind == .evaluation }
                .reduce(into: Set<String>()) {
                    $0.formUnion(
                        try EvaluationSet(bytes: lineage.files.read(dataset: $1.digest), name: "set").promptDigests
                    )
                }
            #expect(heldOut.count > 60)
            var traced = 0
            for dataset in try lineage.datasets() where dataset.kind == .training(.sft) {
                let rows = try JSONLines.decode(SFTRow.self, lineage.files.read(dataset: dataset.digest), name: "sft")
                #expect(rows.count == dataset.rows)
                for (index, row) in rows.enumerated() {
                    let trace = try lineage.trace(dataset: dataset.digest, row: index)
                    #expect(trace.prompt.messages == row.prompt)
                    #expect(trace.answer?.answer.text == row.completion[0].content)
                    #expect(trace.answer?.kept == true)
                    #expect(trace.drafts.count == 4, "all proposers, the champion among them")
                    #expect(trace.drafts.contains { $0.proposer == "champion" })
                    #expect(!heldOut.contains(trace.prompt.sha256), "an evaluation prompt in training")
                    traced += 1
                }
            }
            for dataset in try lineage.datasets() where dataset.kind == .training(.dpo) {
                let rows = try JSONLines.decode(
                    PreferenceRow.self,
                    lineage.files.read(dataset: dataset.digest),
                    name: "dpo"
                )
                for (index, row) in rows.enumerated() {
                    let trace = try lineage.trace(dataset: dataset.digest, row: index)
                    #expect(trace.prompt.messages == row.prompt)
                    #expect(
                        trace.chosen?.answer.text == row.chosen[0].content
                            && trace.rejected?.answer.text == row.rejected[0].content
                    )
                    #expect(row.chosen != row.rejected)
                    traced += 1
                }
            }
            #expect(traced > 60, "\(traced) rows")
        }
    }

    @Test func roundsRecordTheirFiguresAndARegressionIsSeen() async throws {
        try await withTemporaryDirectory { state in
            let (lineage, _) = try await run(state, [("rounds: 2", "rounds: 9\n  length_ratio: above 0")])
            let rounds = try lineage.rounds("reduced")
            #expect(rounds.count == 1, "the criterion holds after the first round")
            let figures = try #require(rounds[0].figures).decode([String: Double].self)
            // Answers of one word have no pairs of words, and this campaign has no general conversations.
            for figure in RoundFigure.all where figure.key != "distinct_2" && !figure.key.hasPrefix("general_") {
                #expect(figures[figure.key] != nil, "\(figure.key)")
            }
            let reason = try #require(try lineage.campaign("reduced").stopReason)
            #expect(
                reason.hasPrefix("length_ratio of the last round is ") && reason.hasSuffix(", above 0.0"),
                "\(reason)"
            )
            #expect(figures["kept"]! * 48 == Double(try lineage.answers("reduced", round: 1).count { $0.kept }))
            #expect(figures["pairs"] == Double(try lineage.pairs("reduced", round: 1).count))

            // The champion forgets everything: it is held against the model that it came from.
            let record = try lineage.campaign("reduced"), champion = try #require(record.champion),
                initial = try #require(record.initialModel)
            #expect(champion != initial)
            for (model, correct) in [(champion, 0), (initial, 1)] {
                let id = try #require(try lineage.evaluation(of: model, on: .report, campaign: "reduced")?.id)
                try lineage.write { db in
                    try db.execute(
                        sql: "UPDATE evaluation_answers SET correct = ? WHERE evaluation = ?",
                        arguments: [correct, id]
                    )
                    try db.execute(
                        sql: "UPDATE evaluations SET correct = ? * n WHERE id = ?",
                        arguments: [correct, id]
                    )
                }
            }
            _ = try lineage.changeCriteria("reduced", [("length_ratio", "off"), ("regression", "0.5")], at: Date())
            let changed = try lineage.campaign("reduced")
            let situation = try StopSituation(changed, in: lineage, now: Date())
            #expect(try situation.drop() == Interval(value: 1, low: 1, high: 1, n: 36))
            #expect(try changed.criteria().reason(situation)?.hasPrefix("the champion lost 100.0 points") == true)
            // Gone back, the older champion has no better one before it.
            _ = try lineage.rollback("reduced", to: "0", reason: nil, at: Date())
            #expect(try StopSituation(lineage.campaign("reduced"), in: lineage, now: Date()).drop() == nil)
        }
    }

    /// The time of day jumps to and fro: nothing that is computed or decided depends on it.
    @Test func aClockThatJumpsChangesNothing() async throws {
        try await withTemporaryDirectory { folder in
            func run(_ name: String, _ now: @escaping @Sendable () -> Date) async throws -> [String] {
                let lineage = try Lineage.open(state: folder.appendingPathComponent(name))
                let end = try await CampaignRunner(
                    ReducedCampaign.configuration([
                        ("rounds: 2", "rounds: 9\n  patience: 1"), ("enabled: false", "enabled: true"),
                    ]),
                    lineage: lineage,
                    now: now
                ).run()
                let champion = try #require(end.champion)
                #expect(try lineage.champion(of: "reduced", at: .distantFuture) == champion)
                return try [end.reason, champion] + lineage.models().map(\.digest).sorted()
                    + lineage.rounds("reduced").map { "\($0.round) \($0.outcome?.rawValue ?? "") \($0.reason ?? "")" }
            }
            let calls = Mutex(0)
            let jumping = try await run("jumping") {
                let call = calls.withLock {
                    $0 += 1
                    return $0
                }
                return Date(timeIntervalSince1970: call % 2 == 0 ? 4_000_000_000 - Double(call) * 1000 : Double(call))
            }
            let steady = try await run("steady") { Date() }
            #expect(jumping == steady)
        }
    }

    /// Both evaluation files hold gold answers that nobody could write by accident; they must appear nowhere else.
    @Test func aCanaryInTheGoldFilesNeverEntersTraining() async throws {
        try await withTemporaryDirectory { folder in
            let canary = "qzcanaryqz"
            for (name, split) in [("gate", NurseryInstruction.Split.gate), ("report", .report)] {
                let set = try NurseryPrompts.evaluation(split, count: 48, seed: 1)
                let rows = set.items.map {
                    PromptRow(id: $0.id, task: $0.slice, prompt: $0.messages, answer: "\(canary) \(name) \($0.id)")
                }
                try JSONLines.write(rows, to: folder.appendingPathComponent("\(name).jsonl"))
            }
            let files = "gate: \(folder.path)/gate.jsonl\n  report: \(folder.path)/report.jsonl\n  gate_prompts: 48"
            let state = folder.appendingPathComponent("state")
            let (lineage, _) = try await run(state, [("gate_prompts: 48", files)])
            let evaluation = Set(try lineage.datasets().filter { $0.kind == .evaluation }.map(\.digest))
            #expect(evaluation.count == 2)
            var clean = 0
            for dataset in try lineage.datasets() {
                let found = String(decoding: try lineage.files.read(dataset: dataset.digest), as: UTF8.self).contains(
                    canary
                )
                #expect(found == evaluation.contains(dataset.digest), "\(dataset.kind) of round \(dataset.round ?? -1)")
                clean += found ? 0 : 1
            }
            #expect(clean >= 3)
            // Nor in any row of the database: prompts, drafts, answers, samples, settings, events, outputs.
            for suffix in ["", "-wal"] {
                let bytes = try Data(contentsOf: state.appendingPathComponent(Lineage.databaseName + suffix))
                #expect(
                    bytes.range(of: Data("\(canary) gate".utf8)) == nil
                        && bytes.range(of: Data("\(canary) report".utf8)) == nil
                )
            }
        }
    }

    @Test func twoRunsWithTheSameSeedGiveTheSameModelsAndData() async throws {
        try await withTemporaryDirectory { folder in
            let (a, _) = try await run(folder.appendingPathComponent("a")),
                (b, _) = try await run(folder.appendingPathComponent("b"))
            let other = try await run(folder.appendingPathComponent("c"), [("seed: 5", "seed: 6")]).0
            func bytes(_ lineage: Lineage) throws -> Set<String> {
                Set(try lineage.models().map(\.digest) + lineage.datasets().map(\.digest))
            }
            #expect(try bytes(a) == bytes(b))
            #expect(try bytes(a).count >= 10)
            #expect(try bytes(a).isDisjoint(with: bytes(other)))
        }
    }

    @Test func afterARollbackTheNextRoundStartsFromTheOldModelAndNothingIsGone() async throws {
        try await withTemporaryDirectory { state in
            let (lineage, _) = try await run(state, [], rounds: 3)
            let before = try lineage.report("reduced")
            let back = try lineage.rollback("reduced", to: "1", reason: "test", at: Date())
            #expect(back.to == before.rounds[0].champion && back.from == before.champion)
            #expect(try lineage.campaign("reduced").champion == before.rounds[0].champion)
            let (_, end) = try await run(state, [], rounds: 4)
            #expect(end.reason == "4 of 4 rounds are done")
            let after = try lineage.report("reduced")
            #expect(Array(after.rounds.prefix(3)) == before.rounds, "rounds 2 and 3 stay as they were")
            #expect(after.rounds[3].parent == before.rounds[0].champion)
            #expect(after.champion == after.rounds[3].champion)
            let dataset = try #require(try lineage.model(after.rounds[3].stages[0].model)?.dataset)
            #expect(
                Set(try lineage.rows(ofDataset: dataset).map(\.round)) == [1, 4],
                "answers of the rounds that were undone are not replayed"
            )
            #expect(
                try lineage.events("reduced").contains { $0.kind == .rolledBack && $0.message == "back to 1: test" }
            )
            #expect(throws: SelfImproveError.self) { try lineage.rollback("reduced", to: "4", reason: nil, at: Date()) }
            #expect(throws: SelfImproveError.self) { try lineage.rollback("reduced", to: "9", reason: nil, at: Date()) }
        }
    }

    @Test func replayedRowsAreBoundedAndDrawnAnew() async throws {
        try await withTemporaryDirectory { folder in
            let limit = [("  hard_weight: 2\n", "  hard_weight: 2\n  maximum_replayed_rows: 10\n")]
            let (lineage, _) = try await run(folder.appendingPathComponent("a"), limit, rounds: 4)
            let (all, _) = try await run(folder.appendingPathComponent("b"), rounds: 4)
            func rows(_ lineage: Lineage, _ round: Int) throws -> [DatasetRowRecord] {
                try lineage.rows(
                    ofDataset: #require(
                        try lineage.model(lineage.report("reduced").rounds[round - 1].stages[0].model)?.dataset
                    )
                )
            }
            #expect(try rows(lineage, 1).map(\.position) == rows(all, 1).map(\.position))
            let replayed = try [3, 4].map { round in try rows(lineage, round).filter { $0.round < round } }
            #expect(replayed.allSatisfy { $0.count == 10 })
            #expect(Set(replayed[1].map(\.round)).count > 1, "of all earlier rounds")
            #expect(
                replayed[0].map { [$0.round, $0.position] }
                    != replayed[1].filter { $0.round < 3 }.map { [$0.round, $0.position] }
            )
            let before = try rows(all, 4).filter { $0.round < 4 }
            #expect(
                before.count
                    == (try (1...3).reduce(0) { sum, round in try sum + rows(all, round).count { $0.round == round } })
                    && before.count > 10
            )
        }
    }

    @Test func aCriterionThatIsChangedBetweenRoundsIsObeyed() async throws {
        try await withTemporaryDirectory { state in
            let (lineage, first) = try await run(state, [("rounds: 2", "rounds: 1")])
            #expect(first.reason == "1 of 1 rounds are done")
            _ = try lineage.changeCriteria("reduced", [("rounds", "5"), ("tokens", "1")], at: Date())
            let (_, second) = try await run(state, [("rounds: 2", "rounds: 1")])
            #expect(second.reason.hasSuffix("the limit is 1") && second.reason.hasPrefix("it used"))
            #expect(try lineage.rounds("reduced").count == 1)
            #expect(try lineage.events("reduced").contains { $0.kind == .criteriaChanged })
        }
    }

    @Test func theSameNameWithAnotherConfigurationIsRefused() async throws {
        try await withTemporaryDirectory { state in
            let (lineage, _) = try await run(state, [("rounds: 2", "rounds: 1")])
            await #expect(throws: SelfImproveError.self) { try await run(state, [("per_round: 48", "per_round: 60")]) }
            #expect(try lineage.rounds("reduced").count == 1)
        }
    }

    /// Two layers of proposers before the aggregator, a vote as aggregator, DPO off: the other paths of a round.
    @Test func threeLayersAndRulesRunToo() async throws {
        try await withTemporaryDirectory { folder in
            let (lineage, _) = try await run(
                folder.appendingPathComponent("a"),
                [
                    ("aggregator: words", "aggregator: words\n  layers: 3"), ("confidence: own", "confidence: peers"),
                    ("rounds: 2", "rounds: 1"),
                ]
            )
            #expect(try lineage.drafts("reduced", round: 1, layer: 2).count == 4 * 48)
            let (vote, _) = try await run(
                folder.appendingPathComponent("b"),
                [
                    ("aggregator: words", "aggregator: plurality"), ("dpo:", "dpo:\n  enabled: false"),
                    ("rounds: 2", "rounds: 1"),
                ]
            )
            let round = try #require(try vote.rounds("reduced").first)
            #expect(round.dpoModel == nil && round.sftModel != nil)
            #expect(round.reason?.contains("DPO is off") == true)
        }
    }

    /// 60 prompts are a round of 48 and one of 12; a third has none.
    @Test func aCampaignWhosePromptsAreUsedUpEndsAndSaysSo() async throws {
        try await withTemporaryDirectory { folder in
            let file = folder.appendingPathComponent("prompts.jsonl")
            try JSONLines.encode(NurseryPrompts.fresh(count: 60, excluding: [], seed: 3)).write(to: file)
            let source = ("per_round: 48", "per_round: 48\n  source: \(file.path)")
            let (lineage, end) = try await run(
                folder.appendingPathComponent("a"),
                [source, ("rounds: 2", "rounds: 9")]
            )
            #expect(end.reason == "prompts used up: rounds have drawn all that there are")
            #expect(try lineage.rounds("reduced").map(\.outcome) == [.promoted, .promoted], "the gate is off")
            #expect(try (1...2).map { try lineage.prompts("reduced", round: $0).count } == [48, 12])
            #expect(try lineage.campaign("reduced").status == .finished)
            let (earlier, stopped) = try await run(
                folder.appendingPathComponent("b"),
                [source, ("rounds: 2", "prompts: 48")]
            )
            #expect(stopped.reason == "prompts used up: 12 fresh ones are left; prompts is 48")
            #expect(try earlier.rounds("reduced").count == 1)
        }
    }

    @Test func aDamagedModelIsNamedAndNotUsed() async throws {
        try await withTemporaryDirectory { state in
            let (lineage, _) = try await run(state, [("rounds: 2", "rounds: 1")])
            let champion = try #require(try lineage.campaign("reduced").champion)
            let file = lineage.files.modelDirectory(champion).appendingPathComponent("model.safetensors")
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count - 5] ^= 1
            try bytes.write(to: file)
            await #expect { _ = try await run(state, [("rounds: 2", "rounds: 1")], rounds: 2) } throws: { error in
                "\(error)".contains("model.safetensors changed since the model \(champion.prefix(12))")
            }
        }
    }
}
