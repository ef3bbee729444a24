import ArgumentParser
import Foundation
import ModelFiles
import SelfImprove

struct JudgeBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge-bench",
        abstract: "How often the judges of a configuration agree with people.",
        discussion: """
            FILE has rows like RewardBench's: {"prompt", "chosen", "rejected", "subset"}, of which people prefer \
            chosen. Each judge sees both answers in both orders, and is right where both orders prefer chosen; \
            guessing gives 25%. The mixture prefers what more of the judges prefer. Nothing is written, and calls of \
            endpoints are kept only while this runs.

            selfimprove judge-bench rewardbench.jsonl --config configs/hosted-peers.yaml
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "JSON lines: {\"prompt\", \"chosen\", \"rejected\", \"subset\"}.") var file: String
    @Option(help: "YAML file of a campaign, whose judges are measured.") var config: String

    func run() async throws {
        let rows = try JSONLines.read(JudgeBenchRow.self, from: URL(fileURLWithPath: file))
        guard !rows.isEmpty else { throw SelfImproveError(.input, "there are no rows", context: file) }
        let line = ProgressLine()
        defer { line.clear() }
        let progress = StepProgress { line.show($0) }
        let bench = try await JudgeBench(
            CampaignConfiguration.read(URL(fileURLWithPath: config)),
            now: { Date() },
            progress: progress
        )
        let (report, usage) = try await bench.run(rows, progress: progress)
        line.clear()
        let names = bench.judges.map(\.name)
        if state.json {
            var figures = report.all.judges
            figures[JudgeBench.mixtureName] = report.all.mixture
            return try Output.json(figures)
        }
        print("all", report.all, names)
        for (subset, part) in report.subsets.sorted(by: { $0.key < $1.key }) where report.subsets.count > 1 {
            Output.line("")
            print(subset, part, names)
        }
        Output.line("\n\(usage.generated) tokens written, \(usage.scored) scored")
    }

    private func print(_ title: String, _ part: JudgeBenchReport.Part, _ names: [String]) {
        var rows = [["\(title): \(part.rows)", "flips", "ties", "unread", "longer", "first", "right"]]
        for name in names {
            if let figures = part.judges[name] { rows.append([name] + Self.cells(figures)) }
        }
        rows.append([JudgeBench.mixtureName] + Self.cells(part.mixture))
        for row in Text.table(rows) { Output.line(row) }
    }

    private static func cells(_ figures: JudgeBenchReport.Figures) -> [String] {
        let judging = figures.judging
        let shares = [
            judging.flipRate, judging.tieRate, judging.unparsableRate, judging.prefersLonger, judging.prefersFirst,
        ]
        return shares.map { $0.map(Text.percent) ?? "" } + [figures.accuracy.map(Text.score) ?? ""]
    }
}
