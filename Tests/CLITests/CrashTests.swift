import Foundation
import LocalLM
import ModelFiles
import SelfImprove
import Testing
import TestSupport

/// The program is killed in every one of its steps and started again by the same command. The lineage must equal that
/// of an undisturbed run, byte for byte.
@Suite(.serialized) struct CrashTests {
    private static let steps: [(round: Int, step: StepName)] =
        StepName.preparation.map { (0, $0) } + StepName.round.enumerated().map { ($0.offset % 2 + 1, $0.element) }

    @Test func killedInAnyStepItEndsWithTheSameBytes() throws {
        try withTemporaryDirectory { folder in
            let config = folder.appendingPathComponent("reduced.yaml")
            try ReducedCampaign.yaml().write(to: config, atomically: true, encoding: .utf8)
            func arguments(_ state: String) -> [String] {
                [
                    "run", config.path, "--json", "--checkpoint-every", "0.001s", "--state",
                    folder.appendingPathComponent(state).path,
                ]
            }
            #expect(try Program.run(arguments("whole")).code == 0)
            let whole = try Fingerprint.of(folder.appendingPathComponent("whole"))
            #expect(whole["integrity"] == "ok" && whole["rounds"]!.contains("promoted"))
            var random = RandomStream(key: 20)
            for (round, step) in Self.steps {
                let name = "\(step.rawValue)-\(round)"
                // Long steps are cut off in their middle, short ones at their beginning.
                let delay = UInt32(random.integer(below: [.nursery, .sft].contains(step) ? 300_000 : 8_000))
                let killed = try Program.interrupt(arguments(name), with: SIGKILL, after: delay) { line in
                    line.contains("\"round\":\(round),") && line.contains("\"state\":\"running\"")
                        && line.contains("\"step\":\"\(step.rawValue)\"")
                }
                #expect(killed.hit && killed.code == -SIGKILL, "\(name): \(killed)")
                let again = try Program.run(arguments(name))
                #expect(again.code == 0, "\(name): \(again.error)")
                let resumed = try Fingerprint.of(folder.appendingPathComponent(name))
                for (part, value) in whole { #expect(resumed[part] == value, "\(part), killed in \(name)") }
            }
        }
    }

    /// A model that came in bf16, trained by adapters in bf16 and kept so, is killed ten times while it trains.
    @Test func killedWhileAnAdapterIsTrainedItEndsWithTheSameBytes() throws {
        try withTemporaryDirectory { folder in
            let student = folder.appendingPathComponent("student")
            try TinyModels.spelling(TinyModels.configuration(hidden: 64, ffn: 96, vocabulary: 80)).save(
                to: student,
                as: .bf16
            )
            let tuning = """

                  precision: bf16
                  lora: {rank: 4, dropout: 0.1}
                  micro_batch_tokens: 150
                  gradient_checkpointing: on
                """
            let config = folder.appendingPathComponent("reduced.yaml")
            try ReducedCampaign.yaml([
                ("seed: 5", "seed: 5\nstudent: \(student.path)"), ("rounds: 2", "rounds: 1"),
                ("tokens: 3000", "tokens: 60000\(tuning)"), ("epochs: 1", "epochs: 4\(tuning)"),
            ]).write(to: config, atomically: true, encoding: .utf8)
            func arguments(_ state: String) -> [String] {
                [
                    "run", config.path, "--json", "--checkpoint-every", "0.01s", "--state",
                    folder.appendingPathComponent(state).path,
                ]
            }
            #expect(try Program.run(arguments("whole")).code == 0)
            let whole = try Fingerprint.of(folder.appendingPathComponent("whole"))
            let lineage = try Lineage.openExisting(state: folder.appendingPathComponent("whole"))
            let made = try lineage.models("reduced").filter { $0.kind.stage != nil }
            #expect(made.count == 2, "SFT and DPO")
            for model in made {
                #expect(try lineage.files.load(model: model.digest).storage == .bf16, "kept as the student came")
                try lineage.files.verify(adapter: #require(model.adapter))
            }
            var random = RandomStream(key: 7), hits = 0
            for _ in 0..<10 {
                let killed = try Program.interrupt(
                    arguments("killed"),
                    with: SIGKILL,
                    after: UInt32(random.integer(below: 150_000))
                ) { $0.contains("\"state\":\"running\"") && $0.contains("\"step\":\"sft\"") }
                hits += killed.hit && killed.code == -SIGKILL ? 1 : 0
            }
            #expect(hits >= 3, "\(hits) of 10 kills hit the training")
            #expect(try Program.run(arguments("killed")).code == 0)
            let resumed = try Fingerprint.of(folder.appendingPathComponent("killed"))
            for (part, value) in whole { #expect(resumed[part] == value, "\(part)") }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: lineage.files.adapters.path).sorted()
                    == FileManager.default.contentsOfDirectory(
                        atPath: folder.appendingPathComponent("killed/adapters").path
                    ).sorted()
            )
        }
    }

    /// Models write half of the prompts, and are killed at it in both rounds.
    @Test func killedWhileModelsWritePromptsItEndsWithTheSameBytes() throws {
        try withTemporaryDirectory { folder in
            func rows(_ count: Int, _ text: (Int) -> String) -> Data {
                JSONLines.encode(
                    (0..<count).map { PromptRow(task: "reverse", prompt: [Message(role: "user", content: text($0))]) }
                )
            }
            try rows(200) { "Reverse abc\($0)" }.write(to: folder.appendingPathComponent("prompts.jsonl"))
            try rows(12) { "Reverse x\($0)y" }.write(to: folder.appendingPathComponent("seeds.jsonl"))
            try "{tasks}\n---\n{task}".write(
                to: folder.appendingPathComponent("words.txt"),
                atomically: true,
                encoding: .utf8
            )
            let sources = """
                per_round: 48
                  sources:
                    - {file: prompts.jsonl, share: 2}
                    - {kind: self_instruct, model: champion, seeds: seeds.jsonl, shown: 3, prompt: words.txt,
                       maximum_tokens: 40}
                    - {kind: magpie, model: letters, maximum_tokens: 60}
                """
            let config = folder.appendingPathComponent("reduced.yaml")
            try ReducedCampaign.yaml([("per_round: 48", sources)]).write(to: config, atomically: true, encoding: .utf8)
            func arguments(_ state: String) -> [String] {
                ["run", config.path, "--json", "--state", folder.appendingPathComponent(state).path]
            }
            let first = try Program.run(arguments("whole"))
            #expect(first.code == 0, "\(first.error)")
            let whole = try Fingerprint.of(folder.appendingPathComponent("whole"))
            let lineage = try Lineage.openExisting(state: folder.appendingPathComponent("whole"))
            for round in 1...2 {
                let prompts = try lineage.prompts("reduced", round: round)
                let report = try #require(try lineage.drawing("reduced", round: round))
                #expect(prompts.count == 48 && report.written?.count == 2, "\(report.words)")
                for kind in PromptWriter.Kind.allCases {
                    let written = prompts.filter { $0.origin?.kind == kind }
                    #expect(!written.isEmpty, "\(kind): \(report.words)")
                    #expect(written.allSatisfy { $0.origin?.seeds.count == (kind == .magpie ? 0 : 3) })
                }
            }
            let samples = try Program.run(["samples", "reduced", "--state", folder.path + "/whole", "--limit", "48"])
            #expect(samples.out.contains("written by self_instruct (self_instruct), generation "))
            #expect(samples.out.contains("seeds.jsonl:"))
            var random = RandomStream(key: 22), hits = 0
            for place in 0..<8 {
                let round = place % 2 + 1
                let killed = try Program.interrupt(
                    arguments("killed \(place / 2)"),
                    with: SIGKILL,
                    after: UInt32(random.integer(below: 60_000))
                ) {
                    $0.contains("\"round\":\(round),") && $0.contains("\"state\":\"running\"")
                        && $0.contains("\"step\":\"prompts\"")
                }
                hits += killed.hit && killed.code == -SIGKILL ? 1 : 0
                guard round == 2 else { continue }
                #expect(try Program.run(arguments("killed \(place / 2)")).code == 0)
                let resumed = try Fingerprint.of(folder.appendingPathComponent("killed \(place / 2)"))
                for (part, value) in whole { #expect(resumed[part] == value, "\(part), \(place)") }
            }
            #expect(hits >= 4, "\(hits) of 8 kills hit the step")
        }
    }

    /// A directory without write permission is a clear stop, and nothing is lost. Runs as another user, since root may
    /// write anywhere.
    @Test(.enabled(if: geteuid() == 0, "only root may become somebody else")) func aReadOnlyDirectoryIsAClearStop()
        throws
    {
        try withTemporaryDirectory { folder in
            let config = folder.appendingPathComponent("reduced.yaml"), state = folder.appendingPathComponent("state")
            try ReducedCampaign.yaml().write(to: config, atomically: true, encoding: .utf8)
            try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
            chmod(folder.path, 0o755)
            chown(state.path, 65_534, 65_534)
            func run() throws -> Program.Result {
                try Program.run(
                    ["run", config.path, "--state", state.path, "--json"],
                    as: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
                )
            }
            chmod(state.path, 0o555)
            let refused = try run()
            #expect(
                refused.code == 1 && refused.error.contains(state.path)
                    && refused.error.split(separator: "\n").count == 1,
                "\(refused.error)"
            )
            chmod(state.path, 0o755)
            let models = state.appendingPathComponent("models")
            try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
            let stopped = try run()
            #expect(
                stopped.code == 1 && stopped.error.contains("\(models.path)")
                    && stopped.error.contains("Permission denied"),
                "\(stopped.error)"
            )
            #expect(try Lineage.openExisting(state: state).campaign("reduced").status == .failed)
            chown(models.path, 65_534, 65_534)
            let again = try run()
            #expect(again.code == 0, "\(again.error)")
            let whole = folder.appendingPathComponent("whole")
            #expect(try Program.run(["run", config.path, "--state", whole.path, "--json"]).code == 0)
            let a = try Fingerprint.of(state), b = try Fingerprint.of(whole)
            for (part, value) in b { #expect(a[part] == value, "\(part)") }
        }
    }

    @Test func interruptedItSaysHowToGoOnAndGoesOn() throws {
        try withTemporaryDirectory { folder in
            let config = folder.appendingPathComponent("reduced.yaml")
            try ReducedCampaign.yaml().write(to: config, atomically: true, encoding: .utf8)
            let arguments = ["run", config.path, "--json", "--state", folder.appendingPathComponent("state").path]
            let stopped = try Program.interrupt(arguments, with: SIGINT) { $0.contains("\"step\":\"sft\"") }
            #expect(stopped.hit && stopped.code == 3)
            let status = try Program.run(["status", "reduced", "--state", folder.appendingPathComponent("state").path])
            #expect(status.out.contains("interrupted: asked to stop"))
            #expect(status.out.contains("the same selfimprove run resumes the step that it was in"))
            #expect(try Program.run(arguments).code == 0)
        }
    }
}
