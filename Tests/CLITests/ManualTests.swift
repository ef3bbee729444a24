import Foundation
import Testing

/// The manual page that `make dist` makes of the program's help (`scripts/packaging/manual.py`).
struct ManualTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private struct Dump: Decodable {
        struct Command: Decodable {
            var commandName: String
            var subcommands: [Command]?
            var arguments: [Argument]?
        }
        struct Argument: Decodable {
            struct Name: Decodable { var kind, name: String }
            var names: [Name]?
        }
        var command: Command
    }

    private func page(of dump: String, sources: URL = root.appendingPathComponent("Sources")) throws -> Program.Result {
        let process = Process(), input = Pipe(), out = Pipe(), error = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", Self.root.appendingPathComponent("scripts/packaging/manual.py").path, "--version", "1.2.3",
            "--date", "2026-11-27", "--sources", sources.path,
        ]
        (process.standardInput, process.standardOutput, process.standardError) = (input, out, error)
        try process.run()
        // The script reads all of it before it writes.
        input.fileHandleForWriting.write(Data(dump.utf8))
        try input.fileHandleForWriting.close()
        let page = out.fileHandleForReading.readDataToEndOfFile()
        let complaint = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Program.Result(
            code: process.terminationStatus,
            out: String(decoding: page, as: UTF8.self),
            error: String(decoding: complaint, as: UTF8.self)
        )
    }

    @Test func thePageHasEveryCommandAndEveryOptionOfTheHelp() throws {
        let dump = try Program.run(["--experimental-dump-help"]).out
        let page = try page(of: dump)
        try #require(page.code == 0, "\(page.error)")
        var seen = 0
        func check(_ command: Dump.Command, _ path: [String]) {
            guard command.commandName != "help" else { return }
            let path = path + [command.commandName]
            if path.count > 1 {
                let heading = ".Ss " + path.joined(separator: " ").replacingOccurrences(of: "-", with: "\\-")
                #expect(page.out.contains(heading + "\n"), "\(heading)")
                seen += 1
            }
            for name in (command.arguments ?? []).flatMap({ $0.names ?? [] }) where name.kind == "long" {
                let option = "Fl \"\\-\(name.name.replacingOccurrences(of: "-", with: "\\-"))\""
                #expect(page.out.contains(option), "\(path): \(option)")
            }
            for one in command.subcommands ?? [] { check(one, path) }
        }
        check(try JSONDecoder().decode(Dump.self, from: Data(dump.utf8)).command, [])
        #expect(seen > 30)
        for section in ["NAME", "SYNOPSIS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"] {
            #expect(page.out.contains(".Sh \(section)\n"), "\(section)")
        }
        // No line of a help text is taken for a request: macros are two letters, the first a capital one.
        let requests = page.out.split(separator: "\n").filter { $0.hasPrefix(".") || $0.hasPrefix("'") }
        #expect(requests.allSatisfy { $0.wholeMatch(of: /\.[A-Z][a-z].*|\.\\".*/) != nil })
    }

    @Test func aVariableThatTheCodeReadsAndThePageLeavesOutIsNamed() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("selfimprove-manual-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "let x = environment[\"SELFIMPROVE_UNKNOWN\"]".write(
            to: folder.appendingPathComponent("Some.swift"),
            atomically: true,
            encoding: .utf8
        )
        let page = try page(of: "{}", sources: folder)
        #expect(page.code == 1 && page.error.contains("SELFIMPROVE_UNKNOWN") && page.out.isEmpty)
    }

    @Test func aLineOfHelpThatLooksLikeARequestIsText() throws {
        let dump = """
            {"command": {"commandName": "selfimprove", "abstract": "A.",
            "discussion": ".so /etc/passwd\\n\\n  'x  \\\\fB",
            "arguments": [], "subcommands": []}}
            """
        let page = try page(of: dump)
        #expect(page.code == 0 && page.out.contains("\n\\&.so") && page.out.contains("\n\\&'x  \\efB\n"), "\(page)")
    }
}
