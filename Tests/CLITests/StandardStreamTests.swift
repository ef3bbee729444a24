import Foundation
import LocalLM
import ModelFiles
import TestSupport
import Testing

/// What the program reads from and writes to its standard streams, whatever is at their other ends.
@Suite struct StandardStreamTests {
    /// A tiny model with a tokenizer of bytes.
    private func withModel(_ body: (_ folder: URL, _ model: String) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            let model = folder.appendingPathComponent("model")
            try TinyModels.spelling().save(to: model)
            try body(folder, model.path)
        }
    }

    private func run(_ script: String, _ arguments: [String]) throws -> Program.Result {
        try Program.run(arguments, as: ["sh", "-c", "\(script)", "sh"])
    }

    @Test(arguments: [
        #"echo '{"text":"hi"}' | "$@" >/dev/full"#, #"echo '{"text":"hi"}' | "$@" >&-"#,
        #"echo '{"text":"hi"}' | { "$@"; echo $? >&3; } 3>&1 >/dev/full"#,
    ]) func resultsThatCannotBeWrittenAreOneLineAndExitOne(script: String) throws {
        try withModel { _, model in
            let result = try run(script, ["model", "tokenize", model])
            #expect(result.code == 1 || result.out == "1\n", "\(result)")
            #expect(result.error.hasPrefix("selfimprove: standard output: cannot be written: "), "\(result.error)")
            #expect(result.error.split(separator: "\n").count == 1)
        }
    }

    @Test(arguments: [["--help"], ["--version"], ["plan", "--help"]])
    func helpThatCannotBeWrittenIsExitOne(arguments: [String]) throws {
        let result = try run(#""$@" >/dev/full"#, arguments)
        #expect(result.code == 1 && result.error.contains("standard output: cannot be written"), "\(result)")
    }

    /// Its reader leaves after the first line; the rest of a long input is not answered for nobody.
    @Test func aReaderThatLeavesEndsTheWork() throws {
        try withModel { _, model in
            let script = #"yes '{"text":"hi"}' | { "$@"; echo "exit $?" >&2; } | head -n 1"#
            let result = try run(script, ["model", "tokenize", model])
            #expect(result.out.hasPrefix("{\"decoded\"") && result.error.hasSuffix("exit 1\n"), "\(result)")
        }
    }

    /// Steps that nobody reads do not cost a run; that they could not be told is told at its end.
    @Test func trainingGoesOnWhereNobodyReads() throws {
        try withModel { folder, model in
            let row = #"{"prompt":[{"role":"user","content":"a"}],"completion":[{"role":"assistant","content":"b"}]}"#
            let data = folder.appendingPathComponent("rows.jsonl"), output = folder.appendingPathComponent("out")
            try "\(row)\n\(row)\n".write(to: data, atomically: true, encoding: .utf8)
            let result = try run(
                #""$@" >/dev/full"#,
                ["model", "train", "sft", model, "--data", data.path, "--output", output.path, "--steps", "2"]
            )
            #expect(result.code == 1 && result.error.contains("standard output"), "\(result)")
            #expect(try Checkpoint.load(output).configuration.layerCount == 2)
        }
    }

    @Test func aCampaignGoesOnWithoutALog() throws {
        try withTemporaryDirectory { folder in
            let file = folder.appendingPathComponent("c.yaml"), state = folder.appendingPathComponent("state").path
            try ReducedCampaign.yaml([("rounds: 2", "rounds: 1")]).write(to: file, atomically: true, encoding: .utf8)
            #expect(try run(#""$@" 2>/dev/full"#, ["run", file.path, "--state", state]).code == 0)
            let lineage = try Program.run(["lineage", "reduced", "--json", "--state", state])
            #expect(lineage.code == 0 && lineage.out.contains("\"round\":1"), "\(lineage)")
        }
    }

    /// What some readers take for the end of a line, and what would steer a terminal, is escaped.
    @Test func aRowIsOneLineToAnyReader() throws {
        try withModel { _, model in
            let text = "a\u{2028}b\u{2029}c\u{85}d\u{9B}2J\u{202E}e\u{2066}\u{200F}\u{61C}é\u{2010}😀"
            let result = try Program.run(["model", "tokenize", model], input: "{\"text\":\"\(text)\"}\n")
            let escaped = #"a\u2028b\u2029c\u0085d\u009b2J\u202ee\u2066\u200f\u061cé‐😀"#
            #expect(result.code == 0 && result.out.contains(escaped), "\(result)")
            #expect(result.out.split(whereSeparator: \.isNewline).count == 1)
        }
    }

    @Test(arguments: [
        ([UInt8](#"{"text":"a"},"#.utf8), "something follows"), ([UInt8](#"{"text":"a",}"#.utf8), "not valid JSON"),
        ([0x7B, 0x22, 0x74, 0x65, 0x78, 0x74, 0x22, 0x3A, 0x22, 0xFF, 0x22, 0x7D], "not valid JSON"),
        ([UInt8](#"{"text":5}"#.utf8), "text is the number 5"),
    ]) func standardInputIsReadAsStrictlyAsFiles(bytes: [UInt8], says: String) throws {
        try withModel { folder, model in
            let file = folder.appendingPathComponent("input")
            try Data(bytes).write(to: file)
            let result = try run("\"$@\" <'\(file.path)'", ["model", "tokenize", model])
            #expect(result.code == 2 && result.error.contains("standard input:1: "), "\(result)")
            #expect(result.error.contains(says), "\(result.error)")
        }
    }

    @Test(
        "What a line says beside what is read is refused by name",
        arguments: [
            ("tokenize", #"{"text":"a","messages":[]}"#, #"has "text" and "messages""#),
            ("generate", #"{"ids":[1],"prompt":"a"}"#, #"has "ids" and "prompt""#),
            ("generate", #"{"prompt":"a","tools":[{}]}"#, #"has "prompt" and "tools""#),
            ("generate", #"{"prompt":"a","temperature":1}"#, "give --temperature"),
            ("score", #"{"prompt":"","completion":"a"}"#, "the prompt is empty"),
            ("score", #"{"ids":[1,2],"completion":"a"}"#, #"has "ids" and "completion""#),
        ]
    ) func twoForms(command: String, line: String, says: String) throws {
        try withModel { _, model in
            let result = try Program.run(["model", command, model], input: line + "\n")
            #expect(result.code == 2 && result.error.contains("standard input:1: "), "\(result)")
            #expect(result.error.contains(says), "\(result.error)")
        }
    }

    @Test func aByteOrderMarkIsPassedOver() throws {
        try withModel { folder, model in
            let result = try Program.run(["model", "tokenize", model], input: "\u{FEFF}{\"text\":\"a\"}\n")
            #expect(result.code == 0, "\(result)")
            let data = folder.appendingPathComponent("rows.jsonl")
            try #"\#u{FEFF}{"prompt":"a","answer":"b"}"#.write(to: data, atomically: true, encoding: .utf8)
            #expect(try JSONLines.read(PromptRowProbe.self, from: data).count == 1)
        }
    }

    private struct PromptRowProbe: JSONLinesRow {
        var json: JSONValue
        init(json: JSONValue, context: String) throws { self.json = json }
    }

    @Test func anEmptyStateIsTheDefault() throws {
        try withTemporaryDirectory { folder in
            let script = "cd '\(folder.path)' && SELFIMPROVE_STATE= \"$@\""
            let result = try run(script, ["status"])
            #expect(result.error.contains("\(folder.resolvingSymlinksInPath().path)/state: no campaign"), "\(result)")
        }
    }

    /// Nobody may look into it: that is not "no campaign has run here".
    @Test func aFolderThatMayNotBeSearchedIsNotAnEmptyOne() throws {
        try withTemporaryDirectory { folder in
            let closed = folder.appendingPathComponent("closed")
            try FileManager.default.createDirectory(
                at: closed.appendingPathComponent("state"),
                withIntermediateDirectories: true,
                attributes: nil
            )
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: closed.path)
            defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: closed.path) }
            // Root may search everything.
            let user = getuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
            for arguments in [
                ["status", "--state", closed.appendingPathComponent("state").path],
                ["model", "tokenize", closed.appendingPathComponent("model").path],
            ] {
                let result = try Program.run(arguments, as: user)
                #expect(result.code != 0 && result.error.contains("Permission denied"), "\(result)")
            }
        }
    }
}
