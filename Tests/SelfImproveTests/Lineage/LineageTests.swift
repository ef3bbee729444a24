import Foundation
import GRDB
import LocalLM
import Testing
import TestSupport

@testable import SelfImprove

/// A lineage built by hand: what it answers, and what it refuses.
@Suite struct LineageTests {
    private static func day(_ number: Int) -> Date { Date(timeIntervalSince1970: 86_400 * Double(number)) }
    private static func digest(_ name: String) -> String { ContentDigest.sha256(name) }

    /// `rounds` rounds: odd ones are promoted (by their DPO model), even ones rejected. Round r is decided on day r.
    private static func fill(_ lineage: Lineage, campaign: String = "c", rounds: Int) throws {
        let configuration = try ReducedCampaign.configuration([("campaign: reduced", "campaign: \(campaign)")])
        let initial = digest("initial")
        try lineage.write { db in
            try CampaignRecord(
                name: campaign,
                seed: 5,
                configuration: configuration,
                criteria: configuration.stop,
                createdAt: day(0)
            ).insert(db)
            try ModelRecord(
                digest: initial,
                kind: .nursery,
                settings: JSONText(["a": 1]),
                seed: 5,
                createdAt: day(0),
                name: "student"
            ).insert(db)
            try ChampionMove(campaign: campaign, model: initial, cause: .initial, message: "begins", at: day(0)).write(
                db
            )
            try evaluation(campaign, 0, initial, correct: 300).insert(db)
            var champion = initial
            for r in 1...rounds {
                let sft = digest("\(campaign) sft \(r)"), dpo = digest("\(campaign) dpo \(r)"), isPromoted = r % 2 == 1
                for (stage, model, parent) in [(Stage.sft, sft, champion), (.dpo, dpo, sft)] {
                    try ModelRecord(
                        digest: model,
                        kind: .stage(stage),
                        parent: parent,
                        campaign: campaign,
                        round: r,
                        settings: JSONText(["rows": r]),
                        seed: 5,
                        createdAt: day(r)
                    ).insert(db)
                    try evaluation(campaign, r, model, correct: 300 + r % 600).insert(db)
                }
                try RoundRecord(
                    campaign: campaign,
                    round: r,
                    parent: champion,
                    sftModel: sft,
                    dpoModel: dpo,
                    challenger: dpo,
                    outcome: isPromoted ? .promoted : .rejected,
                    reason: "+1.0 points (+0.2 to +1.8, n = 1200)",
                    championAfter: isPromoted ? dpo : champion,
                    figures: JSONText(["gain": 0.01, "length_ratio": 1.02, "kept": 0.4]),
                    seconds: 60,
                    startedAt: day(r),
                    endedAt: day(r)
                ).insert(db)
                if isPromoted {
                    champion = dpo
                    try ChampionMove(
                        campaign: campaign,
                        model: dpo,
                        round: r,
                        cause: .promoted,
                        message: "round \(r)",
                        at: day(r)
                    ).write(db)
                }
                for step in StepName.round {
                    try StepRecord(
                        StepKey(campaign: campaign, round: r, step: step),
                        state: .done,
                        value: JSONText(0),
                        usage: Usage(trained: 1000),
                        seconds: 6,
                        startedAt: day(r),
                        endedAt: day(r)
                    ).insert(db)
                }
            }
        }
    }

    private static func evaluation(_ campaign: String, _ round: Int, _ model: String, correct: Int) -> EvaluationRecord
    {
        let score = Score(correct: correct, n: 1200)
        return EvaluationRecord(
            campaign: campaign,
            round: round,
            model: model,
            set: .report,
            subject: .model,
            name: "m",
            n: 1200,
            correct: correct,
            low: score.low,
            high: score.high,
            slices: [.init(slice: "add", n: 1200, correct: correct)],
            createdAt: day(round)
        )
    }

    private func withLineage(rounds: Int = 4, _ body: (Lineage) throws -> Void) throws {
        try withTemporaryDirectory { state in
            let lineage = try Lineage.open(state: state)
            try Self.fill(lineage, rounds: rounds)
            try body(lineage)
        }
    }

    @Test func aliasesAndBeginningsOfDigestsNameModels() throws {
        try withLineage { (lineage: Lineage) throws -> Void in
            for (alias, name) in [
                ("c/initial", "initial"), ("c/champion", "c dpo 3"), ("c/r1", "c dpo 1"), ("c/r2", "c dpo 1"),
                ("c/r2-sft", "c sft 2"), ("c/r4-dpo", "c dpo 4"),
            ] { #expect(try lineage.resolve(alias).digest == Self.digest(name), "\(alias)") }
            let digest = Self.digest("c sft 2")
            #expect(try lineage.resolve(String(digest.prefix(8))).digest == digest)
            #expect(try lineage.resolveWithinLineage(digest).digest == digest)
            for wrong in ["c/r9", "c/nobody", "d/champion", "abcd", "zzzz", "/etc", "../c", "", "c/../c/champion", "%"]
            {
                #expect(throws: SelfImproveError.self, "\(wrong)") { try lineage.resolveWithinLineage(wrong) }
            }
        }
    }

    @Test func whichModelWasChampionAtAMoment() throws {
        try withLineage { (lineage: Lineage) throws -> Void in
            for (day, name) in [(0, "initial"), (1, "c dpo 1"), (2, "c dpo 1"), (3, "c dpo 3"), (9, "c dpo 3")] {
                #expect(try lineage.champion(of: "c", at: Self.day(day)) == Self.digest(name), "day \(day)")
            }
            #expect(try lineage.champion(of: "c", at: Self.day(-1)) == nil)
        }
    }

    @Test func whatMadeAModelAndWhatCameOfIt() throws {
        try withLineage { (lineage: Lineage) throws -> Void in
            #expect(
                try lineage.ancestors(of: Self.digest("c dpo 3")).map(\.digest)
                    == ["c dpo 3", "c sft 3", "c dpo 1", "c sft 1", "initial"].map(Self.digest)
            )
            let offspring = Set(try lineage.descendants(of: Self.digest("c dpo 1")).map(\.digest))
            #expect(
                offspring == Set(["c sft 2", "c dpo 2", "c sft 3", "c dpo 3", "c sft 4", "c dpo 4"].map(Self.digest))
            )
            #expect(try lineage.activeRounds("c") == [1, 3])
        }
    }

    /// The score of the contract's shapes is by the marks that the gate goes by; both stand beside it.
    @Test(arguments: EvaluationMarks.allCases) func scoresAreByTheMarksOfTheGateAndBothAreReported(
        marks: EvaluationMarks
    ) throws {
        try withLineage { (lineage: Lineage) throws -> Void in
            let strict = Score(correct: 300, n: 1200), lenient = Score(correct: 600, n: 1200)
            let primary = marks == .strict ? strict : lenient
            try lineage.write { db in
                var record = Self.evaluation("c", 4, Self.digest("c dpo 3"), correct: 300)
                record.lenient = 600
                record.marks = marks
                (record.low, record.high) = (primary.low, primary.high)
                record.slices = [SliceScore(slice: "add", n: 1200, correct: 300, lenient: 600)]
                try record.insert(db)
            }
            let found = try #require(
                try lineage.evaluation(of: Self.digest("c dpo 3"), on: .report, campaign: "c")
            )
            #expect(found.score == primary && found.slices[0].lenient == 600)
            let report = try lineage.report("c")
            let round = try #require(report.rounds.first { $0.round == 3 })
            #expect(round.score == primary && round.marks == BothScores(strict: strict, lenient: lenient))
            #expect(round.stages[1].marks == round.marks && round.stages[0].marks == nil)
            #expect(report.initial?.marks == nil)
            #expect(try lineage.scores("c")[Self.digest("c dpo 3")] == primary)
            let json = try JSONText(report).text
            #expect(json.contains(#""marks":{"lenient":{"high":"#) && json.contains(#""strict":{"high":"#))
            #expect(
                json.components(separatedBy: #""marks""#).count == 4,
                "two rounds with this champion, and its stage"
            )
        }
    }

    @Test func eventsAreNeitherChangedNorDeleted() throws {
        try withLineage { (lineage: Lineage) throws -> Void in
            #expect(throws: DatabaseError.self) { try lineage.write { try $0.execute(sql: "DELETE FROM events") } }
            #expect(throws: DatabaseError.self) {
                try lineage.write { try $0.execute(sql: "UPDATE events SET message = 'x'") }
            }
            #expect(try lineage.events("c").count == 3)
        }
    }

    /// A database of every earlier schema, with its rows, is brought up to date.
    @Test(arguments: LineageSchema.migrator.migrations.dropLast()) func aDatabaseOfAnEarlierSchemaIsBroughtUpToDate(
        schema: String
    ) throws {
        try withTemporaryDirectory { state in
            let file = state.appendingPathComponent(Lineage.databaseName).path
            let old = try DatabaseQueue(path: file)
            try LineageSchema.migrator.migrate(old, upTo: schema)
            try old.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO campaigns (name, seed, configuration, criteria, status, created_at, program_version)
                        VALUES ('old', '5', ?, '{"rounds":2}', 'interrupted', '2026-01-01 00:00:00.000', '0.0.1');
                        INSERT INTO rounds (campaign, round, parent, started_at)
                        VALUES ('old', 1, 'm', '2026-01-01 00:00:00.000');
                        """,
                    arguments: [JSONText(ReducedCampaign.configuration()).text]
                )
            }
            let number = try #require(Int(schema.prefix(while: \.isNumber)))
            let holdsAnswers = number >= 3
            let late =
                number < 10
                ? (columns: "", values: "") : (columns: "sample, role, finish_reason,", values: "0, 'peer', 'stop',")
            if holdsAnswers {
                try old.write { db in
                    try db.execute(
                        sql: """
                            INSERT INTO prompts
                                (\(number < 13 ? "" : "turn,") campaign, round, position, id, task, messages, sha256)
                            VALUES (\(number < 13 ? "" : "1,") 'old', 1, 0, 'p', 'all', '[]', 'x');
                            INSERT INTO drafts (\(late.columns)
                                campaign, round, layer, position, proposer_index, proposer, model, text, tokens)
                            VALUES
                                (\(late.values) 'old', 1, 1, 0, 0, 'champion', 'm', 'whole', 5),
                                (\(late.values) 'old', 1, 1, 0, 1, 'words', 'w', 'cut', 12);
                            INSERT INTO answers (campaign, round, position, text, kept, reason, hard)
                            VALUES ('old', 1, 0, 'cut', 0, 'truncated', 1);
                            """
                    )
                }
            }
            if number >= 7 {  // the program of that schema writes them itself
                try old.write { db in
                    try db.execute(
                        sql: """
                            UPDATE drafts SET finish_reason = 'length' WHERE text = 'cut';
                            UPDATE drafts SET role = 'champion' WHERE proposer = 'champion';
                            UPDATE answers SET finish_reason = 'length';
                            """
                    )
                }
            }
            let holdsEvaluations = number >= 4
            if holdsEvaluations {
                try old.write { db in
                    try db.execute(
                        sql: """
                            INSERT INTO evaluations
                                (campaign, round, model, "set", subject, name, n, correct, low, high, slices,
                                created_at)
                            VALUES ('old', 0, 'm', 'report', 'model', 'initial', 4, 1, 0.1, 0.6,
                                '[{"slice":"all","n":4,"correct":1}]', '2026-01-01 00:00:00.000');
                            INSERT INTO evaluation_answers (evaluation, prompt_id, slice, output, correct)
                            VALUES (1, 'p', 'all', 'text', 1);
                            """
                    )
                }
            }
            try old.close()
            let lineage = try Lineage.open(state: state)
            if holdsEvaluations {
                let evaluation = try #require(try lineage.evaluations("old").first)
                #expect(evaluation.lenient == nil && evaluation.marks == nil && evaluation.bothScores == nil)
                #expect(evaluation.score == Score(value: 0.25, low: 0.1, high: 0.6, n: 4))
                #expect(evaluation.slices == [SliceScore(slice: "all", n: 4, correct: 1)])
                let answer = try #require(try lineage.evaluationAnswers(1).first)
                #expect(answer.lenient == nil && answer.isRight(by: nil) && answer.isRight(by: .lenient))
            }
            if holdsAnswers {
                // The limit of this campaign is 12 tokens.
                let drafts = try lineage.drafts("old", round: 1)
                #expect(drafts.map(\.answer.finishReason) == [.stop, .length])
                #expect(drafts.map(\.role) == [.champion, .peer])
                #expect(drafts.map(\.sample) == [0, 0] && drafts.map(\.proposer) == ["champion", "words"])
                #expect(try lineage.answers("old", round: 1).map(\.answer.finishReason) == [.length])
                #expect(try lineage.answers("old", round: 1).map(\.share) == [nil])
            }
            let campaign = try lineage.campaign("old")
            #expect(campaign.status == .interrupted && campaign.queuedAt == nil)
            #expect(try campaign.criteria().rounds == 2)
            #expect(try lineage.rounds("old").count == 1)
            try lineage.write { try $0.execute(sql: "UPDATE campaigns SET status = 'queued'") }
            let (orphans, integrity) = try lineage.read { db in
                (
                    try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count,
                    try String.fetchOne(db, sql: "PRAGMA integrity_check")
                )
            }
            #expect(orphans == 0 && integrity == "ok")
        }
    }

    @Test func collectionFreesOnlyWhatNobodyWillGoBackTo() throws {
        try withLineage(rounds: 8) { (lineage: Lineage) throws -> Void in
            for model in try lineage.models() {
                let folder = lineage.files.modelDirectory(model.digest)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data(repeating: 0, count: 1000).write(to: folder.appendingPathComponent("model.safetensors"))
            }
            let planned = try lineage.collectable("c", keeping: 2)
            // Rounds 7 and 8 are the window: their models, and the champions dpo 5 and dpo 7 at their beginning and
            // end.
            let freed = Set(
                (1...6).flatMap { ["c sft \($0)", "c dpo \($0)"] }.filter { $0 != "c dpo 5" }.map(Self.digest)
            )
            #expect(Set(planned.models) == freed && planned.bytes == 11_000)
            #expect(try lineage.collect("c", keeping: 2, at: Self.day(9)) == planned)
            #expect(try lineage.collectedModels() == freed)
            for model in try lineage.models() {
                #expect(
                    FileManager.default.fileExists(atPath: lineage.files.modelDirectory(model.digest).path)
                        != freed.contains(model.digest)
                )
            }
            #expect(throws: SelfImproveError.self) { try lineage.rollback("c", to: "1", reason: nil, at: Self.day(9)) }
            #expect(try lineage.rollback("c", to: "5", reason: nil, at: Self.day(9)).to == Self.digest("c dpo 5"))
            #expect(try lineage.collectable("c", keeping: 2).models.isEmpty)
        }
    }

    /// What a page and a status need stays quick, and the database grows evenly.
    @Test func aThousandRoundsAreNoBurden() throws {
        try withTemporaryDirectory { state in
            let lineage = try Lineage.open(state: state)
            try Self.fill(lineage, campaign: "first", rounds: 500)
            let clock = ContinuousClock()
            func size() throws -> Int {
                try lineage.read {
                    try Int.fetchOne($0, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")!
                }
            }
            let half = try size()
            try Self.fill(lineage, campaign: "second", rounds: 1000)
            let whole = try size()
            let perRound = Double(whole - half) / 1000
            #expect(
                abs(Double(half) / 500 / perRound - 1) < 0.2,
                "\(half) bytes of 500 rounds, \(whole - half) of 1000"
            )
            func time(_ name: String, _ body: () throws -> Void) throws {
                try body()
                // The best of several: other tests run beside this one.
                let best = try (0..<20).map { _ in try clock.measure(body) }.min()!
                print("1,000 rounds: \(name) in \(best)")
                #expect(best < .milliseconds(100), "\(name): \(best)")
            }
            try time("lineage") {
                let found = try lineage.report("second").rounds.count
                #expect(found == 1000)
            }
            try time("latest score") {
                let found = try lineage.evaluation(of: Self.digest("second dpo 999"), on: .report, campaign: "second")
                #expect(found != nil)
            }
            try time("tokens") {
                let found = try lineage.tokensSpent("second")
                #expect(found == 1000 * 1000 * StepName.round.count)
            }
            try time("active rounds") {
                let found = try lineage.activeRounds("second").count
                #expect(found == 500)
            }
            print("1,000 rounds: \(Int(perRound)) bytes a round, without samples")
        }
    }
}
