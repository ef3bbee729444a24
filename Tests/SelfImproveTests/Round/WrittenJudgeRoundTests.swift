import Foundation
import LocalLM
import Synchronization
import TestSupport
import Testing

@testable import SelfImprove

/// A judge that writes, in a whole round.
@Suite struct WrittenJudgeRoundTests {
    private static let panel =
        "  - kind: written\n    name: panel\n    proposers: [letters, numbers]\n    aggregator: words"

    /// Whose judges say `verdict`, whatever is shown first. No two samples of the policy are alike.
    private func world(_ folder: URL, _ changes: [(String, String)], verdict: String) throws -> RoundWorld {
        let number = Mutex(0)
        return try RoundWorld(folder, changes) { digest, question in
            if question.contains("[[A]]") { return verdict }
            if question.contains("robustness") { return "clarity, depth, safety" }
            if question.contains("trengths") { return "Answer A is good." }
            if digest != "sft 1" { return digest == "nursery student" ? "wrong" : question }
            return number.withLock {
                $0 += 1
                return "\(question) \($0)"
            }
        }
    }

    @Test func everyVerdictCanBeTraced() async throws {
        try await withTemporaryDirectory { folder in
            let world = try world(folder, [("  - kind: agreement", Self.panel)], verdict: "The first one. [[A]]")
            try await world.round(1, from: "nursery student")
            let verdicts: [VerdictRecord] = world.journal.rows()
            let written = verdicts.filter { $0.judge == "panel" }
            #expect(written.count >= 10 && verdicts.contains { $0.judge == "likelihood" && $0.reasoning == nil })
            for verdict in written {
                #expect(verdict.verdict == .first && verdict.swappedVerdict == .second, "a flip")
                for text in [verdict.reasoning, verdict.swappedReasoning] {
                    let reasoning = try #require(text).decode(WrittenReasoning.self)
                    #expect(reasoning.criteria.criteria.count == 3 && !reasoning.criteria.isDefault)
                    #expect(reasoning.evaluations.map(\.participant) == ["letters", "numbers"])
                    #expect(reasoning.verdict?.text == "The first one. [[A]]")
                }
            }
        }
    }

    /// The paper's judging: 6 samples give 15 pairs, each asked in both orders by three criteria of the conversation.
    @Test func aJudgeThatAlwaysSaysAGivesOnlyTiesAndFlips() async throws {
        try await withTemporaryDirectory { folder in
            let changes = [
                ("  - kind: likelihood\n  - kind: agreement", Self.panel),
                ("  prompts: 24", "  prompts: 24\n  samples: 6"),
            ]
            let world = try world(folder, changes, verdict: "[[A]]")
            try await world.round(1, from: "nursery student")
            let verdicts: [VerdictRecord] = world.journal.rows()
            #expect(verdicts.count == 24 * 15)
            #expect(verdicts.allSatisfy { $0.verdict == .first && $0.swappedVerdict == .second })
            #expect(world.journal.rows(PairRecord.self).isEmpty, "nothing is preferred")
            let asked = ["letters", "numbers", "words"].map { world.asked.model("nursery \($0)").asked }
            func count(_ requests: [ChatRequest], _ words: String) -> Int {
                requests.count { $0.messages.last!.content.contains(words) }
            }
            #expect(asked.map { count($0, "trengths") } == [720, 720, 0], "an evaluation of each proposer and order")
            #expect(count(asked[2], "[[A]]") == 720 && count(asked[2], "exactly three") == 24)
            let figures = try #require(world.journal.rounds("reduced").first?.figures).decode([String: Double].self)
            #expect(figures["flip_rate"] == 1 && figures["prefers_first"] == 1)
            #expect(figures["unparsable_rate"] == 0 && figures["tie_rate"] == 0 && figures["prefers_longer"] == nil)
            let reasoning = try #require(verdicts[0].reasoning).decode(WrittenReasoning.self)
            let standard = JudgePrompts.standard.digests.filter { $0.key != "single" }
            #expect(reasoning.prompts == standard, "the words that were asked, and no others")
        }
    }

    @Test func ownWordsAreAskedAndTheirDigestIsKept() async throws {
        try await withTemporaryDirectory { folder in
            let file = folder.appendingPathComponent("own.txt")
            let words = "Own words {mark}\n{conversation}\n{first}\n{second}\n{criteria}\n---\n{role} {text} {mark}\n"
            try Data(words.utf8).write(to: file)
            let panel =
                "  - kind: written\n    name: panel\n    aggregator: words\n    prompts: {single: \(file.path)}"
            let number = Mutex(0)
            let world = try RoundWorld(folder, [("  - kind: likelihood\n  - kind: agreement", panel)]) {
                digest,
                question in
                if question.hasPrefix("ords ") { return "[[C]]" }  // five letters are cut off
                if digest != "sft 1" { return digest == "nursery student" ? "wrong" : question }
                return number.withLock {
                    $0 += 1
                    return "\(question) \($0)"
                }
            }
            try FileManager.default.removeItem(at: file)  // they are part of the configuration by now
            try await world.round(1, from: "nursery student")
            let verdicts: [VerdictRecord] = world.journal.rows()
            #expect(!verdicts.isEmpty && verdicts.allSatisfy { $0.verdict == .tie })
            let reasoning = try #require(verdicts.first?.reasoning).decode(WrittenReasoning.self)
            #expect(reasoning.prompts?["single"] == ContentDigest.sha256(words))
            let stored = try CampaignConfiguration(stored: JSONText(world.campaign.configuration), campaign: "c")
            #expect(stored == world.campaign.configuration)
            let figures = try #require(world.journal.rounds("reduced").first?.figures).decode([String: Double].self)
            #expect(figures["tie_rate"] == 1 && figures["flip_rate"] == 0 && figures["prefers_first"] == nil)
        }
    }

    @Test func theReferenceOfDPOMayBeTheInitialModel() async throws {
        for (key, expected) in [("round", nil), ("initial", "nursery student")] {
            try await withTemporaryDirectory { folder in
                let number = Mutex(0)
                let changes = [("  prompts: 24", "  prompts: 24\n  reference: \(key)")]
                let world = try RoundWorld(folder, changes) { digest, question in
                    if digest != "sft 1" { return digest == "nursery student" ? "wrong" : question }
                    return number.withLock {
                        $0 += 1
                        return $0 % 2 == 0 ? question : "\(question) \($0)"
                    }
                }
                try await world.round(1, from: "nursery student")
                let job = try #require(world.workplace.jobs.last)
                #expect(job.base == "sft 1" && job.method == .dpo(beta: 0.1, nllWeight: 0))
                #expect(job.reference == expected)
                #expect(try JSONText(job).text.contains("reference") == (expected != nil), "else its identity stays")
            }
        }
    }
}
