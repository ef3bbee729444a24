import Foundation
import SelfImprove
import Testing
import TestSupport

/// The occasional tasks of running the daemon for weeks: backup, collection, service.
@Suite(.serialized) struct UpkeepTests {
    @Test func aBackupTakenWhileACampaignRunsIsAWholeState() throws {
        try withTemporaryDirectory { folder in
            let state = folder.appendingPathComponent("state"), archive = folder.appendingPathComponent("backup.tar")
            let config = folder.appendingPathComponent("reduced.yaml")
            try ReducedCampaign.yaml().write(to: config, atomically: true, encoding: .utf8)
            let daemon = try DaemonProcess(state: state)
            #expect(try Program.run(["start", config.path, "--state", state.path]).code == 0)
            _ = try daemon.wait("reduced") { $0.round == 1 && $0.step?.name == "sft" }
            let backup = try Program.run(["backup", archive.path, "--state", state.path])
            #expect(backup.code == 0, "\(backup.error)")
            #expect(
                try Program.run(["backup", archive.path, "--state", state.path]).code == 1,
                "nothing is overwritten"
            )
            _ = try daemon.wait("reduced") { $0.status == "finished" }
            daemon.end()

            let restored = folder.appendingPathComponent("restored")
            try FileManager.default.createDirectory(at: restored, withIntermediateDirectories: true)
            #expect(try Program.shell("tar -xf '\(archive.path)' -C '\(restored.path)'") == 0)
            let doctor = try Program.run(["doctor", "--state", restored.path])
            #expect(doctor.code == 0 && doctor.out.contains("every digest"), "\(doctor.out)")
            // It goes on from there, and ends where the other one did.
            #expect(try Program.run(["run", config.path, "--state", restored.path, "--json"]).code == 0)
            let a = try Fingerprint.of(state), b = try Fingerprint.of(restored)
            for (part, value) in a { #expect(b[part] == value, "\(part)") }
        }
    }

    @Test func whatIsFreedIsGoneAndTheRestIsWhole() throws {
        try withTemporaryDirectory { folder in
            let state = folder.appendingPathComponent("state").path,
                config = folder.appendingPathComponent("reduced.yaml")
            try ReducedCampaign.yaml([("rounds: 2", "rounds: 3")]).write(to: config, atomically: true, encoding: .utf8)
            #expect(try Program.run(["run", config.path, "--state", state, "--json"]).code == 0)
            let planned = try Program.run(["gc", "reduced", "--keep", "1", "--dry-run", "--json", "--state", state])
            let freed = try Program.run(["gc", "reduced", "--keep", "1", "--json", "--state", state])
            #expect(planned.code == 0 && planned.out == freed.out && freed.out.contains("\"bytes\":"))
            #expect(
                try Program.run(["gc", "reduced", "--keep", "1", "--json", "--state", state]).out.contains(
                    "\"models\":[]"
                )
            )
            let doctor = try Program.run(["doctor", "--state", state])
            #expect(doctor.code == 0 && doctor.out.contains("were freed by selfimprove gc"), "\(doctor.out)")
            let refused = try Program.run(["rollback", "reduced", "--to", "1", "--state", state])
            #expect(refused.code == 2 && refused.error.contains("it was freed"), "\(refused.error)")
            #expect(try Program.run(["rollback", "reduced", "--to", "0", "--state", state]).code == 0)
            #expect(
                try Program.run(["run", config.path, "--rounds", "4", "--state", state, "--json"]).code == 0,
                "it goes on"
            )
        }
    }

    @Test func theUnitIsPrintedAndWritten() throws {
        try withTemporaryDirectory { folder in
            let install = ["service", "install", "--program", "/usr/local/bin/selfimprove", "--port", "9000"]
            let printed = try Program.run(install + ["--print"])
            #expect(
                printed.code == 0
                    && printed.out.contains(
                        "ExecStart=/usr/local/bin/selfimprove daemon --host 127.0.0.1 --port 9000 --state "
                    )
            )
            let unit = folder.appendingPathComponent("selfimprove.service")
            #expect(try Program.run(install + ["--unit", unit.path]).code == 0)
            #expect(try String(contentsOf: unit, encoding: .utf8) == printed.out)
            #expect(try Program.run(["service", "install", "--print", "--host", "a b"]).code == 2)
        }
    }

    /// The unit has a /tmp of its own and no homes: systemd would find no program there.
    @Test func aProgramThatTheServiceCannotSeeIsRefused() throws {
        for place in [
            "/var/tmp/selfimprove", "/root/selfimprove", "/home/a/.local/bin/selfimprove", "/opt/../tmp/selfimprove",
        ] {
            let refused = try Program.run(["service", "install", "--print", "--program", place])
            #expect(refused.code == 2 && refused.error.contains("cannot see") && refused.out.isEmpty, "\(refused)")
        }
        let own = try Program.run(["service", "install", "--print"])
        let path = Program.binary.resolvingSymlinksInPath().path
        let isHidden = ["/tmp/", "/var/tmp/", "/home/", "/root/"].contains { path.hasPrefix($0) }
        #expect(isHidden ? own.code == 2 : own.out.contains("ExecStart=\(path) daemon"), "\(own)")
    }
}
