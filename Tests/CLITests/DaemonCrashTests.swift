import Foundation
import LocalLM
import ModelFiles
import Scheduler
import SelfImprove
import Testing
import TestSupport

/// The daemon is killed, and the disk is filled, at seeded moments. The lineage must equal that of an undisturbed run,
/// byte for byte, with nothing lost or doubled. For more of both: `SELFIMPROVE_KILLS=200 SELFIMPROVE_FILLS=30`.
@Suite(.serialized) struct DaemonCrashTests {
    private static func setting(_ name: String, _ fallback: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? fallback
    }

    private func writeConfig(_ folder: URL) throws -> String {
        let config = folder.appendingPathComponent("reduced.yaml")
        try ReducedCampaign.yaml().write(to: config, atomically: true, encoding: .utf8)
        return config.path
    }

    private func undisturbed(_ folder: URL, _ config: String) throws -> [String: String] {
        let state = folder.appendingPathComponent("whole")
        #expect(try Program.run(["run", config, "--state", state.path, "--json"]).code == 0)
        return try Fingerprint.of(state)
    }

    private func compare(_ state: URL, with whole: [String: String], _ when: String) throws {
        let disturbed = try Fingerprint.of(state)
        for (part, value) in whole { #expect(disturbed[part] == value, "\(part), \(when)") }
    }

    private static let points = Failpoint.files + Failpoint.steps

    /// Half of the kills at seeded moments, half at a seeded pass of a named place inside of a write.
    @Test func killedAtAnyMomentItEndsWithTheSameBytes() throws {
        try withTemporaryDirectory { folder in
            let config = try writeConfig(folder), whole = try undisturbed(folder, config)
            let wanted = Self.setting("SELFIMPROVE_KILLS", 20)
            var random = RandomStream(key: 11)
            var kills: [String: Int] = [:], campaigns = 0
            func total() -> Int { kills.values.reduce(0, +) }
            while total() < wanted {
                campaigns += 1
                let state = folder.appendingPathComponent("state-\(campaigns)")
                var isStarted = false
                // One campaign takes at most twenty kills, then it may end; the next one takes more.
                for attempt in 0... {
                    let isLast = attempt >= 20 || total() >= wanted
                    let point = Self.points[random.integer(below: Self.points.count)]
                    let usesPoint = !isLast && random.integer(below: 2) == 0
                    let failpoint = usesPoint ? "\(point.name):\(1 + random.integer(below: 4))" : nil
                    let daemon: DaemonProcess
                    // A place may be passed before the daemon listens: that is a kill like any other.
                    do { daemon = try DaemonProcess(state: state, failpoint: failpoint) } catch is DaemonProcess.Failure
                        where usesPoint
                    {
                        kills[point.name, default: 0] += 1
                        continue
                    }
                    if !isStarted {
                        #expect(try Program.run(["start", config, "--state", state.path]).code == 0)
                        isStarted = true
                    }
                    // Reckoned in steps, not in seconds: kills are spread on a slow machine, too.
                    let isOver =
                        isLast || usesPoint
                        ? try daemon.follow("reduced", seconds: isLast ? 90 : 15)
                        : try daemon.follow("reduced", seconds: 30, steps: random.integer(below: 4))
                    if !isOver, !isLast, !usesPoint { usleep(UInt32(random.integer(below: 200_000))) }
                    let step =
                        try Lineage.openExisting(state: state).steps("reduced").last { $0.state == .running }?.step
                        .rawValue ?? "between steps"
                    if daemon.process.isRunning && !isOver { daemon.end(SIGKILL) }
                    let integrity = try Fingerprint.of(state)["integrity"]
                    #expect(integrity == "ok")
                    if isOver {
                        if daemon.process.isRunning { daemon.end() }
                        break
                    }
                    kills[usesPoint && !daemon.wasKilledByUs ? point.name : step, default: 0] += 1
                }
                try compare(state, with: whole, "campaign \(campaigns) after \(total()) kills")
                try FileManager.default.removeItem(at: state)
            }
            print(
                "\(total()) kills in \(campaigns) campaigns: \(kills.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))"
            )
            #expect(kills.count >= 4, "they are spread: \(kills)")
        }
    }

    /// On a file system of 96 MB that something else fills at seeded moments.
    @Test(.enabled(if: geteuid() == 0, "only root may mount a file system")) func aFullDiskIsWaitedFor() throws {
        try withTemporaryDirectory { folder in
            let config = try writeConfig(folder), whole = try undisturbed(folder, config)
            let disk = folder.appendingPathComponent("disk")
            try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
            #expect(try Program.shell("mount -t tmpfs -o size=96m tmpfs '\(disk.path)'") == 0)
            defer { _ = try? Program.shell("umount -l '\(disk.path)'") }
            let wanted = Self.setting("SELFIMPROVE_FILLS", 3)
            var random = RandomStream(key: 12)
            var fills = 0, campaigns = 0
            while fills < wanted {
                campaigns += 1
                let state = disk.appendingPathComponent("state-\(campaigns)")
                let daemon = try DaemonProcess(state: state)
                #expect(try Program.run(["start", config, "--state", state.path]).code == 0)
                while fills < wanted, try !daemon.follow("reduced", seconds: 0.05 + 0.6 * random.uniform()) {
                    let filler = disk.appendingPathComponent("filler")
                    _ = try Program.shell(
                        "dd if=/dev/zero of='\(filler.path)' bs=1M 2>/dev/null; dd if=/dev/zero of='\(filler.path).rest' bs=512 2>/dev/null"
                    )
                    let stuck = try daemon.wait("reduced", seconds: 30) {
                        $0.status == "paused" || $0.status == "finished"
                    }
                    if stuck.status == "paused" {
                        fills += 1
                        #expect(stuck.reason?.contains("the disk is full") == true)
                    }
                    _ = try Program.shell("rm -f '\(filler.path)' '\(filler.path).rest'")
                }
                _ = try daemon.wait("reduced") { $0.status == "finished" }
                daemon.end()
                try compare(state, with: whole, "\(fills) times the disk was full")
                try FileManager.default.removeItem(at: state)
            }
            print("\(fills) times the disk was full, in \(campaigns) campaigns")
        }
    }
}
