import Foundation
import ModelFiles
@testable import SelfImprove
import Synchronization
import TestSupport
import Testing

@testable import Scheduler

/// Quarantines on campaigns in SQLite: two proposers, an aggregator and a judge.
@Suite struct QuarantineTests {
    private func withWorld(
        drafts: @escaping @Sendable (_ question: Int) -> Bool = { $0 % 2 == 0 },
        drops: @escaping @Sendable (_ question: Int) -> Bool = { _ in false },
        _ body: (StoredWorld) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { try await body(StoredWorld($0, drafts: drafts, drops: drops)) }
    }

    @Test("Later rounds replay every row but those that carry the peer's drafts, and all again once it is lifted")
    func replay() async throws {
        try await withWorld { world in
            try await world.rounds(2)
            let before = try world.taught(1...2)
            #expect(try world.replayed(2) == world.taught(1...1) && before.count == 40)
            try world.quarantine("letters")
            try await world.rounds(1)
            let clean = before.filter { $0[1] % 2 == 1 }
            #expect(try world.replayed(3) == clean && clean.count > 8 && clean.count < 32)
            #expect(try world.lineage.rounds("reduced").map { try $0.honoured().map(\.peer) } == [[], [], ["letters"]])
            try world.quarantine("letters", lift: true)
            try await world.rounds(1)
            #expect(try world.replayed(4) == world.taught(1...3), "also the rows of the round that honoured it")
            #expect(try world.lineage.rounds("reduced")[3].quarantines == nil)
        }
    }

    @Test("With since, the rows of earlier rounds stay")
    func since() async throws {
        try await withWorld { world in
            try await world.rounds(2)
            try world.quarantine("letters", since: "2")
            try await world.rounds(1)
            let expected = try world.taught(1...1) + world.taught(2...2).filter { $0[1] % 2 == 1 }
            #expect(try world.replayed(3) == expected)
        }
    }

    @Test("A round that has begun keeps what it would have drawn, whatever is placed or lifted meanwhile")
    func aRoundThatHasBegun() async throws {
        try await withWorld { world in
            try await world.rounds(2)
            let third = try await world.begin()
            #expect(try world.quarantine("letters").fromRound == 4)
            try await world.end(third)
            #expect(try world.replayed(3) == world.taught(1...2))
            let fourth = try await world.begin()
            try world.quarantine("letters", lift: true)
            try await world.end(fourth)
            #expect(try world.replayed(4) == world.taught(1...3).filter { $0[1] % 2 == 1 })
        }
    }

    @Test("The counts are those of the rows, round by round and step by step")
    func counts() async throws {
        try await withWorld { world in
            try await world.rounds(2)
            let report = try world.quarantine("letters", reason: "swapped weights")
            #expect(report.change == .placed && report.inForce && report.scope.words == "proposer")
            #expect(report.rounds.map(\.round) == [1, 2])
            var own: [Int] = []
            for round in 1...2 {
                let counts = report.rounds[round - 1].counts
                let drafts = try world.lineage.drafts("reduced", round: round).filter { $0.proposer == "letters" }
                own.append(try world.taught(round...round).count { $0[1] % 2 == 0 })
                #expect(counts.drafts == drafts.count && drafts.count > 0)
                #expect(counts.answers == Set(drafts.map(\.position)).count)
                #expect(counts.sftRows == own[round - 1] && own[round - 1] > 0)
                #expect(counts.replayedRows == (round == 2 ? own[0] : 0))
                #expect(counts.verdicts == 0 && counts.pairs == 0 && counts.dpoRows == 0, "it judges nothing")
            }
            #expect(report.total.sftRows == own.reduce(0, +) && report.total.replayedRows == own[0])
            #expect(report.models.map(\.model) == ["dpo 1", "sft 1", "dpo 2", "sft 2"])
            #expect(report.champions.map(\.round) == [1, 2])
            #expect(report.champions.map(\.isChampionNow) == [false, true])
            #expect(report.rollback?.to == "0" && report.rollback?.model == "nursery student")
            let event = try #require(try world.lineage.events("reduced").last { $0.kind == .quarantined })
            #expect(event.message.hasPrefix("letters: swapped weights (tester; \(report.total.drafts) drafts"))
            let note = try #require(event.data).decode(JSONValue.self)
            #expect(note["actor"]?.string == "tester" && note["reason"]?.string == "swapped weights")
            #expect(note["counts"]?["drafts"]?.real == Double(report.total.drafts))
        }
    }

    @Test("The rollback that is proposed is one that can be done, and ends at a champion free of it")
    func theWayBack() async throws {
        try await withWorld { world in
            try await world.rounds(3)
            let report = try world.quarantine("letters", since: "2")
            let back = try #require(report.rollback)
            #expect(
                back.to == "1"
                    && back.command == "selfimprove rollback reduced --to 1 --reason \"quarantine of letters\""
            )
            #expect(try world.champion() != back.model, "nothing was done")
            #expect(try world.lineage.rollback("reduced", to: back.to, reason: nil, at: Date()).to == back.model)
            #expect(try world.quarantine("letters", since: "2").rollback == nil)
            // Of a champion that was freed, the one before it.
            try FileManager.default.removeItem(at: world.lineage.files.modelDirectory(back.model))
            _ = try world.lineage.rollback("reduced", to: "2", reason: nil, at: Date())
            #expect(try world.quarantine("letters", since: "2").rollback?.to == "0")
        }
    }

    @Test("After a rollback the line that goes on is free of what the other one was trained on")
    func branches() async throws {
        // Letters speaks in round 2; in others only to questions that nothing is made of.
        let isSpeaking = Mutex(false), isVain: @Sendable (Int) -> Bool = { $0 % 5 == 3 }
        let speaks: @Sendable (Int) -> Bool = { isSpeaking.withLock { $0 } || isVain($0) }
        try await withWorld(drafts: speaks, drops: isVain) { world in
            try await world.rounds(1)
            isSpeaking.withLock { $0 = true }
            try await world.rounds(1)
            isSpeaking.withLock { $0 = false }
            try await world.rounds(1)
            let before = try world.quarantine("letters")
            #expect(before.rollback?.to == "1")
            _ = try world.lineage.rollback("reduced", to: "1", reason: nil, at: Date())
            try await world.rounds(1)
            let after = try world.quarantine("letters")
            #expect(after.change == .none)
            #expect(Set(after.models.map(\.model)) == ["sft 2", "dpo 2", "sft 3", "dpo 3"])
            #expect(after.champions.map(\.round) == [2, 3] && !after.champions.contains { $0.isChampionNow })
            #expect(after.rollback == nil)
            #expect(after.rounds.map(\.round) == [1, 2, 3, 4] && after.rounds.allSatisfy { $0.counts.drafts > 0 })
            #expect(after.rounds.filter { $0.counts.sftRows > 0 }.map(\.round) == [2])
            #expect(
                after.rounds.filter { $0.counts.replayedRows > 0 }.map(\.round) == [3],
                "replayed before it was placed"
            )
            let carrying = try world.lineage.report(model: "dpo 3").quarantines
            #expect(carrying?.map(\.peer) == ["letters"])
            #expect(try world.lineage.report(model: "dpo 4").quarantines == nil)
        }
    }

    @Test("A judge in quarantine: its pairs and their models, and no row of SFT")
    func judges() async throws {
        try await withWorld { world in
            try await world.rounds(2)
            let report = try world.quarantine("panel")
            #expect(report.scope.judges == ["panel"] && report.scope.proposers.isEmpty)
            for round in 1...2 {
                let counts = report.rounds[round - 1].counts, pairs = try world.lineage.pairs("reduced", round: round)
                #expect(counts.verdicts == (try world.lineage.verdicts("reduced", round: round).count))
                #expect(counts.pairs == pairs.count && counts.dpoRows == pairs.count && pairs.count > 0)
                #expect(counts.drafts == 0 && counts.sftRows == 0)
            }
            // SFT of round 2 began with the champion of round 1, which came of such pairs.
            #expect(Set(report.models.map(\.model)) == ["dpo 1", "sft 2", "dpo 2"])
            try await world.rounds(1)
            #expect(try world.replayed(3) == world.taught(1...2))

            let both = try world.quarantine("numbers")
            #expect(both.scope.proposers == ["numbers"] && both.scope.judges == ["panel"], "also as what panel asks")
            #expect(both.total.pairs > 0 && both.total.drafts == 60)
            #expect(try world.quarantine("words").scope.aggregators == ["words"])
            try await world.rounds(1)
            #expect(try world.replayed(4).isEmpty, "numbers drafted for everything")
        }
    }

    @Test("The same request again changes nothing, another one takes its place, and an unknown name lists the known")
    func requests() async throws {
        try await withWorld { world in
            try await world.rounds(2)
            func events() throws -> Int {
                try world.lineage.events("reduced").count { [.quarantined, .quarantineLifted].contains($0.kind) }
            }
            #expect(try world.quarantine("letters", lift: true).change == .none, "there is nothing to lift")
            #expect(try world.quarantine("letters", since: "2", reason: "a").change == .placed)
            #expect(try world.quarantine("letters", since: "2", reason: "a").change == .none)
            #expect(try world.quarantine("letters", since: "2").change == .none)
            #expect(try events() == 1)
            #expect(try world.quarantine("letters", since: "2", reason: "b").change == .changed)
            #expect(try world.quarantine("letters").change == .changed)
            #expect(try world.lineage.quarantines("reduced").map(\.notice.words) == ["letters"])
            #expect(try world.quarantine("panel", reason: "c").change == .placed)
            #expect(try world.lineage.report("reduced").quarantines?.map(\.words) == ["letters", "panel: c"])
            let status = try CampaignStatus(world.lineage.campaign("reduced"), lineage: world.lineage)
            #expect(status.quarantines?.map(\.peer) == ["letters", "panel"])
            #expect(try world.quarantine("letters", lift: true).change == .lifted)
            #expect(try world.quarantine("letters", lift: true).change == .none)
            #expect(try events() == 5 && world.lineage.quarantines("reduced").map(\.peer) == ["panel"])

            func refusal(_ peer: String, since: String? = nil, lift: Bool = false) -> String {
                do {
                    try world.quarantine(peer, since: since, lift: lift)
                    return "none"
                } catch { return "\(error)" }
            }
            let known = "there are: letters, numbers, panel, words"
            for name in ["leters", "champion", "", String(repeating: "x", count: 100_000)] {
                #expect(refusal(name).contains(known) && refusal(name).count < 400, "\(refusal(name))")
                #expect(refusal(name, lift: true).contains(known))
            }
            #expect(refusal("letters", since: "3").contains("there are: 1 to 2"))
            #expect(refusal("letters", since: "0").contains("there are: 1 to 2"))
            #expect(refusal("letters", since: "yesterday").contains("such as 2, or 2026"))
            #expect(refusal("letters", since: "2999-01-01T00:00:00Z").contains("lies in the future"))
            #expect(refusal("panel", since: "1", lift: true).contains("lifted as a whole"))
            #expect(try events() == 5)
        }
    }

    @Test("A moment means what was recorded at it or later, step by step")
    func moments() async throws {
        try await withWorld { world in
            try await world.rounds(3)  // at 2000, 3000 and 4000 seconds
            func first(_ seconds: Double) throws -> [Int] {
                let moment = Moment(Date(timeIntervalSince1970: seconds))
                try world.quarantine("letters", since: "\(moment)")
                let first = try #require(try world.lineage.quarantines("reduced").first).first
                return [first.drafts, first.answers, first.verdicts]
            }
            #expect(try first(10) == [1, 1, 1])
            #expect(try first(3000) == [2, 2, 2])
            #expect(try first(3001) == [3, 3, 3])
            #expect(try first(4001) == [4, 4, 4], "of what comes")
            try world.lineage.write { db in
                try db.execute(
                    sql: "UPDATE steps SET ended_at = ? WHERE round = 2 AND step IN ('prompts', 'propose')",
                    arguments: [Date(timeIntervalSince1970: 2500)]
                )
            }
            #expect(try first(2600) == [3, 2, 2])
            // A round that was given up before it drafted says nothing; one that runs will draft later.
            try world.lineage.write { db in
                try db.execute(sql: "DELETE FROM steps WHERE round = 2 AND step = 'propose'")
            }
            #expect(try first(3500) == [3, 3, 3])
            let fourth = try await world.begin()
            #expect(try first(4500) == [4, 4, 4])
            try await world.end(fourth)
        }
    }

    @Test("What the database calls tainted is what the rule of a row calls so")
    func oneRule() async throws {
        try await withWorld { world in
            try await world.rounds(2)
            try world.quarantine("letters", since: "2")
            try world.quarantine("words")
            let all = try world.lineage.quarantines("reduced")
            for round in 0...2 {
                for quarantines in [all, Array(all.prefix(1)), Array(all.suffix(1)), []] {
                    let drafts = try world.lineage.drafts("reduced", round: round).filter { draft in
                        quarantines.contains { $0.carries(draft) }
                    }
                    let answers = try world.lineage.answers("reduced", round: round).filter { answer in
                        quarantines.contains { $0.carries(answer) }
                    }
                    #expect(
                        try world.lineage.tainted("reduced", round: round, by: quarantines)
                            == Set(drafts.map(\.position) + answers.map(\.position))
                    )
                }
            }
        }
    }

    @Test("An answer and a pair carry who wrote their prompt")
    func writtenPrompts() async throws {
        try await withWorld { world in
            try await world.rounds(2)
            let origin = PromptOrigin(source: "magpie", kind: .magpie, model: "letters", generation: 0, seeds: [])
            try world.lineage.write { db in
                try db.execute(
                    sql: "UPDATE prompts SET origin = ? WHERE position % 3 = 0",
                    arguments: [JSONText(origin)]
                )
            }
            var scope = QuarantineScope()
            func tainted(_ round: Int, first: Int) throws -> Set<Int> {
                let quarantine = Quarantine(peer: "letters", actor: "tester", scope: scope, first: .init(first))
                return try world.lineage.tainted("reduced", round: round, by: [quarantine])
            }
            #expect(try tainted(1, first: 1).isEmpty)
            scope.writers = ["magpie"]
            #expect(try tainted(1, first: 1) == [0, 3, 6, 9, 12, 15, 18] && tainted(1, first: 2).isEmpty)
            let quarantine = Quarantine(peer: "letters", actor: "tester", scope: scope, first: .init(2))
            let models = try world.lineage.models(carrying: quarantine, campaign: "reduced").map(\.digest)
            #expect(models.contains("sft 2") && !models.contains("sft 1"))
            let report = try world.lineage.quarantineReport(
                quarantine,
                world.lineage.campaign("reduced"),
                .none,
                inForce: true
            )
            let pairs = try world.lineage.pairs("reduced", round: 2).count { $0.position % 3 == 0 }
            #expect(report.total.prompts == 7 && report.total.drafts == 0 && report.total.pairs == pairs && pairs > 0)
            #expect(try JSONText(report.total).decode(QuarantineReport.Counts.self) == report.total)
        }
    }

    @Test("A conversation carries what one of its turns carries")
    func turns() async throws {
        try await withTemporaryDirectory { folder in
            // Letters answers even questions: the first or the second turn of every conversation.
            let world = try StoredWorld(folder, drafts: { $0 % 2 == 0 }, drops: { _ in false }, turns: true)
            try await world.rounds(1)
            let prompts = try world.lineage.prompts("reduced", round: 1)
            #expect(prompts.map(\.turn) == [Int](repeating: 1, count: 20) + [Int](repeating: 2, count: 20))
            try world.quarantine("letters")
            try await world.rounds(1)
            #expect(try world.replayed(2).isEmpty, "each has an even question")
            let tainted = try world.lineage.tainted("reduced", round: 1, by: world.lineage.quarantines("reduced"))
            for prompt in prompts where prompt.turn == 1 {
                #expect(tainted.contains(prompt.position) == (Int(prompt.id)! % 2 == 0), "what follows taints nothing")
            }
        }
    }

    @Test("A quarantine that cannot be read lets no round begin, and costs no other campaign its status")
    func damaged() async throws {
        try await withWorld { world in
            try await world.rounds(1)
            try world.lineage.write { db in
                try EventRecord(
                    campaign: "reduced",
                    kind: .quarantined,
                    message: "letters",
                    data: JSONText(["peer": "letters"]),
                    at: world.clock.value
                ).insert(db)
            }
            await #expect {
                _ = try await world.begin()
            } throws: {
                "\($0)".contains("quarantined, cannot be read")
            }
            #expect(try world.lineage.latestRound("reduced") == 1)
            let status = try CampaignStatus(world.lineage.campaign("reduced"), lineage: world.lineage)
            #expect(status.reason?.contains("cannot be read") == true && status.champion != nil)
        }
    }
}
