import Foundation
import LocalLM
import ModelFiles
import SelfImprove
import Testing
import TestSupport

/// The commands on a real (reduced) campaign that ran once for all of these tests.
@Suite(.serialized) struct CommandTests {
    private static let campaign: Result<URL, any Error> = Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("selfimprove-commands-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try ReducedCampaign.yaml().write(
            to: folder.appendingPathComponent("reduced.yaml"),
            atomically: true,
            encoding: .utf8
        )
        let done = try Program.run([
            "run", folder.appendingPathComponent("reduced.yaml").path, "--state",
            folder.appendingPathComponent("state").path,
        ])
        guard done.code == 0 else { throw SelfImproveError(.failed, done.error) }
        return folder
    }

    private func folder() throws -> URL { try Self.campaign.get() }

    private func call(_ arguments: String...) throws -> Program.Result {
        try Program.run(arguments + ["--state", folder().appendingPathComponent("state").path])
    }

    private struct Lines: Decodable {
        struct Score: Decodable { var value, low, high: Double; var n: Int }
        struct Stage: Decodable { var stage, model: String; var score: Score }
        struct Scored: Decodable { var model: String; var score: Score }
        struct Round: Decodable {
            var round: Int, parent: String, stages: [Stage], challenger: String?, outcome: String, reason: String,
                champion: String, score: Score,
                seconds: Double
        }
        var campaign: String, seed: UInt64, champion: String, initial: Scored, rounds: [Round]
    }

    @Test func lineageIsTheContractsJSONAndATreeForPeople() throws {
        let json = try call("lineage", "reduced", "--json")
        #expect(json.code == 0 && json.error.isEmpty)
        let lines = try JSONDecoder().decode(Lines.self, from: Data(json.out.utf8))
        #expect(lines.campaign == "reduced" && lines.seed == 5 && lines.rounds.map(\.round) == [1, 2])
        #expect(lines.rounds[0].parent == lines.initial.model && lines.rounds[1].champion == lines.champion)
        #expect(lines.rounds[0].stages.map(\.stage) == ["sft", "dpo"])
        #expect((0...1).contains(lines.initial.score.value) && lines.initial.score.n == 36)
        let text = try call("lineage", "reduced").out
        #expect(text.contains("* start") && text.contains("* round 2"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 }, "80 columns")
        #expect(try call("lineage", "reduced", "--dot").out.hasPrefix("digraph \"reduced\" {"))
    }

    @Test func whatDoesNotExistIsOneLineAndExitTwo() throws {
        for arguments in [
            ["lineage", "none"], ["show", "beef1234"], ["samples", "reduced", "--round", "9"],
            ["rollback", "reduced", "--to", "7"],
            ["criteria", "reduced", "round=5"],
        ] {
            let result = try Program.run(arguments + ["--state", folder().appendingPathComponent("state").path])
            #expect(result.code == 2, "\(arguments): \(result.code)")
            #expect(result.out.isEmpty)
            #expect(
                result.error.split(separator: "\n").count == 1 && result.error.hasPrefix("selfimprove: "),
                "\(result.error)"
            )
            #expect(result.error.contains("("), "says what to do: \(result.error)")
        }
    }

    private struct Verdicts: Decodable {
        struct Verdict: Decodable { var position: Int, judge: String, first: Int, second: Int, verdict: String }
        struct Sample: Decodable { var sample: Int }
        var first: Sample?, second: Sample?
        var verdict: Verdict?
        var verdicts: [Verdict]?
    }

    @Test func aVerdictIsShownWithWhatItWasAbout() throws {
        let lines = try call("samples", "reduced", "--round", "1", "--step", "judge", "--limit", "1", "--json").out
        let story = try JSONDecoder().decode(Verdicts.self, from: Data(lines.utf8))
        let one = try #require(story.verdicts?.first)
        let id = "reduced:1:\(one.position):\(one.judge)"
        let shown = try call("show", "\(id):\(one.second):\(one.first)")
        #expect(shown.code == 0, "\(shown.error)")
        let whole = try JSONDecoder().decode(Verdicts.self, from: Data(shown.out.utf8))
        #expect(whole.verdict?.verdict == one.verdict && whole.verdict?.judge == one.judge)
        #expect(whole.first?.sample == one.first && whole.second?.sample == one.second)
        for (wrong, says) in [(":99:98", "gave no verdict"), (":1", "is no ID"), (":a:b", "is no ID")] {
            let result = try call("show", id + wrong)
            #expect(result.code == 2 && result.error.contains(says), "\(result.error)")
        }
    }

    private struct Dropped: Decodable { var answersDropped: [String: Int] }

    @Test("Dropped answers are shown by reason, and what is no reason lists those of the round") func dropped() throws {
        let round = try call("show", "reduced:1").out
        let counts = try JSONDecoder().decode(Dropped.self, from: Data(round.utf8)).answersDropped
        let (reason, count) = try #require(counts.max { ($0.value, $0.key) < ($1.value, $1.key) })
        let shown = try call("samples", "reduced", "--round", "1", "--dropped", reason, "--limit", "2")
        #expect(shown.code == 0 && shown.out.contains("dropped: \(reason)") && shown.out.contains("user: "))
        #expect(
            shown.out.contains("\(min(2, count)) of \(count) prompts of round 1, dropped: \(reason)"),
            "\(shown.out)"
        )
        #expect(!shown.out.contains("draft 1"), "the answer alone")
        let whole = try call("samples", "reduced", "--round", "1", "--dropped", reason, "--limit", "999", "--json")
        #expect(whole.out.split(separator: "\n").count == count)
        let unknown = try call("samples", "reduced", "--round", "1", "--dropped", "boredom")
        #expect(unknown.code == 2 && unknown.out.isEmpty)
        #expect(
            unknown.error.contains("\"boredom\" is no reason to drop an answer")
                && unknown.error.contains("\(reason) \(count)")
        )
    }

    @Test func wrongArgumentsAndConfigurationsAreExitTwoAndChangeNothing() throws {
        #expect(try Program.run(["run"]).code == 2)
        #expect(try Program.run(["nonsense"]).code == 2)
        #expect(try Program.run(["--help"]).code == 0)
        let version = try Program.run(["--version"]).out
        let form = /.* \(([0-9a-f]{12}\+?|unknown), (AVX-512|AVX2)( with (bf16|AMX))?, OpenBLAS \w+\)\n/
        #expect(try form.wholeMatch(in: version) != nil, "\(version)")
        #expect(version.hasPrefix("\(ProgramVersion.current) "))
        let bad = try folder().appendingPathComponent("bad.yaml")
        try ReducedCampaign.yaml([("seed: 5", "sed: 5"), ("beta: 0.1", "beta: -1")]).write(
            to: bad,
            atomically: true,
            encoding: .utf8
        )
        let state = try folder().appendingPathComponent("untouched").path
        for command in ["run", "plan"] {
            let result = try Program.run([command, bad.path, "--state", state])
            #expect(result.code == 2)
            #expect(result.error.split(separator: "\n").count == 2, "\(result.error)")
            #expect(!FileManager.default.fileExists(atPath: state), "nothing is changed")
        }
    }

    @Test func statusSamplesShowAndCriteriaTellTheStory() throws {
        #expect(try call("status").out.contains("reduced   finished  round 2"))
        #expect(try call("status", "reduced").out.contains("stops at  rounds = 2"))
        let samples = try call("samples", "reduced", "--round", "1", "--limit", "2").out
        #expect(
            samples.contains("draft 1") && samples.contains("champion")
                && samples.contains("2 of 48 prompts of round 1")
        )
        #expect(try call("samples", "reduced", "--json", "--limit", "3").out.split(separator: "\n").count == 3)
        #expect(try call("show", "reduced:1").out.contains("\"answersKept\""))
        #expect(try call("show", "reduced/champion").out.contains("\"ancestors\""))
        let criteria = try call("criteria", "reduced").out.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(criteria.contains(["patience", "off"]) && criteria.contains(["rounds", "2"]))
        #expect(try call("criteria", "reduced", "--json").out == "{\"rounds\":2}\n")
    }

    @Test func exportsLoadAgainAndNothingIsOverwritten() throws {
        let model = try folder().appendingPathComponent("exported").path
        #expect(try call("export", "reduced/champion", model).code == 0)
        #expect(try call("export", "reduced/champion", model).code == 1)
        let card = try String(contentsOfFile: model + "/README.md", encoding: .utf8)
        #expect(card.contains("Held-out accuracy") && card.contains("## Lineage"))
        let tokens = try Program.run(["model", "tokenize", model], input: "{\"text\":\"Add 1 and 2.\"}\n")
        #expect(tokens.code == 0 && tokens.out.contains("\"decoded\":\"Add 1 and 2.\""))
        let data = try folder().appendingPathComponent("data").path
        #expect(try call("export-data", "reduced", data).code == 0)
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: data)) == [
                "prompts.jsonl", "r1-sft.jsonl", "r1-preference.jsonl", "r2-sft.jsonl", "r2-preference.jsonl",
            ]
        )
    }

    /// A model that is kept as bf16 leaves as bf16, with the digest that the lineage has.
    @Test func anExportIsTheModelItself() throws {
        try withTemporaryDirectory { place in
            let model = place.appendingPathComponent("model"), out = place.appendingPathComponent("out").path
            let digest = try TinyModels.spelling().save(to: model, as: .bf16)
            let result = try call("export", model.path, out, "--json")
            #expect(result.code == 0 && result.out.contains(digest), "\(result)")
        }
    }

    @Test func trainingWithoutDataIsOneLine() throws {
        try withTemporaryDirectory { place in
            let data = place.appendingPathComponent("rows.jsonl").path
            let result = try call(
                "model",
                "train",
                "sft",
                "reduced/champion",
                "--data",
                data,
                "--output",
                place.appendingPathComponent("out").path
            )
            #expect(
                result.code == 1 && result.error == "selfimprove: \(data): is missing (a JSONL file is needed)\n",
                "\(result.error)"
            )
        }
    }

    /// At once, so that the weights are no numbers after the only step, and later, where a loss is none.
    @Test(arguments: [("1", "1e38"), ("9", "3e37")]) func trainingThatDivergesWritesNothing(
        steps: String,
        rate: String
    ) throws {
        try withTemporaryDirectory { place in
            let data = place.appendingPathComponent("data").path, output = place.appendingPathComponent("out").path
            #expect(try call("export-data", "reduced", data).code == 0)
            for lora in [[], ["--lora-rank", "2"]] {
                let result = try Program.run(
                    [
                        "model", "train", "sft", "reduced/champion", "--data", data + "/r1-sft.jsonl", "--output",
                        output, "--steps", steps, "--learning-rate", rate, "--max-grad-norm", "0", "--state",
                        folder().appendingPathComponent("state").path,
                    ] + lora
                )
                #expect(result.code == 1, "\(result)")
                #expect(result.error.hasPrefix("selfimprove: training diverged at step "), "\(result.error)")
                #expect(!FileManager.default.fileExists(atPath: output))
            }
        }
    }

    /// Cut off by Ctrl-C, then killed: the same command ends with the bytes of a run that was never cut off.
    @Test(arguments: ["sft", "preference"]) func trainingThatIsCutOffGoesOn(kind: String) throws {
        try withTemporaryDirectory { place in
            let data = place.appendingPathComponent("data"), state = try folder().appendingPathComponent("state").path
            #expect(try call("export-data", "reduced", data.path).code == 0)
            func arguments(_ output: String, rate: String = "1e-3") -> [String] {
                [
                    "model", "train", kind == "sft" ? "sft" : "dpo", "reduced/champion", "--data",
                    data.appendingPathComponent("r1-\(kind).jsonl").path,
                    "--output",
                    place.appendingPathComponent(output).path + "/", "--steps", "300", "--batch-size", "4",
                    "--learning-rate", rate, "--threads", "2",
                    "--checkpoint-every", "0.001s", "--state", state,
                ]
            }
            let whole = try Program.run(arguments("whole"))
            #expect(whole.code == 0, "\(whole.error)")
            #expect(whole.out.split(separator: "\n").count == 300)

            let stopped = try Program.interrupt(arguments("cut"), with: SIGINT) { $0.contains("\"step\":9,") }
            #expect(stopped.hit && stopped.code == 3)
            let kept = place.appendingPathComponent("cut.unfinished").path
            #expect(
                FileManager.default.fileExists(atPath: kept)
                    && !FileManager.default.fileExists(atPath: place.appendingPathComponent("cut").path)
            )
            let killed = try Program.interrupt(arguments("cut"), with: SIGKILL) { $0.contains("\"step\":60,") }
            #expect(killed.hit && killed.code == -SIGKILL)
            // Another run beside it neither takes nor loses what is kept.
            let other = try Program.run(arguments("cut", rate: "2e-3") + ["--lora-rank", "2"])
            #expect(other.code == 0 && other.error.contains("this one begins at its first step"), "\(other.error)")
            try FileManager.default.removeItem(at: place.appendingPathComponent("cut"))

            let rest = try Program.run(arguments("cut"))
            #expect(rest.code == 0 && rest.error.contains("resuming after step"), "\(rest.error)")
            let done = rest.out.split(separator: "\n").count
            #expect(done < 300 - 8 && done > 0, "\(done) steps were left")
            #expect(rest.out.split(separator: "\n").last?.contains("\"step\":300,") == true)
            for file in ["model.safetensors", "SHA256SUMS"] {
                let a = try Data(contentsOf: place.appendingPathComponent("whole/\(file)")),
                    b = try Data(contentsOf: place.appendingPathComponent("cut/\(file)"))
                #expect(a == b, "\(file)")
            }
            #expect(!FileManager.default.fileExists(atPath: kept), "nothing is left behind")
        }
    }

    /// A backup on a disk that is mounted read-only: commands that only read, read it.
    @Test func aStateThatMayOnlyBeReadIsRead() throws {
        try withTemporaryDirectory { place in
            let state = place.appendingPathComponent("only read")
            try FileManager.default.copyItem(at: folder().appendingPathComponent("state"), to: state)
            // The last program that closes the database removes the log.
            #expect(try Program.run(["status", "--state", state.path]).code == 0)
            #expect(try Program.shell("chmod -R a-w '\(state.path)' && chmod 755 '\(place.path)'") == 0)
            defer { _ = try? Program.shell("chmod -R u+w '\(state.path)'") }
            // Root may write everywhere.
            let user = getuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
            let expected = try call("lineage", "reduced", "--json").out
            let lineage = try Program.run(["lineage", "reduced", "--json", "--state", state.path], as: user)
            #expect(lineage.code == 0 && lineage.out == expected, "\(lineage)")
            for command in [["status"], ["doctor"], ["samples", "reduced"]] {
                let result = try Program.run(command + ["--state", state.path], as: user)
                #expect(result.code == 0, "\(command): \(result)")
            }
            let change = try Program.run(["criteria", "reduced", "rounds=9", "--state", state.path], as: user)
            #expect(change.code == 1 && change.error.contains("read-only"), "\(change)")
        }
    }

    @Test func doctorFindsNothingWrong() throws {
        let result = try call("doctor")
        #expect(result.code == 0, "\(result.out)\(result.error)")
        #expect(result.out.contains("every digest"))
    }

    @Test func planPrintsWhatARunWouldCost() throws {
        let result = try Program.run(["plan", folder().appendingPathComponent("reduced.yaml").path])
        #expect(result.code == 0 && result.out.contains("has no fault") && result.out.contains("preparation"))
    }
}
