import Foundation
import GRDB
import LocalLM
import SelfImprove
import Testing
import TestSupport

/// The daemon as its users meet it: a process, its API, the commands that talk to it.
@Suite(.serialized) struct DaemonTests {
    /// A state directory with the reduced campaign under several names, all with one nursery.
    private func withState(
        _ body: (_ folder: URL, _ state: URL, _ start: (String) throws -> Program.Result) throws -> Void
    ) throws {
        try withTemporaryDirectory { folder in
            let state = folder.appendingPathComponent("state")
            try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
            try body(folder, state) { name in
                let config = folder.appendingPathComponent("\(name).yaml")
                try ReducedCampaign.yaml([("campaign: reduced", "campaign: \(name)")]).write(
                    to: config,
                    atomically: true,
                    encoding: .utf8
                )
                return try Program.run(["start", config.path, "--state", state.path])
            }
        }
    }

    @Test func withoutADaemonStartSaysHowToStartOneAndChangesNothing() throws {
        try withState { _, state, start in
            let refused = try start("reduced")
            #expect(
                refused.code == 1 && refused.error.contains("no daemon runs")
                    && refused.error.contains("selfimprove daemon")
            )
            #expect(!FileManager.default.fileExists(atPath: state.appendingPathComponent("selfimprove.sqlite").path))
        }
    }

    @Test func campaignsWaitTheirTurnAndEndAsInTheForeground() throws {
        try withState { folder, state, start in
            let daemon = try DaemonProcess(state: state)
            #expect(try start("reduced").code == 0)
            let second = try start("second")
            #expect(second.code == 0 && second.out.contains("second: queued"))
            #expect(try start("second").code != 0, "once is enough")
            _ = try daemon.wait("second") { $0.status == "finished" }
            #expect(try daemon.status("reduced").status == "finished")
            #expect(daemon.end() == 0)
            #expect(!FileManager.default.fileExists(atPath: state.appendingPathComponent("daemon.json").path))
            let config = folder.appendingPathComponent("reduced.yaml").path,
                foreground = folder.appendingPathComponent("foreground")
            #expect(try Program.run(["run", config, "--state", foreground.path, "--json"]).code == 0)
            let a = try Fingerprint.of(state), b = try Fingerprint.of(foreground)
            #expect(a["rounds"] == b["rounds"] && a["evaluations"] == b["evaluations"] && a["integrity"] == "ok")
        }
    }

    @Test func askedToEndItLeavesTheCampaignInTheQueueAndTheNextOneGoesOn() throws {
        try withState { _, state, start in
            let daemon = try DaemonProcess(state: state)
            _ = try start("reduced")
            _ = try daemon.wait("reduced") { $0.step?.name == "nursery" || $0.step?.name == "sft" }
            let second = Program.process(["daemon", "--state", state.path, "--port", "0"])
            second.standardError = FileHandle.nullDevice
            try second.run()
            second.waitUntilExit()
            #expect(second.terminationStatus == 1, "one daemon per state directory")
            let began = Date()
            #expect(daemon.end(SIGTERM) == 0)
            #expect(Date().timeIntervalSince(began) < 10)
            #expect(try Lineage.openExisting(state: state).campaign("reduced").status == .queued)
            let next = try DaemonProcess(state: state)
            _ = try next.wait("reduced") { $0.status == "finished" }
            next.end()
        }
    }

    @Test func pausedResumedRolledBackAndStopped() throws {
        try withState { _, state, start in
            let daemon = try DaemonProcess(state: state)
            _ = try start("reduced")
            _ = try daemon.wait("reduced") { $0.step?.name == "propose" }
            #expect(
                try Program.run(["pause", "reduced", "--state", state.path]).out.contains("pause before its next step")
            )
            let paused = try daemon.wait("reduced") { $0.status == "paused" }
            #expect(paused.reason == "paused by a person")
            #expect(
                try daemon.send("PATCH", "/api/campaigns/reduced/criteria", #"{"rounds":"3"}"#).text.contains(
                    "\"rounds\":3"
                )
            )
            #expect(try daemon.send("POST", "/api/campaigns/reduced/resume").status == 200)
            // A rollback while round 2 runs: the round is given up, round 3 starts from the older model.
            _ = try daemon.wait("reduced") { $0.round == 2 && $0.step != nil }
            let now = try daemon.send(
                "POST",
                "/api/campaigns/reduced/rollback",
                #"{"to":"0","reason":"a test","now":true}"#
            )
            #expect(now.status == 200 && now.text.contains("\"abandonedRound\":2"), "\(now.text)")
            _ = try daemon.wait("reduced") { $0.status == "finished" }
            let lineage = try Lineage.openExisting(state: state)
            let rounds = try lineage.rounds("reduced")
            #expect(rounds.map(\.outcome) == [.promoted, .abandoned, .promoted])
            #expect(rounds[2].parent == rounds[0].parent)
            #expect(try lineage.events("reduced").contains { $0.kind == .rolledBack && $0.message.contains("a test") })
            #expect(try daemon.send("POST", "/api/campaigns/reduced/resume").status == 409, "a criterion holds")
            #expect(try daemon.send("POST", "/api/campaigns/reduced/pause").status == 409, "there is nothing to pause")
            let waiting = try daemon.send("POST", "/api/campaigns/reduced/rollback", #"{"to":"1"}"#)
            #expect(waiting.status == 200)
            daemon.end()
        }
    }

    /// Wishes stand side by side: the campaign is held, and goes back.
    @Test func pausedAndThenRolledBackItStaysPaused() throws {
        try withState { _, state, start in
            let daemon = try DaemonProcess(state: state)
            _ = try start("reduced")
            _ = try daemon.wait("reduced") { $0.round == 2 && $0.step != nil }
            #expect(try daemon.send("POST", "/api/campaigns/reduced/pause").status == 200)
            #expect(try daemon.send("POST", "/api/campaigns/reduced/rollback", #"{"to":"0","now":true}"#).status == 200)
            #expect(try daemon.wait("reduced") { $0.step == nil }.status == "paused")
            let rounds = try Lineage.openExisting(state: state).rounds("reduced")
            #expect(rounds.map(\.outcome) == [.promoted, .abandoned])
            #expect(daemon.end() == 0)
            #expect(try Lineage.openExisting(state: state).campaign("reduced").status == .paused)
        }
    }

    /// SIGTERM in the middle of the nursery: the next daemon goes on with the batch it was at, not with the first one.
    @Test func trainingGoesOnWhereItWasCutOff() throws {
        try withState { folder, state, _ in
            let config = folder.appendingPathComponent("longer.yaml")
            try ReducedCampaign.yaml([("scale: 0.01", "scale: 0.05"), ("rounds: 2", "rounds: 1")]).write(
                to: config,
                atomically: true,
                encoding: .utf8
            )
            let daemon = try DaemonProcess(state: state, checkpoints: "1h")
            #expect(try Program.run(["start", config.path, "--state", state.path]).code == 0)
            let cut = try daemon.wait("reduced") { ($0.step?.done ?? 0) * 20 > $0.step?.total ?? .max }
            #expect(cut.step?.name == "nursery" && daemon.end() == 0)
            let next = try DaemonProcess(state: state, checkpoints: "1h")
            let first = try next.wait("reduced") { $0.step?.total ?? 0 > 0 && $0.step?.done ?? 0 > 0 }
            #expect(first.step?.name == "nursery" && first.step!.done >= cut.step!.done, "\(first) after \(cut)")
            _ = try next.wait("reduced") { $0.status == "finished" }
            next.end()
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: state.appendingPathComponent("training").path)
                    .isEmpty,
                "nothing is left behind"
            )
            let whole = folder.appendingPathComponent("whole")
            #expect(try Program.run(["run", config.path, "--state", whole.path, "--json"]).code == 0)
            let a = try Fingerprint.of(state), b = try Fingerprint.of(whole)
            for (part, value) in b { #expect(a[part] == value, "\(part)") }
        }
    }

    @Test func nobodyGetsInWhoShouldNot() throws {
        try withState { folder, state, _ in
            let open = try DaemonProcess(state: state)
            #expect(
                try open.send("GET", "/api/campaigns", headers: ["Host": "example.org"]).status == 403,
                "DNS rebinding"
            )
            #expect(
                try open.send("POST", "/api/campaigns", "campaign: x", headers: ["Origin": "http://example.org"]).status
                    == 403,
                "another origin"
            )
            #expect(try open.send("GET", "/").text.contains("<html"))
            #expect(
                try open.send("DELETE", "/api/campaigns").status == 405
                    && open.send("POST", "/api/models/abcd").status == 405
            )
            for path in [
                "/api/models/..%2f..%2fetc%2fpasswd", "/api/models/%2Fetc%2Fpasswd", "/api/models/../../etc/passwd",
                "/api/campaigns/..%2f", "/../etc/passwd",
            ] {
                #expect(try open.send("GET", path).status == 404, "\(path)")
            }
            // A configuration from the network may name nothing outside the state directory, nor learn whether it
            // exists.
            let outside = folder.appendingPathComponent("outside")
            try FileManager.default.createDirectory(at: outside, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                at: state.appendingPathComponent("link"),
                withDestinationURL: outside
            )
            for student in ["/etc", "/nowhere", "../outside", "link"] {
                let yaml = ReducedCampaign.yaml([("seed: 5", "seed: 5\nstudent: \(student)")])
                let answer = try open.send("POST", "/api/campaigns", yaml)
                #expect(
                    answer.status == 400 && answer.text.contains("lies outside of what a request may name"),
                    "\(student): \(answer.text)"
                )
            }
            // Cheap to send, expensive to parse: refused before it is parsed. Measured in the daemon's processor time,
            // which tests that run in parallel do not affect.
            let aliases =
                "a0: &a0 [x, x]\n"
                + (1..<9).map {
                    "a\($0): &a\($0) [" + Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ", ") + "]\n"
                }.joined()
            for dear in [
                aliases + "? *a8\n: 1\n", String(repeating: "a: 1\n", count: 3200),
                String(repeating: "[\n", count: 30_000),
                "a: " + String(repeating: "- ", count: 30_000), (0..<8000).map { "k\($0): 1\n" }.joined(),
                String(repeating: "a", count: 70_000),
            ] {
                let began = try open.processorSeconds, answer = try open.send("POST", "/api/campaigns", dear)
                #expect(
                    answer.status == 400 && answer.body.count < 20_000,
                    "\(dear.prefix(40)): \(answer.status), \(answer.body.count) bytes"
                )
                #expect(try open.processorSeconds - began < 2, "\(dear.prefix(40))")
            }
            #expect(try open.send("POST", "/api/campaigns", "campaign: [").status == 400)
            #expect(try open.send("POST", "/api/campaigns", String(repeating: "#", count: 2 << 20)).status == 413)
            #expect(try open.send("GET", "/api/campaigns").text == #"{"campaigns":[]}"#)
            open.end()

            let token = "a token of more than sixteen characters"
            let guarded = try DaemonProcess(state: state, token: token)
            #expect(try guarded.send("GET", "/api/campaigns").status == 200)
            for wrong in ["", "Bearer", "Bearer \(token)x", "Basic \(token)"] {
                for path in ["/api/campaigns", "/metrics", "/readyz", "/v1/models", "/api/events"] {
                    #expect(
                        try guarded.send("GET", path, headers: ["Authorization": wrong]).status == 401,
                        "\(path) with \(wrong)"
                    )
                }
                #expect(try guarded.send("GET", "/healthz", headers: ["Authorization": wrong]).status == 200)
            }
            guarded.end()
            let beyond = try Program.run(["daemon", "--state", state.path, "--port", "0", "--host", "0.0.0.0"])
            #expect(beyond.code == 2 && beyond.error.contains("SELFIMPROVE_TOKEN"))
        }
    }

    /// Somebody opens the database and does not let go: the campaign waits, and goes on where it was.
    @Test func aDatabaseThatAnotherProgramHoldsIsWaitedFor() throws {
        try withState { folder, state, start in
            let daemon = try DaemonProcess(state: state)
            _ = try start("reduced")
            _ = try daemon.wait("reduced") { $0.step?.name == "sft" }
            let holder = try DatabaseQueue(path: state.appendingPathComponent(Lineage.databaseName).path)
            try holder.writeWithoutTransaction { db in
                try db.execute(sql: "BEGIN IMMEDIATE")
                let waiting = Result { try daemon.wait("reduced") { $0.status == "paused" } }
                try db.execute(sql: "ROLLBACK")
                #expect(
                    try waiting.get().reason == "another program holds the database: it waits and goes on by itself"
                )
            }
            _ = try daemon.wait("reduced") { $0.status == "finished" }
            daemon.end()
            let whole = folder.appendingPathComponent("whole")
            #expect(
                try Program.run([
                    "run", folder.appendingPathComponent("reduced.yaml").path, "--state", whole.path, "--json",
                ]).code == 0
            )
            let a = try Fingerprint.of(state), b = try Fingerprint.of(whole)
            for (part, value) in b { #expect(a[part] == value, "\(part)") }
        }
    }

    /// A token can be changed without ending what runs; one that is too short changes nothing. It stands in no log.
    @Test func aHangUpReadsTheTokenAgain() throws {
        try withState { folder, state, _ in
            let file = folder.appendingPathComponent("token"), log = folder.appendingPathComponent("log")
            let first = "the first token, long enough", second = "the second token, long enough"
            try "\(first)\n".write(to: file, atomically: true, encoding: .utf8)
            let daemon = try DaemonProcess(state: state, tokenFile: file, log: log)
            func accepts(_ token: String) throws -> Bool {
                try daemon.send("GET", "/api/campaigns", headers: ["Authorization": "Bearer \(token)"]).status == 200
            }
            func reload(_ expected: String) throws {
                let before = try String(contentsOf: log, encoding: .utf8).components(separatedBy: expected).count
                kill(daemon.process.processIdentifier, SIGHUP)
                for _ in 0..<200
                where try String(contentsOf: log, encoding: .utf8).components(separatedBy: expected).count == before {
                    usleep(50_000)
                }
            }
            #expect(try accepts(first) && !accepts(second))
            try second.write(to: file, atomically: true, encoding: .utf8)
            #expect(try accepts(first), "not before it is told")
            try reload("read again")
            #expect(try accepts(second) && !accepts(first))
            try "short".write(to: file, atomically: true, encoding: .utf8)
            try reload("stays in force")
            #expect(try accepts(second) && !accepts("short"))
            #expect(daemon.end() == 0)
            let lines = try String(contentsOf: log, encoding: .utf8)
            #expect(!lines.contains("first token") && !lines.contains("second token"))
        }
    }

    @Test func theLogSaysWhichCampaignRoundAndStep() throws {
        try withState { folder, state, start in
            let log = folder.appendingPathComponent("log")
            let daemon = try DaemonProcess(state: state, log: log)
            _ = try start("reduced")
            _ = try daemon.wait("reduced") { $0.status == "finished" }
            daemon.end()
            let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
            #expect(
                lines.contains {
                    $0.contains("campaign=reduced") && $0.contains("round=2") && $0.contains("step=dpo")
                        && $0.contains("seconds=")
                }
            )
            #expect(
                lines.contains {
                    $0.contains("campaign=reduced") && $0.contains("round=1") && $0.contains("promoted: ")
                }
            )
            #expect(
                lines.contains { $0.contains("campaign=reduced") && $0.contains("finished: 2 of 2 rounds are done") }
            )
        }
    }

    /// What a client does to its connection costs nobody else anything.
    @Test func connectionsHaveTheirLimits() throws {
        try withState { _, state, _ in
            let daemon = try DaemonProcess(state: state)
            func ask(_ text: String, for seconds: Double = 4, then: (RawConnection) throws -> Void = { _ in }) throws
                -> String
            {
                let connection = try RawConnection(port: daemon.port)
                try connection.write(text)
                try then(connection)
                return connection.read(for: seconds)
            }
            let host = "Host: 127.0.0.1\r\n"
            #expect(
                try ask("HEAD /api/campaigns HTTP/1.1\r\n\(host)Connection: close\r\n\r\n").hasSuffix("\r\n\r\n"),
                "no body"
            )
            #expect(
                try ask("HEAD /nope HTTP/1.1\r\n\(host)\r\nGET /healthz HTTP/1.1\r\n\(host)Connection: Close\r\n\r\n")
                    .contains("{\"status\":\"ok\"}")
            )
            let upgrade = try ask(
                "GET /healthz HTTP/1.1\r\n\(host)Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
            )
            #expect(upgrade.contains("200 OK") && upgrade.lowercased().contains("connection: close"))
            let patient = try ask(
                "POST /v1/completions HTTP/1.1\r\n\(host)Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
            ) {
                #expect($0.read(until: "100 Continue"))
                try $0.write("{}")
            }
            #expect(patient.contains("400 Bad Request"))
            for broken in ["Transfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef"] {
                let answer = try ask("POST /v1/completions HTTP/1.1\r\n\(host)\(broken)")
                #expect(answer.hasPrefix("HTTP/1.1 400"), "\(broken): \(answer.prefix(40))")
            }
            // An endless body is cut off, not read for ever.
            let endless = try RawConnection(port: daemon.port)
            try endless.write("POST /api/campaigns HTTP/1.1\r\n\(host)Content-Length: 1099511627776\r\n\r\n")
            var sent = 0
            while sent < 64 << 20, endless.send(String(repeating: "x", count: 65_536)) { sent += 65_536 }
            #expect(sent < 16 << 20, "\(sent) bytes")
            // Streams of clients that leave at once give their places back.
            for _ in 0..<600 { try RawConnection(port: daemon.port).write("GET /api/events HTTP/1.1\r\n\(host)\r\n") }
            let streams = try (0..<100).map { _ in
                let connection = try RawConnection(port: daemon.port)
                try connection.write("GET /api/events HTTP/1.1\r\n\(host)\r\n")
                return connection
            }
            #expect(streams.count { $0.read(until: "200 OK") } == 100)
            // A header that never ends.
            let slow = try RawConnection(port: daemon.port), began = Date()
            while slow.send("G"), Date().timeIntervalSince(began) < 30 { usleep(500_000) }
            #expect(Date().timeIntervalSince(began) < 20)
            #expect(daemon.end() == 0)
        }
    }

    @Test func aConfigurationPostedToTheAPIRuns() throws {
        try withState { _, state, _ in
            let daemon = try DaemonProcess(state: state)
            let answer = try daemon.send("POST", "/api/campaigns", ReducedCampaign.yaml([("rounds: 2", "rounds: 1")]))
            #expect(answer.status == 201, "\(answer.text)")
            _ = try daemon.wait("reduced") { $0.status == "finished" }
            #expect(
                try daemon.send("GET", "/api/campaigns/reduced/samples?step=aggregate&limit=3").text.contains(
                    "\"total\":48"
                )
            )
            #expect(try daemon.send("GET", "/api/campaigns/reduced/samples?limit=0").status == 400)
            #expect(try daemon.send("GET", "/api/models/reduced/champion").status == 200)
            #expect(
                try daemon.send("GET", "/metrics").text.contains("selfimprove_campaign_round{campaign=\"reduced\"} 1")
            )
            let watch = try Program.run(["watch", "reduced", "--state", state.path])
            #expect(watch.code == 0 && watch.out.contains("reduced: finished: 1 of 1 rounds are done"))
            daemon.end()
        }
    }
}
