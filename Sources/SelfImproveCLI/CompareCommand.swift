import ArgumentParser
import Foundation
import ModelFiles
import SelfImprove

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Is B better than A, by how much, and may you believe it?",
        discussion: """
            A and B are files of scores on the same prompts, one JSON object a line: {"id": "7", "task": "add", \
            "score": 0.5} or {"id": "7", "correct": true}; or what lm-evaluation-harness wrote with --log_samples (a \
            samples_TASK_DATE.jsonl, or the folder with them). Or both are models of a lineage, compared on a held-out \
            set that a campaign has evaluated them on.

              selfimprove compare before.jsonl after.jsonl
              selfimprove compare results/base results/tuned --metric exact_match --cluster passage
              selfimprove compare nursery/initial nursery/champion --set report

            The difference is B's mean score minus A's, prompt by prompt, with an interval from resampled prompts \
            (or clusters of them). McNemar's p: of two equal models, how often chance splits the prompts that only one \
            gets right so unevenly. Power: how large a true difference must be to be found.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "A file of scores, a folder of lm-evaluation-harness, or a model of the lineage.") var a: String
    @Argument(help: "The same of what is compared with it.") var b: String
    @Option(
        help: "The field of a row by which prompts belong together (a template, a passage): they are drawn as wholes."
    )
    var cluster: String?
    @Option(help: "Of lm-evaluation-harness: which score; default: the first.") var metric: String?
    @Option(help: "Of lm-evaluation-harness: the filter of the answers; default: the first.") var filter: String?
    @Option(help: "Of models: gate or report.") var set: HeldOutSet?
    @Option(help: "Of models that several campaigns have evaluated: which one's.") var campaign: String?
    @Flag(help: "Compare the prompts that both have answered, and leave the others out.") var common = false
    @Option(help: "Of the interval, between 0 and 1.") var confidence = 0.95
    @Option(help: "How much worse a task may be, 0 to 1, for B to pass.") var margin = 0.1
    @Option(help: "Draws of the bootstrap.") var resamples = 10_000
    @Option(help: "Of the draws.") var seed: UInt64 = 0

    func validate() throws {
        guard confidence > 0, confidence < 1, (0...1).contains(margin), (100...1_000_000).contains(resamples) else {
            throw ValidationError(
                "--confidence lies between 0 and 1, --margin from 0 to 1, --resamples from 100 to 1000000"
            )
        }
        guard set == nil || (cluster == nil && metric == nil && filter == nil) else {
            throw ValidationError("--cluster, --metric and --filter are for files, --set for models")
        }
        guard campaign == nil || set != nil else { throw ValidationError("--campaign needs --set") }
    }

    func run() throws {
        let (first, second) = try marks()
        let comparison = try ModelComparison(
            first,
            second,
            confidence: confidence,
            margin: margin,
            resamples: resamples,
            seed: seed,
            isCommonEnough: common
        )
        if state.json { return try Output.json(comparison) }
        for line in lines(comparison) { Output.line(line) }
    }

    private func marks() throws -> ([Gate.Mark], [Gate.Mark]) {
        if let set {
            let found = try Lineage.openExisting(state: state.url).marks(of: a, and: b, on: set, campaign: campaign)
            return (found.first, found.second)
        }
        let selection = ScoreFile.Selection(cluster: cluster, metric: metric, filter: filter)
        func read(_ path: String) throws -> [Gate.Mark] {
            let url = URL(fileURLWithPath: path)
            guard try FileReader.exists(url) else {
                throw SelfImproveError(
                    .notFound,
                    "there is no such file",
                    context: path,
                    hint: "give files of scores, or two models and --set gate or report"
                )
            }
            return try ScoreFile(url, selection).marks
        }
        return (try read(a), try read(b))
    }

    // MARK: For people

    private func lines(_ c: ModelComparison) -> [String] {
        let level = Text.fixed(100 * confidence, confidence == (confidence * 100).rounded() / 100 ? 0 : 1)
        var lines = [
            Self.headline(c),
            "",
            "A        \(Text.percent(c.first))  \(a)",
            "B        \(Text.percent(c.second))  \(b)",
            "B - A    \(c.difference.differenceWords), \(level)% interval"
                + (c.clusters.map { ", \($0) clusters" } ?? "") + (c.leftOut > 0 ? ", \(c.leftOut) left out" : ""),
        ]
        if let p = c.mcNemar { lines.append("McNemar  p = \(p < 0.0001 ? "below 0.0001" : Text.fixed(p, 4))") }
        lines.append(
            "Power    a true difference of \(Self.plain(c.power.smallest80)) points is found in 80% of such comparisons, "
                + "\(Self.plain(c.power.smallest95)) in 95%"
        )
        if c.tasks.count > 1 {
            let rows = c.tasks.sorted { $0.key < $1.key }.map { [Text.harmless($0.key), $0.value.differenceWords] }
            lines += [""] + Text.table([["task", "B - A"]] + rows)
        }
        let words =
            switch c.ruling.outcome {
            case .promoted: "would be promoted"
            case .rejected: "would be rejected"
            default: "would not be promoted"
            }
        return lines + [""] + Text.wrap("A gate would say: B \(words). \(c.ruling.reason).", width: 80)
    }

    private static func headline(_ c: ModelComparison) -> String {
        let size = plain(abs(c.difference.value))
        if c.difference.low > 0 { return "B is better than A, by \(size) points." }
        if c.difference.high < 0 { return "B is worse than A, by \(size) points." }
        return "Nothing shows that B is better or worse than A."
    }

    private static func plain(_ fraction: Double) -> String { Text.fixed(100 * fraction, 1) }
}

extension HeldOutSet: ExpressibleByArgument {}
