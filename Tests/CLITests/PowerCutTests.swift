import Foundation
import LocalLM
import ModelFiles
import Scheduler
import SelfImprove
import Testing
import TestSupport

/// The power fails at seeded moments, and everything that was not fsynced is gone (`Tests/PowerCut` interposes file
/// calls). All that the program had called done must be there afterwards, and the end must equal that of an undisturbed
/// run. For more cuts: `SELFIMPROVE_CUTS=100`.
@Suite(.serialized) struct PowerCutTests {
    private static let cuts = ProcessInfo.processInfo.environment["SELFIMPROVE_CUTS"].flatMap { Int($0) } ?? 8

    /// The machine that loses its power: every process below it writes through the simulation.
    private struct Machine {
        let library: URL
        /// What is lost but for what was synced; the state directory lies in it, so that its own name counts, too.
        let root: URL
        let shadow: URL
        var state: URL { root.appendingPathComponent("state") }

        init(in folder: URL) throws {
            library = folder.appendingPathComponent("powercut.so")
            root = folder.appendingPathComponent("disk")
            shadow = folder.appendingPathComponent("shadow")
            let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("PowerCut/powercut.c")
            guard try Program.shell("clang -shared -fPIC -O2 -o '\(library.path)' '\(source.path)'") == 0 else {
                throw Program.Failure(description: "the simulation of a power cut does not compile")
            }
        }

        var environment: [String: String] {
            ["LD_PRELOAD": library.path, "POWERCUT_ROOT": root.path, "POWERCUT_SHADOW": shadow.path]
        }

        /// Replaces what the processes saw by what was on disk when the power failed. With a seed, the disk had kept
        /// some of the rest.
        func restore(torn: UInt64?) throws {
            let variables = environment.merging(
                ["POWERCUT_RESTORE": "1"].merging(torn.map { ["POWERCUT_TORN": "\($0)"] } ?? [:]) { $1 }
            ) { $1 }
            let words = variables.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
            // 69: the process was killed before it had begun.
            guard try [0, 69].contains(Program.shell("\(words) /bin/true")) else {
                throw Program.Failure(description: "the simulation of a power cut failed")
            }
        }
    }

    private static let points = Failpoint.files + Failpoint.steps

    @Test func whatWasDoneIsThereAndTheEndIsTheSame() throws {
        try withTemporaryDirectory { folder in
            let config = folder.appendingPathComponent("reduced.yaml"), whole = folder.appendingPathComponent("whole")
            try ReducedCampaign.yaml().write(to: config, atomically: true, encoding: .utf8)
            #expect(try Program.run(["run", config.path, "--state", whole.path, "--json"]).code == 0)
            let expected = try Fingerprint.of(whole)
            let machine = try Machine(in: folder)
            try FileManager.default.createDirectory(at: machine.root, withIntermediateDirectories: true)
            var random = RandomStream(key: 31)
            var cuts = 0, campaigns = 0, places: [String: Int] = [:]
            while cuts < Self.cuts {
                campaigns += 1
                var done: [String] = []
                for attempt in 0... {
                    let isLast = attempt == 12 || cuts == Self.cuts
                    let point =
                        random.integer(below: 2) == 0
                        ? Self.points[random.integer(below: Self.points.count)] : nil
                    var environment = machine.environment
                    if let point, !isLast {
                        environment["SELFIMPROVE_FAILPOINT"] = "\(point.name):\(1 + random.integer(below: 12))"
                    }
                    let output = folder.appendingPathComponent("output")
                    let process = try Program.start(
                        ["run", config.path, "--json", "--checkpoint-every", "0.001s", "--state", machine.state.path],
                        environment,
                        output: output
                    )
                    // Without a named place: after a seeded number of steps, and a little more.
                    let steps = random.integer(below: 4), pause = UInt32(random.integer(below: 150_000))
                    if point == nil, !isLast {
                        while process.isRunning, try Self.finished(output).count < steps { usleep(5_000) }
                        usleep(pause)
                        kill(process.processIdentifier, SIGKILL)
                    }
                    process.waitUntilExit()
                    done += try Self.finished(output)
                    let wasCut = process.terminationReason == .uncaughtSignal
                    #expect(
                        wasCut || process.terminationStatus == 0,
                        "it ended with \(process.terminationStatus) after \(cuts) cuts"
                    )
                    guard wasCut else { break }
                    // Sometimes only the process dies: data that it had not fsynced is still there for the next one,
                    // until the power fails.
                    if !isLast, random.integer(below: 4) == 0 { continue }
                    cuts += 1
                    places[point?.name ?? "any moment", default: 0] += 1
                    try machine.restore(torn: cuts % 2 == 0 ? UInt64(cuts) : nil)
                    guard try Lineage.exists(state: machine.state) else {
                        #expect(done.isEmpty, "the whole lineage is gone, and these were done: \(done)")
                        continue
                    }
                    let lineage = try Lineage.openExisting(state: machine.state)
                    let kept = try lineage.steps("reduced").filter { $0.state == .done }.map {
                        "\($0.round) \($0.step.rawValue)"
                    }
                    for step in done { #expect(kept.contains(step), "\(step) was done, and is gone after cut \(cuts)") }
                    #expect(try Fingerprint.of(machine.state)["integrity"] == "ok")
                }
                let found = try Fingerprint.of(machine.state)
                for (part, value) in expected {
                    #expect(found[part] == value, "\(part), campaign \(campaigns) after \(cuts) cuts")
                }
                try FileManager.default.removeItem(at: machine.state)
                try FileManager.default.removeItem(at: machine.shadow)
            }
            print(
                "\(cuts) power cuts in \(campaigns) campaigns: \(places.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))"
            )
        }
    }

    /// Steps that the program has said to be done.
    private static func finished(_ output: URL) throws -> [String] {
        struct Line: Decodable {
            var event: String
            var round: Int?
            var step: String?
            var state: String?
        }
        return try String(contentsOf: output, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: true)
            .compactMap { text in
                // The last line may be half written.
                guard text.hasSuffix("}") else { return nil }
                let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
                return line.event == "step" && line.state == "done" ? "\(line.round ?? -1) \(line.step ?? "")" : nil
            }
    }
}
