import Foundation
import SelfImprove
import Testing
import TestSupport

/// Quarantines with the built program: what it says, and what survives a kill.
@Suite(.serialized) struct QuarantineTests {
    /// A campaign's file, and arguments to run it so many rounds in a state directory of this name.
    private func withConfig(_ body: (URL, (_ state: String, _ rounds: Int) -> [String]) throws -> Void) throws {
        try withTemporaryDirectory { folder in
            let config = folder.appendingPathComponent("reduced.yaml")
            try ReducedCampaign.yaml().write(to: config, atomically: true, encoding: .utf8)
            try body(folder) { state, rounds in
                [
                    "run", config.path, "--json", "--rounds", "\(rounds)", "--checkpoint-every", "0.001s", "--state",
                    folder.appendingPathComponent(state).path,
                ]
            }
        }
    }

    private func killInSFT(_ arguments: [String], round: Int) throws {
        let killed = try Program.interrupt(arguments, with: SIGKILL, after: 20_000) {
            $0.contains("\"round\":\(round),") && $0.contains("\"state\":\"running\"")
                && $0.contains("\"step\":\"sft\"")
        }
        #expect(killed.hit && killed.code == -SIGKILL, "\(killed)")
    }

    private func expectSame(_ folder: URL, _ a: String, _ b: String) throws {
        let one = try Fingerprint.of(folder.appendingPathComponent(a))
        let other = try Fingerprint.of(folder.appendingPathComponent(b))
        for (part, value) in one { #expect(other[part] == value, "\(part) of \(a) and \(b)") }
    }

    @Test("Killed in the round that honours a quarantine, it ends with the same bytes")
    func killed() throws {
        try withConfig { folder, run in
            func quarantine(_ state: String, _ more: [String] = []) throws {
                let state = folder.appendingPathComponent(state).path
                let done = try Program.run(
                    ["quarantine", "reduced", "--peer", "letters", "--since", "2", "--state", state] + more
                )
                #expect(done.code == 0, "\(done.error)")
            }
            for state in ["whole", "killed"] {
                #expect(try Program.run(run(state, 2)).code == 0)
                try quarantine(state)
            }
            #expect(try Program.run(run("whole", 3)).code == 0)
            try killInSFT(run("killed", 3), round: 3)
            // What happens while the round is cut off changes the next one.
            let lift = ["quarantine", "reduced", "--peer", "letters", "--lift", "--state"]
            #expect(try Program.run(lift + [folder.appendingPathComponent("killed").path]).code == 0)
            #expect(try Program.run(run("killed", 3)).code == 0)
            try expectSame(folder, "whole", "killed")

            // The other way round: what is placed while a round is cut off leaves that round as it would have been.
            #expect(try Program.run(run("plain", 3)).code == 0)
            try killInSFT(run("late", 3), round: 3)
            try quarantine("late")
            #expect(try Program.run(run("late", 3)).code == 0)
            try expectSame(folder, "plain", "late")
            let plain = try Fingerprint.of(folder.appendingPathComponent("plain"))
            let whole = try Fingerprint.of(folder.appendingPathComponent("whole"))
            #expect(plain["drafts"] != nil && plain["dataset_rows"] != whole["dataset_rows"], "it made a difference")
        }
    }

    private struct Report: Decodable {
        struct Counts: Decodable { var drafts: Int, sftRows: Int }
        struct WayBack: Decodable { var to: String, model: String, command: String }
        var change: String, inForce: Bool, total: Counts, fromRound: Int, rollback: WayBack?
    }

    @Test("It says what came of a peer and how to go back, and lineage, status and show say that it is in force")
    func words() throws {
        try withConfig { folder, run in
            #expect(try Program.run(run("a b", 2)).code == 0)
            let state = folder.appendingPathComponent("a b").path
            func call(_ arguments: String...) throws -> Program.Result {
                try Program.run(arguments + ["--state", state])
            }
            let unknown = try call("quarantine", "reduced", "--peer", "leters")
            #expect(unknown.code == 2 && unknown.out.isEmpty)
            #expect(unknown.error.contains("there are: agreement, letters, likelihood, numbers, words"))
            #expect(try call("quarantine", "none", "--peer", "letters").code == 2)
            let both = try call("quarantine", "reduced", "--peer", "letters", "--lift", "--since", "1")
            #expect(both.code == 2 && both.error.contains("--lift takes no --since"))

            let said = try call(
                "quarantine",
                "reduced",
                "--peer",
                "letters",
                "--since",
                "2",
                "--reason",
                "swapped \u{1B}[31mweights"
            )
            #expect(said.code == 0, "\(said.error)")
            #expect(said.out.contains("in quarantine: letters since round 2: swapped \u{FFFD}[31mweights"))
            #expect(said.out.contains("champions of them: r2 (the champion now)"), "\(said.out)")
            let back = "selfimprove rollback reduced --to 1 --reason \"quarantine of letters\" --state '\(state)'"
            #expect(said.out.contains(back), "\(said.out)")
            let lines = said.out.split(separator: "\n")
            #expect(lines.allSatisfy { $0.count <= 80 || $0.contains("selfimprove ") }, "80 columns")

            let again = try call("quarantine", "reduced", "--peer", "letters", "--since", "2")
            #expect(again.code == 0 && again.out.hasPrefix("already in quarantine: letters since round 2"))
            let json = try call("quarantine", "reduced", "--peer", "letters", "--since", "2", "--json")
            let report = try JSONDecoder().decode(Report.self, from: Data(json.out.utf8))
            #expect(report.change == "none" && report.inForce && report.fromRound == 3 && report.total.drafts == 48)
            #expect(report.rollback?.to == "1" && report.rollback?.command == back)

            let notice = "letters since round 2"
            #expect(try call("lineage", "reduced").out.contains("in quarantine: \(notice)"))
            #expect(try call("lineage", "reduced", "--json").out.contains("\"quarantines\":[{\"peer\":\"letters\""))
            #expect(try call("status", "reduced").out.contains("quarantine  \(notice)"))
            #expect(try call("status", "reduced", "--json").out.contains("\"quarantines\":[{"))
            #expect(try call("show", "reduced/champion", "--json").out.contains("\"quarantines\":[{"))
            #expect(!(try call("show", "reduced/r1", "--json").out.contains("quarantines")))

            #expect(try call("rollback", "reduced", "--to", "1").code == 0)
            let free = try call("quarantine", "reduced", "--peer", "letters", "--since", "2")
            #expect(free.code == 0 && !free.out.contains("rollback"), "\(free.out)")
            let lifted = try call("quarantine", "reduced", "--peer", "letters", "--lift", "--reason", "false alarm")
            #expect(lifted.code == 0 && lifted.out.hasPrefix("out of quarantine: letters"))
            #expect(try call("status", "reduced").out.contains("quarantineLifted: letters since round 2: false alarm"))
            #expect(!(try call("lineage", "reduced").out.contains("quarantine")))
        }
    }

    @Test("A daemon's campaign takes it while it runs, and its next round honours it")
    func whileADaemonRuns() throws {
        try withConfig { folder, _ in
            let state = folder.appendingPathComponent("state")
            let daemon = try DaemonProcess(state: state)
            let start = ["start", folder.appendingPathComponent("reduced.yaml").path, "--rounds", "3", "--state"]
            #expect(try Program.run(start + [state.path]).code == 0)
            _ = try daemon.wait("reduced") { $0.round == 2 && $0.step != nil }
            #expect(try daemon.send("POST", "/api/campaigns/reduced/pause").status == 200)
            _ = try daemon.wait("reduced") { $0.status == "paused" }
            let placed = try Program.run(
                ["quarantine", "reduced", "--peer", "letters", "--json", "--state", state.path]
            )
            #expect(placed.code == 0 && placed.out.contains("\"fromRound\":3"), "\(placed)")
            #expect(try daemon.send("GET", "/api/campaigns/reduced").text.contains("\"quarantines\":[{"))
            #expect(try daemon.send("POST", "/api/campaigns/reduced/resume").status == 200)
            _ = try daemon.wait("reduced") { $0.status == "finished" }
            daemon.end()
            let lineage = try Lineage.openExisting(state: state)
            #expect(try lineage.rounds("reduced").map { try $0.honoured().count } == [0, 0, 1])
            let model = try #require(try lineage.rounds("reduced")[2].sftModel)
            let dataset = try #require(try lineage.model(model)?.dataset)
            #expect(Set(try lineage.rows(ofDataset: dataset).map(\.round)) == [3], "letters drafted for every prompt")
        }
    }
}
