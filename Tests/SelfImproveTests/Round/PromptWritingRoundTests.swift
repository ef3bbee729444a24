import Foundation
import LocalLM
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

/// Rounds whose prompts models write in part.
@Suite struct PromptWritingRoundTests {
    private static let words = [
        "river", "stone", "lamp", "cloud", "seven", "green", "carry", "under", "between", "quiet", "engine", "market",
    ]

    private static func sentence(_ key: UInt64) -> String {
        var random = RandomStream(key: key)
        return (0..<7).map { _ in words[random.integer(below: words.count)] }.joined(separator: " ")
    }

    /// Half of a round comes from the file, a quarter from each kind of writer. Every fourth instruction is a seed,
    /// every fourth a held-out prompt; the user says the same every time.
    private func world(
        _ folder: URL,
        settings: String = "",
        writes: @escaping @Sendable (_ digest: String, ChatRequest) -> String? = { _, request in
            if request.turn != .assistant { return "Where is the river?" }
            switch request.key % 4 {
            case 0: return "Task 3: Carry the second stone under the bridge"
            case 1: return "echo 1003"
            default: return Self.sentence(request.key)
            }
        }
    ) throws -> RoundWorld {
        var seeds = ["first", "second", "third"].map { (name: String) in
            PromptRow(
                id: name,
                task: "echo",
                prompt: [Message(role: "user", content: "carry the \(name) stone under the bridge")],
                answer: "GOLD"
            )
        }
        seeds.append(PromptRow(id: "held", task: "echo", prompt: [Message(role: "user", content: "echo 1005")]))
        try JSONLines.write(seeds, to: folder.appendingPathComponent("seeds.jsonl"))
        try "WRITE one like\n{tasks}\n---\n{task}".write(
            to: folder.appendingPathComponent("words.txt"),
            atomically: true,
            encoding: .utf8
        )
        let sources = """
            sources:
                - {file: \(folder.path)/prompts.jsonl, share: 2}
                - {name: new, kind: self_instruct, model: letters, seeds: \(folder.path)/seeds.jsonl, shown: 2,
                   prompt: \(folder.path)/words.txt}
                - {name: talk, kind: magpie, model: words}\(settings)
            """
        let file = "source: \(folder.path)/prompts.jsonl"
        return try RoundWorld(
            folder,
            [(file, sources)],
            writes: writes
        ) { _, question in question }
    }

    private func report(_ world: RoundWorld, round: Int = 1) throws -> DrawingReport {
        let event = world.journal.rows(EventRecord.self).first { $0.kind == .drawn && $0.round == round }
        return try #require(event?.data).decode(DrawingReport.self)
    }

    @Test("Each source gives its share; what one lacks the file gives; every text that is no prompt is counted")
    func shares() async throws {
        try await withTemporaryDirectory { folder in
            let world = try world(folder)
            try await world.round(1, from: "nursery student")
            let report = try report(world), prompts = world.journal.prompts("reduced", round: 1)
            let new = try #require(report.written?.first), talk = try #require(report.written?.last)
            #expect(new.source == "new" && new.wanted == 12 && new.drawn == 12 && new.share == 0.25)
            #expect(new.seeds == 3 && new.heldOutSeeds == 1)
            #expect(new.dropped.values.reduce(0, +) + 12 == new.generated && new.generated <= 48)
            #expect(new.dropped["near_seed"] ?? 0 > 0 && new.dropped["held_out"] ?? 0 > 0, "\(new.dropped)")
            #expect(new.examples.contains { $0.reason == .heldOut && $0.text == "echo 1003" })
            #expect(talk.drawn == 1 && talk.wanted == 12 && talk.generated == 48, "four for each that is wanted")
            #expect(talk.dropped == ["known": 47])
            #expect(report.files.map(\.drawn) == [35] && report.files.map(\.wanted) == [24])
            #expect(report.drawn == 48 && prompts.count == 48)
            #expect(report.words.contains("talk wrote 1 prompts for 12 in 48 generations (known 47)"))
            #expect(report.lines.contains { $0.hasPrefix("new, generation ") && $0.hasSuffix("held_out: echo 1003") })

            let written = prompts.filter { $0.origin != nil }
            #expect(written.count == 13 && Set(prompts.map(\.id)).count == 48)
            for prompt in written {
                let origin = try #require(prompt.origin)
                #expect(prompt.id == prompt.sha256 && prompt.messages.count == 1)
                #expect(origin.model == (origin.kind == .magpie ? "nursery words" : "nursery letters"))
                #expect(prompt.task == (origin.kind == .magpie ? "all" : "echo"))
                #expect(
                    origin.seeds.count == (origin.kind == .magpie ? 0 : 2) && origin.seeds.allSatisfy { $0.line < 4 }
                )
                #expect(!prompt.messages[0].content.contains("GOLD"))
                // What the model was shown is what the lineage says.
                guard origin.kind == .selfInstruct else { continue }
                let asked = world.asked.model("nursery letters").asked.filter {
                    $0.messages.last?.content.hasPrefix("WRITE") == true
                }[origin.generation]
                for seed in origin.seeds { #expect(asked.messages[0].content.contains("carry the \(seed.id) stone")) }
                #expect(prompt.messages[0].content == Self.sentence(asked.key))
            }
            #expect(world.journal.usage(StepKey(campaign: "reduced", round: 1, step: .prompts))?.generated ?? 0 > 0)

            // The next round knows what this one drew: the user has nothing new to say.
            try await world.round(2, from: "nursery student")
            let second = try self.report(world, round: 2), other = try #require(second.written?.first)
            #expect(second.written?.last?.drawn == 0 && other.drawn == 12 && second.files[0].drawn == 36)
            let sha = Set(prompts.map(\.sha256))
            #expect(world.journal.prompts("reduced", round: 2).allSatisfy { !sha.contains($0.sha256) })
        }
    }

    @Test("The same seed draws the same, whatever else was asked of the models") func again() async throws {
        try await withTemporaryDirectory { folder in
            var seen: [[PromptRecord]] = []
            for _ in 0..<2 {
                let world = try world(folder)
                try await world.round(1, from: "nursery student")
                seen.append(world.journal.prompts("reduced", round: 1))
            }
            #expect(seen[0] == seen[1])
        }
    }

    @Test(
        "Near copies of seeds, of drawn prompts and of each other fall out by ROUGE-L, too",
        arguments: ["rouge_l", "minhash"]
    )
    func near(method: String) async throws {
        try await withTemporaryDirectory { folder in
            let settings = "\n  near_duplicates: {method: \(method), threshold: 0.6}"
            let world = try world(folder, settings: settings) { _, request in
                if request.turn != .assistant {
                    // Each sentence comes three times, with another last word.
                    let word = ["lamp", "cloud", "seven"][Int(request.key % 3)]
                    return Self.sentence(request.key % 5) + " and then the same again with a " + word
                }
                return "please carry the second stone under the bridge"
            }
            try await world.round(1, from: "nursery student")
            let report = try report(world), new = try #require(report.written?.first)
            #expect(new.drawn == 0 && new.dropped["near_seed"] == new.generated, "\(new.dropped)")
            let talk = try #require(report.written?.last)
            #expect((1...5).contains(talk.drawn) && talk.dropped["near"] ?? 0 > 0, "\(talk)")
            #expect(report.nearSameRound == talk.dropped["near"])
            #expect(world.journal.prompts("reduced", round: 1).count == 48)
        }
    }

    @Test("A model that cannot be asked costs its share, after one wave, and not the round") func unanswered()
        async throws
    {
        try await withTemporaryDirectory { folder in
            let world = try world(folder) { _, _ in nil }
            try await world.round(1, from: "nursery student")
            let report = try report(world)
            #expect(report.written?.map(\.generated) == [12, 12])
            #expect(report.written?.map(\.dropped) == [["unanswered": 12], ["unanswered": 12]])
            #expect(report.drawn == 48 && report.files[0].drawn == 48)
        }
    }

    @Test("The plan counts what writers are asked for") func plan() throws {
        try withTemporaryDirectory { folder in
            let c = try world(folder).campaign.configuration
            let basis = PlanningBasis(
                parameters: 1000,
                promptTokens: 10,
                answerTokens: 6,
                sequenceTokens: 16,
                trainingSpeed: 100,
                decodingSpeed: 100
            )
            let measured = try PlannedPrompts.measure(c)
            #expect(measured.pool == nil, "models write on")
            let plan = CampaignPlan(c, basis, prompts: measured, stateBytes: 0, now: Date())
            let step = try #require(plan.steps.first { $0.name == "prompts" })
            #expect(step.prompts == 24 && step.answers == 48 && step.tokens == 480 && step.seconds > 4.8)
            let without = try ReducedCampaign.configuration()
            #expect(!CampaignPlan(without, basis, stateBytes: 0, now: Date()).steps.contains { $0.name == "prompts" })
        }
    }
}
