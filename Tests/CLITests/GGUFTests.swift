import Foundation
import LocalLM
import SelfImprove
import Testing
import TestSupport

/// GGUF files on the command line and in campaigns: wherever a model's directory does, one serves too.
@Suite struct GGUFTests {
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("LocalLMTests/Golden/gguf")
    private let file = golden.appendingPathComponent("tiny.gguf")

    private func call(_ state: URL, _ arguments: [String], input: String? = nil) throws -> Program.Result {
        try Program.run(arguments + ["--state", state.path], input: input)
    }

    @Test func importMakesTheDirectoryThatTheFileIs() throws {
        try withTemporaryDirectory { folder in
            let state = folder.appendingPathComponent("state"), place = folder.appendingPathComponent("model").path
            let wheel = Self.golden.appendingPathComponent("tiny.whl").path
            let done = try call(state, ["import", file.path, place, "--json"])
            #expect(done.code == 0 && done.out.contains("\"precision\":\"bf16\""), "\(done.error)")
            #expect(try call(state, ["import", wheel, place + "2", "--json"]).out.contains(done.out.prefix(40)))
            let again = try call(state, ["import", file.path, place])
            #expect(again.code == 2 && again.error.contains("exists and is not overwritten"))
            let line = #"{"messages":[{"role":"user","content":"the 12 cats"}],"add_generation_prompt":true}"# + "\n"
            for command in [["tokenize"], ["generate", "--temperature", "0", "--max-tokens", "8"]] {
                let answers = try [file.path, place].map { model in
                    try call(state, ["model", command[0], model] + command.dropFirst() + ["--json"], input: line)
                }
                #expect(answers[0].code == 0 && answers[0].out == answers[1].out, "\(command): \(answers[0].error)")
            }
            let missing = try call(state, ["chat", "absent.gguf"])
            #expect(missing.code != 0 && missing.error.contains("no such directory or file"))
        }
    }

    @Test func aCampaignTakesFilesForStudentAndPeers() throws {
        try withTemporaryDirectory { folder in
            let state = folder.appendingPathComponent("state"), config = folder.appendingPathComponent("c.yaml")
            try FileManager.default.copyItem(at: file, to: folder.appendingPathComponent("tiny.gguf"))
            let rows = (0..<4).map { #"{"prompt":"say \#($0)","answer":"\#($0)","task":"say"}"# + "\n" }
            for (name, rows) in [("prompts", rows[..<2]), ("gate", rows[2..<3]), ("report", rows[3...])] {
                try Data(rows.joined().utf8).write(to: folder.appendingPathComponent("\(name).jsonl"))
            }
            try Data(
                """
                campaign: tiny
                student: tiny.gguf
                peers: [{name: a, model: tiny.gguf}]
                prompts: {source: prompts.jsonl, per_round: 2}
                mixture: {proposers: [a, champion], aggregator: plurality, maximum_tokens: 4}
                dpo: {enabled: false}
                evaluation: {gate: gate.jsonl, report: report.jsonl}
                stop: {rounds: 1}
                """.utf8
            ).write(to: config)
            let done = try call(state, ["run", config.path, "--json"])
            #expect(done.code == 0, "\(done.error)")
            let copy = folder.appendingPathComponent("initial")
            #expect(try call(state, ["export", "tiny/initial", copy.path]).code == 0)
            let initial = try Checkpoint.load(copy), source = try Checkpoint.load(file)
            #expect(initial.weights.buffer.values.elementsEqual(source.weights.buffer.values))
            #expect(initial.tokenizer.json == source.tokenizer.json && initial.template == source.template)
        }
    }
}
