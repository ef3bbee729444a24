import Foundation
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

/// Models that write prompts, as a configuration names them.
@Suite struct WriterConfigurationTests {
    private func withFiles(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            let rows = (0..<3).map { PromptRow(task: "t", prompt: [Message(role: "user", content: "seed \($0)")]) }
            try JSONLines.write(rows, to: folder.appendingPathComponent("seeds.jsonl"))
            try JSONLines.write(rows, to: folder.appendingPathComponent("a.jsonl"))
            try "More: {tasks}\n---\n{task}".write(
                to: folder.appendingPathComponent("words.txt"),
                atomically: true,
                encoding: .utf8
            )
            try body(folder)
        }
    }

    private func parse(_ prompts: String, _ folder: URL, _ changes: [(String, String)] = []) throws
        -> CampaignConfiguration
    {
        let yaml = ReducedCampaign.yaml([("per_round: 48", "per_round: 48\n  \(prompts)")] + changes)
        return try CampaignConfiguration.parse(yaml, name: "c.yaml", directory: folder)
    }

    private func faults(_ prompts: String, _ folder: URL, _ changes: [(String, String)] = []) -> String {
        do {
            _ = try parse(prompts, folder, changes)
            return ""
        } catch { return "\(error)" }
    }

    private static let selfInstruct =
        "{name: new, kind: self_instruct, model: letters, seeds: seeds.jsonl, shown: 2, prompt: words.txt"

    @Test("Writers are read, kept with the campaign, and read again; what is alike is looked for then") func read()
        throws
    {
        try withFiles { folder in
            let c = try parse(
                "sources: [{file: a.jsonl, share: 2}, \(Self.selfInstruct), share: 0.5, temperature: 0.7, top_p: 0.5}, "
                    + "{kind: magpie, model: champion, maximum_tokens: 40}]",
                folder
            )
            let writers = c.prompts.writers
            #expect(writers.map(\.name) == ["new", "magpie"] && writers.map(\.model) == [.peer("letters"), .champion])
            #expect(c.prompts.shares.map(\.share) == [2, 0.5, 1] && c.prompts.files.count == 1)
            #expect(writers[0].examples?.seeds == folder.appendingPathComponent("seeds.jsonl").standardizedFileURL.path)
            #expect(writers[0].examples?.shown == 2 && writers[0].examples?.prompt.name == "words.txt")
            #expect(writers[0].temperature == 0.7 && writers[0].topP == 0.5 && writers[0].maximumTokens == 256)
            #expect(writers[1].examples == nil && writers[1].opening == nil && writers[1].maximumTokens == 40)
            #expect(c.prompts.nearDuplicates == .init(method: .minHash, threshold: 0.7))
            #expect(c.prompts.decontaminate == .init(ngram: 13, commonRows: 10))
            #expect(try CampaignConfiguration(stored: JSONText(c), campaign: "reduced") == c)
            #expect(try c.differences(from: c) == [])
            let alone = try parse("sources: [{kind: magpie, model: letters}]", folder)
            #expect(alone.prompts.files.isEmpty && alone.prompts.shares.count == 1)
            #expect(try CampaignConfiguration(stored: JSONText(alone), campaign: "reduced") == alone)
        }
    }

    @Test("A file as it was written before reads as before") func stored() throws {
        let old = try JSONText(["file": "/a.jsonl"]).decode(JSONValue.self)
        guard case .object(let members) = old else { return }
        let share = try JSONText(JSONValue.object(members + [.init("share", .double(0.25))])).decode(PromptShare.self)
        #expect(share == PromptShare(origin: .file("/a.jsonl"), share: 0.25))
        #expect(try JSONText(share).decode(JSONValue.self)["file"]?.string == "/a.jsonl")
    }

    @Test("A key without a meaning, and what is missing, is one line with its number") func mistakes() throws {
        try withFiles { folder in
            #expect(
                faults("sources: [{file: a.jsonl, model: letters}]", folder)
                    == "c.yaml:8: prompts.sources[1].model: means nothing with kind: file (file has file)"
            )
            #expect(
                faults("sources: [{kind: magpie, model: letters, seeds: seeds.jsonl}]", folder)
                    == "c.yaml:8: prompts.sources[1].seeds: means nothing with kind: magpie (magpie has name, model, temperature, top_p, maximum_tokens, prefix, stop)"
            )
            #expect(
                faults("sources: [{file: a.jsonl}, {kind: magpie, model: nobody}]", folder)
                    .hasPrefix("c.yaml:8: prompts.sources[2].model: names the unknown peer \"nobody\" (known: ")
            )
            #expect(
                faults("sources: [{kind: magpie, model: letters, prefix: x}]", folder)
                    == "c.yaml:8: prompts.sources[1].prefix: means nothing to a model on this machine, whose chat template says it (remove it)"
            )
            #expect(
                faults("sources: [{kind: magpie, model: letters, temperature: 0}]", folder)
                    == "c.yaml:8: prompts.sources[1].temperature: is 0, which writes the same text every time (above 0, such as 1)"
            )
            #expect(
                faults("sources: [{kind: magpie, model: letters}, {kind: magpie, model: words}]", folder)
                    == "c.yaml:8: prompts.sources[2].name: duplicate name \"magpie\" (every source needs a name of its own)"
            )
            #expect(
                faults("sources: [{kind: self_instruct, model: letters, prompt: words.txt}]", folder)
                    == "c.yaml:8: prompts.sources[1].seeds: is missing, and no other source is a file (name a JSONL file of prompts that show what is wanted)"
            )
            #expect(
                faults("sources: [{file: a.jsonl}, {kind: self_instruct, model: letters}]", folder)
                    .hasPrefix("c.yaml:8: prompts.sources[2].model: is told "),
                "this program's words are too long for a model of the nursery"
            )
            #expect(
                faults("sources: [\(Self.selfInstruct)}]\n  near_duplicates: off", folder)
                    == "c.yaml:9: prompts.near_duplicates: is off, but models write prompts (leave it out for its standard, or give one)"
            )
            #expect(
                faults("sources: [\(Self.selfInstruct), kind: magpie}]", folder).contains("duplicate key")
            )
            let remote = """
                peers:
                  - {name: far, endpoint: "http://127.0.0.1:9/v1", served_model: m}
                  - {name: letters, model: nursery/letters}
                prompts:
                """
            let changes = [
                ("prompts:\n  per_round", remote + "\n  per_round"),
                ("[letters, numbers, words, champion]", "[letters]"),
                ("aggregator: words", "aggregator: letters"), ("  - kind: likelihood\n", ""),
            ]
            #expect(
                faults("sources: [{kind: magpie, model: far}]", folder, changes)
                    == "c.yaml:11: prompts.sources[1].model: is behind an endpoint, which keeps its chat template for itself (add prefix: what its template writes before a user's words; /completions goes on from it)"
            )
            let c = try parse(
                "sources: [{kind: magpie, model: far, prefix: \"<|im_start|>user\\n\", stop: [\"<|im_end|>\"]}]",
                folder,
                changes
            )
            #expect(c.prompts.writers[0].opening == .init(prefix: "<|im_start|>user\n", stop: ["<|im_end|>"]))
            #expect(c.prompts.writers[0].sampling.stop == ["<|im_end|>"])
            let basis = PlanningBasis(
                parameters: 1000,
                promptTokens: 10,
                answerTokens: 6,
                sequenceTokens: 16,
                trainingSpeed: 100,
                decodingSpeed: 100
            )
            let plan = CampaignPlan(c, basis, stateBytes: 0, now: Date()), round = try #require(plan.peers.first).round
            #expect(round.calls == 96 && round.promptTokens == 96 * 5 && round.completionTokens == 960, "\(round)")
            #expect(plan.steps.first { $0.name == "prompts" }?.seconds == 0, "it is written elsewhere")
        }
    }

    @Test("An evaluation file is no file of seeds") func evaluation() throws {
        try withFiles { folder in
            let gold = (0..<30).map {
                PromptRow(id: "\($0)", prompt: [Message(role: "user", content: "gold \($0)")], answer: "x")
            }
            try JSONLines.write(gold, to: folder.appendingPathComponent("gate.jsonl"))
            #expect(
                faults(
                    "sources: [{kind: self_instruct, model: letters, prompt: words.txt, seeds: gate.jsonl}]",
                    folder,
                    [("gate_prompts: 48", "gate: gate.jsonl")]
                ).contains("prompts.sources[1].seeds: is the gate set (what is evaluated must not be shown)")
            )
        }
    }
}
