import Foundation
import ModelFiles
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct PromptConfigurationTests {
    private func faults(_ changes: [(String, String)], _ folder: URL) -> String {
        do {
            _ = try CampaignConfiguration.parse(ReducedCampaign.yaml(changes), name: "c.yaml", directory: folder)
            return ""
        } catch { return "\(error)".trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    private func withFiles(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            for name in ["a", "b"] {
                let rows = (0..<3).map {
                    PromptRow(
                        id: "\(name)\($0)",
                        task: "add",
                        prompt: [Message(role: "user", content: "\(name) \($0)")]
                    )
                }
                try JSONLines.write(rows, to: folder.appendingPathComponent("\(name).jsonl"))
            }
            try body(folder)
        }
    }

    private func prompts(_ text: String) -> [(String, String)] { [("per_round: 48", "per_round: 48\n  \(text)")] }

    @Test("Settings of prompts and filters are read, kept with the campaign, and read again") func read() throws {
        try withFiles { folder in
            let changes =
                prompts(
                    "sources: [{file: a.jsonl, share: 3}, {file: b.jsonl}]\n  decontaminate: {}\n"
                        + "  near_duplicates: {method: rouge_l, threshold: 0.8}\n  weight_by: headroom"
                ) + [
                    (
                        "confidence: own",
                        "confidence: own\n  filters: {repetition: true, language: true, longest: 50, refusals: all}"
                    )
                ]
            let c = try CampaignConfiguration.parse(ReducedCampaign.yaml(changes), name: "c.yaml", directory: folder)
            #expect(c.prompts.shares.map(\.share) == [3, 1])
            #expect(
                c.prompts.files
                    == ["a", "b"].map { folder.appendingPathComponent("\($0).jsonl").standardizedFileURL.path }
            )
            #expect(c.prompts.decontaminate == .init(ngram: 13, commonRows: 10))
            #expect(c.prompts.nearDuplicates == .init(method: .rougeL, threshold: 0.8))
            #expect(c.prompts.weightBy == .headroom)
            #expect(c.mixture.filters.repetition && c.mixture.filters.language && c.mixture.filters.longest == 50)
            #expect(c.mixture.filters.refusals == Refusal.languages && Refusal.languages.count == 11)
            #expect(try CampaignConfiguration(stored: JSONText(c), campaign: "reduced") == c)
            let plain = try ReducedCampaign.configuration()
            #expect(plain.prompts.sources == nil && plain.prompts.decontaminate == nil)
            #expect(plain.mixture.filters.refusals == ["en"] && !plain.mixture.filters.repetition)
        }
    }

    @Test("What does not fit together is one clear line") func mistakes() throws {
        try withFiles { folder in
            let a = folder.appendingPathComponent("a.jsonl").standardizedFileURL.path
            #expect(
                faults(prompts("source: a.jsonl\n  sources: [{file: b.jsonl}]"), folder)
                    == "c.yaml:9: prompts.sources: stand beside source (one of the two says where prompts come from)"
            )
            #expect(
                faults(prompts("sources: [{file: a.jsonl}, {file: a.jsonl}]"), folder)
                    == "c.yaml:8: prompts.sources[2].file: duplicate file \(a) (name it once, with the sum of its shares)"
            )
            #expect(
                faults(prompts("sources: [{file: a.jsonl, share: 0}]"), folder)
                    == "c.yaml:8: prompts.sources[1].share: is 0 (above 0)"
            )
            let same = PromptRow(id: "a1", task: "add", prompt: [Message(role: "user", content: "another")])
            try JSONLines.write([same], to: folder.appendingPathComponent("b.jsonl"))
            #expect(
                faults(prompts("sources: [{file: a.jsonl}, {file: b.jsonl}]"), folder).hasSuffix(
                    "b.jsonl: a prompt of \(a) has the id a1, too (leave ids out, or make them unique)"
                )
            )
            #expect(
                faults(
                    prompts("source: a.jsonl\n  weight_by: headroom") + [
                        ("numbers, words, champion]", "numbers, words]")
                    ],
                    folder
                )
                    == "c.yaml:9: prompts.weight_by: is headroom, but the champion does not answer by itself (name champion among mixture.proposers)"
            )
            let many = (0..<20_001).map { PromptRow(task: "add", prompt: [Message(role: "user", content: "\($0)")]) }
            try JSONLines.write(many, to: folder.appendingPathComponent("b.jsonl"))
            #expect(
                faults(prompts("source: b.jsonl\n  near_duplicates: {method: rouge_l}"), folder)
                    == "c.yaml:9: prompts.near_duplicates: compares every pair of 20001 prompts (rouge_l is for up to 20000; method: minhash takes seconds)"
            )
            #expect(faults(prompts("source: b.jsonl\n  near_duplicates: {method: minhash}"), folder).isEmpty)
        }
    }
}
